"""Signing policies, from the file to what the compiler is told."""

import pytest

from dnsd.config.loader import load
from dnsd.dnssec.policy import SigningPolicy
from dnsd.source.problems import ConfigError


def policies(tmp_path, text):
    path = tmp_path / "dnsd.yaml"
    path.write_text(text)
    return load(path).signing_policies


def test_the_default_is_there_without_a_word(tmp_path):
    assert policies(tmp_path, "") == {"default": SigningPolicy()}


@pytest.mark.parametrize(
    ("written", "policy"),
    [
        ("keys: ksk-zsk", SigningPolicy(split_keys=True)),
        ("algorithm: ed25519", SigningPolicy(algorithm=15)),
        ("algorithm: rsa-2048", SigningPolicy(algorithm=8)),
        ("nsec3: true", SigningPolicy(nsec3=True)),
        ("nsec3: off", SigningPolicy()),
        ("nsec3: opt_out", SigningPolicy(nsec3=True, opt_out=True)),
        ("validity: 30d", SigningPolicy(validity_s=30 * 86400)),
    ],
)
def test_a_policy_is_read(tmp_path, written, policy):
    found = policies(tmp_path, f"dnssec: {{policies: [{{name: mine, {written}}}]}}")
    assert found == {"default": SigningPolicy(), "mine": policy}
    found = policies(tmp_path, f"dnssec: {{policies: [{{name: default, {written}}}]}}")
    assert found == {"default": policy}


@pytest.mark.parametrize("written", ["nsec3: maybe", "algorithm: rsa-1024", "validity: 5s", "keys: two", "salt: ab"])  # fmt: skip
def test_what_is_no_policy_is_refused(tmp_path, written):
    with pytest.raises(ConfigError):
        policies(tmp_path, f"dnssec: {{policies: [{{name: mine, {written}}}]}}")
