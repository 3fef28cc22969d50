"""What is different for some clients, and what is answered here for all of them.

A client's policy is a small number that is part of its view, so that what one client
may have is never given to another from the answer cache. 0 is nobody's policy.

What is asked about a name, in this order:

    local names     machines of ours are never blocked
    special names
    suppressed types: no data, as if no name had such records
    block lists     those of the client's policy
    nobody here     the resolver finds out

So is every name that an alias leads to: an alias to a blocked name ends there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.resolver.local.answer import LocalAnswer, Source
from dnsd.resolver.outcome import Explanation, Outcome
from dnsd.wire.iana import ExtendedError, Rcode
from dnsd.wire.names import ROOT, is_subdomain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dnsd.query.acl import Networks
    from dnsd.resolver.local.blocks import Blocks
    from dnsd.resolver.local.local_names import LocalNames

#: The policy of questions that we have ourselves, about name servers: nothing is blocked,
#: for a name on a list may serve zones that are not.
OURSELVES: Final = -1

# As many as an answer of our zones follows.
_MAX_LINKS = 11

_SUPPRESSED = LocalAnswer(
    int(Rcode.NOERROR),
    Source.SUPPRESSED,
    explanation=Explanation(int(ExtendedError.FILTERED), "not for this client"),
)


@dataclass(frozen=True, slots=True)
class Policy:
    """What is different for some clients.

    Attributes:
        clients: whom it is for.
        block: names of the block lists that count.
        suppress: RR types that no name has.
        forward: apexes of zones that other servers are asked for: special names in
            them are not answered here.
    """

    clients: Networks
    block: tuple[str, ...]
    suppress: frozenset[int] = frozenset()
    forward: tuple[bytes, ...] = ()


def policy_number(policies: Sequence[Policy], client: bytes) -> int:
    """Return the number of the first policy that is for a client, from 1; 0 for none.

    Args:
        policies: in the order of the configuration.
        client: address of 4 or 16 octets.
    """
    for number, policy in enumerate(policies, 1):
        if policy.clients.contains(client):
            return number
    return 0


class HereAnswers:
    """Answers what needs no asking; the shell puts newer tables in place.

    Attributes:
        names: local and special names.
        blocks: compiled block lists; ``None`` while there are none.
    """

    __slots__ = ("_blocks", "_count", "_forward", "_lists", "_masks", "_suppress", "names")

    def __init__(
        self,
        names: LocalNames,
        policies: Sequence[Policy],
        lists: Sequence[str],
        count: Callable[[Source], None] = lambda _: None,
    ) -> None:
        """Begin without block lists.

        Args:
            names: local and special names.
            policies: in the order of the configuration.
            lists: names of the block lists that count for clients without policy.
            count: is told where each answer came from.
        """
        self.names = names
        # Place 0 is for clients without policy, the last for ourselves.
        nothing = frozenset[int]()
        self._lists = (tuple(lists), *(policy.block for policy in policies), ())
        self._suppress = (nothing, *(policy.suppress for policy in policies), nothing)
        self._forward = ((), *(policy.forward for policy in policies), ())
        self._count = count
        self._blocks: Blocks | None = None
        self._masks = (0,) * len(self._lists)

    @property
    def blocks(self) -> Blocks | None:
        """Compiled block lists; ``None`` while there are none."""
        return self._blocks

    @blocks.setter
    def blocks(self, blocks: Blocks | None) -> None:
        self._blocks = blocks
        self._masks = tuple(blocks.mask(lists) if blocks else 0 for lists in self._lists)

    def is_local(self, name: bytes) -> bool:
        """Tell whether a name is one of our machines' or a special one."""
        return name in self.names or self.names.special.zone_of(name) is not None

    def find(self, name: bytes, rrtype: int, policy: int) -> LocalAnswer | None:
        """Answer a question for clients of a policy; ``None`` if nobody here knows.

        Args:
            name: in canonical form.
            rrtype: type asked for.
            policy: number from :func:`policy_number`, or :data:`OURSELVES`.
        """
        found = self.names.find(name, rrtype)
        if found is not None and self._forward[policy] and self._is_forwarded(name, found, policy):
            found = None
        if found is None:
            if rrtype in self._suppress[policy]:
                found = _SUPPRESSED
            elif self._masks[policy] and self._blocks is not None:
                found = self._blocks.find(name, rrtype, self._masks[policy])
        if found is not None:
            self._count(found.source)
        return found

    def _is_forwarded(self, name: bytes, found: LocalAnswer, policy: int) -> bool:
        """Tell whether a special name is in a zone that others are asked for."""
        if found.source is not Source.SPECIAL:
            return False
        special = self.names.special.zone_of(name) or name
        return any(
            is_subdomain(name, zone) and zone != ROOT and len(zone) >= len(special)
            for zone in self._forward[policy]
        )

    def __call__(self, name: bytes, rrtype: int, policy: int) -> Outcome | None:
        """Answer as the resolver does, following aliases as far as they lead here.

        See :meth:`find`.
        """
        found = self.find(name, rrtype, policy)
        if found is None:
            return None
        outcome = Outcome(found.rcode, [], [])
        for _ in range(_MAX_LINKS):
            outcome.rcode = found.rcode
            outcome.answer += found.answer
            outcome.authority += found.authority
            outcome.explanation = found.explanation or outcome.explanation
            outcome.unfinished = found.unfinished
            name = found.unfinished
            if any(rrset.owner == name for rrset in outcome.answer):
                break
            following = self.find(name, rrtype, policy) if name else None
            if following is None:
                return outcome
            found = following
        # Circles and longer chains are mistakes; they end with what was found, as in
        # our zones.
        outcome.unfinished = b""
        return outcome
