"""Runs procedures: drives them, joins those that ask the same, ends them.

A *task* is a procedure under way. It waits for one thing at a time: an exchange,
a turn, or another task. Client questions have a task each (``follow``); what they
ask for has one task a name and type (``fetch``) however many wait for it, so that
an attacker who makes us ask often gets no more chances than one (RFC 5452 §9.3,
CVE-2020-25686).

A join that would close a circle of tasks waiting for each other fails at once.
The task that started a fetch pays for it; when its budget ends first, the fetch
begins anew on account of somebody who still waits and has one.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from dnsd.resolver.budget import ENDING, Budget
from dnsd.resolver.cache.contract import Security
from dnsd.resolver.commands import Ask, Exchange
from dnsd.resolver.fetch import fetch
from dnsd.resolver.follow import follow
from dnsd.resolver.outcome import Explanation, Failed, ended, servfail
from dnsd.resolver.priming import prime
from dnsd.resolver.security.sentinel import withholds
from dnsd.wire.iana import ExtendedError, RRType
from dnsd.wire.names import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from dnsd.resolver.cache.contract import Entry
    from dnsd.resolver.commands import Cancellable
    from dnsd.resolver.delegation import Delegation
    from dnsd.resolver.follow import Local
    from dnsd.resolver.outcome import Outcome, Step
    from dnsd.resolver.security.evidence import Evidence
    from dnsd.resolver.world import World

_ROOT_SERVERS = (ROOT, int(RRType.NS))
_FAULT = Failed(Explanation(int(ExtendedError.OTHER), "internal fault"))
_CIRCLE = Failed(Explanation(int(ExtendedError.OTHER), "name servers depend on each other"))
_SENTINEL = Explanation(int(ExtendedError.OTHER), "says by failing which root keys are trusted")
_NOT_ADMITTED = Explanation(int(ExtendedError.NOT_READY), "too many queries wait")
#: Name of the limit of clients that wait for one fetch.
CROWD_LIMIT: Final = "fetch_clients"
_CROWDED = ended(
    Explanation(int(ExtendedError.OTHER), "too many wait for this answer"), CROWD_LIMIT
)


class Task:
    """A procedure under way.

    Attributes:
        budget: what it may cost.
        key: name and type of a fetch; empty for a client's question.
        depth: look-ups of name server addresses around it.
        waiters: tasks that wait for it.
        waits_for: the fetch that it waits for.
        pending: the exchange or turn that it waits for.
        admit: to be asked before its first fetch.
    """

    __slots__ = (
        "_done",
        "admit",
        "budget",
        "depth",
        "key",
        "pending",
        "procedure",
        "waiters",
        "waits_for",
    )

    def __init__(
        self,
        procedure: Generator[Any, Any, Any],
        budget: Budget,
        done: Callable[[Any], None] | None = None,
    ) -> None:
        self.procedure = procedure
        self.budget = budget
        self.key: tuple[bytes, int] | None = None
        self.depth = 0
        self.waiters: list[Task] = []
        self.waits_for: Task | None = None
        self.pending: Cancellable | None = None
        self.admit: Callable[[Task], str] | None = None
        self._done = done

    def tell(self, result: object) -> None:
        """Hand the result to whoever started a client's question."""
        done, self._done = self._done, None
        # Whoever is told may hold the task: let go, or both are garbage in a circle.
        if done is not None:
            done(result)


