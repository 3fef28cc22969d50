"""The table of attacks names scenarios and tests that there are, and no attack without one."""

import ast
import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
from scenarios.reader import read

HERE = Path(__file__).parent
ROWS = tomllib.loads((HERE / "coverage.toml").read_text())["row"]
SCENARIOS = sorted(path.relative_to(HERE).as_posix() for path in HERE.rglob("*.rpl"))
DEFECT = re.compile(r"CVE-\d{4}-\d{4,7}|GHSA(-\w{4}){3}|RUSTSEC-\d{4}-\d{4}")


def names_something(shown):
    """Tell whether a place names a scenario, or a test that pytest would collect."""
    if shown.endswith(".rpl"):
        return any(fnmatch(path, shown) for path in SCENARIOS)
    file, *way = shown.split("::")
    path = HERE.parent / file
    if not path.exists() or not way or not way[-1].startswith("test_"):
        return False
    nodes = ast.parse(path.read_text()).body
    for name in way:
        found = [node for node in nodes if getattr(node, "name", None) == name]
        if not found:
            return False
        nodes = getattr(found[0], "body", [])
    return True


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["attack"])
def test_every_attack_is_shown_or_it_is_said_why_not(row):
    assert row.keys() <= {"attack", "defects", "shown", "absent", "later"}
    assert len(row.keys() & {"shown", "absent", "later"}) == 1
    assert all(DEFECT.fullmatch(defect) for defect in row.get("defects", ()))
    assert row.get("shown") != []
    assert [each for each in row.get("shown", ()) if not names_something(each)] == []


def test_every_scenario_of_poisoning_belongs_to_an_attack():
    shown = [each for row in ROWS for each in row.get("shown", ())]
    assert [
        path
        for path in SCENARIOS
        if path.startswith("poisoning/") and not any(fnmatch(path, each) for each in shown)
    ] == []


def test_every_defect_that_a_scenario_is_of_is_in_the_table():
    listed = {defect for row in ROWS for defect in row.get("defects", ())}
    named = {
        match.group() for path in SCENARIOS for match in DEFECT.finditer(read(HERE / path).rule)
    }
    assert named - listed == set()


@pytest.mark.parametrize("number", range(1, 13))
def test_every_row_of_the_validators_defects_has_a_scenario_that_the_table_names(number):
    """Scenarios of the rows V1 to V12 bear their numbers."""
    named = re.compile(rf"scenarios/test_validation\w*\.py::test_v{number}_\w+")
    shown = [each for row in ROWS for each in row.get("shown", ()) if named.fullmatch(each)]
    assert shown
    there = {
        node.name
        for path in HERE.glob("test_validation*.py")
        for node in ast.parse(path.read_text()).body
        if getattr(node, "name", "").startswith(f"test_v{number}_")
    }
    assert {each.partition("::")[2] for each in shown} == there


@pytest.mark.parametrize(
    "shown",
    [
        "poisoning/none_such*.rpl",
        "scenarios/none_such.py::test_it",
        "scenarios/test_coverage.py",
        "scenarios/test_coverage.py::test_none_such",
        "scenarios/test_coverage.py::names_something",
        "unit/query/test_recursion.py::TestWithoutRecursionDesired::test_none_such",
    ],
)
def test_what_there_is_not_is_seen(shown):
    assert not names_something(shown)
