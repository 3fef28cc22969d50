"""Notice changed zone files and say so once the changes are over.

The kernel tells that something happened in a zone directory (inotify(7)); what
happened is seen by looking (`scan.py`), once nothing has happened for a moment.
Where the kernel tells nothing, on network and overlay file systems or when its
watches are used up, the same look is taken at regular times; and more seldom in
any case, because a link in the path of a zone directory can be turned without
an event.
"""

from __future__ import annotations

import ctypes
import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from dnsd.control.scan import MAX_DIRECTORIES, Seen, ZoneFiles, look
from dnsd.observe import metrics

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.control.surroundings import Surroundings
    from dnsd.net.clock import Timer

POLL_S: Final = 1.0
POLL_WITH_EVENTS_S: Final = 10.0
# Looking may take this share of the time at most: it happens on the reactor.
_POLL_SHARE: Final = 0.01

# Files that change all the time are read all the same after so many delays.
_MAX_DELAYS: Final = 10

# <sys/inotify.h>
_IN_MODIFY = 0x002
_IN_ATTRIB = 0x004
_IN_CLOSE_WRITE = 0x008
_IN_MOVED = 0x0C0
_IN_CREATE = 0x100
_IN_DELETE = 0x200
_IN_DELETE_SELF = 0x400
_IN_MOVE_SELF = 0x800
_IN_ONLYDIR = 0x0100_0000
_MASK = (
    _IN_MODIFY
    | _IN_ATTRIB
    | _IN_CLOSE_WRITE
    | _IN_MOVED
    | _IN_CREATE
    | _IN_DELETE
    | _IN_DELETE_SELF
    | _IN_MOVE_SELF
    | _IN_ONLYDIR
)
_READ_OCTETS = 64 << 10


@implementer(IReadDescriptor)
class Inotify:
    """The kernel's events of some directories, without their contents."""

    def __init__(self, happened: Callable[[], None]) -> None:
        """Open it.

        Args:
            happened: called when anything did, once for many events.

        Raises:
            OSError: the system has no inotify, or no room for another user of it.
        """
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._happened = happened
        self._descriptor: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))

    def watch(self, directory: str) -> bool:
        """Ask for events of a directory; asking again does nothing.

        Returns:
            False when the kernel has no room; True also when it is not there.
        """
        path = os.fsencode(directory)
        if self._libc.inotify_add_watch(self._descriptor, path, _MASK) >= 0:
            return True
        return ctypes.get_errno() not in (errno.ENOSPC, errno.ENOMEM)

    def close(self) -> None:
        """Close it; the reactor must not read it any more."""
        os.close(self._descriptor)

    def fileno(self) -> int:
        """Return the descriptor, for the reactor."""
        return self._descriptor

    def doRead(self) -> None:  # noqa: N802
        """Take all events, for the reactor."""
        try:
            while os.read(self._descriptor, _READ_OCTETS):
                pass
        except BlockingIOError:
            self._happened()

    def connectionLost(self, reason: object) -> None:  # noqa: N802
        """Do nothing: the descriptor is closed by `close`."""

    def logPrefix(self) -> str:  # noqa: N802
        """Return what the reactor's log calls it."""
        return "inotify"


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What to watch.

    Attributes:
        where: the zone files.
        delay_s: changes are over when nothing happened for so long.
    """

    where: ZoneFiles
    delay_s: float = 0.1


class Watcher:
    """Calls somebody when zone files have changed."""

    def __init__(
        self, options: WatchOptions, around: Surroundings, changed: Callable[[], None]
    ) -> None:
        """Watch, once started.

        Args:
            options: what and how patiently.
            around: see `Surroundings`.
            changed: called after each set of changes.
        """
        self._options = options
        self._around = around
        self._changed = changed
        self._inotify: Inotify | None = None
        self._has_room = True
        self._seen = Seen({}, (), 0, is_whole=True)
        self._first_event_at = 0.0
        self._last_event_at = 0.0
        self._settling: Timer | None = None
        self._polling: Timer | None = None

    def start(self) -> None:
        """Begin to watch; what changes from now on is told."""
        try:
            self._inotify = Inotify(self.something_happened)
        except OSError as error:
            self._fall_back(error.strerror or str(error))
        else:
            self._around.reactor.addReader(self._inotify)
        self._look()

    def stop(self) -> None:
        """Stop watching."""
        for timer in (self._settling, self._polling):
            if timer is not None:
                timer.cancel()
        self._settling = self._polling = None
        if self._inotify is not None:
            self._around.reactor.removeReader(self._inotify)
            self._inotify.close()
            self._inotify = None

    def something_happened(self) -> None:
        """Take note of an event; look once nothing more happens."""
        self._last_event_at = self._around.clock.now()
        if self._settling is None:
            self._first_event_at = self._last_event_at
            self._settling = self._around.clock.call_later(self._options.delay_s, self._settle)

    def _settle(self) -> None:
        """Wait on while events come in, but not for ever; then compare."""
        now = self._around.clock.now()
        delay_s = self._options.delay_s
        wait_s = min(
            self._last_event_at + delay_s - now, self._first_event_at + _MAX_DELAYS * delay_s - now
        )
        # Less than a microsecond is the rounding of the sums above.
        if wait_s > 1e-6:
            self._settling = self._around.clock.call_later(wait_s, self._settle)
            return
        self._settling = None
        self._compare()

    def _poll(self) -> None:
        self._polling = None
        self._compare()

    def _compare(self) -> None:
        before = self._seen.facts
        self._look()
        if self._seen.facts != before:
            self._changed()

    def _look(self) -> None:
        """See what is there, watch what is new, and arrange for the next look."""
        begun_at = self._around.clock.now()
        seen = look(self._options.where)
        # A file may have come into a new directory before it was watched.
        if self._watch(seen.directories):
            seen = look(self._options.where)
        if not seen.is_whole and self._seen.is_whole:
            self._around.row[metrics.limit_slot("watched_directories")] += 1
            self._around.log.warning(
                "zone_directories", "more directories than are searched", limit=MAX_DIRECTORIES
            )
        self._seen = seen
        taken_s = self._around.clock.now() - begun_at
        interval_s = POLL_S if self._inotify is None or not self._has_room else POLL_WITH_EVENTS_S
        if self._polling is not None:
            self._polling.cancel()
        self._polling = self._around.clock.call_later(
            max(interval_s, taken_s / _POLL_SHARE), self._poll
        )

    def _watch(self, directories: tuple[str, ...]) -> bool:
        """Ask for events of directories; tell whether some were not watched before."""
        if self._inotify is None:
            return False
        # Asked for each time: one may have been removed and made again.
        room = [self._inotify.watch(directory) for directory in directories]
        if not all(room) and self._has_room:
            self._has_room = False
            self._fall_back("no room for more watches")
        return bool(set(directories) - set(self._seen.directories))

    def _fall_back(self, reason: str) -> None:
        self._around.log.warning(
            "zone_watch", "zone files are looked at every second", reason=reason
        )
