"""Who a client is to us: one small number, found once a client.

A view is the first thing that may make two clients' answers differ, so it is
the first part of every key of the answer cache.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.query.acl import Networks

# Bits of a view. No bit at all is the strictest verdict.
AUTHORITY: Final = 1  # may ask about our zones
UNLIMITED: Final = 2  # answers, denials and refusals to it are not counted
RECURSION: Final = 4  # may have names resolved
EXEMPT: Final = 8  # nothing that it is sent is counted
# The bits above are the number of the policy for the client, 0 for none.
POLICY_SHIFT: Final = 4


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """Who may do what.

    Attributes:
        allow: clients that may ask about our zones.
        unlimited: clients that response rate limiting leaves alone.
        recursion: clients that may have names resolved; nobody unless said. Their
            answers are not counted, as a resolver's clients ask often, but replies
            to malformed queries and about the server itself are: no stub needs many.
        policy: tells the number of the policy for an address, 0 for none.
        clients: verdicts remembered in each of two generations, about 100
            octets each.
    """

    allow: Networks
    unlimited: Networks
    clients: int = 32768
    recursion: Networks | None = None
    policy: Callable[[bytes], int] | None = None


class Views:
    """Remembers the verdict on each client.

    The table has two generations: when the newer is full, it becomes the older
    and the older is forgotten. A verdict depends on nothing but the address, so
    a flood of forged addresses costs the time to find verdicts again and never
    makes one milder.

    Attributes:
        turnovers: times that a full generation was set aside; the shell reports
            it as hits of the limit ``view_table``.
    """

    __slots__ = ("_clients", "_newer", "_older", "_options", "turnovers")

    def __init__(self, options: ViewOptions) -> None:
        self._options = options
        self._clients = options.clients
        self._newer: dict[bytes, int] = {}
        self._older: dict[bytes, int] = {}
        self.turnovers = 0

    def view(self, client: bytes) -> int:
        """Return the view of an address of 4 or 16 octets."""
        found = self._newer.get(client)
        if found is not None:
            return found
        found = self._older.get(client)
        if found is None:
            found = self._verdict(client)
        if len(self._newer) >= self._clients:
            self._older, self._newer = self._newer, {}
            self.turnovers += 1
        self._newer[client] = found
        return found

    def _verdict(self, client: bytes) -> int:
        options = self._options
        view = AUTHORITY if options.allow.contains(client) else 0
        # Rate limiting is for those who may be somebody else's victim; who may
        # recurse is one of ours, and has limits of its own.
        if options.recursion is not None and options.recursion.contains(client):
            view |= RECURSION | UNLIMITED
        if options.unlimited.contains(client):
            view |= UNLIMITED | EXEMPT
        if options.policy is not None:
            view |= options.policy(client) << POLICY_SHIFT
        return view
