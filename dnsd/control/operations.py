"""Everything the daemon can be asked or told, each thing once.

Every operation returns JSON of `shapes.py`, at once or as a Deferred that does
not fail. Who may ask, and how, is decided in `http.py`.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.authority.build.row_notes import RowNotes
from dnsd.authority.build.zone_signing import SigningNotes
from dnsd.authority.store import StoreError
from dnsd.wire import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.defer import Deferred

    from dnsd.authority.store import ZoneStore
    from dnsd.authority.zone_row import ZoneRow
    from dnsd.control.blocklists_shapes import ListStatus
    from dnsd.control.reload import Reloader
    from dnsd.control.shapes import (
        CacheStatus,
        Diff,
        Health,
        ProcessShape,
        Reload,
        Signing,
        Status,
        Zone,
        ZoneChange,
        ZoneList,
    )
    from dnsd.control.surroundings import Surroundings
    from dnsd.observe.page import SlotPage

MAX_ZONES_A_PAGE: Final = 1000

# With more zones their serials are no metric, so there is no need to look them up.
_MAX_SERIALS: Final = 50


@dataclass(frozen=True, slots=True)
class Program:
    """What this daemon is, for `dnsd status`.

    Attributes:
        version: of the program.
        listen: addresses and ports it answers on, as text.
        notices: what the operator should know, one sentence each.
    """

    version: str
    listen: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


class Operations:
    """The operations, over the parts of one control process.

    Attributes:
        block_lists: tells how each block list stands; there are none unless set.
        cache: tells how full the resolver's caches are; there are none unless set.
    """

    def __init__(
        self,
        program: Program,
        page: SlotPage,
        store: ZoneStore,
        reloader: Reloader,
        around: Surroundings,
    ) -> None:
        """Work with what wiring has built.

        Args:
            program: see `Program`.
            page: facts of all processes.
            store: the zones served, for reading.
            reloader: runs the compiler.
            around: see `Surroundings`.
        """
        self.block_lists: Callable[[], list[ListStatus]] = list
        self.cache: Callable[[], CacheStatus | None] = lambda: None
        self._program = program
        self._page = page
        self._store = store
        self._reloader = reloader
        self._around = around

    def status(self) -> Status:
        """Tell how the daemon is."""
        served, generated, records = self._reloader.totals
        broken = self._reloader.broken
        return {
            "version": self._program.version,
            "python": platform.python_version(),
            "listen": list(self._program.listen),
            "notices": list(self._program.notices),
            "processes": self._processes(),
            "zones": {
                "served": served,
                "generated": generated,
                "records": records,
                "kept": [zone for zone in broken if zone["status"] == "kept"],
                "refused": [zone for zone in broken if zone["status"] == "refused"],
            },
            "reload": self._reloader.last,
            "reloading": self._reloader.is_running,
            "block_lists": self.block_lists(),
            "cache": self.cache(),
        }

    def health(self) -> Health:
        """Tell whether queries are answered."""
        reasons = []
        serving = [p for p in self._processes() if p["role"] in ("worker", "single")]
        if not any(process["ready"] for process in serving):
            reasons.append("no process answers queries")
        return {"status": "failing" if reasons else "ok", "reasons": reasons}

    def zones(self, after: bytes | None, limit: int) -> ZoneList:
        """List a page of the zones served.

        Args:
            after: the last zone of the page before, or None.
            limit: zones at most, 1..1000.

        Raises:
            StoreError: the zone store cannot be read.
        """
        broken = self._broken()
        page: list[Zone] = []
        with self._store.snapshot() as snapshot:
            for origin, row in snapshot.rows():  # sorted by their octets
                if after is not None and origin <= after:
                    continue
                if len(page) == limit:
                    return {"zones": page, "next": page[-1]["origin"]}
                page.append(_zone(origin, row, broken))
        return {"zones": page, "next": ""}

    def zone(self, origin: bytes) -> Zone | None:
        """Show one zone, None if it is not served.

        Raises:
            StoreError: the zone store cannot be read.
        """
        with self._store.snapshot() as snapshot:
            row = snapshot.row(origin)
        return None if row is None else _zone(origin, row, self._broken())

    def diff(self) -> Deferred[Diff]:
        """Find out what a reload would change."""
        return self._reloader.diff()

    def reload(self, *, force: bool) -> Deferred[Reload]:
        """Have all zone files read again; see `Reloader.request`."""
        return self._reloader.request("command", force=force)

    def serials(self) -> list[tuple[tuple[str], float]]:
        """List zones and serials for the metrics; none when there are too many."""
        if self._reloader.totals[0] > _MAX_SERIALS:
            return []
        try:
            return [
                ((zone["origin"],), zone["serial"])
                for zone in self.zones(None, _MAX_SERIALS)["zones"]
            ]
        except StoreError as error:
            self._around.log.error("zone_store", str(error))
            return []

    def _broken(self) -> dict[str, ZoneChange]:
        return {zone["origin"]: zone for zone in self._reloader.broken}

    def _processes(self) -> list[ProcessShape]:
        now = self._around.clock.now()
        everybody = (self._page.facts(index) for index in range(self._page.row_count))
        return [
            {
                "role": facts.role.name.lower(),
                "pid": facts.pid,
                "ready": facts.ready,
                "started_at": facts.started_at,
                "silent_s": round(max(now - facts.beat_at_s, 0.0), 3) if facts.beats else 0.0,
            }
            for facts in everybody
            if facts.role and (facts.pid or facts.missing)
        ]


def _zone(origin: bytes, row: ZoneRow, broken: dict[str, ZoneChange]) -> Zone:
    notes = RowNotes.from_octets(row.meta)
    text = names.to_text(origin)
    change = broken.get(text)
    return {
        "origin": text,
        "file": notes.file,
        "generated": row.generated,
        "serial": notes.serial,
        "records": notes.records,
        "kept": change is not None,
        "problems": change["problems"] if change else [],
        "signing": _signing(notes),
    }


def _signing(notes: RowNotes) -> Signing | None:
    if notes.signing is None:
        return None
    found = SigningNotes(*notes.signing)
    return {"policy": found.policy, "expires": found.expires, "renew_at": found.renew_at}
