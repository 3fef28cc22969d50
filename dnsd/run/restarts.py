"""When a process that ended is started again, and when a silent one counts as hung.

Pure arithmetic on seconds; the supervisor brings the clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

# A process that ran this long had no fault of its start; its next end is a new story.
SETTLED_S = 60.0
# So many crashes within so many seconds, and status and log call it degraded.
DEGRADED_CRASHES = 5
DEGRADED_WINDOW_S = 60.0


@dataclass(frozen=True, slots=True)
class RestartOptions:
    """How long to wait before a restart: doubling from the first to the longest."""

    first_delay_s: float = 0.1
    longest_delay_s: float = 30.0


class Restarts:
    """The crashes of one place that a process holds, e.g. of worker 2."""

    def __init__(self, options: RestartOptions) -> None:
        self._options = options
        self._delay_s = options.first_delay_s
        self._crashes: deque[float] = deque(maxlen=DEGRADED_CRASHES)

    def crashed(self, now: float, ran_s: float) -> float:
        """Note a crash.

        Args:
            now: monotonic seconds.
            ran_s: how long the process had been running.

        Returns:
            Seconds to wait before the restart.
        """
        if ran_s >= SETTLED_S:
            self._delay_s = self._options.first_delay_s
        delay_s = self._delay_s
        self._delay_s = min(delay_s * 2, self._options.longest_delay_s)
        self._crashes.append(now)
        return delay_s

    def is_degraded(self, now: float) -> bool:
        """Tell whether there were five crashes in the last minute."""
        return (
            len(self._crashes) == DEGRADED_CRASHES and now - self._crashes[0] <= DEGRADED_WINDOW_S
        )


class Silence:
    """How long a process has not beaten, as far as the watcher can know.

    Only time that the watcher itself was awake counts: a machine that was
    suspended, or a supervisor that was stopped, must not kill every process the
    moment it wakes up.
    """

    def __init__(self, longest_step_s: float) -> None:
        """Begin to watch.

        Args:
            longest_step_s: how much of the time between two looks may count.
        """
        self._longest_step_s = longest_step_s
        self._beats = -1
        self._looked_at = 0.0
        self._silent_s = 0.0

    def look(self, beats: int, now: float) -> float:
        """Compare the number of heartbeats with the last look.

        Args:
            beats: heartbeats since the process was started.
            now: monotonic seconds.

        Returns:
            Seconds of silence.
        """
        if beats != self._beats:
            self._beats = beats
            self._silent_s = 0.0
        else:
            self._silent_s += min(now - self._looked_at, self._longest_step_s)
        self._looked_at = now
        return self._silent_s
