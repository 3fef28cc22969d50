"""The procedure of a client's question: fetches along the chain of aliases.

    look in the cache → else ask for a fetch → an alias? then the same for its target

A name that is answered here (zones of ours, local names) is never asked for
upstream, wherever in a chain it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import TYPE_CHECKING, Any

from dnsd.dnssec.claims import DENIAL_TYPES
from dnsd.resolver.cache.contract import Kind, Security
from dnsd.resolver.commands import Ask
from dnsd.resolver.outcome import Explanation, Failed, Outcome, ended, why_bogus
from dnsd.resolver.security.aggressive import synthesise
from dnsd.wire.iana import ExtendedError, Rcode, RRType
from dnsd.wire.names import lower
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Generator

    from dnsd.resolver.cache.contract import Entry
    from dnsd.resolver.world import World

Local = Callable[[bytes, int], Outcome | None]

_NOERROR = int(Rcode.NOERROR)
_NXDOMAIN = int(Rcode.NXDOMAIN)
_YXDOMAIN = int(Rcode.YXDOMAIN)
_CNAME = int(RRType.CNAME)
_DNAME = int(RRType.DNAME)
_ANY = int(RRType.ANY)
_A = int(RRType.A)

# A last tenth of an original TTL of at least so many seconds is worth a prefetch.
_PREFETCH_TTL = 10
_PREFETCH_PART = 10

_TOO_MANY_ALIASES = ended(
    Explanation(int(ExtendedError.OTHER), "too many aliases in a chain"), "alias_links"
)
_CIRCLE = Failed(Explanation(int(ExtendedError.OTHER), "aliases go round in a circle"))
_ONLY_IN_CACHE = Failed(Explanation(int(ExtendedError.OTHER), "not in the cache"))


def follow(  # noqa: PLR0913 - the question, and two ways to look at what is found
    world: World,
    name: bytes,
    rrtype: int,
    local: Local | None,
    *,
    stale: bool = False,
    unchecked: bool = False,
) -> Generator[Ask, Any, Outcome | Failed]:
    """Answer a question, following aliases.

    Type ANY gets the addresses of the name: who asks for everything gets one RRset
    (RFC 8482 §4.1).

    Args:
        world: caches and options.
        name: in canonical form.
        rrtype: a type of data, or ANY.
        local: answers the names that are not asked for upstream; not consulted
            for ``name`` itself.
        stale: take expired data too, and ask nobody.
        unchecked: what is bogus is for the client to judge (RFC 4035 §3.2.2).
    """
    chain = _Chain(world, _A if rrtype == _ANY else rrtype, is_stale=stale)
    for _ in range(world.options.limits.alias_links + 1):
        # Also where ours leads back to theirs, which may have a TTL of 0.
        if name in chain.seen:
            return _CIRCLE
        ours = chain.here(name, local)
        # Below a zone cut of ours it goes on with the same name.
        if ours is not None and ours.unfinished != name:
            if not ours.unfinished:
                return chain.outcome
            name = ours.unfinished
            continue
        entry = chain.find(name)
        if entry is None:
            if stale:
                return _ONLY_IN_CACHE
            entry = yield Ask(name, chain.type)
            if isinstance(entry, Failed):
                return entry
            chain.outcome.cached = False
        if entry.security is Security.BOGUS and not unchecked:
            return Failed(why_bogus(entry), is_bogus=True)
        target = chain.add(entry, name)
        if target is None:
            return chain.outcome
        name = target
    return _TOO_MANY_ALIASES


class _Chain:
    """An outcome that grows link by link."""

    __slots__ = ("_is_stale", "_now", "_world", "outcome", "seen", "type")

    def __init__(self, world: World, rrtype: int, *, is_stale: bool) -> None:
        self._world = world
        self._is_stale = is_stale
        self.type = rrtype
        self.seen: list[bytes] = []
        self.outcome = Outcome(_NOERROR, [], [], Security.SECURE, cached=True)

    def find(self, name: bytes) -> Entry | None:
        """Look a name up in the cache."""
        world = self._world
        now = world.network.now()
        below = b"\x00"
        if world.configured:
            configured = world.configured_above(name)
            below = configured.zone if configured else below
        entry = world.records.find(name, self.type, now, below=below)
        if (
            entry is not None
            and world.trust is not None
            and entry.security is Security.INDETERMINATE
            and world.trust.anchor_above(name) is not None
        ):
            entry = None  # of a time when nothing was validated
        if entry is None and not self._is_stale:
            entry = synthesise(world, name, self.type)
            self.outcome.synthesised |= entry is not None
        if entry is None and self._is_stale:
            age = world.options.limits.stale_age_s
            entry = world.records.find_stale(name, self.type, now, age)
            if entry is not None and entry.security is Security.BOGUS:
                entry = None
            if entry is not None:
                self.outcome.stale = True
                # Its signatures may have expired with it (RFC 4035 §5.3.3).
                self.outcome.security = Security.INDETERMINATE
        return entry

    def add(self, entry: Entry, name: bytes) -> bytes | None:
        """Add what an entry says of a name; the name where the chain goes on, if it does."""
        outcome = self.outcome
        # What is bogus is told only to those who judge for themselves; nobody vouches for it.
        is_bogus = entry.security is Security.BOGUS
        security = Security.INDETERMINATE if is_bogus else entry.security
        outcome.security = min(outcome.security, security)
        if security is Security.INSECURE:
            # Why it is not secure although it is signed, if it is (RFC 8914 §4).
            outcome.explanation = outcome.explanation or entry.explanation
        if self._world.options.prefetch and not self._is_stale:
            self._note_refresh(entry)
        ttl = self._ttl(entry)
        if entry.kind is not Kind.POSITIVE:
            outcome.rcode = _NXDOMAIN if entry.kind is Kind.NXDOMAIN else _NOERROR
            outcome.authority += [_aged(rrset, ttl) for rrset in entry.proof]
            return None
        rrset = entry.rrset
        assert rrset is not None
        # The DNAME that an alias was made of goes before it (RFC 6672 §3.1).
        made_of = [each for each in entry.proof if each.type == _DNAME]
        if made_of and (made_of[0].owner, _DNAME) not in [
            (x.owner, x.type) for x in outcome.answer
        ]:
            outcome.answer.append(_aged(made_of[0], ttl))
        outcome.answer.append(_aged(rrset, ttl))
        # That nothing is closer than the wildcard it comes from (RFC 4035 §3.1.3.3).
        outcome.authority += [_aged(each, ttl) for each in entry.proof if each.type in DENIAL_TYPES]
        if entry.type == _DNAME and entry.name != name:
            # No CNAME could be made of it: the name would be too long (RFC 6672 §2.2).
            outcome.rcode = _YXDOMAIN
            return None
        if entry.type != _CNAME or self.type == _CNAME:
            return None
        self.seen.append(entry.name)
        # The rdata keeps the letter case that the server sent.
        return lower(rrset.rdatas[0])

    def here(self, name: bytes, local: Local | None) -> Outcome | None:
        """Add what is found here, where an alias led to a name."""
        outcome = self.outcome
        if local is None or not outcome.answer:
            return None
        ours = local(name, self.type)
        if ours is not None:
            outcome.rcode = ours.rcode
            outcome.answer += ours.answer
            outcome.authority = ours.authority
            outcome.explanation = ours.explanation or outcome.explanation
            outcome.security = min(outcome.security, ours.security)
        return ours

    def _note_refresh(self, entry: Entry) -> None:
        life = entry.expiry - entry.stored
        if life < _PREFETCH_TTL:
            return
        due_at = entry.expiry - life / _PREFETCH_PART
        if self._world.network.now() < due_at:
            self.outcome.refresh_at = min(self.outcome.refresh_at, due_at)
        elif entry.kind is not Kind.NXDOMAIN:
            self.outcome.refresh += ((entry.name, entry.type),)

    def _ttl(self, entry: Entry) -> int:
        left = entry.expiry - self._world.network.now()
        if left < 0:
            return self._world.options.limits.stale_ttl_s if self._is_stale else 0
        # A sum of floats may be a little too long, and must not look like a second more.
        return min(ceil(left), round(entry.expiry - entry.stored))


def _aged(rrset: RRset, ttl: int) -> RRset:
    return RRset(rrset.owner, rrset.type, ttl, rrset.rdatas, rrset.signatures, rrset.rdclass)
