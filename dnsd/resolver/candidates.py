"""The addresses at which the servers of one zone are asked.

What came with the referral, what is known here and what is in the cache counts at
once. Servers that have no address then are looked up, one after the other, and only
while nobody else can be asked (CVE-2020-12667: few, and few that do not exist).
Whoever names an address, one of the local network is asked only if that is
configured; addresses of a configured zone are the operator's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dnsd.resolver.budget import PASSING
from dnsd.resolver.cache.contract import Security
from dnsd.resolver.commands import Ask
from dnsd.resolver.outcome import Failed
from dnsd.resolver.referral import may_ask
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Generator

    from dnsd.resolver.budget import Budget
    from dnsd.resolver.cache.contract import Entry
    from dnsd.resolver.delegation import Delegation
    from dnsd.resolver.world import World

_A = int(RRType.A)
_AAAA = int(RRType.AAAA)

#: Name of a server, and its key: an address, see ``servers``.
Candidate = tuple[bytes, bytes]


class Candidates:
    """Who may be asked about a zone.

    Attributes:
        failed: servers that were looked up and have no address that may be asked.
        limit: name of the limit for which no more are looked up, or one was not
            found; empty for none.
    """

    def __init__(self, world: World, cut: Delegation, depth: int, budget: Budget) -> None:
        """Begin.

        Args:
            world: caches and options.
            cut: the zone.
            depth: look-ups of name server addresses around this.
            budget: of the client query.
        """
        self.failed = 0
        self.limit = ""
        self._world = world
        self._cut = cut
        self._depth = depth
        self._budget = budget
        # Servers for whose addresses we may still ask.
        self._unknown: list[bytes] = []
        self._names_left = world.options.limits.delegation_name_fetches

    def known(self) -> list[Candidate]:
        """List the servers whose addresses are known, each once."""
        world, cut = self._world, self._cut
        found: dict[bytes, bytes] = {}
        way = cut.way
        for name in cut.servers:
            addresses = cut.addresses.get(name) or self._known_addresses(name)
            if addresses is None:
                self._unknown.append(name)
            for address in addresses or ():
                if self._is_reachable(address):
                    found.setdefault(address + way, name)
        limit = world.options.limits.delegation_addresses
        if len(found) > limit:
            self._budget.hit("delegation_addresses")
        return [(name, key) for key, name in list(found.items())[:limit]]

    def _known_addresses(self, name: bytes) -> tuple[bytes, ...] | None:
        """Look a server's name up here and in the cache.

        Returns:
            Those that may be asked; ``None`` if nothing is known of it.
        """
        world, options = self._world, self._world.options
        now = world.network.now()
        addresses: tuple[bytes, ...] = ()
        is_known = False
        for rrtype, is_used in ((_A, options.ipv4), (_AAAA, options.ipv6)):
            if not is_used:
                continue
            ours = world.local(name, rrtype) if world.local is not None else None
            if ours is not None:
                rrsets, is_known = ours.answer, True
            else:
                entry = world.records.find(name, rrtype, now)
                is_bogus = entry is not None and entry.security is Security.BOGUS
                is_known = is_known or is_bogus
                rrsets = [entry.rrset] if entry and entry.rrset and not is_bogus else []
            for rrset in rrsets:
                if rrset.type == rrtype:
                    addresses += rrset.rdatas
        if not addresses and not is_known:
            return None
        return self._usable(addresses)

    def _usable(self, addresses: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Return those addresses of one server that may be asked, few of them."""
        options = self._world.options
        usable = tuple(address for address in addresses if may_ask(address, options))
        if len(usable) > options.limits.name_addresses:
            self._budget.hit("name_addresses")
        return usable[: options.limits.name_addresses]

    def _is_reachable(self, address: bytes) -> bool:
        options = self._world.options
        return options.ipv4 if len(address) == 4 else options.ipv6

    def look_up(self) -> Generator[Any, Any, list[Candidate] | None]:
        """Find the addresses of one more server; None when there is none to find."""
        world = self._world
        while self._unknown:
            limit = self._reached()
            if limit:
                self._budget.hit(limit)
                self._note(limit)
                break
            self._names_left -= 1
            name = self._unknown.pop(0)
            for rrtype, is_used in ((_A, world.options.ipv4), (_AAAA, world.options.ipv6)):
                if not is_used:
                    continue
                entry: Entry | Failed = yield Ask(name, rrtype, self._depth + 1)
                if isinstance(entry, Failed):
                    self._note(entry.limit)
                elif entry.security is Security.BOGUS:
                    continue  # whoever put it there would speak for the zone
                elif entry.type == rrtype and entry.rrset:
                    usable = self._usable(entry.rrset.rdatas)
                    if usable:
                        return [(name, address + self._cut.way) for address in usable]
            self.failed += 1
        return None

    def _note(self, limit: str) -> None:
        """Note what ended a look-up; what may be otherwise in a moment counts most."""
        if limit and self.limit not in PASSING:
            self.limit = limit

    def _reached(self) -> str:
        """Return the limit that forbids one more look-up, empty if none does."""
        limits = self._world.options.limits
        if self.failed >= limits.failed_names:
            return "failed_names"
        if self._names_left <= 0:
            return "delegation_name_fetches"
        if self._depth >= limits.depth:
            return "depth"
        return "" if self._budget.may_look_up_server() else "query_name_fetches"
