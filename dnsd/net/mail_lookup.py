"""The embedded resolver as mail asks it: one question, one answer or the reason for none.

What a zone of ours says is taken from the zone itself and counts as proven: between it
and us there is nobody who could have changed it. All else was found from the root and
validated by the same procedures that serve DNS clients; what only a name server's word
stands for is not secure. Private addresses are not filtered, no block list is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred

from dnsd.mail.lookup import Answer, FailureKind, LookupFailed
from dnsd.resolver.cache.contract import Security
from dnsd.resolver.outcome import Outcome
from dnsd.wire import names
from dnsd.wire.iana import Rcode, RRType, rcode_to_text, rrtype_to_text

if TYPE_CHECKING:
    from dnsd.resolver.follow import Local
    from dnsd.resolver.resolver import Resolver

_CNAME: Final = int(RRType.CNAME)
_ANSWERED: Final = frozenset((int(Rcode.NOERROR), int(Rcode.NXDOMAIN)))


class MailLookup:
    """Implements :class:`dnsd.mail.lookup.Resolver`."""

    def __init__(self, resolver: Resolver, here: Local) -> None:
        """Ask these.

        Args:
            resolver: of this process.
            here: answers from zones of ours and local names; ``None`` for all else.
        """
        self._resolver = resolver
        self._here = here

    async def look_up(self, name: bytes, rtype: int, /) -> Answer:
        """Find what is there; see there."""
        ours = self._here(name, rtype)
        if ours is not None and not ours.unfinished:
            return _answer(name, rtype, ours, secure=True)
        done: Deferred[Outcome] = Deferred()
        started = self._resolver.resolve(name, rtype, done.callback, local=self._here)
        outcome = started if isinstance(started, Outcome) else await done
        return _answer(name, rtype, outcome, secure=outcome.security is Security.SECURE)


def _answer(name: bytes, rtype: int, outcome: Outcome, *, secure: bool) -> Answer:
    if outcome.rcode not in _ANSWERED:
        raise _failed(name, rtype, outcome)
    canonical = name
    rdatas: tuple[bytes, ...] = ()
    aliases = {each.owner: each.rdatas[0] for each in outcome.answer if each.type == _CNAME}
    if rtype != _CNAME:
        while (target := aliases.pop(canonical, None)) is not None:
            canonical = names.lower(target)
    for rrset in outcome.answer:
        if rrset.owner == canonical and rrset.type == rtype:
            rdatas = rrset.rdatas
    ttl = min((each.ttl for each in (*outcome.answer, *outcome.authority)), default=0)
    exists = outcome.rcode != Rcode.NXDOMAIN
    return Answer(name, rtype, rdatas, canonical, secure, ttl, exists)


def _failed(name: bytes, rtype: int, outcome: Outcome) -> LookupFailed:
    what = f"{names.to_text(name)} {rrtype_to_text(rtype)}"
    reason = outcome.explanation
    why = rcode_to_text(outcome.rcode)
    if reason is not None:
        why = f"{reason.text or why} (EDE {reason.code})"
    is_bogus = outcome.security is Security.BOGUS
    kind = FailureKind.BOGUS if is_bogus else FailureKind.TEMPORARY
    return LookupFailed(kind, f"{what}: {why}")
