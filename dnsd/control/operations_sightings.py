"""Having queries for certain names watched, and what was seen, for ``dnsd leaktest``."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from dnsd.query.request import Transport
from dnsd.wire import names
from dnsd.wire.iana import rrtype_to_text

if TYPE_CHECKING:
    from dnsd.control.shapes import SightingList, SightingShape
    from dnsd.net.clock import Clock
    from dnsd.query.lookout import Board, Sighting

WATCH_S: Final = 60.0


class SightingOperations:
    """The operations, over the board that all processes share."""

    def __init__(self, board: Board, clock: Clock) -> None:
        """Work with what wiring has built.

        Args:
            board: see `query.lookout`.
            clock: its monotonic time is that of the queries.
        """
        self._board = board
        self._clock = clock

    def busy_s(self) -> float:
        """Return for how long names are being watched yet, in seconds."""
        return max(0.0, self._board.ends_at() - self._clock.now())

    def watch(self, zone: bytes, prefix: str) -> SightingList:
        """Have names below a zone watched, for a minute.

        Args:
            zone: in canonical form.
            prefix: of the label next to the zone, 1..31 lower-case letters, digits
                and hyphens.
        """
        self._board.watch(zone, prefix.encode("ascii"), self._clock.now() + WATCH_S)
        return self.seen()

    def seen(self) -> SightingList:
        """Tell what was seen since names are watched."""
        found, omitted = self._board.sightings()
        now = self._clock.now()
        return {
            "sightings": [_shape(sighting, now) for sighting in found],
            "omitted": omitted,
            "left_s": round(self.busy_s(), 1),
        }

    def end(self) -> SightingList:
        """Watch nothing any longer, and tell what was seen."""
        self._board.end()
        return self.seen()


def _shape(sighting: Sighting, now: float) -> SightingShape:
    return {
        "age_s": round(now - sighting.seen, 3),
        "client": str(ip_address(sighting.client)),
        "port": sighting.port,
        "id": sighting.id,
        "transport": Transport(sighting.transport).label,
        "name": names.to_text(sighting.name),
        "type": rrtype_to_text(sighting.type),
        "udp_size": sighting.udp_size,
        "edns": sighting.edns,
        "dnssec": sighting.dnssec,
        "cookie": sighting.cookie,
    }
