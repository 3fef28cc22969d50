"""Compile zone files into the store: one run, one publication.

The order of a run:

1. Find the files. A file that is as it was when its zone was built, by the
   digests in the catalog, is not read.
2. Read, check and build each changed forward zone under a fresh version id,
   where nobody looks; a small change of a big file is an amendment of the
   version that is served, made at the publication (``amender``). Two files for one zone are an error of both.
3. Decide on zones whose file is gone, see below.
4. Make reverse zones from what forward zones give (``reverse_zones``).
5. Record the serials, then publish every new version in one transaction.

A zone with an error, with a change that takes away more than
``max_deletion_share`` of its records, or that the store has no room for, keeps
the version that is served; the others of the run go on. A run that dies leaves
only versions that nobody sees, which the store collects.

**Files that are gone.** Removing a zone's file removes the zone, and the
report says so. But a mount that is missing, or half a checkout, looks the
same; so without ``force`` the zones stay served when no zone file at all is
left, when their directory cannot be read, and when of ten or more zones a
larger share than ``max_deletion_share`` is gone.

The garbage collector is off during a run: reading makes millions of objects
and no cycles. A million records take less than 1 GiB.

Not here: collecting dead versions (``ZoneStore.collect``, when nobody waits)
and telling the workers; the report names the slots that changed.
"""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

from dnsd.authority.build import difference, kept_text, reverse, reverse_zones, run_problems
from dnsd.authority.build.candidate import Candidate, Served, free_slot
from dnsd.authority.build.report import CompileReport, Status, ZoneReport
from dnsd.authority.build.row_notes import RowNotes
from dnsd.authority.build.sources import find_sources, is_current, read_source
from dnsd.authority.build.zone_maker import ZoneMaker
from dnsd.authority.serials import LastSerial
from dnsd.authority.store import StoreError
from dnsd.source.problems import Problem, errors

if TYPE_CHECKING:
    from dnsd.authority.build.report import CompileRequest
    from dnsd.authority.build.sources import ZoneSource
    from dnsd.authority.serials import Serials
    from dnsd.authority.signing_keys import SigningKeys
    from dnsd.authority.store import ZoneStore
    from dnsd.authority.zone_row import ZoneRow
    from dnsd.authority.zonefile.draft import ZoneDraft

# A larger draft is read again rather than held while other zones are read.
_MAX_HELD_RECORDS = 50_000


