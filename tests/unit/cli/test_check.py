import json

ZONE = """\
records:
  '': {type: NS, value: ns1.example.test.}
  ns1: {type: A, value: 192.0.2.53}
"""


def test_nothing_wrong(run, directory):
    (directory / "zones" / "example.test.yaml").write_text(ZONE)
    result = run("check")
    assert (result.exit_code, result.stdout) == (0, "1 zone, no problem\n")
    assert sorted(path.name for path in directory.iterdir()) == ["dnsd.yaml", "zones"]


def test_problems_of_the_configuration_are_the_answer(run, directory):
    (directory / "dnsd.yaml").write_text("workers: many\n")
    result = run("check")
    assert result.exit_code == 1
    assert result.stdout == (
        "dnsd.yaml:1:10: bad-value: workers is 'many'\n"
        "    expected: a whole number from 0 to 64, or auto\n"
        "1 error, 0 warnings\n"
    )


def test_problems_of_all_zones_are_one_report(run, directory):
    (directory / "zones" / "a.test.yaml").write_text("www: {type: A, value: 192.0.2.256}\n")
    (directory / "zones" / "b.test.yaml").write_text("www: {type: MXX, value: x}\n")
    result = run("check")
    assert result.exit_code == 1
    assert result.stdout.startswith("zones/a.test.yaml:1:23: ")
    assert "\nzones/b.test.yaml:1:" in result.stdout
    assert result.stdout.endswith("errors, 0 warnings\n")
    shown = json.loads(run("check", "--json").stdout)
    assert {problem["severity"] for problem in shown} == {"error"}


def test_zone_files_alone_are_checked_without_the_configuration(run, directory):
    (directory / "dnsd.yaml").write_text("workers: many\n")
    (directory / "example.test.yaml").write_text(ZONE)
    result = run("check", "example.test.yaml")
    assert (result.exit_code, result.stdout) == (0, "1 zone, no problem\n")


def test_a_zone_file_that_is_not_there_is_a_problem(run):
    result = run("check", "example.test.yaml")
    assert result.exit_code == 1
    assert result.stdout.startswith("example.test.yaml: ")
