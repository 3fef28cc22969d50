"""One zone on its way into the store: what is served, what shall be.

A candidate starts as what a run found under one origin and ends as loaded,
unchanged, kept, refused or removed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from zlib import crc32

from dnsd.authority.build import difference
from dnsd.authority.build.report import Status, ZoneReport
from dnsd.authority.build.row_notes import RowNotes
from dnsd.authority.zone_row import ZoneRow
from dnsd.wire import names

if TYPE_CHECKING:
    from dnsd.authority.build import reverse
    from dnsd.authority.build.difference import Difference
    from dnsd.authority.build.kept_text import KeptText
    from dnsd.authority.zonefile.draft import ZoneDraft
    from dnsd.source.problems import Problem

_LAST_SLOT = 4095


@dataclass(frozen=True, slots=True)
class Served:
    """A zone as the catalog has it."""

    row: ZoneRow
    notes: RowNotes


@dataclass(slots=True)
class Candidate:
    """One zone in one run.

    Attributes:
        origin: name in canonical form.
        file: what reports name.
        served: the zone before the run, if any.
        status: so far.
        notes: of the version to be; ``None`` keeps those of ``served``.
        version: id of the version to be, 0 for none.
        problems: found so far.
        changes: against the served version.
        generated: a reverse zone without a file.
        draft: of a reverse zone that waits for its PTR records.
        pointers: what the zone gives to reverse zones, when it was just read.
        renewed: the version to be is the served one with newer signatures.
        donor: what generated reverse zones take over, likewise.
        amendment: keys and nodes to be written over those of the served version.
        text: of its file, to be kept.
        names: of which changes can be told in the text of its file, 0 for not at all.
    """

    origin: bytes
    file: str
    served: Served | None = None
    status: Status = Status.UNCHANGED
    notes: RowNotes | None = None
    version: int = 0
    problems: list[Problem] = field(default_factory=list)
    changes: Difference = field(default_factory=difference.Difference)
    generated: bool = False
    draft: ZoneDraft | None = None
    pointers: list[reverse.Pointer] | None = None
    donor: reverse.Donor | None = None
    renewed: bool = False
    amendment: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    text: KeptText | None = None
    names: int = 0

    @property
    def is_served(self) -> bool:
        """Whether some version of the zone is served after the run."""
        return self.status in (Status.LOADED, Status.UNCHANGED, Status.KEPT)

    @property
    def notes_after(self) -> RowNotes:
        """Notes of what is served after the run; empty ones for nothing."""
        if self.notes is not None:
            return self.notes
        return self.served.notes if self.served and self.is_served else RowNotes()

    def fail(self, *problems: Problem) -> None:
        """Keep what is served, because of these problems."""
        self.problems += problems
        self.status = Status.KEPT if self.served else Status.REFUSED
        self.notes = self.draft = self.pointers = self.donor = None
        self.version = self.names = 0
        self.renewed = False
        self.amendment, self.text = [], None

    def row(self, slot: int) -> ZoneRow | None:
        """Return the catalog row to be; ``None`` if the one there stays."""
        if self.notes is None:
            return None
        octets = self.notes.to_octets()
        if self.version:
            return ZoneRow(self.version, slot, octets, self.generated)
        assert self.served is not None
        before = self.served.row
        row = ZoneRow(before.version, before.slot, octets, self.generated)
        return None if row == before else row

    def report(self, slot: int, *, with_lines: bool) -> ZoneReport:
        """Say what became of the zone."""
        notes = self.notes_after
        return ZoneReport(
            origin=names.to_text(self.origin),
            file=self.file,
            status=self.status,
            serial=notes.serial if self.is_served else None,
            records=notes.records,
            slot=slot if self.status is not Status.REFUSED else 0,
            generated=self.generated,
            problems=tuple(self.problems),
            added=self.changes.added,
            removed=self.changes.removed,
            changes=tuple(self.changes.lines) if with_lines else (),
            omitted=self.changes.omitted,
            renewed=self.renewed,
        )


def free_slot(origin: bytes, taken: set[int]) -> int:
    """Choose the generation slot of a zone that has none.

    The same zone gets the same slot again where it can; with more zones than
    slots some share one, and a change of one of them costs the others their
    cached answers.
    """
    first = crc32(origin) % _LAST_SLOT
    for step in range(_LAST_SLOT):
        slot = 1 + (first + step) % _LAST_SLOT
        if slot not in taken:
            return slot
    return 1 + first
