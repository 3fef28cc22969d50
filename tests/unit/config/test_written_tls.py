"""Certificates of DNS and of mail are written alike."""

import pytest

from dnsd.config.loader import load


@pytest.mark.parametrize("text", ["{}", "{tls: {certificate: none, key: none}}"])
def test_none_is_one_of_our_own_making(text, tmp_path, machine):
    path = tmp_path / "dnsd.yaml"
    path.write_text(f"mail: {text}\n")
    config = load(path, machine=machine)
    for pair in (config.tls, config.mail.tls):
        assert (pair.certificate, pair.key) == (None, None)
