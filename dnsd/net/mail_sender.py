"""Brings due mail to where it belongs: plans, connections, and what became of it.

Who may be sent to and in which order, ``mail.delivery`` says; how much at once,
``mail.dispatch``. Here lanes run: each makes a plan, walks its hosts until one takes the
message, and keeps a connection for the jobs that follow.

Two conversations and as many addresses as the plan has are tried for a message; a host
whose TLS fails although nobody asked for it is tried once more without.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from dnsd.mail.delivery import plan
from dnsd.mail.plan import Plan, PlanFailure
from dnsd.mail.reasons import Deferred as Later
from dnsd.mail.reasons import Failed, ReasonClass
from dnsd.mail.smtp.client_events import ClientOptions, Closed, Finished, Mail, Timeouts, TlsUse
from dnsd.mail.stores import StoreFailed
from dnsd.net.smtp_client import Destination, SmtpConnection, Surroundings, connect

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator

    from dnsd.mail.dispatch import Dispatch, Job
    from dnsd.mail.lookup import Resolver
    from dnsd.mail.plan import PlanOptions, PolicySource
    from dnsd.mail.queue_table import Due
    from dnsd.mail.reasons import Result
    from dnsd.net.clock import Timer

_log: Final = Logger()

MAX_SESSIONS: Final = 2
_TIMEOUTS: Final = Timeouts()
_LOOK_S: Final = 60.0  # at the queue at the latest: what else failed to wake us is seen then


class DueQueue(Protocol):
    """What is asked of the queue."""

    def due(
        self, now: float, limit: int, except_domains: Collection[str] = frozenset(), /
    ) -> list[Due]:
        """Claim recipients whose time has come."""

    def next_due(self) -> int | None:
        """Return when the next one is due, Unix seconds."""

    def open(self, due: Due, /) -> Iterator[bytes]:
        """Give the octets of a message."""


class Outcomes(Protocol):
    """Is told what became of recipients."""

    def __call__(self, dues: tuple[Due, ...], results: tuple[Result, ...], /) -> None:
        """Write it to the queue; the recipients are released when it is there."""


class World(NamedTuple):
    """What a sender is given.

    Attributes:
        queue: has what is due.
        outcomes: is told what became of it.
        resolver: finds answers.
        sts: knows MTA-STS policies; None if they are not followed.
        entropy: gives as many octets as it is asked for.
        is_local: whether mail for a domain stays here.
        deliver_locally: brings a job to mailboxes of ours.
    """

    queue: DueQueue
    outcomes: Outcomes
    resolver: Resolver
    sts: PolicySource | None
    entropy: Callable[[int], bytes]
    is_local: Callable[[str], bool]
    deliver_locally: Callable[[Job], Awaitable[tuple[Result, ...]]]


@dataclasses.dataclass(frozen=True, slots=True)
class SenderOptions:
    """What a sender goes by.

    Attributes:
        hostname: our own.
        plan: what plans go by.
        timeouts: how long servers may take.
        jobs_per_lane: messages on one connection.
    """

    hostname: str
    plan: PlanOptions
    timeouts: Timeouts = _TIMEOUTS
    jobs_per_lane: int = 100


class QueuedContent(NamedTuple):
    """The octets of a message in the queue."""

    queue: DueQueue
    due: Due

    def chunks(self) -> Iterator[bytes]:
        """Return the octets in pieces; see the queue."""
        return self.queue.open(self.due)


class MailSender:
    """Sends what is due, from :meth:`start` on."""

    def __init__(
        self, options: SenderOptions, world: World, around: Surroundings, dispatch: Dispatch
    ) -> None:
        self._options = options
        self._world = world
        self._around = around
        self._dispatch = dispatch
        self._timer: Timer | None = None
        self._connections: set[SmtpConnection] = set()
        self._is_running = False

    def start(self) -> None:
        """Begin to send."""
        self._is_running = True
        self.look()

    def stop(self) -> None:
        """Send no more; what is on its way is cut off and stays in the queue."""
        self._is_running = False
        if self._timer is not None:
            self._timer.cancel()
        for connection in list(self._connections):
            connection.abort()

    def take(self, dues: Iterable[Due]) -> None:
        """Take recipients that were claimed, as fresh ones are."""
        self._dispatch.add(dues)
        self._start_lanes()

    def look(self) -> None:
        """Look for what is due; called by its own timer too."""
        if not self._is_running:
            return
        clock, queue, dispatch = self._around.clock, self._world.queue, self._dispatch
        wall_now = clock.wall_now()
        try:
            if dispatch.room:
                dispatch.add(queue.due(wall_now, dispatch.room, dispatch.full_domains))
            next_due = queue.next_due()
        except StoreFailed:
            next_due = None  # the queue says itself what is wrong; we look again
        self._start_lanes()
        wait = _LOOK_S if next_due is None else min(max(next_due - wall_now, 1.0), _LOOK_S)
        pause = dispatch.next_start()
        if pause is not None:
            wait = min(wait, max(pause - clock.now(), 0.0))
        if self._timer is not None:
            self._timer.cancel()
        self._timer = clock.call_later(wait, self.look)

    def _start_lanes(self) -> None:
        while self._is_running and (domain := self._dispatch.start(self._around.clock.now())):
            done = Deferred.fromCoroutine(self._lane(domain))
            done.addBoth(self._ended, domain)

    def _ended(self, result: object, domain: str) -> object:
        self._dispatch.ended(domain, self._around.clock.now())
        self._around.clock.call_later(0.0, self._start_lanes)
        return result

    # --- one lane -------------------------------------------------------------------------

    async def _lane(self, domain: str) -> None:
        """Serve the line of one domain until it is empty."""
        job: Job | None = None
        try:
            deliver, end = await self._way(domain)
            for _ in range(self._options.jobs_per_lane):
                job = self._dispatch.next_job(domain) if self._is_running else None
                if job is None:
                    break
                self._world.outcomes(job.dues, await deliver(job))
            end()
        except Exception:  # noqa: BLE001 - a fault of ours must not keep mail claimed for ever
            _log.failure("a delivery failed")
            result = Later(ReasonClass.LOCAL_STORE, "an error on our side")
            for left in [*([job] if job else []), *self._dispatch.all_jobs(domain)]:
                self._world.outcomes(left.dues, (result,) * len(left.dues))

    async def _way(
        self, domain: str
    ) -> tuple[Callable[[Job], Awaitable[tuple[Result, ...]]], Callable[[], None]]:
        """Return what delivers a job of a domain, and what is called at the end."""
        world = self._world
        if world.is_local(domain):
            return world.deliver_locally, lambda: None
        found = await plan(domain, self._options.plan, world.resolver, world.entropy, world.sts)
        if isinstance(found, PlanFailure):
            result = result_of(found)

            async def fail(job: Job) -> tuple[Result, ...]:
                return (result,) * len(job.dues)

            return fail, lambda: None
        walk = _Walk(self, found)
        return walk.deliver, walk.end

    def mail(self, dues: list[Due]) -> Mail:
        """Return what is sent for recipients of one message."""
        first = dues[0]
        boxes = tuple([due.recipient for due in dues])
        content = QueuedContent(self._world.queue, first)
        return Mail(first.sender, boxes, first.body, first.utf8, first.size, content)

    async def connect(self, to: Destination, use: TlsUse) -> _Lead:
        """Connect; returns when a message may be sent, or never will."""
        options = ClientOptions(self._options.hostname, to.host, use, self._options.timeouts)
        lead = _Lead()
        connection = lead.connection = connect(self._around, to, options, lead)
        self._connections.add(connection)
        lead.forget = lambda: self._connections.discard(connection)
        await lead.wait()
        return lead


class _Lead:
    """A connection that a lane waits for."""

    connection: SmtpConnection
    forget: Callable[[], object]

    def __init__(self) -> None:
        self.closed_with: Closed | None = None
        self.outcome: Finished | None = None
        self.is_ready = False
        self._waiting: Deferred[None] | None = None

    async def wait(self) -> None:
        """Wait until the connection is ready or closed."""
        self._waiting = Deferred()
        await self._waiting

    async def send(self, mail: Mail) -> Finished:
        """Send a message; whether another one can follow, `is_ready` tells then."""
        self.outcome, self.is_ready = None, False
        self._waiting = Deferred()
        waiting = self._waiting
        self.connection.send(mail)
        await waiting
        assert self.outcome is not None
        return self.outcome

    def ready(self, connection: SmtpConnection, /) -> None:  # noqa: ARG002 - there is one
        """Go on."""
        self.is_ready = True
        self._go_on()

    def finished(self, connection: SmtpConnection, finished: Finished, /) -> None:  # noqa: ARG002
        """Keep what became of the message."""
        self.outcome = finished

    def closed(self, connection: SmtpConnection, closed: Closed, /) -> None:  # noqa: ARG002
        """Go on without."""
        self.is_ready = False
        self.closed_with = closed
        self.forget()
        self._go_on()

    def _go_on(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)


class _Walk:
    """The hosts of one plan, and the connection that is kept to one of them."""

    def __init__(self, sender: MailSender, hosts: Plan) -> None:
        self._sender = sender
        self._places = [
            Destination(address, host.port, host.name, host.tls)
            for host in hosts.hosts
            for address in host.addresses
        ]
        self._kept: _Lead | None = None

    async def deliver(self, job: Job) -> tuple[Result, ...]:
        """Deliver a job: to the kept host, then to the others, in order."""
        left = dict(enumerate(job.dues))
        results: dict[int, Result] = {}
        sessions = 0
        kept = self._kept
        if kept is not None and kept.is_ready:
            sessions += 1
            await self._try(kept, left, results)
        for to in self._places:
            if not left or sessions == MAX_SESSIONS:
                break
            if kept is not None and sessions and to == kept.connection.to:
                continue  # has said what it thinks
            lead = await self._connect(to)
            if lead.is_ready:
                sessions += 1
                self.end()
                self._kept = lead
                await self._try(lead, left, results)
                continue
            closed = lead.closed_with
            assert closed is not None
            for i in left:
                results[i] = closed_result(closed)
            if closed.permanent:
                break
        return tuple(results[i] for i in range(len(job.dues)))

    def end(self) -> None:
        """Take leave of the kept host."""
        if self._kept is not None and self._kept.is_ready:
            self._kept.is_ready = False
            self._kept.connection.quit()
        self._kept = None

    async def _try(self, lead: _Lead, left: dict[int, Due], results: dict[int, Result]) -> None:
        """Send to one host; who may be taken elsewhere stays left."""
        numbers = list(left)
        finished = await lead.send(self._sender.mail(list(left.values())))
        for at, (i, result) in enumerate(zip(numbers, finished.results, strict=True)):
            results[i] = result
            if at not in finished.elsewhere:
                del left[i]

    async def _connect(self, to: Destination) -> _Lead:
        lead = await self._sender.connect(to, to.tls.use)
        closed = lead.closed_with
        if closed is not None and closed.reason is ReasonClass.TLS and to.tls.may_fall_back:
            return await self._sender.connect(to, TlsUse.NEVER)
        return lead


def result_of(failure: PlanFailure) -> Result:
    """Return what it means for a recipient that there is nowhere to deliver to."""
    if failure.permanent:
        return Failed(failure.reason, failure.enhanced, failure.text)
    return Later(failure.reason, failure.text)


def closed_result(closed: Closed) -> Result:
    """Return what it means for a recipient that a host could not be talked to."""
    assert closed.reason is not None
    if closed.permanent:
        return Failed(closed.reason, "5.4.6", closed.text)
    return Later(closed.reason, closed.text)
