"""What the supervisor decides: whom to start, to kill, and who reads which socket.

Events go in (a process ended, said that it serves, time passed, the operator wants
something), actions come out through :class:`Actions`. No clock, no fork, no signal
here, so every situation can be rehearsed.

A **place** is what has to be filled: worker 0, worker 1, …, control. States of a
place, by the processes in it:

    current, not ready     starting; a survivor reads the sockets of its share
    current, ready         serving
    empty                  crashed; `restart_at` says when the next one starts
    current + successor    being replaced; the successor takes over once it is ready
    current + predecessor  replaced; the predecessor finishes what it has in hand

Invariants:

- a socket is read by a process that is ready, as long as any worker is;
- never more than two processes in a place, so two rows a place are enough;
- one place is replaced at a time, and a successor that does not come up ends the
  replacement and sends those that were replaced back to the version before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from dnsd.observe.page import Role
from dnsd.run.messages import Message
from dnsd.run.places import Place, Process, rows_of
from dnsd.run.restarts import RestartOptions, Restarts, Silence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dnsd.observe.page import SlotPage
    from dnsd.run.places import Seat

# How often the supervisor looks at heartbeats and deadlines.
TICK_S = 0.5
# A process that has not served yet may be importing from a slow disk.
START_S = 30.0


@dataclass(frozen=True, slots=True)
class SupervisionOptions:
    """Bounds of the supervisor's patience.

    Attributes:
        silence_s: a process that has not beaten for so long is killed.
        stop_s: a process that was asked to end and has not after so long is killed.
        restart: waits before a crashed process is started again.
    """

    silence_s: float = 5.0
    stop_s: float = 30.0
    restart: RestartOptions = field(default_factory=RestartOptions)


class Actions(Protocol):
    """What the supervisor can do, and whom it can tell."""

    def fork(self, seat: Seat, version: int) -> int | None:
        """Start a process with a version of the configuration.

        Returns:
            Its process id; None when the system has no room for another one.
        """
        ...

    def kill(self, pid: int) -> None:
        """End a process without asking it."""
        ...

    def tell(self, pid: int, message: Message) -> None:
        """Send a message to a process."""
        ...

    def report(self, event: str, seat: Seat, **facts: str | float) -> None:
        """Tell log and metrics what happened to the process of a seat."""
        ...


class Supervision:
    """The places and their processes."""

    def __init__(
        self,
        page: SlotPage,
        shares: Sequence[int],
        roles: Sequence[tuple[Role, int]],
        options: SupervisionOptions,
        actions: Actions,
    ) -> None:
        """Lay out the places; nothing is started.

        Args:
            page: shared page with :func:`rows_for` rows.
            shares: for each listening socket of the page, whose it is.
            roles: of the places, see :func:`roles_for`; at least one worker, one control.
            options: patience.
            actions: what is done.
        """
        self._page = page
        self._shares = shares
        self._options = options
        self._actions = actions
        self._places = [
            Place(role, share, rows_of(i), Restarts(options.restart))
            for i, (role, share) in enumerate(roles)
        ]
        self._version = 0
        self._newest_version = 0
        self._has_served = False
        self._is_stopping = False

    # --- what is known ------------------------------------------------------------

    @property
    def has_served(self) -> bool:
        """Whether once all workers were ready."""
        return self._has_served

    @property
    def is_stopping(self) -> bool:
        """Whether all processes are asked to end."""
        return self._is_stopping

    @property
    def is_empty(self) -> bool:
        """Whether no process is left."""
        return not any(True for _ in self._all())

    @property
    def version(self) -> int:
        """Version of the configuration that every process shall run on."""
        return self._version

    @property
    def newest_version(self) -> int:
        """Version that was given out last, whether it is in use or not."""
        return self._newest_version

    @property
    def versions(self) -> set[int]:
        """Versions that processes run on or may be started with."""
        return {self._version, *(process.version for _, process in self._all())}

    def _workers(self) -> Iterator[Place]:
        return (place for place in self._places if place.role is Role.WORKER)

    def _all(self) -> Iterator[tuple[Place, Process]]:
        for place in self._places:
            for process in place.processes():
                yield place, process

    # --- events -------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Start a process in every place."""
        for place in self._places:
            self._fill(place, now)

    def ready(self, pid: int, now: float) -> None:
        """A process said that it serves: it gets its sockets."""
        for place, process in self._all():
            if process.pid != pid or process.is_ready or process.is_doomed:
                continue
            process.is_ready = True
            self._actions.report("process_ready", process.seat, pid=pid)
            if process is place.successor:
                self._promote(place, now)
            elif process is place.current:
                self._take_back(place, process)
            break
        if all(place.current and place.current.is_ready for place in self._workers()):
            self._has_served = True

    def ended(self, pid: int, how: str, now: float) -> Seat | None:
        """A process ended: a survivor gets its sockets, a restart is planned.

        Args:
            pid: its process id.
            how: for the log, e.g. ``signal SIGSEGV``.
            now: monotonic seconds.

        Returns:
            Its seat if it crashed, ``None`` if it was asked to end.
        """
        found = next(((place, one) for place, one in self._all() if one.pid == pid), None)
        if found is None:
            return None
        place, process = found
        self._page.facts(process.seat.row).release()
        was_asked = process.end_by is not None
        event = "process_ended" if was_asked else "process_crashed"
        self._actions.report(event, process.seat, pid=pid, how=how)
        if process is place.predecessor:
            place.predecessor = None
        elif process is place.successor:
            place.successor = None
            # One that a still newer configuration has overtaken says nothing about that.
            if process.version == self._version:
                self._give_up_replacement(place)
        elif process is place.current:
            place.current, place.successor = place.successor, None
            if place.current is None and not self._is_stopping:
                self._plan_restart(place, process, now)
        self._hand_over(process)
        if not self._has_served and process.seat.role is Role.WORKER:
            # A worker that never came up will not at the second try: start-up failed.
            self.stop(now)
        return None if was_asked else process.seat

    def tick(self, now: float) -> None:
        """Look at heartbeats, deadlines and what waits to be done."""
        for _, process in list(self._all()):
            self._look_at(process, now)
        if self._is_stopping:
            return
        for place in self._places:
            if place.restart_at is not None and now >= place.restart_at:
                self._fill(place, now)
        self._replace_next(now)

    def due_in_s(self, now: float) -> float:
        """Return when :meth:`tick` is to be called next, in seconds from now."""
        moments = [place.restart_at for place in self._places if place.restart_at is not None]
        return max(0.0, min([now + TICK_S, *moments]) - now)

    def replace_all(self, now: float) -> int:
        """Replace the processes one by one by such of a new configuration.

        Returns:
            The number of the new version.
        """
        self._newest_version += 1
        self._version = self._newest_version
        self._replace_next(now)
        return self._version

    def tell_control(self, message: Message) -> None:
        """Send a message to the control process, if it is there."""
        control = next(place.current for place in self._places if place.role is Role.CONTROL)
        if control is not None and control.is_ready:
            self._actions.tell(control.pid, message)

    def stop(self, now: float) -> None:
        """Ask every process to finish what it has in hand and end."""
        self._is_stopping = True
        for place, process in self._all():
            place.restart_at = None
            self._drain(process, now)

    # --- decisions ----------------------------------------------------------------

    def _fill(self, place: Place, now: float) -> None:
        """Start a process in an empty place, or try again later."""
        place.restart_at = None
        place.current = self._fork(place, now)
        if place.current is None:
            place.restart_at = now + place.restarts.crashed(now, 0.0)
            return
        for row in place.rows:
            self._page.facts(row).say_missing(is_missing=False)

    def _fork(self, place: Place, now: float) -> Process | None:
        seat = place.free_seat()
        pid = self._actions.fork(seat, self._version)
        if pid is None:
            self._actions.report("no_process", seat)
            return None
        return Process(pid, seat, self._version, now, Silence(2 * TICK_S))

    def _look_at(self, process: Process, now: float) -> None:
        if process.end_by is not None:
            if now >= process.end_by and not process.is_doomed:
                self._kill(process, "process_did_not_drain")
            return
        if process.is_doomed:
            return
        patience_s = self._options.silence_s if process.is_ready else START_S
        silent_s = process.silence.look(self._page.facts(process.seat.row).beats, now)
        if silent_s >= patience_s:
            self._kill(process, "process_hung")

    def _kill(self, process: Process, event: str) -> None:
        """End a process now; its sockets do not wait until the kernel is done with it."""
        process.is_doomed = True
        self._actions.report(event, process.seat, pid=process.pid)
        self._actions.kill(process.pid)
        self._hand_over(process)

    def _plan_restart(self, place: Place, process: Process, now: float) -> None:
        if process.end_by is not None:  # it ended because we asked: control is replaced so
            place.restart_at = now
            return
        self._page.facts(process.seat.row).say_missing(is_missing=True)
        delay_s = place.restarts.crashed(now, now - process.started_at)
        place.restart_at = now + delay_s
        event = "process_degraded" if place.restarts.is_degraded(now) else "process_restarts"
        self._actions.report(event, process.seat, after_s=delay_s)

    def _drain(self, process: Process, now: float) -> None:
        if process.end_by is None:
            process.end_by = now + self._options.stop_s
            self._actions.tell(process.pid, Message.DRAIN)

    # --- sockets ------------------------------------------------------------------

    def _hand_over(self, process: Process) -> None:
        """Give the sockets of a process that is no more to those that serve."""
        survivors = [
            place.current
            for place in self._workers()
            if place.current is not None and place.current.is_ready and not place.current.is_doomed
        ]
        told = set()
        for socket in self._page.sockets_of(process.seat.row):
            survivor = min(
                survivors,
                key=lambda one: len(self._page.sockets_of(one.seat.row)),
                default=None,
            )
            self._page.assign_socket(socket, survivor.seat.row if survivor else None)
            if survivor:
                told.add(survivor.pid)
        for pid in told:
            self._actions.tell(pid, Message.SOCKETS)

    def _take_back(self, place: Place, process: Process) -> None:
        """Give a process the sockets of its share, whoever reads them now."""
        if place.role is not Role.WORKER:
            return
        told = {process.seat.row}
        for socket, share in enumerate(self._shares):
            reader = self._page.readers[socket]
            # While no worker was ready nobody could be given the sockets of the others.
            if share == place.share or not reader:
                told.add(reader - 1)
                self._page.assign_socket(socket, process.seat.row)
        for _, other in self._all():
            if other.seat.row in told:
                self._actions.tell(other.pid, Message.SOCKETS)

    # --- replacement --------------------------------------------------------------

    def _replace_next(self, now: float) -> None:
        """Begin to replace one process that runs on another version, if none is."""
        if self._is_stopping or any(p.successor or p.predecessor for p in self._places):
            return
        if any(p.current and p.current.end_by is not None for p in self._places):
            return
        for place in self._places:
            process = place.current
            if process is None or not process.is_ready or process.version == self._version:
                continue
            if place.role is Role.WORKER:
                place.successor = self._fork(place, now)
                if place.successor is None:
                    self._give_up_replacement(place)
            else:
                # Two controls at once would both compile, two of mail both deliver; DNS does
                # not miss them meanwhile.
                self._drain(process, now)
            return

    def _promote(self, place: Place, now: float) -> None:
        successor, process = place.successor, place.current
        place.current, place.successor = successor, None
        if successor is None or process is None:
            return
        for socket in self._page.sockets_of(process.seat.row):
            self._page.assign_socket(socket, successor.seat.row)
        self._actions.tell(successor.pid, Message.SOCKETS)
        place.predecessor = process
        self._drain(process, now)

    def _give_up_replacement(self, place: Place) -> None:
        if self._is_stopping or place.current is None:
            return
        self._version = place.current.version
        self._actions.report("replacement_failed", place.current.seat)
