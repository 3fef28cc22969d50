"""README is true: its commands are the gate's, its examples load, its tables are complete."""

import re
from pathlib import Path
from typing import get_args, get_origin

import click
import pytest
import yaml
from click.testing import CliRunner

from dnsd.authority.build.compilation import compile_zones
from dnsd.authority.build.report import CompileRequest
from dnsd.authority.zonefile.yaml_zone import read_zone
from dnsd.cli.main import main
from dnsd.config.loader import load
from dnsd.config.machine import Machine
from dnsd.config.section import Section
from dnsd.config.written import WrittenConfig
from dnsd.source.problems import errors

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
YAML = [text for language, text in BLOCKS if language == "yaml"]
ZONES = [text for text in YAML if "\nrecords:" in f"\n{text}"]
CONFIGURATIONS = [text for text in YAML if text not in ZONES]
COMMANDS = [text.strip() for language, text in BLOCKS if language == "sh"]
MACHINE = Machine(2, low_ports=True, ipv6_loopback=True, superuser=True, users=frozenset({"dnsd"}))


def test_two_commands_do_everything_and_the_gate_runs_the_second():
    run, test = COMMANDS
    start = "python3 -m venv .venv && .venv/bin/pip install -q "
    assert run == f"{start}. && .venv/bin/dnsd serve"
    assert test == f"{start}-e '.[test]' && .venv/bin/pytest"
    (pattern,) = re.findall(r"grep -m1 -x '(.*)' README\.md", (ROOT / ".ci" / "run").read_text())
    assert [line for line in README.splitlines() if re.fullmatch(pattern, line)] == [test]


@pytest.mark.parametrize("text", ZONES)
def test_a_zone_of_readme_loads_without_a_problem(text, tmp_path):
    path = tmp_path / "example.test.yaml"
    path.write_text(text)
    report = compile_zones(CompileRequest((tmp_path,), (), force=True, dry_run=True), None, None, 0)
    assert [problem.message for problem in report.all_problems] == []
    assert [zone.origin for zone in report.zones] == ["example.test."]


@pytest.mark.parametrize("text", ZONES)
def test_a_zone_of_readme_is_a_part_of_the_example(text, tmp_path):
    path = tmp_path / "example.test.yaml"
    path.write_text(text)
    shown, whole = (
        {
            (record.owner, record.type, record.ttl, record.rdata)
            for record in read_zone(place, place.parent).records
        }
        for place in (path, ROOT / "zones" / "example.test.yaml")
    )
    assert shown
    assert shown <= whole


def test_the_example_loads_without_a_problem():
    request = CompileRequest((ROOT / "zones",), (), force=True, dry_run=True)
    report = compile_zones(request, None, None, 0)
    assert [problem.message for problem in report.all_problems] == []
    assert report.zones


@pytest.mark.parametrize("text", CONFIGURATIONS)
def test_a_configuration_of_readme_loads_without_a_problem(text, tmp_path):
    for path in yaml.safe_load(text).get("authority", {}).get("zones", "").split():
        (tmp_path / path.lstrip("/")).mkdir(parents=True)
    path = tmp_path / "dnsd.yaml"
    path.write_text(re.sub(r"(?<= )/(?=etc/)", f"{tmp_path}/", text))
    config = load(path, machine=MACHINE)
    assert not errors(config.warnings)
    assert config.warnings == ()


def test_every_key_of_the_configuration_is_described():
    text = _output(["config", "describe"])
    keys = list(_keys(WrittenConfig, ""))
    assert len(keys) > 40
    assert [key for key in keys if f"\n{key}\n" not in f"\n{text}"] == []


def test_the_table_of_commands_is_complete():
    rows = re.findall(r"^\| (`dnsd .*?) \|", README, re.MULTILINE)
    assert rows
    shown = {}
    for row in rows:
        group = []
        for span in re.findall(r"`([^`]+)`", row):
            words = span.removeprefix("dnsd ").split()
            options = [word.strip("[]") for word in words if "--" in word]
            # "`dnsd zone list`, `show NAME`" leaves the group out of the second.
            path = [*group, *(word for word in words if word.isalpha() and word.islower())]
            group = path[:-1]
            shown[" ".join(path)] = options
    assert shown.keys() == set(_commands(main, []))
    for path, options in shown.items():
        for option in options:
            assert option in _output([*path.split(), "--help"])


def _keys(section, before):
    """List the paths of all keys, from the fields of the sections alone."""
    for name, field in section.model_fields.items():
        inner, is_list = _section_in(field.annotation)
        yield f"{before}{name}"
        if inner is not None:
            yield from _keys(inner, f"{before}{name}{'[]' if is_list else ''}.")


def _section_in(annotation):
    """Find the section that a key holds, and whether it is a list of them."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation, False
    for argument in get_args(annotation):
        inner, is_list = _section_in(argument)
        if inner is not None:
            return inner, is_list or get_origin(annotation) is list
    return None, False


def _commands(group, path):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from _commands(command, [*path, name])
        else:
            yield " ".join([*path, name])


def _output(words):
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return done.output
