"""One process's answer to every query: the answer cache, then the pipeline.

Both ways to a reply meet here, and here what happened is counted and logged, so
that the readers of UDP and TCP only move octets.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, Protocol

from dnsd.observe import metrics
from dnsd.query.answer_cache import Table, limited, see
from dnsd.query.cookies import MALFORMED, VALID
from dnsd.query.finish import option, with_option, without_option
from dnsd.query.ratelimit import LIMITS
from dnsd.query.request import FOUND, Request, Transport, ZoneSet
from dnsd.query.views import UNLIMITED
from dnsd.resolver.outcome import BOGUS_REASONS, STATUSES
from dnsd.wire.iana import OptionCode

if TYPE_CHECKING:
    from dnsd.observe.log import EventLog
    from dnsd.query.answer_cache import AnswerCacheOptions, Hit, Sighting, Stored
    from dnsd.query.parts import Parts
    from dnsd.query.pipeline import Later
    from dnsd.query.request import Reply

Aliases = tuple["dict[bytes, Stored]", bool]
#: Sends a reply, or none, to the request of an earlier turn.
SendLate = Callable[[Request, bytes], None]
NO_ALIASES: Final[Aliases] = ({}, False)

_COOKIE = int(OptionCode.COOKIE)
_ANY_ZONE = 0  # generation slot that moves with every change, before the zone's own


@dataclass(slots=True)
class _Pending:
    """A request that the pipeline has in hand.

    Attributes:
        request: as it came.
        sighting: what the cache made of it, ``None`` if it has no plain form.
        table: where its reply may be kept.
        generation: of all zones, when it was asked.
    """

    request: Request
    sighting: Sighting | None
    table: Table | None
    generation: int


class Answers(Protocol):
    """What answers requests that no cache answers: the pipeline, or a guard before it."""

    def reply(self, request: Request, later: Later) -> Reply | None:
        """Answer one request; ``None`` if ``later`` will be called with the reply."""
        ...


class Responder:
    """Answers queries and counts them.

    Attributes:
        row: counters of this process.
        generations: shared, see ``observe.page``.
        max_datagram: octets of the largest UDP reply.
        is_within_rate: counts a reply without a valid cookie; false if it must
            not be sent. Takes the client, the rate class and the time.
    """

    def __init__(
        self,
        parts: Parts,
        pipeline: Answers,
        cache: AnswerCacheOptions | None,
        shared: tuple[memoryview, memoryview],
        log: EventLog,
    ) -> None:
        """Take the parts over.

        Args:
            parts: what the pipeline works with; shared with it.
            pipeline: answers what the cache does not.
            cache: bounds of the answer cache; ``None`` turns it off.
            shared: this process's row of counters, and the generations.
            log: where faults go.
        """
        self.row, self.generations = shared
        self.max_datagram = parts.finish.edns_size
        self.is_within_rate = parts.limiter.allow
        self._parts = parts
        self._pipeline = pipeline
        self._log = log
        # Hits of each limit that were told already.
        self._told: dict[str, int] = {}
        self._cache = cache
        # Made when needed: few of the views and transports that can be occur.
        self._tables: dict[tuple[int, Transport], Table] = {}

    def aliases_for(self, client: bytes) -> Aliases:
        """Return what a UDP reader may answer a client with by itself.

        Returns:
            The aliases of the client's view, and whether each reply must first
            be within its rate, as :meth:`is_within_rate` tells.
        """
        if self._cache is None:
            return NO_ALIASES
        view = self._parts.views.view(client)
        return self._table(self._cache, view, Transport.UDP).aliases, not view & UNLIMITED

    def sample(self) -> None:
        """Count what the parts only keep for themselves; to be called now and then."""
        self.row[_ENTRIES] = sum(map(len, self._tables.values()))
        tables = self._tables.values()
        turnovers = {
            "view_table": self._parts.views.turnovers,
            "answer_cache_entries": sum(table.entry_turnovers for table in tables),
            "answer_cache_aliases": sum(table.alias_turnovers for table in tables),
        }
        if self._parts.recursion is not None:
            turnovers |= self._parts.recursion.turnovers()
        for limit, hits in turnovers.items():
            self.row[metrics.limit_slot(limit)] += hits - self._told.get(limit, 0)
            self._told[limit] = hits

    def take_found(self) -> set[bytes]:
        """Return names that the answer cache gave since the last call; see ``Table``."""
        return set().union(*(table.take_found() for table in self._tables.values()))

    def respond(self, request: Request, send_late: SendLate) -> bytes | None:
        """Answer one request.

        Args:
            request: as it came.
            send_late: called in a later turn if the reply is not known yet.

        Returns:
            The reply, no octets when nothing is to be sent; ``None`` when
            ``send_late`` will be called.
        """
        if self._cache is None:
            return self._ask_pipeline(request, None, None, send_late)
        view = self._parts.views.view(request.client)
        table = self._table(self._cache, view, request.transport)
        datagram = request.transport is Transport.UDP
        sighting = see(request.octets, datagram=datagram, max_udp=self.max_datagram)
        if sighting is None:
            return self._ask_pipeline(request, None, None, send_late)
        hit = table.find(request.octets, sighting, request.now)
        reply = self._finish_hit(request, sighting, hit, view) if hit else None
        if reply is None:
            self.row[_MISSES] += 1
            return self._ask_pipeline(request, sighting, table, send_late)
        self.row[_HITS] += 1
        _HIT_LATENCY.observe(self.row, time.monotonic() - request.now)
        return reply

    def _table(self, cache: AnswerCacheOptions, view: int, transport: Transport) -> Table:
        table = self._tables.get((view, transport))
        if table is None:
            table = self._tables[view, transport] = Table(cache, self.generations)
        return table

    def _finish_hit(
        self, request: Request, sighting: Sighting, hit: Hit, view: int
    ) -> bytes | None:
        """Add the cookie and count the reply against its rate.

        Returns:
            The reply, or ``None`` when only the pipeline can say it: cookie
            malformed, no room for it, or rate exceeded by a client with one.
        """
        octets, verdict = hit.octets, None
        cookies = self._parts.cookies
        if sighting.cookie is not None and cookies:
            verdict, value = cookies.answer(sighting.cookie, request.client, request.wall_now)
            if verdict == MALFORMED:
                return None
            longer = with_option(octets, option(_COOKIE, value))
            if longer is None or len(longer) > sighting.limit:
                return None
            octets = longer
        if (
            not view & UNLIMITED
            and verdict != VALID
            and request.transport is Transport.UDP
            and not self._parts.limiter.allow(request.client, hit.rate_class, request.now)
        ):
            if sighting.cookie is not None:
                return None
            # Who floods us with forged queries must not cost more than who does not.
            self.row[metrics.limit_slot(LIMITS[hit.rate_class[0]])] += 1
            qtype = int.from_bytes(sighting.key[-4:-2], "big")
            self.row[metrics.hot_slot(request.transport, qtype, 0, ZoneSet.NONE)] += 1
            return limited(request.octets, sighting, octets)
        self.row[hit.counter] += 1
        return octets

    def _ask_pipeline(
        self,
        request: Request,
        sighting: Sighting | None,
        table: Table | None,
        send_late: SendLate,
    ) -> bytes | None:
        """Run the pipeline; ``None`` when its reply comes later."""
        pending = _Pending(request, sighting, table, self.generations[_ANY_ZONE])
        reply = self._pipeline.reply(request, partial(self._finish_late, pending, send_late))
        return None if reply is None else self._finish(pending, reply)

    def _finish_late(self, pending: _Pending, send_late: SendLate, reply: Reply) -> None:
        send_late(pending.request, self._finish(pending, reply))

    def _finish(self, pending: _Pending, reply: Reply) -> bytes:
        """Count what happened, keep what may be kept; the octets to send."""
        request, sighting, table = pending.request, pending.sighting, pending.table
        counter = self._count(request, reply)
        now = time.monotonic()
        if reply.cacheable and sighting and table is not None:
            # A change bumps slot 0 first: if that has not moved, the zone's
            # slot still belongs to the version that was read.
            generation = self.generations[reply.slot]
            plain = without_option(reply.octets, reply.cookie_octets)
            if self.generations[_ANY_ZONE] == pending.generation and plain is not None:
                made_from = (reply.slot, generation)
                times = (now, reply.expires, reply.look_again)
                table.store(sighting, plain, made_from, (counter, reply.rate_class), times)
        _MISS_LATENCY.observe(self.row, now - request.now)
        if reply.found:
            self.row[_FOUND[reply.found]] += 1
            self.row[_DISBELIEVED] += reply.disbelieved
            if reply.found != "local":  # of which nobody else is asked, and none validated
                for slot in _VALIDATION.get(reply.validation, ()):
                    self.row[slot] += 1
            _FOUND_LATENCY[reply.found].observe(self.row, now - request.now)
        return reply.octets

    def _count(self, request: Request, reply: Reply) -> int:
        """Count the facts of a reply; return its hot counter slot."""
        row = self.row
        for limit in reply.limits:
            row[metrics.limit_slot(limit)] += 1
        if reply.crash is not None:
            row[_FAULTS] += 1
            self._log.fault("query", reply.crash, question=_question_text(request.octets))
        if reply.dropped:
            row[metrics.drop_slot(reply.dropped)] += 1
            return 0
        if reply.truncated:
            row[_TRUNCATED[request.transport]] += 1
        counter = metrics.hot_slot(request.transport, reply.qtype, reply.rcode, reply.zone_set)
        row[counter] += 1
        return counter


def _question_text(octets: bytes) -> str:
    """Show the octets that a fault came from: all that is needed to repeat it."""
    return octets[:512].hex()


_ENTRIES = metrics.ANSWER_CACHE_ENTRIES.slot()
_HITS = metrics.ANSWER_CACHE_HITS.slot()
_MISSES = metrics.ANSWER_CACHE_MISSES.slot()
_FAULTS = metrics.FAULTS.slot()
_TRUNCATED = tuple(metrics.TRUNCATED.slot(transport) for transport in metrics.TRANSPORTS)
_HIT_LATENCY = metrics.LATENCY.buckets("hit")
_DISBELIEVED = metrics.RESOLVER_DISBELIEVED.slot()
_IS_BOGUS = metrics.RESOLVER_VALIDATION.slot("bogus")
_VALIDATION = {
    **{status: (metrics.RESOLVER_VALIDATION.slot(status),) for status in STATUSES},
    **{reason: (_IS_BOGUS, metrics.RESOLVER_BOGUS.slot(reason)) for reason in BOGUS_REASONS},
}
_FOUND = {found: metrics.RESOLVER_ANSWERS.slot(found) for found in FOUND}
_FOUND_LATENCY = {
    found: metrics.RESOLVER_LATENCY.buckets(
        "hit" if found in {"local", "hit", "synthesised"} else "miss"
    )
    for found in FOUND
}
_MISS_LATENCY = metrics.LATENCY.buckets("miss")
