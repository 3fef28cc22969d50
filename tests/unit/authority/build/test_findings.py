import pytest
from fakes.zones import records

from dnsd.authority.build import findings
from dnsd.authority.build.findings import CHECKS, Check, Findings, place
from dnsd.source.problems import Severity, Where

DOUBT = Check("some-doubt", Severity.WARNING, "something better", "RFC 1034 §3")
FAULT = Check("some-fault", Severity.ERROR, "something right", "")


def test_a_finding_says_the_rule_and_its_source():
    found = Findings()
    found.add(DOUBT, Where("a.yaml", 1, 2), "x is odd", "write y")
    found.add(FAULT, Where("a.yaml"), "x is wrong")
    assert list(map(str, found.problems)) == [
        (
            "a.yaml:1:2: warning: some-doubt: x is odd\n"
            "    expected: something better (RFC 1034 §3)\n"
            "    hint: write y"
        ),
        "a.yaml: some-fault: x is wrong\n    expected: something right",
    ]


def test_a_warning_can_be_silenced_and_an_error_cannot():
    found = Findings(frozenset({DOUBT.id, FAULT.id}))
    found.add(DOUBT, Where("a.yaml"), "x is odd")
    found.add(FAULT, Where("a.yaml"), "x is wrong")
    assert [problem.id for problem in found.problems] == [FAULT.id]


def test_so_many_of_a_kind_are_listed_and_then_it_is_said():
    found = Findings()
    for line in range(findings.MAX_FINDINGS_OF_ONE_CHECK + 10):
        found.add(FAULT, Where("a.yaml", line + 1, 1), "x is wrong")
        found.add(DOUBT, Where("a.yaml", line + 1, 1), "x is odd")
    assert len(found.problems) == 2 * (findings.MAX_FINDINGS_OF_ONE_CHECK + 1)
    assert str(found.problems[-2]) == (
        "a.yaml:101:1: some-fault: and more of this kind; the first 100 are listed"
    )


def test_ids_are_kebab_case_and_rules_one_clause():
    for check in CHECKS.values():
        assert check.id == check.id.lower()
        assert check.id.replace("-", "").isalnum()
        assert check.rule
        assert not check.rule.endswith(".")


def test_an_id_is_taken_once():
    with pytest.raises(AssertionError, match="cname-twice"):
        findings.error("cname-twice", "", "one")


def test_a_record_is_named_by_owner_and_type():
    (record,) = records("example.test.", "a.b TYPE65280 \\# 0")
    assert place(record) == "a.b.example.test. TYPE65280"
