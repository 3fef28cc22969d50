from pathlib import Path

import click
import pytest

from dnsd.cli.options import ZONE_NAME, client, load


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("example.test", b"\x07example\x04test\x00"),
        ("Example.Test.", b"\x07example\x04test\x00"),
        (".", b"\x00"),
        ("0\\047 4.2.0.192.in-addr.arpa".replace(" ", ""), b"\x030/4\x012\x010\x03192\x07in-addr\x04arpa\x00"),
        ("bücher.test", b"\x0dxn--bcher-kva\x04test\x00"),
    ],
)  # fmt: skip
def test_a_zone_name_is_read_as_octets(text, name):
    assert ZONE_NAME.convert(text, None, None) == name


@pytest.mark.parametrize("text", ["", "a..b", "x" * 64, "a\\999.test", "\u2028.test"])
def test_what_is_no_name_is_wrong_usage(text):
    with pytest.raises(click.BadParameter):
        ZONE_NAME.convert(text, None, None)


def test_the_configuration_here_is_found(directory):
    assert load(None).file == directory / "dnsd.yaml"
    (directory / "other.yaml").write_text("log: {level: debug}\nuser: none\n")
    assert load(Path("other.yaml")).log.level == "debug"


def test_the_environment_may_name_it(run, directory, monkeypatch):
    monkeypatch.setenv("DNSD_CONFIG", "other.yaml")
    assert run("status").stderr.startswith("other.yaml: unreadable-file")


def test_the_daemon_of_the_configuration_is_asked(directory, daemon):
    daemon.answers["GET /zones"] = 200, {"zones": [], "next": ""}
    assert client(None).zones() == []
