"""The supervisor: waits for signals, children and time, and does as Supervision says.

No reactor and no threads, because both break in a forked child. Everything that
happens arrives in one ``poll``: signals through a wake-up socket, children through
their channels, time as its limit.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import time
from typing import TYPE_CHECKING

from dnsd.observe import metrics
from dnsd.observe.log import Level
from dnsd.observe.page import Role
from dnsd.observe.pulse import Usage
from dnsd.run import garbage
from dnsd.run.messages import Message
from dnsd.run.notify import READY, STOPPING, notify
from dnsd.run.places import SUPERVISOR_ROW, roles_for
from dnsd.run.processes import SUPERVISOR_SIGNALS, Children
from dnsd.run.restarts import RestartOptions
from dnsd.run.supervision import Supervision, SupervisionOptions

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.run.inheritance import Inheritance
    from dnsd.run.messages import Channel
    from dnsd.run.places import Seat

_WAKE_OCTETS = 4096
_SAMPLE_S = 2.0

# What is said of the process of a seat, and how much it matters.
_EVENTS = {
    "process_ready": (Level.INFO, "serves"),
    "process_ended": (Level.INFO, "ended as it was asked to"),
    "process_crashed": (Level.ERROR, "ended unasked"),
    "process_hung": (Level.ERROR, "showed no sign of life and was killed"),
    "process_did_not_drain": (Level.WARNING, "did not end in time and was killed"),
    "process_restarts": (Level.WARNING, "is started again"),
    "process_degraded": (Level.ERROR, "crashed five times in a minute, is started again"),
    "no_process": (Level.ERROR, "cannot be started: the system has no room for a process"),
    "replacement_failed": (
        Level.ERROR,
        "could not be replaced; the configuration before stays in use",
    ),
}


class Supervisor:
    """Runs workers and control until it is told to stop."""

    def __init__(
        self,
        inheritance: Inheritance,
        run: Callable[[Inheritance, Seat, Channel], int],
        reconfigure: Callable[[Inheritance], Inheritance | None],
    ) -> None:
        """Get ready; nothing is started.

        Args:
            inheritance: what the children get.
            run: the whole life of a child; returns its exit status.
            reconfigure: reads configuration and certificate again: what to change to,
                or None when that is unusable or the same.
        """
        self._inheritance = inheritance
        self._log = inheritance.log
        self._reconfigure = reconfigure
        # A replacement that fails goes back to a version before, so those in use are kept.
        self._versions = {0: inheritance}
        self._children = Children(self._child(run), self._leave)
        limits = inheritance.config.limits
        self._supervision = Supervision(
            inheritance.page,
            [listener.share for listener in inheritance.listeners],
            roles_for(inheritance.config.workers, mail=inheritance.config.mail.enabled),
            SupervisionOptions(
                limits.worker_silence_s,
                limits.stop_s,
                RestartOptions(limits.restart_delay_s, limits.restart_delay_max_s),
            ),
            self,
        )
        self._was_told = False
        self._wake, self._waker = socket.socketpair()
        self._facts = inheritance.page.facts(SUPERVISOR_ROW)
        self._row = inheritance.page.row(SUPERVISOR_ROW)

    def serve(self, announce: Callable[[], None]) -> int:
        """Run until told to stop.

        Args:
            announce: called once, when every worker serves.

        Returns:
            Exit status: 0 after SIGTERM or SIGINT, 1 if serving could not begin.
        """
        self._catch_signals()
        page = self._inheritance.page
        metrics.enter_row(page, SUPERVISOR_ROW, os.getpid(), Role.SUPERVISOR, int(time.time()))
        usage = Usage(self._row, Role.SUPERVISOR)
        self._log.enter_row(self._row, "supervisor")
        # What lives now lives as long as we do: the collector of no child needs to
        # look at it, and so no child gets a copy of its pages.
        garbage.settle()
        sample_at = 0.0
        supervision = self._supervision
        supervision.start(time.monotonic())
        while not supervision.is_empty or not supervision.is_stopping:
            self._wait()
            if time.monotonic() >= sample_at:
                sample_at = time.monotonic() + _SAMPLE_S
                usage.sample()
                self._log.tell_held_back()
            if supervision.has_served and not self._facts.ready:
                self._facts.say_ready()
                announce()
                notify(READY)
        self._log.info("stopped", "all processes have ended")
        return 0 if self._was_told else 1

    # --- what happens -------------------------------------------------------------

    def _catch_signals(self) -> None:
        for end in (self._wake, self._waker):
            end.setblocking(False)  # noqa: FBT003 - the socket module's own signature
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in SUPERVISOR_SIGNALS:
            signal.signal(number, lambda *_: None)

    def _wait(self) -> None:
        """Wait for the next event and react to all there are."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        for _, channel in self._children.channels():
            if channel.fileno() >= 0:
                poll.register(channel, select.POLLIN)
        poll.poll(self._supervision.due_in_s(time.monotonic()) * 1000)
        for number in self._signals():
            self._react(number)
        for pid, channel in self._children.channels():
            self._listen_to(pid, channel)
        for pid, how in self._children.reap():
            self._bury(pid, how)
        now = time.monotonic()
        self._supervision.tick(now)
        self._facts.beat(now)

    def _listen_to(self, pid: int, channel: Channel) -> None:
        if channel.fileno() < 0:
            return
        messages = channel.heard()
        if messages is None:
            # It is ending. Not to be waited on: the poll would return at once for ever.
            channel.close()
            return
        for message in messages:
            self._hear(pid, message)

    def _signals(self) -> set[int]:
        try:
            return set(self._wake.recv(_WAKE_OCTETS))
        except BlockingIOError:
            return set()

    def _react(self, number: int) -> None:
        if number in {signal.SIGTERM, signal.SIGINT}:
            self._was_told = True
            if not self._supervision.is_stopping:
                self._log.info("stopping", "finishing what is in hand")
                notify(STOPPING)
            self._supervision.stop(time.monotonic())
        elif number == signal.SIGHUP:
            self._reload()

    def _hear(self, pid: int, message: Message) -> None:
        if message is Message.READY:
            self._supervision.ready(pid, time.monotonic())

    def _reload(self) -> None:
        """Read configuration and zones again."""
        self._supervision.tell_control(Message.RELOAD_ZONES)
        version = self._supervision.version
        try:
            changed = self._reconfigure(self._versions[version])
        except Exception as error:  # noqa: BLE001 - no file may end the supervisor
            self._log.fault("config_fault", error)
            return
        if changed is None:
            return
        kept = {version: self._versions[version] for version in self._supervision.versions}
        self._versions = {**kept, self._supervision.newest_version + 1: changed}
        self._supervision.replace_all(time.monotonic())

    def _bury(self, pid: int, how: str) -> None:
        now = time.monotonic()
        seat = self._supervision.ended(pid, how, now)
        if seat is not None and self._inheritance.quarantine.died(seat.row, now):
            self._log.error(
                "request_held",
                "a request that killed two processes is dropped for a minute",
                last=str(seat),
            )

    # --- what is done -------------------------------------------------------------

    def fork(self, seat: Seat, version: int) -> int | None:
        """Start a process; see `supervision.Actions`."""
        return self._children.fork(seat, version)

    def kill(self, pid: int) -> None:
        """End a process; see `supervision.Actions`."""
        self._children.kill(pid)

    def tell(self, pid: int, message: Message) -> None:
        """Send a message; see `supervision.Actions`."""
        self._children.tell(pid, message)

    def report(self, event: str, seat: Seat, **facts: str | float) -> None:
        """Log and count an event; see `supervision.Actions`."""
        level, text = _EVENTS[event]
        if event in {"process_restarts", "process_degraded"}:
            self._row[metrics.RESTARTS.slot(seat.role.name.lower())] += 1
        elif event == "process_hung":
            self._row[metrics.limit_slot("worker_silence")] += 1
        self._log.write(level, event, f"{seat} {text}", {"seat": str(seat), **facts})

    def _child(
        self, run: Callable[[Inheritance, Seat, Channel], int]
    ) -> Callable[[Seat, int, Channel], int]:
        def live(seat: Seat, version: int, channel: Channel) -> int:
            page = self._inheritance.page
            metrics.enter_row(page, seat.row, os.getpid(), seat.role, int(time.time()))
            self._log.enter_row(page.row(seat.row), str(seat))
            return run(self._versions[version], seat, channel)

        return live

    def _leave(self) -> None:
        self._wake.close()
        self._waker.close()
