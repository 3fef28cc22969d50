import json
from pathlib import Path

import pytest

from dnsd.authority.build.report import CompileReport, CompileRequest, Status, ZoneReport
from dnsd.source.problems import Problem, Severity, Where

PROBLEM = Problem(Where("zones/a.yaml", 3, 7), "an-id", "is wrong", "right", "do so")
WARNING = Problem(Where("zones/a.yaml"), "an-id", "is odd", severity=Severity.WARNING)
ZONE = ZoneReport(
    origin="a.test.",
    file="zones/a.yaml",
    status=Status.KEPT,
    serial=7,
    records=9,
    slot=77,
    generated=True,
    problems=(PROBLEM, WARNING),
    added=1,
    removed=2,
    changes=("+ x", "- y"),
    omitted=3,
)


def _through_json(value):
    return type(value).from_json(json.loads(json.dumps(value.to_json())))


@pytest.mark.parametrize(
    "value",
    [
        CompileRequest(),
        CompileRequest((Path("zones"),), (Path("a.yaml"),), 0.3, force=True, dry_run=True),
        ZONE,
        ZoneReport("a.test.", "zones/a.yaml", Status.REFUSED),
        CompileReport((ZONE,), (PROBLEM,), 5, dry_run=True),
        CompileReport(()),
    ],
)
def test_requests_and_reports_cross_a_pipe_unchanged(value):
    assert _through_json(value) == value


def test_a_problem_says_all_it_has_by_name():
    assert ZONE.to_json()["problems"][0] == {
        "file": "zones/a.yaml",
        "line": 3,
        "column": 7,
        "id": "an-id",
        "severity": "error",
        "message": "is wrong",
        "expected": "right",
        "hint": "do so",
    }


def test_a_report_is_clean_when_it_has_warnings_only():
    def report(*problems):
        return CompileReport((ZoneReport("a.test.", "f", Status.LOADED, problems=problems),))

    assert report().is_clean
    assert report(WARNING).is_clean
    assert not report(WARNING, PROBLEM).is_clean
    assert not CompileReport((), (PROBLEM,)).is_clean
