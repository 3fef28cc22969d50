from dataclasses import FrozenInstanceError, fields

import pytest

from dnsd.config.loader import load
from dnsd.config.schema import Cookies, Limits
from dnsd.config.written_limits import WrittenLimits


def test_every_limit_of_the_file_has_its_plain_form():
    plain = [field.name for field in fields(Limits)]
    written = list(WrittenLimits.model_fields)
    assert len(plain) == len(written)
    for name, key in zip(plain, written, strict=True):
        assert name in {key, f"{key}_s", f"{key}_octets", f"{key.removesuffix('_size')}_octets"}


def test_a_configuration_does_not_change(tmp_path, machine):
    config = load(None, directory=tmp_path, machine=machine)
    with pytest.raises(FrozenInstanceError):
        config.workers = 2


def test_stores_are_in_the_state_directory(tmp_path, machine):
    config = load(None, directory=tmp_path, machine=machine)
    assert config.zone_store == tmp_path / "var" / "zone-store"
    assert config.block_lists == tmp_path / "var" / "block-lists"
    assert config.serials == tmp_path / "var" / "serials.db"


def test_secrets_are_counted_and_not_shown():
    shown = repr(Cookies(True, None, (b"s" * 16,)))
    assert shown == "Cookies(enabled=True, file=None, secrets=<1>)"
