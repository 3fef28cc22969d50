"""Twisted's log, written into ours.

Every process with a reactor begins its logging with one `TwistedBridge`:

    globalLogBeginner.beginLoggingTo([TwistedBridge(log, row, formatEvent)], ...)

The bridge is handed Twisted's function that renders events, so that this
package does without Twisted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dnsd.observe import metrics
from dnsd.observe.log import EventLog, Level

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_UNCAUGHT = metrics.UNCAUGHT_EXCEPTIONS.slot()

# Twisted tells each port and factory at level info; ours says it in own words.
_LEVELS = {
    "debug": Level.DEBUG,
    "info": Level.DEBUG,
    "warn": Level.WARNING,
    "error": Level.ERROR,
    "critical": Level.CRITICAL,
}


class TwistedBridge:
    """An observer of Twisted's log (``twisted.logger.ILogObserver``)."""

    def __init__(
        self, log: EventLog, row: memoryview, render: Callable[[Mapping[str, Any]], str]
    ) -> None:
        """Write to a log.

        Args:
            log: the log of this process.
            row: the row of this process; exceptions nobody caught are counted.
            render: ``twisted.logger.formatEvent``.
        """
        self._log = log
        self._row = row
        self._render = render

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Write one event of Twisted; never raises."""
        try:
            self._write(event)
        except Exception as error:  # noqa: BLE001 -- an observer that raises is dropped
            self._log.fault("log_bridge", error)

    def _write(self, event: Mapping[str, Any]) -> None:
        level = _LEVELS.get(getattr(event.get("log_level"), "name", ""), Level.INFO)
        failure = event.get("log_failure")
        where = event.get("log_namespace", "")
        if failure is not None:
            if level is Level.CRITICAL:
                self._row[_UNCAUGHT] += 1
            self._log.fault("uncaught_exception", failure.value, where=where)
        else:
            self._log.write(level, "twisted", self._render(event), {"where": where})
