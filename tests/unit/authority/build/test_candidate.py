"""What a run does with candidates is in test_compilation; here are the parts."""

from dnsd.authority.build.candidate import Candidate, Served, free_slot
from dnsd.authority.build.report import Status
from dnsd.authority.build.row_notes import RowNotes
from dnsd.authority.build.run_problems import zone_twice
from dnsd.authority.store import ZoneRow
from dnsd.wire import names

EXAMPLE = names.from_text("example.test.")
BEFORE = RowNotes(file="a.yaml", serial=7, records=3)


def _candidate(served=True, **fields):
    row = ZoneRow(4, 77, BEFORE.to_octets())
    return Candidate(EXAMPLE, "a.yaml", Served(row, BEFORE) if served else None, **fields)


def test_a_failure_keeps_what_is_served_and_refuses_what_is_not():
    for served, status in ((True, Status.KEPT), (False, Status.REFUSED)):
        candidate = _candidate(served, status=Status.LOADED, notes=RowNotes(), version=9)
        candidate.fail(zone_twice(EXAMPLE, "a.yaml", "b.yaml"))
        assert candidate.status is status
        assert candidate.row(77) is None
        assert len(candidate.problems) == 1


def test_the_row_changes_with_version_or_notes_and_only_then():
    assert _candidate().row(77) is None
    assert _candidate(notes=BEFORE).row(77) is None
    later = RowNotes(file="b.yaml", serial=7, records=3)
    assert _candidate(notes=later).row(77) == ZoneRow(4, 77, later.to_octets())
    made = _candidate(notes=BEFORE, generated=True)
    assert made.row(77) == ZoneRow(4, 77, BEFORE.to_octets(), generated=True)
    assert _candidate(notes=BEFORE, version=9).row(77) == ZoneRow(9, 77, BEFORE.to_octets())


def test_a_report_tells_of_what_is_served_afterwards():
    def told(candidate):
        report = candidate.report(77, with_lines=False)
        return report.serial, report.records, report.slot

    after = RowNotes(serial=8, records=4)
    assert told(_candidate(status=Status.LOADED, notes=after, version=9)) == (8, 4, 77)
    assert told(_candidate(status=Status.KEPT)) == (7, 3, 77)
    assert told(_candidate(status=Status.REMOVED)) == (None, 0, 77)
    assert told(_candidate(served=False, status=Status.REFUSED)) == (None, 0, 0)


def test_slots_are_spread_and_taken_ones_are_passed_over():
    first = free_slot(EXAMPLE, set())
    assert 1 <= first <= 4095
    assert free_slot(EXAMPLE, set()) == first
    assert free_slot(EXAMPLE, {first}) == first % 4095 + 1
    everything = set(range(1, 4096))
    assert free_slot(EXAMPLE, everything - {5}) == 5
    assert free_slot(EXAMPLE, everything) == first, "shared when none is free"
