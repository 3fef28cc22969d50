"""What recursion adds to an answer: names that are not ours, found by the resolver.

    RD clear    the cache alone answers, or nothing does
    here        names that are answered here are never asked for upstream, wherever in
                a chain of aliases they stand: our zones, local names, block lists
    known       everything is in the cache: the answer is there at once
    unknown     the client waits; after a while it gets an expired answer if there is
                one (RFC 8767 §5), and always an answer before its time is up

An answer is written into the exchange; its header flags, explanation (RFC 8914) and
the times until which it may be kept stand there too.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

from dnsd.authority.address_alias import asked_for, borrowed_from, resolved
from dnsd.authority.answer import MAX_LINKS, Answer, leads_away
from dnsd.dnssec.claims import DENIAL_TYPES
from dnsd.query.finish import extended_error
from dnsd.query.views import POLICY_SHIFT
from dnsd.query.waiting import Waiter
from dnsd.resolver.cache.contract import Security
from dnsd.resolver.client_rates import MISSES_LIMIT, is_loopback
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.outcome import Explanation, Outcome, disclosing, servfail
from dnsd.resolver.resolver import CROWD_LIMIT
from dnsd.resolver.security.clock import with_clock
from dnsd.wire.iana import ExtendedError, Rcode, RRType
from dnsd.wire.message import AD, CD, RD
from dnsd.wire.names import lower

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.query.replies import Exchange
    from dnsd.query.waiting import Waiting
    from dnsd.resolver.client_rates import MissRates
    from dnsd.resolver.resolver import Resolver, Task
    from dnsd.wire.rrset import RRset

_NOERROR = int(Rcode.NOERROR)
_NXDOMAIN = int(Rcode.NXDOMAIN)
_SERVFAIL = int(Rcode.SERVFAIL)
_CACHEABLE = frozenset((_NOERROR, _NXDOMAIN))
_SOA = int(RRType.SOA)
_ADDRESS_TYPES = frozenset((int(RRType.A), int(RRType.AAAA)))
_STALE_ANSWER = Explanation(int(ExtendedError.STALE_ANSWER))
_STALE_NXDOMAIN = Explanation(int(ExtendedError.STALE_NXDOMAIN_ANSWER))
_UNEXPLAINED = Explanation(int(ExtendedError.OTHER))
_FILTERED = Explanation(int(ExtendedError.FILTERED), "private addresses in a public name")
_TOOK_TOO_LONG = Explanation(int(ExtendedError.NO_REACHABLE_AUTHORITY), "took too long")
_TOO_MANY = Explanation(int(ExtendedError.NOT_READY), "too many queries wait")


class Found(enum.Enum):
    """Whether the answer is in the exchange."""

    NOW = 0
    LATER = 1  # it will be, and then what was handed in is called
    NOT_IN_CACHE = 2  # and the client does not want us to ask
    DROPPED = 3  # too many wait, nothing is to be sent


class LocalNames(Protocol):
    """Names that are answered here although no zone of ours has them."""

    def __call__(self, name: bytes, rrtype: int, policy: int) -> Outcome | None:
        """Answer a question for clients of a policy; ``None`` if it is not local."""
        ...


@dataclass(frozen=True, slots=True)
class RecursionOptions:
    """How clients are served.

    Attributes:
        cache_only: queries with RD clear may read the cache.
        serve_stale: clients get expired answers when fresh ones take long.
    """

    cache_only: bool = True
    serve_stale: bool = True


@dataclass(frozen=True, slots=True)
class Sources:
    """What recursion asks.

    Attributes:
        resolver: the resolver.
        authority: our zones; as in ``Parts``.
        local_names: local names, special-use names, block lists.
        rates: how many questions of one client may be looked up.
        without_private: takes private addresses out of the answer to a public
            name; returns ``None`` if there are none.
    """

    resolver: Resolver
    authority: Callable[..., Answer | None]
    local_names: LocalNames
    rates: MissRates
    without_private: Callable[[bytes, list[RRset]], list[RRset] | None]


class Recursion:
    """Finds answers for the clients of one process, by a resolver that may be asked too."""

    def __init__(self, sources: Sources, options: RecursionOptions, waiting: Waiting) -> None:
        self._sources = sources
        self.resolver = sources.resolver
        self._options = options
        self.waiting = waiting

    def answer(self, exchange: Exchange, done: Callable[[], None]) -> Found:
        """Answer a client's question.

        Args:
            exchange: gets the answer; one of our zones that leads away is in it.
            done: called once in a later turn when the answer is in the exchange,
                if this returned ``LATER``.
        """
        query = exchange.query
        exchange.recursed = True
        exchange.flags |= query.flags & CD
        local = partial(self.here, exchange.view >> POLICY_SHIFT)
        waiter = Waiter(exchange, query.qname, local, done)
        if self._is_answered_here(waiter):
            return Found.NOW
        is_ours = exchange.answer is not None and borrowed_from(exchange.answer.answer) is not None
        if not query.flags & RD and not is_ours:
            return self._from_cache(waiter)
        return self._resolve(waiter)

    def tick(self, now: float) -> None:
        """Serve those who have waited long enough; to be called often.

        Args:
            now: monotonic seconds.
        """
        for waiter in self.waiting.due_for_stale(now):
            outcome = self._stale(waiter)
            if outcome is not None:
                # The fetch goes on and refreshes what was answered.
                self._write(waiter.exchange, outcome)
                self.waiting.leave(waiter)
        for waiter in self.waiting.overdue(now):
            waiter.exchange.limits += ("query_time",)
            self._give_up(waiter, _TOOK_TOO_LONG)

    def forget_failures(self) -> None:
        """Try again what failed: something was changed or flushed."""
        self.resolver.world.failures.clear()

    def turnovers(self) -> dict[str, int]:
        """Return hits of limits that no reply tells of, by name: of tables, and of searches."""
        world = self.resolver.world
        return {
            "server_table": world.servers.turnovers
            + world.quotas.zones.turnovers
            + world.quotas.servers.turnovers,
            "failure_table": world.failures.turnovers,
            **self.resolver.untold,
        }

    def _is_answered_here(self, waiter: Waiter) -> bool:
        """Follow aliases through our zones and local names; whether that is all.

        If it is not, the waiter's name is what others are to be asked for.
        """
        exchange = waiter.exchange
        query = exchange.query
        outcome: Outcome | None = None
        if exchange.answer is None:
            outcome = self._sources.local_names(
                query.qname, query.qtype, exchange.view >> POLICY_SHIFT
            )
        else:
            waiter.name = self._where_it_leads(query.qname, exchange.answer)
            if exchange.answer.answer:
                outcome = waiter.local(waiter.name, query.qtype)
        for _ in range(MAX_LINKS):
            if outcome is None:
                return False
            found = exchange.answer.answer if exchange.answer is not None else []
            if not outcome.unfinished or any(rrset.owner == waiter.name for rrset in found):
                break
            exchange.answer = Answer(
                outcome.rcode, authoritative=False, answer=found + outcome.answer, authority=[],
                additional=[], limits=exchange.answer.limits if exchange.answer is not None else (),
            )  # fmt: skip
            waiter.name = outcome.unfinished
            outcome = waiter.local(waiter.name, query.qtype)
        else:
            if outcome is None or outcome.unfinished:
                exchange.limits += ("chain_links",)
        if outcome is None or outcome.unfinished:
            # Circles and longer chains are mistakes; they end with what was found.
            outcome = Outcome(_NOERROR, [], [])
        self._write(exchange, outcome, is_local=True)
        exchange.found = "local"
        return True

    def _from_cache(self, waiter: Waiter) -> Found:
        """Answer without asking anybody."""
        if not self._options.cache_only:
            return Found.NOT_IN_CACHE
        query = waiter.exchange.query
        unchecked = bool(query.flags & CD)
        outcome = self.resolver.known(waiter.name, query.qtype, waiter.local, unchecked=unchecked)
        if outcome is None:
            return Found.NOT_IN_CACHE
        self._write(waiter.exchange, outcome)
        return Found.NOW

    def _resolve(self, waiter: Waiter) -> Found:
        """Have the resolver find the answer."""
        exchange = waiter.exchange

        def finish(outcome: Outcome) -> None:
            if exchange.found:  # the client has got an expired answer meanwhile
                self.resolver.untold.update(outcome.limits)
                return
            self._write(exchange, self._or_stale(waiter, outcome))
            exchange.is_late = self.waiting.is_too_late(waiter, self._now())
            self.waiting.leave(waiter)

        started = self.resolver.resolve(
            waiter.name,
            exchange.query.qtype,
            finish,
            local=waiter.local,
            admit=partial(self._admit, waiter),
            unchecked=bool(exchange.query.flags & CD),
        )
        if not isinstance(started, Outcome):
            return Found.LATER
        self.waiting.forget(waiter)
        is_crowded = waiter.is_refused or CROWD_LIMIT in started.limits
        if is_crowded and exchange.is_datagram:
            # Its stub asks again, and by then we may have room for it, or the answer.
            exchange.limits += started.limits
            return Found.DROPPED
        self._write(exchange, self._or_stale(waiter, started))
        for each in started.refresh:
            self.resolver.refresh(*each)
        return Found.NOW

    def _admit(self, waiter: Waiter, task: Task) -> str:
        """Let a client wait, before anything is asked for it; the limit that forbids it."""
        request = waiter.exchange.request
        waiter.task = task
        if not is_loopback(request.client) and not self._sources.rates.allow(
            request.client, request.now
        ):
            waiter.is_refused = True
            return MISSES_LIMIT
        limit, shed = self.waiting.enter(waiter)
        if shed is not None:
            self._give_up(shed, _TOO_MANY)
        waiter.is_refused = bool(limit)
        return limit

    def _give_up(self, waiter: Waiter, explanation: Explanation) -> None:
        """End the search for a client; it gets what is old, or a failure."""
        if waiter.task is not None:
            self.resolver.cancel(waiter.task)
            waiter.exchange.limits += waiter.task.budget.exhausted
        exchange = waiter.exchange
        self._write(exchange, self._or_stale(waiter, servfail(explanation)))
        exchange.is_late = self.waiting.is_too_late(waiter, self._now())
        self.waiting.leave(waiter)

    def _or_stale(self, waiter: Waiter, outcome: Outcome) -> Outcome:
        """Take what expired in place of a failure (RFC 8767 §5)."""
        if outcome.rcode != _SERVFAIL:
            return outcome
        stale = self._stale(waiter)
        if stale is None:
            return outcome
        stale.limits += outcome.limits
        return stale

    def _stale(self, waiter: Waiter) -> Outcome | None:
        if not self._options.serve_stale:
            return None
        qtype = waiter.exchange.query.qtype
        return self.resolver.known(waiter.name, qtype, waiter.local, stale=True)

    def here(self, policy: int, name: bytes, rrtype: int) -> Outcome | None:
        """Answer what needs no asking: from our zones, then from local names.

        Args:
            policy: of the client; 0 for none, and for ourselves.
            name: in canonical form.
            rrtype: type asked for.

        Returns:
            ``None`` for what must be asked for.
        """
        answer = self._sources.authority(name, rrtype, every_type=False)
        if answer is None:
            return self._sources.local_names(name, rrtype, policy)
        unfinished = self._where_it_leads(name, answer) if leads_away(answer) else b""
        if unfinished and not answer.answer:
            return None  # a referral, and it is known now whom to ask
        return Outcome(answer.rcode, answer.answer, answer.authority, unfinished=unfinished)

    def _where_it_leads(self, name: bytes, answer: Answer) -> bytes:
        """Return where an answer of our zones leads away to.

        A referral is the word of the parent's server, ours: it is kept as one.
        """
        if answer.unfinished:
            return answer.unfinished
        cut = answer.authority[0]
        addresses: dict[bytes, tuple[bytes, ...]] = {}
        for rrset in answer.additional:
            if rrset.type in _ADDRESS_TYPES:
                addresses[rrset.owner] = addresses.get(rrset.owner, ()) + rrset.rdatas
        servers = tuple(map(lower, cut.rdatas))
        self.resolver.learn(Delegation(cut.owner, servers, addresses), cut.ttl)
        answer.authority, answer.additional, answer.required_glue = [], [], []
        return lower(answer.answer[-1].rdatas[0]) if answer.answer else name

    def _write(self, exchange: Exchange, outcome: Outcome, *, is_local: bool = False) -> None:
        """Put an outcome into an exchange; what is answered here may have any address."""
        ours: list[RRset] = []
        proofs: list[RRset] = []  # of wildcards of ours that an alias led away by
        if exchange.answer is not None:
            ours = exchange.answer.answer
            proofs = [x for x in exchange.answer.authority if ours and x.type in DENIAL_TYPES]
            exchange.limits += exchange.answer.limits
        exchange.limits += outcome.limits
        found = outcome.answer
        public = None
        if not is_local:
            public = self._sources.without_private(asked_for(exchange.query.qname, ours), found)
        explanation = outcome.explanation
        if public is not None:
            found, explanation = public, _FILTERED
        rcode = outcome.rcode
        if outcome.stale:
            explanation = _STALE_NXDOMAIN if rcode == _NXDOMAIN else _STALE_ANSWER
        beyond = proofs + outcome.authority
        records = ours + found
        answer = Answer(rcode, authoritative=False, answer=records, authority=beyond, additional=[])
        if borrowed_from(answer.answer) is not None:
            self._lend(exchange, answer, is_ours=borrowed_from(ours) is not None)
            rcode = answer.rcode
        exchange.answer = answer
        if exchange.limits and (rcode == _SERVFAIL or outcome.stale):
            explanation = disclosing(explanation or _UNEXPLAINED, exchange.limits)
        if outcome.security is Security.BOGUS:
            explanation = with_clock(self.resolver.world.trust, explanation)
        if explanation is not None:
            exchange.explanation = extended_error(explanation.code, explanation.text)
        edns = exchange.query.edns
        asks = exchange.query.flags & AD or (edns is not None and edns.do)
        if outcome.security is Security.SECURE and asks and not ours:
            exchange.flags |= AD
        ttl = min((rrset.ttl for rrset in answer.answer + answer.authority), default=0)
        exchange.once = outcome.stale or rcode not in _CACHEABLE or not ttl
        exchange.expires = self._now() + ttl
        exchange.look_again = outcome.refresh_at
        exchange.found, exchange.validation = outcome.found, outcome.validation
        exchange.dropped = outcome.dropped

    def _lend(self, exchange: Exchange, answer: Answer, *, is_ours: bool) -> None:
        """Make the addresses at the end of an ALIAS those of its owner.

        Args:
            exchange: the request.
            answer: gets the client's form of the chain.
            is_ours: the chain began in our zones, so the answer is ours.
        """
        alias = borrowed_from(answer.answer)
        assert alias is not None
        if answer.rcode == _SERVFAIL:
            # It stands between what others would read as the name's own records.
            answer.answer = answer.answer[: answer.answer.index(alias)]
            return
        zone = self._sources.authority(alias.owner, _SOA, every_type=False)
        found = zone.answer + zone.authority if zone is not None else []
        denial = next((rrset for rrset in found if rrset.type == _SOA), None)
        answer.rcode = _NOERROR
        answer.authoritative = is_ours
        chain, qtype = answer.answer, exchange.query.qtype
        answer.answer, answer.authority = resolved(chain, qtype, denial, answer.authority)

    def _now(self) -> float:
        return self.resolver.world.network.now()
