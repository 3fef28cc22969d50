import pytest

from dnsd.cli.printing import ago, counted, print_table, report, short, span
from dnsd.source.problems import Problem, Where


def test_columns_are_as_wide_as_their_widest(capsys):
    rows = [("zone", "serial", "file"), ("example.test.", "7", ""), ("x.", "2026030101", "x.yaml")]
    print_table(rows, numbers=frozenset({1}))
    assert capsys.readouterr().out == (
        "zone               serial  file\n"
        "example.test.           7\n"
        "x.             2026030101  x.yaml\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 zones"), (1, "1 zone"), (2, "2 zones"), (1000, "1000 zones")]
)
def test_things_are_counted(number, text):
    assert counted(number, "zone") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-3, "0 seconds"),
        (1.9, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (7199, "1 hour"),
        (172800, "2 days"),
    ],
)
def test_a_span_is_told_in_its_largest_unit(seconds, text):
    assert span(seconds) == text
    assert ago(1000.0, 1000.0 + seconds) == f"{text} ago"


def test_files_below_the_working_directory_have_short_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert short(f"{tmp_path}/zones/a.yaml") == "zones/a.yaml"
    assert short(f"{tmp_path}-other/a.yaml") == f"{tmp_path}-other/a.yaml"
    assert short("a.yaml") == "a.yaml"
    problem = Problem(Where(f"{tmp_path}/a.yaml", 1, 2), "id", "it is wrong")
    assert report([problem]) == "a.yaml:1:2: id: it is wrong\n1 error, 0 warnings"
