"""Whole zone files and the whole reports they get."""

from pathlib import Path

import pytest

from dnsd.authority.build import checks, soa
from dnsd.authority.build.compilation import compile_zones
from dnsd.authority.build.findings import CHECKS
from dnsd.authority.build.report import CompileRequest, Status
from dnsd.authority.build.sorted_zone import SortedZone
from dnsd.authority.zonefile.yaml_zone import read_zone
from dnsd.source.problems import render


def _blocks(file):
    text = (Path(__file__).parent / file).read_text()
    for block in text.split("\n=== ")[1:]:
        title, _, rest = block.partition("\n")
        zone, _, report = rest.rpartition("---\n")
        yield pytest.param(zone, report.strip(), id=title)


BROKEN = list(_blocks("broken_zones.txt"))
DOUBTFUL = list(_blocks("doubtful_zones.txt"))


def _compile(directory, zone):
    (directory / "example.test.yaml").write_text(zone)
    report = compile_zones(CompileRequest(directories=(directory,)), None, None, 0)
    text = render(report.all_problems).replace(str(directory), "zones")
    return text, next(zone for zone in report.zones if not zone.generated)


@pytest.mark.parametrize(("zone", "report"), BROKEN)
def test_a_broken_zone_is_refused_and_its_errors_are_named(tmp_path, zone, report):
    text, outcome = _compile(tmp_path, zone)
    assert text == report
    assert outcome.status is Status.REFUSED


@pytest.mark.parametrize(("zone", "report"), DOUBTFUL)
def test_a_doubtful_zone_is_served_and_warned_about(tmp_path, zone, report):
    text, outcome = _compile(tmp_path, zone)
    assert text == report
    assert outcome.status is Status.LOADED


def test_there_are_sixty_broken_zones():
    assert len(BROKEN) >= 60


# Only a master file or a split zone can do these, or too long a value; they have
# rows in the tests of the modules that check them.
ROWS_ELSEWHERE = {
    "owner-outside-zone",
    "duplicate-record",
    "ttl-differs",
    "rrset-too-large",
    "soa-serial-back",
    "soa-serial-same",
}


def test_every_check_fires_in_some_zone():
    texts = "".join(row.values[1] for row in (*BROKEN, *DOUBTFUL))
    assert {check for check in CHECKS if f" {check}: " not in texts} == ROWS_ELSEWHERE


WARNING_IDS = sorted(check.id for check in CHECKS.values() if check.severity == "warning")


@pytest.mark.parametrize(
    ("zone", "report"), [row for row in DOUBTFUL if "silence" not in row.values[0]]
)
def test_every_warning_can_be_silenced(tmp_path, zone, report):
    lines = zone.splitlines()
    if "records:" not in lines:
        lines = ["records:", *(f"  {line}" for line in lines)]
    path = tmp_path / "example.test.yaml"
    path.write_text("\n".join([f"silence: [{', '.join(WARNING_IDS)}]", *lines]))
    text, outcome = _compile(tmp_path, path.read_text())
    assert text == "0 errors, 0 warnings"
    assert outcome.status is Status.LOADED


@pytest.mark.parametrize(("zone", "report"), BROKEN)
def test_no_error_can_be_silenced(tmp_path, zone, report):
    """Silencing every id there is changes nothing about what is refused."""
    path = tmp_path / "example.test.yaml"
    path.write_text(zone)
    draft = read_zone(path, tmp_path)
    draft.silenced = frozenset({*CHECKS, *(problem.id for problem in draft.problems)})
    kept = soa.kept_soa(draft)
    if kept is not None:
        draft.records.append(kept)
    problems = checks.check_zone(draft, SortedZone(draft.origin, draft.records))
    assert [problem for problem in problems if problem.severity == "error"]


def test_what_is_missing_is_not_missed_in_a_zone_that_could_not_be_read_whole(tmp_path):
    zone = "'': {type: NS, value: ns1..example.net.}\nwww: {type: CNAME, value: x.example.test.}\n"
    text, _ = _compile(tmp_path, zone)
    assert "apex-ns-missing" not in text
    assert "cname-target-missing" not in text
    assert text.endswith("1 error, 0 warnings")


def test_what_is_there_is_judged_even_in_a_zone_that_could_not_be_read_whole(tmp_path):
    zone = (
        "'': {type: NS, value: ns1..example.net.}\n"
        "www: [{type: CNAME, value: x.example.net.}, {type: TXT, value: x}]\n"
    )
    text, _ = _compile(tmp_path, zone)
    assert "cname-and-other" in text
    assert text.endswith("2 errors, 0 warnings")
