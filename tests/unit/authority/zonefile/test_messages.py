"""Whole reports: each ``messages/NAME.yaml`` as a zone gives exactly ``messages/NAME.txt``."""

from pathlib import Path

import pytest

from dnsd.authority.zonefile.yaml_zone import read_zone
from dnsd.source.problems import render

MESSAGES = Path(__file__).parent / "messages"


@pytest.mark.parametrize("name", sorted(path.stem for path in MESSAGES.glob("*.yaml")))
def test_a_broken_zone_gives_exactly_its_report(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("example.test.yaml").write_bytes((MESSAGES / f"{name}.yaml").read_bytes())
    draft = read_zone(Path("example.test.yaml"), Path())
    assert f"{render(draft.problems)}\n" == (MESSAGES / f"{name}.txt").read_text()
