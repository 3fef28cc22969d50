"""Short forms of the mail section, and whom it lets in by default."""

import pytest

from dnsd.config.loader import load
from dnsd.source.problems import ConfigError


def _mail(tmp_path, text):
    path = tmp_path / "dnsd.yaml"
    path.write_text(f"mail: {text}")
    return load(path).mail


@pytest.mark.parametrize(("text", "is_on"), [("on", True), ("off", False), ("", False)])
def test_a_switch_alone_is_whether_there_is_mail(text, is_on, tmp_path):
    assert _mail(tmp_path, text).enabled is is_on


def test_only_this_machine_relays_by_default(tmp_path):
    found = _mail(tmp_path, "on")
    assert (found.relay.networks, found.relay.to) == (("loopback",), ())
    assert found.plaintext_login == ("loopback",)


def test_nobody_opens_a_relay_by_mistake(tmp_path):
    with pytest.raises(ConfigError) as caught:
        _mail(tmp_path, "{enabled: on, relay: {networks: any}}")
    assert "open-relay" in {each.id for each in caught.value.problems}
