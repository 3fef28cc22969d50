"""Whole reports: each ``messages/NAME.yaml`` is read and gives exactly ``messages/NAME.txt``."""

from pathlib import Path

import pytest

from dnsd.config.loader import load
from dnsd.source.problems import ConfigError

MESSAGES = Path(__file__).parent / "messages"


@pytest.mark.parametrize("name", sorted(path.stem for path in MESSAGES.glob("*.yaml")))
def test_a_broken_file_gives_exactly_its_report(name, machine, tmp_path, monkeypatch):
    # In a directory of its own, so that paths in reports are short and links can be made.
    (tmp_path / f"{name}.yaml").write_bytes((MESSAGES / f"{name}.yaml").read_bytes())
    (tmp_path / "zone.example").touch()
    (tmp_path / "messages.link").symlink_to("/")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load(Path(f"{name}.yaml"), machine=machine)
    report = str(caught.value).replace(str(tmp_path), "/etc/dnsd")
    report = report.replace(str(tmp_path.parent), "/etc")
    assert f"{report}\n" == (MESSAGES / f"{name}.txt").read_text()