def compile_zones(
    request: CompileRequest,
    store: ZoneStore | None,
    serials: Serials | None,
    wall_now: int,
    signing_keys: SigningKeys | None = None,
) -> CompileReport:
    """Bring the store in line with the zone files.

    Args:
        request: which files, and how far to go.
        store: open for writing; ``None`` checks the files as if nothing were
            served, which is always a dry run.
        serials: the file of last serials; ``None`` likewise.
        wall_now: Unix seconds, for serials and signatures.
        signing_keys: private keys; ``None`` only where no zone is to be signed.

    Returns:
        What became of every zone. Nothing is raised for what files, the store
        or the disk do: it is in the report, and what was served stays served.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return _Run(
            request, store, serials, ZoneMaker(request, store, serials, wall_now, signing_keys)
        ).go()
    finally:
        if was_enabled:
            gc.enable()


class _Run:
    """One run: candidates by origin, and what is served by origin."""

    def __init__(
        self,
        request: CompileRequest,
        store: ZoneStore | None,
        serials: Serials | None,
        maker: ZoneMaker,
    ) -> None:
        self._request = request
        self._store = store
        self._serials = serials
        self._maker = maker
        self._served: dict[bytes, Served] = {}
        self._generated: dict[bytes, Served] = {}
        self._candidates: dict[bytes, Candidate] = {}
        self._made: dict[bytes, Candidate] = {}
        self._signatures: dict[bytes, dict[str, str]] = {}
        self._sources: dict[bytes, ZoneSource] = {}
        self._disputed: list[ZoneReport] = []
        self._nameless: list[ZoneReport] = []
        self._problems: list[Problem] = []
        self._catalog_serial = 0

    def go(self) -> CompileReport:
        """Run, and report."""
        try:
            self._read_catalog()
            self._open_sources()
            self._judge_vanished()
            self._make_reverse_zones()
            self._renew_signatures()
        except StoreError as error:
            self._give_up(error)
        slots = self._slots()
        self._publish(slots)
        return self._report(slots)

    def _read_catalog(self) -> None:
        if self._store is None:
            return
        with self._store.snapshot() as snapshot:
            self._catalog_serial = snapshot.catalog_serial
            for origin, row in snapshot.rows():
                served = Served(row, RowNotes.from_octets(row.meta))
                (self._generated if row.generated else self._served)[origin] = served

    def _open_sources(self) -> None:
        origin_of = {served.notes.file: origin for origin, served in self._served.items()}
        sources, self._problems = find_sources(self._request.directories, self._request.files)
        for source in sources:
            origin = origin_of.get(source.name)
            served = self._served.get(origin) if origin is not None else None
            if served is not None and is_current(served.notes.signature, source):
                assert origin is not None
                self._claim(Candidate(origin, source.name, served), source)
            elif not self._amend(source, origin, served):
                self._read(source, origin, served)

    def _amend(self, source: ZoneSource, origin: bytes | None, served: Served | None) -> bool:
        """Take in a small change of a big file, if that is what it is."""
        if origin is None or served is None or origin in self._candidates:
            return False
        candidate = Candidate(origin, source.name, served)
        return self._maker.amend(candidate, source) and self._claim(candidate, source)

    def _read(self, source: ZoneSource, origin: bytes | None, served: Served | None) -> None:
        draft, found = read_source(source, served.notes.signature if served else {})
        if origin is None and not draft.is_named:
            self._nameless.append(_nameless(source, draft))
            return
        if origin is None or not errors(draft.problems):
            # With errors the name may not be what the file says; it is the zone
            # that this file was last.
            origin = draft.origin
        before = self._served.get(origin) or self._generated.get(origin)
        candidate = Candidate(origin, source.name, before)
        if not self._claim(candidate, source):
            return
        if errors(draft.problems) or not reverse.is_reverse(origin):
            self._maker.make(candidate, draft, found)
            return
        candidate.draft = draft
        self._signatures[origin] = found
        if len(draft.records) > _MAX_HELD_RECORDS:
            draft.records = []
            self._signatures[origin] = {}

    def _claim(self, candidate: Candidate, source: ZoneSource) -> bool:
        """Enter a candidate, or dispute its origin with the one that is there."""
        first = self._candidates.setdefault(candidate.origin, candidate)
        self._sources.setdefault(candidate.origin, source)
        if first is candidate:
            return True
        if first.version and self._store is not None:
            self._store.discard(first.version)
        first.fail(run_problems.zone_twice(candidate.origin, first.file, candidate.file))
        candidate.fail(run_problems.zone_twice(candidate.origin, candidate.file, first.file))
        self._disputed.append(candidate.report(0, with_lines=False))
        return False

    def _judge_vanished(self) -> None:
        vanished = self._served.keys() - self._candidates.keys()
        if not vanished:
            return
        unreadable = [Path(problem.where.file) for problem in self._problems]
        total, share = len(self._served), self._request.max_deletion_share
        may_go = self._request.force or (
            bool(self._candidates) and difference.may_delete(len(vanished), total, share)
        )
        for origin in vanished:
            served = self._served[origin]
            path = Path(served.notes.file)
            candidate = Candidate(origin, served.notes.file, served, Status.REMOVED)
            if any(path.is_relative_to(directory) for directory in unreadable):
                candidate.fail()
            elif not may_go:
                gone = run_problems.files_gone(str(path), len(vanished), total, share)
                candidate.fail(gone)
            self._candidates[origin] = candidate

    def _make_reverse_zones(self) -> None:
        candidates = list(self._candidates.values())
        state = reverse_zones.reverse_state(candidates)
        if not reverse_zones.is_stale(candidates, self._generated, state):
            for origin, served in self._generated.items():
                self._made[origin] = Candidate(origin, served.notes.file, served, generated=True)
            return
        takers = reverse_zones.takers_of(candidates)
        given = reverse_zones.gather(candidates, self._store)
        filed, made = reverse_zones.distribute(given, frozenset(c.origin for c in takers))
        for candidate in takers:
            if candidate.status is Status.UNCHANGED:
                self._make_filed(candidate, filed.get(candidate.origin, []), state)
        for origin, (donor, pointers) in made.items():
            before = self._generated.get(origin) or self._served.get(origin)
            candidate = Candidate(origin, pointers[0].where.file, before, generated=True)
            draft = reverse.generated_draft(origin, pointers, donor)
            self._maker.make(candidate, draft, {}, may_shrink=True)
            if candidate.notes is not None:
                candidate.notes.reverse_state = state
            self._made[origin] = candidate
            self._candidates.pop(origin, None)  # its file is gone, the zone is not
        for origin in self._generated.keys() - made.keys() - self._candidates.keys():
            served = self._generated[origin]
            self._made[origin] = Candidate(
                origin, served.notes.file, served, Status.REMOVED, generated=True
            )

    def _make_filed(
        self, candidate: Candidate, pointers: list[reverse.Pointer], state: str
    ) -> None:
        """Make a reverse zone that has a file, with the pointers it gets."""
        draft, candidate.draft = candidate.draft, None
        found = self._signatures.get(candidate.origin, {})
        is_changed = draft is not None
        if draft is None or not found:
            noted = candidate.served.notes.signature if candidate.served else {}
            draft, found = read_source(self._sources[candidate.origin], noted)
            if draft.origin != candidate.origin:  # renamed just now: for the next run
                candidate.fail()
                return
        reverse.add_pointers(draft, pointers)
        self._maker.make(candidate, draft, found, may_shrink=not is_changed)
        if candidate.notes is not None:
            candidate.notes.reverse_state = state

    def _renew_signatures(self) -> None:
        """Sign zones again that no file has changed, or whose file is broken."""
        for candidate in self._candidates.values():
            if candidate.status in (Status.UNCHANGED, Status.KEPT):
                self._maker.renew(candidate)

    def _give_up(self, error: StoreError) -> None:
        """Keep everything: the store cannot be read."""
        path = str(self._store.path) if self._store else ""
        self._problems.append(run_problems.store_failed(path, error))
        for candidate in self._all():
            candidate.fail()
        for origin, served in self._served.items():
            if origin not in self._candidates:
                candidate = Candidate(origin, served.notes.file, served)
                candidate.fail()
                self._candidates[origin] = candidate

    def _all(self) -> list[Candidate]:
        return [*self._candidates.values(), *self._made.values()]

    def _slots(self) -> dict[bytes, int]:
        """Return the slot of every zone, of new ones a free one."""
        slots = {origin: served.row.slot for origin, served in self._served.items()}
        slots |= {origin: served.row.slot for origin, served in self._generated.items()}
        taken = set(slots.values())
        for candidate in self._all():
            if candidate.origin not in slots:
                slot = free_slot(candidate.origin, taken)
                slots[candidate.origin] = slot
                taken.add(slot)
        return slots

    def _publish(self, slots: dict[bytes, int]) -> None:
        if self._store is None or self._request.dry_run:
            return
        rows: dict[bytes, ZoneRow | None] = {}
        serials: dict[bytes, LastSerial] = {}
        for candidate in self._all():
            if candidate.status is Status.REMOVED:
                rows[candidate.origin] = None
                continue
            row = candidate.row(slots[candidate.origin])
            if row is None:
                continue
            rows[candidate.origin] = row
            if candidate.notes is not None and (candidate.version or candidate.amendment):
                digest = bytes.fromhex(candidate.notes.digest)
                serials[candidate.origin] = LastSerial(candidate.notes.serial, digest)
        if not rows:
            return
        try:
            if self._serials is not None:
                self._serials.record(serials)
            amended = [each for candidate in self._all() for each in candidate.amendment]
            self._catalog_serial = self._store.publish(rows, amended)
        except StoreError as error:
            self._unpublish(error)
            return
        self._keep_texts(self._store.path)

    def _keep_texts(self, store: Path) -> None:
        """Keep what was read, to tell the next change of it."""
        for candidate in self._all():
            if candidate.text is not None:
                kept_text.keep(store, candidate.origin, candidate.text)
            elif candidate.names:
                file = Path(candidate.file)
                kept_text.keep_file(store, candidate.origin, file, candidate.names)
            elif candidate.status is Status.REMOVED or (
                candidate.version and not candidate.renewed
            ):
                kept_text.forget(store, candidate.origin)

    def _unpublish(self, error: StoreError) -> None:
        """Keep everything: what was built could not be made visible."""
        assert self._store is not None
        self._problems.append(run_problems.store_failed(str(self._store.path), error))
        for candidate in self._all():
            if candidate.version:
                self._store.discard(candidate.version)
            if candidate.version or candidate.status in (Status.LOADED, Status.REMOVED):
                candidate.fail()

    def _report(self, slots: dict[bytes, int]) -> CompileReport:
        with_lines = self._request.dry_run
        zones = [
            *(c.report(slots[c.origin], with_lines=with_lines) for c in self._all()),
            *self._disputed,
            *self._nameless,
        ]
        return CompileReport(
            zones=tuple(sorted(zones, key=lambda zone: (zone.origin, zone.file))),
            problems=tuple(self._problems),
            catalog_serial=self._catalog_serial,
            dry_run=self._request.dry_run,
        )


def _nameless(source: ZoneSource, draft: ZoneDraft) -> ZoneReport:
    """Report a file that cannot be laid to any zone, so no zone suffers from it."""
    return ZoneReport("", source.name, Status.REFUSED, problems=tuple(draft.problems))