class Resolver:
    """Finds answers for one process.

    Attributes:
        world: what the procedures work with.
        on_fault: told of every exception that a procedure raised; each is a defect.
        fetches: fetches started so far.
        prefetches: how many of these nobody waited for.
        untold: limits that were reached when no client waited, by name.
    """

    def __init__(self, world: World, on_fault: Callable[[Exception], None]) -> None:
        self.world = world
        self.on_fault = on_fault
        self.fetches = 0
        self.prefetches = 0
        self.untold: Counter[str] = Counter()
        self._running: dict[tuple[bytes, int], Task] = {}

    def __len__(self) -> int:
        """Return how many fetches are under way."""
        return len(self._running)

    def resolve(  # noqa: PLR0913 - the question, and who is told and asked on the way
        self,
        name: bytes,
        rrtype: int,
        done: Callable[[Outcome], None],
        *,
        local: Local | None = None,
        admit: Callable[[Task], str] | None = None,
        trace: Callable[[Step], None] | None = None,
        evidence: Callable[[Evidence], None] | None = None,
        unchecked: bool = False,
    ) -> Outcome | Task:
        """Answer a client's question.

        Args:
            name: in canonical form.
            rrtype: a type of data, or ANY.
            done: called once with the outcome, if this did not return it.
            local: answers the names that are not asked for upstream; where a chain
                of aliases leads to one, it goes on there.
            admit: asked once, before anything is asked upstream, for the limit that
                forbids it; no name allows it.
            trace: told each exchange made for it.
            evidence: told what its validation finds.
            unchecked: what is bogus is answered too (CD, RFC 4035 §3.2.2).

        Returns:
            The outcome when it is known already; else the task, to be cancelled.
        """
        budget = Budget(self.world.options.limits, self.world.network.now())
        budget.trace, budget.evidence = trace, evidence
        early: list[Outcome] = []
        is_early = True

        def finish(result: Any) -> None:
            outcome = servfail(result.explanation) if isinstance(result, Failed) else result
            if isinstance(result, Failed) and result.limit:
                budget.hit(result.limit)
            if isinstance(result, Failed) and result.is_bogus:
                outcome.security = Security.BOGUS
            if not unchecked and withholds(self.world.trust, name, rrtype, outcome):
                outcome = servfail(_SENTINEL)
            outcome.limits += budget.exhausted
            outcome.packets = budget.packets_sent
            outcome.dropped = budget.dropped
            if is_early:
                early.append(outcome)
            else:
                done(outcome)

        task = Task(follow(self.world, name, rrtype, local, unchecked=unchecked), budget, finish)
        task.admit = admit
        self._run(task, None)
        is_early = False
        if early:
            return early[0]
        return task

    def known(
        self,
        name: bytes,
        rrtype: int,
        local: Local | None = None,
        *,
        stale: bool = False,
        unchecked: bool = False,
    ) -> Outcome | None:
        """Answer from what is kept, ``None`` when there is not enough.

        Args:
            name: in canonical form.
            rrtype: a type of data, or ANY.
            local: as for :meth:`resolve`.
            stale: expired data count too (RFC 8767).
            unchecked: as for :meth:`resolve`.
        """
        procedure = follow(self.world, name, rrtype, local, stale=stale, unchecked=unchecked)
        try:
            procedure.send(None)
        except StopIteration as end:
            outcome: Outcome | Failed = end.value
            return None if isinstance(outcome, Failed) else outcome
        procedure.close()
        return None

    def learn(self, delegation: Delegation, ttl: int) -> None:
        """Keep a zone cut that a zone of ours makes.

        Args:
            delegation: its expiry is set here.
            ttl: of its NS RRset, seconds.
        """
        now = self.world.network.now()
        options = self.world.options
        delegation.expiry = now + max(options.delegation_ttl_min, min(ttl, options.max_ttl))
        self.world.delegations.put(delegation, now)

    def refresh(self, name: bytes, rrtype: int) -> None:
        """Fetch what will expire soon, unless too much of that is done already."""
        limits = self.world.options.limits
        if self.prefetches >= max(10.0, limits.prefetch_share * self.fetches):
            return
        if (name, rrtype) in self._running:
            return
        self.prefetches += 1
        budget = Budget(limits, self.world.network.now())

        def count(_result: object) -> None:
            self.untold.update(budget.exhausted)

        self._begin((name, rrtype), 0, budget, [], count)

    def cancel(self, task: Task) -> None:
        """Give a task up, and what is done for nobody else."""
        if task.pending is not None:
            task.pending.cancel()
            task.pending = None
        awaited, task.waits_for = task.waits_for, None
        task.procedure.close()
        if task.key is not None and self._running.get(task.key) is task:
            del self._running[task.key]
        # Of one that has ended, others are being told just now.
        if awaited is not None and task in awaited.waiters:
            awaited.waiters.remove(task)
            if not awaited.waiters:
                self.cancel(awaited)

    def _begin(
        self,
        key: tuple[bytes, int],
        depth: int,
        budget: Budget,
        waiters: list[Task],
        done: Callable[[object], None] | None = None,
    ) -> None:
        """Start a fetch; it may be over when this returns.

        Args:
            key: name and type.
            depth: look-ups of name server addresses around it.
            budget: who pays.
            waiters: who waits for it.
            done: to be told the result too.
        """
        procedure: Generator[Any, Any, Entry | Failed]
        if key == _ROOT_SERVERS:
            procedure = prime(self.world, budget)
        else:
            procedure = fetch(self.world, Ask(*key, depth), budget)
        task = Task(procedure, budget, done)
        task.key, task.depth, task.waiters = key, depth, waiters
        for waiter in waiters:
            waiter.waits_for = task
        self._running[key] = task
        self.fetches += 1
        self._run(task, None)

    def _run(self, task: Task, event: object) -> None:
        """Send a task the event it waits for, and see what it wants next."""
        task.pending = None
        task.waits_for = None
        send = task.procedure.send
        while True:
            try:
                command = send(event)
            except StopIteration as end:
                self._finish(task, end.value)
                return
            # A defect of ours must cost one question and not the process.
            except Exception as error:  # noqa: BLE001 - on_fault logs it
                self.on_fault(error)
                self._finish(task, _FAULT)
                return
            if type(command) is Exchange:
                task.pending = self.world.network.exchange(
                    command, lambda exchanged: self._run(task, exchanged)
                )
                return
            if type(command) is not Ask:
                task.pending = self.world.network.call_later(0, lambda: self._run(task, None))
                return
            refusal = self._ask(task, command)
            if refusal is None:
                return
            event = refusal

    def _ask(self, task: Task, ask: Ask) -> Failed | None:
        """Let a task wait for a fetch; the result if it may not."""
        admit, task.admit = task.admit, None
        if admit is not None:
            limit = admit(task)
            if limit:
                return ended(_NOT_ADMITTED, limit)
        key = (ask.name, ask.type)
        running = self._running.get(key)
        if running is None:
            self._begin(key, ask.depth, task.budget, [task])
            return None
        other: Task | None = running
        while other is not None:
            if other is task:
                return _CIRCLE
            other = other.waits_for
        # Fetches that need the same keys are as many as there may be, and no crowd.
        is_crowded = len(running.waiters) >= self.world.options.limits.fetch_clients
        if is_crowded and task.key is None:
            return _CROWDED
        running.waiters.append(task)
        task.waits_for = running
        return None

    def _finish(self, task: Task, result: Any) -> None:
        """End a task and tell everybody who waits for it."""
        key, waiters = task.key, task.waiters
        if key is not None:
            if self._running.get(key) is task:
                del self._running[key]
            task.waiters = []
            if isinstance(result, Failed) and result.limit in ENDING:
                waiters = self._begin_anew(task, waiters)
            for waiter in waiters:
                # Telling one may make another give up.
                if waiter.waits_for is task:
                    self._run(waiter, result)
        task.tell(result)

    def _begin_anew(self, task: Task, waiters: list[Task]) -> list[Task]:
        """Start a fetch again that ended because its payer had nothing left.

        Returns:
            Who does not wait any longer.
        """
        now = self.world.network.now()
        heirs = [each for each in waiters if each.budget is not task.budget]
        payer = next((each.budget for each in heirs if not each.budget.is_spent(now)), None)
        if payer is None or task.key is None:
            return waiters
        self._begin(task.key, task.depth, payer, heirs)
        return [each for each in waiters if each.budget is task.budget]
