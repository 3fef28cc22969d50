import pytest

from dnsd.source.problems import ConfigError, Problem, Severity, Where, errors, quoted, render

RANGE = Problem(
    Where("zones/example.test.yaml", 14, 5),
    "mx-preference-range",
    "preference 70000 is out of range",
    "an integer from 0 to 65535 (RFC 1035 §3.3.9)",
    "lower numbers are tried first",
)
EARLIER = Problem(
    Where("zones/example.test.yaml", 9, 12), "ns-dot", "no dot", severity=Severity.WARNING
)
WHOLE_FILE = Problem(Where("zones/a.test.yaml"), "yaml-empty", "the file is empty")


def test_a_report_has_every_problem_by_place_and_their_count():
    assert render([RANGE, EARLIER, WHOLE_FILE]) == (
        "zones/a.test.yaml: yaml-empty: the file is empty\n"
        "zones/example.test.yaml:9:12: warning: ns-dot: no dot\n"
        "zones/example.test.yaml:14:5: mx-preference-range: preference 70000 is out of range\n"
        "    expected: an integer from 0 to 65535 (RFC 1035 §3.3.9)\n"
        "    hint: lower numbers are tried first\n"
        "2 errors, 1 warning"
    )


def test_no_problem_makes_a_report_too():
    assert render([]) == "0 errors, 0 warnings"


def test_warnings_do_not_forbid_using_a_file():
    assert errors([RANGE, EARLIER, WHOLE_FILE]) == [RANGE, WHOLE_FILE]


def test_the_exception_carries_the_problems_and_prints_the_report():
    error = ConfigError([RANGE])
    assert error.problems == (RANGE,)
    assert str(error) == render([RANGE])


def test_nothing_that_a_file_holds_controls_a_terminal():
    problem = Problem(Where("a\n.yaml", 1, 1), "ns-dot", "x", "y", "a\x1b[31m.b.")
    assert str(problem) == (
        r"a\n.yaml:1:1: ns-dot: x"
        "\n    expected: y"
        "\n    hint: "
        r"a\x1b[31m.b."
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a", "'a'", id="plain"),
        pytest.param(r"\256", r"'\256'", id="backslashes stay"),
        pytest.param("a\nb\x1b[0m", r"'a\nb\x1b[0m'", id="no control characters"),
        pytest.param("\u202eabc", r"'\u202eabc'", id="no turning of the line"),
        pytest.param("x" * 90, "'" + "x" * 80 + "…'", id="not too long"),
    ],
)
def test_text_of_a_file_is_shown_on_one_line(text, shown):
    assert quoted(text) == shown
