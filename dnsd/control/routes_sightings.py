"""What there is to ask about queries for watched names, by method and path.

    GET  /sightings       `shapes.SightingList`
    POST /sightings       `shapes.SightingList`; body {"zone": NAME, "prefix": TEXT}
    POST /sightings/end   `shapes.SightingList`

One watch is under way at a time; the zone must be served here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dnsd.control.routes import Answer, Asked, Refusal, Table, read_body, read_name, to_json

if TYPE_CHECKING:
    from dnsd.control.operations import Operations
    from dnsd.control.operations_sightings import SightingOperations

_PREFIX: Final = re.compile(r"[a-z0-9-]{1,31}")


def sighting_routes(operations: Operations, sightings: SightingOperations) -> Table:
    """Make the routes; ``operations`` know which zones are served."""

    def watch(asked: Asked) -> Answer:
        found = read_body(asked, ["zone", "prefix"])
        zone, prefix = found.get("zone"), found.get("prefix")
        if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
            raise Refusal(400, "prefix is 1 to 31 lower-case letters, digits and hyphens")
        if not isinstance(zone, str) or operations.zone(read_name(zone)) is None:
            raise Refusal(404, f"no zone {zone} is served")
        busy_s = sightings.busy_s()
        if busy_s:
            raise Refusal(409, f"another watch is under way, for {busy_s:.0f} seconds yet")
        return to_json(sightings.watch(read_name(zone), prefix))

    return {
        "/sightings": {"GET": lambda _: to_json(sightings.seen()), "POST": watch},
        "/sightings/end": {"POST": lambda _: to_json(sightings.end())},
    }
