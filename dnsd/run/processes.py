"""Child processes: forked without a reactor, told by a channel, reaped by number.

A child is a copy of the supervisor at the moment of the fork, so everything that
must not be shared is undone first: signal handlers, the supervisor's ends of all
channels. It never returns into the supervisor's code but ends with ``os._exit``.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from dnsd.run.messages import Channel, channel_pair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dnsd.run.messages import Message
    from dnsd.run.places import Seat

# What the supervisor reacts to. They wait while a child is made, so that none of
# them runs the supervisor's reaction in the child.
SUPERVISOR_SIGNALS = frozenset(
    (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
)  # fmt: skip

FAULT_STATUS = 1


class Children:
    """The processes that live."""

    def __init__(self, run: Callable[[Seat, int, Channel], int], leave: Callable[[], None]) -> None:
        """Know what children do.

        Args:
            run: the whole life of a child: seat, version of the configuration, its end
                of the channel; returns its exit status.
            leave: gives up in the child what only the supervisor may have.
        """
        self._run = run
        self._leave = leave
        self._channels: dict[int, Channel] = {}

    def __contains__(self, pid: int) -> bool:
        return pid in self._channels

    def fork(self, seat: Seat, version: int) -> int | None:
        """Make a child.

        Returns:
            Its process id; None when the system has no room for another one.
        """
        try:
            ours, theirs = channel_pair()
        except OSError:
            return None
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SUPERVISOR_SIGNALS)
        try:
            pid = os.fork()
            if not pid:
                self._live(seat, version, (ours, theirs))
        except OSError:
            ours.close()
            return None
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()
        self._channels[pid] = ours
        return pid

    def _live(self, seat: Seat, version: int, ends: tuple[Channel, Channel]) -> None:
        """Be the child; does not return."""
        status = FAULT_STATUS
        try:
            signal.set_wakeup_fd(-1)
            # The terminal sends SIGINT to all of us; the supervisor passes it on as DRAIN.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            ours, theirs = ends
            for channel in (ours, *self._channels.values()):
                channel.close()
            self._leave()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SUPERVISOR_SIGNALS)
            status = self._run(seat, version, theirs)
        finally:
            os._exit(status)

    def kill(self, pid: int) -> None:
        """End a child now. One that is dead already is left to :meth:`reap`."""
        os.kill(pid, signal.SIGKILL)

    def tell(self, pid: int, message: Message) -> None:
        """Send a message to a child."""
        if channel := self._channels.get(pid):
            channel.tell(message)

    def channels(self) -> Iterator[tuple[int, Channel]]:
        """Iterate over process ids and the supervisor's ends of their channels."""
        return iter(list(self._channels.items()))

    def reap(self) -> Iterator[tuple[int, str]]:
        """Take leave of children that ended: process ids, and how they ended."""
        for pid, channel in self.channels():
            try:
                ended, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                ended, status = pid, 0
            if ended:
                channel.close()
                del self._channels[pid]
                yield pid, describe_end(status)


def describe_end(status: int) -> str:
    """Say how a process ended, from what ``waitpid`` returned."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        try:
            return f"signal {signal.Signals(number).name}"
        except ValueError:
            return f"signal {number}"
    return f"exit status {os.waitstatus_to_exitcode(status)}"
