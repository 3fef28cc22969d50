"""What the file may say: every documented key, no other key, no number without bounds."""

import contextlib
import string
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dnsd.config.keys import all_keys, sections
from dnsd.config.kinds import Bounded
from dnsd.config.loader import load
from dnsd.config.machine import Machine
from dnsd.net.tls_self_signed import Subject, make_certificate, make_key
from dnsd.source.problems import ConfigError

MACHINE = Machine(4, low_ports=True, ipv6_loopback=True, superuser=True, users=frozenset({"dnsd"}))
KEYS = [key for key in all_keys() if key.kind is not None]
REQUIRED = {
    "listen[]": {"address": "127.0.0.1"},
    "authority.zones[]": {"file": "zones"},
    "dnssec.policies[]": {"name": "hashed"},
    "resolver.forward[]": {"zone": "corp.example", "servers": ["192.0.2.1"], "transport": "tls"},
    "resolver.policies[]": {"clients": ["192.0.2.0/24"]},
    "resolver.policies[].forward[]": {"zone": ".", "servers": ["192.0.2.1"], "transport": "tls"},
    "resolver.block[]": {"file": "ads.txt"},
    "mail.listen[]": {"address": "127.0.0.1"},
    "mail.delivery.routes[]": {"domain": "example.org", "host": "192.0.2.30"},
    "resolver.negative_trust_anchors[]": {"name": "broken.example", "until": "2999-01-01"},
}
# What must stand beside a key that does not go with the above.
BESIDE = {
    "tls.certificate": {"key": "privkey.pem"},
    "tls.key": {"certificate": "fullchain.pem"},
    "mail.tls.certificate": {"key": "privkey.pem"},
    "mail.tls.key": {"certificate": "fullchain.pem"},
    "resolver.policies[]": {"block": ["ads.txt"]},
    "resolver.block[].url": {},
}
BESIDE_NONE = {
    "tls.certificate": {},
    "tls.key": {},
    "mail.tls.certificate": {},
    "mail.tls.key": {},
    "resolver.block[].url": {"file": "ads.txt"},
    "resolver.block[].file": {"url": "https://lists.example/ads.txt"},
}
AUTHORITY = make_certificate(make_key(), Subject("ca.example", ()), int(time.time()))
FILES = ("extra/example.org.yaml", "ads.txt", "root.hints", "fullchain.pem", "privkey.pem")


def _nest(path, value):
    """Build the file that says only this: ``a.b[].c`` and what its list items must have."""
    names = path.split(".")
    above = ".".join(names[:-1])
    name = names[-1]
    if name.endswith("[]"):
        value, name = [value], name.removesuffix("[]")
    beside = (BESIDE_NONE if value == "none" else BESIDE).get(path, REQUIRED.get(above, {}))
    written = {**beside, name: value}
    return _nest(above, written) if above else written


def _problems(written):
    """Read a file that says this, in a directory with what the examples name."""
    with TemporaryDirectory() as name:
        directory = Path(name)
        for zones in ("zones", "extra"):
            (directory / zones).mkdir()
        for file in FILES:
            (directory / file).touch()
        (directory / "authorities.pem").write_bytes(AUTHORITY)
        (directory / "anchors.txt").write_text(f"example. DS 1 13 2 {'ab' * 32}\n")
        (directory / "cookie.secret").write_text("00" * 16)
        (directory / "cookie.secret").chmod(0o600)
        file = directory / "dnsd.yaml"
        file.write_text(yaml.safe_dump(written))
        try:
            load(file, machine=MACHINE)
        except ConfigError as error:
            return error.problems
    return ()


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_every_documented_key_takes_its_example(key):
    assert _problems(_nest(key.path, key.example)) == ()


@pytest.mark.parametrize(
    "key", [key for key in KEYS if key.default is not None], ids=lambda key: key.path
)
def test_every_default_can_be_written(key):
    assert _problems(_nest(key.path, key.default)) == ()


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key.path)
def test_every_number_has_two_bounds(key):
    if not isinstance(key.kind, Bounded):
        return
    low, high = key.kind.parse(key.kind.low), key.kind.parse(key.kind.high)
    assert 0 <= low < high < float("inf")
    assert _problems(_nest(key.path, key.kind.low)) == ()
    assert _problems(_nest(key.path, key.kind.high)) == ()
    for text in ("-1", "999999999999999", "999999999999w", "9999999999TiB", "1000%"):
        (problem,) = _problems(_nest(key.path, text))
        assert problem.id in {"bad-value", "out-of-range"}


WORDS = st.text(string.ascii_letters + "_-", min_size=1, max_size=30)


@pytest.mark.slow
@given(st.sampled_from(sorted(sections())), WORDS)
def test_every_other_key_is_refused_with_advice(path, word):
    if word in sections()[path].model_fields:
        return
    (problem,) = _problems(_nest(f"{path}.{word}".removeprefix("."), "x"))
    assert problem.id == "unknown-key"
    assert problem.hint
    assert problem.where.line


@pytest.mark.parametrize("path", sorted(sections()))
def test_a_key_with_one_letter_missing_is_recognized(path):
    for name in sections()[path].model_fields:
        if len(name) > 3:
            wrong = name[:-2] + name[-1]
            problems = _problems(_nest(f"{path}.{wrong}".removeprefix("."), "x"))
            (problem,) = [found for found in problems if found.id == "unknown-key"]
            assert problem.hint.startswith("did you mean "), wrong


TREES = st.recursive(
    st.none() | st.text(max_size=20) | st.sampled_from(["auto", "on", "5m", "1", "53", "any"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(sorted({key.path.split(".")[-1] for key in KEYS})), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@pytest.mark.slow
@given(TREES)
def test_any_tree_gives_a_configuration_or_a_report(written):
    for problem in _problems(written):
        assert problem.id
        assert problem.message
        assert "\n" not in problem.message


@pytest.mark.slow
@given(st.binary(max_size=200))
def test_any_octets_give_a_configuration_or_a_report(octets):
    with TemporaryDirectory() as name:
        file = Path(name) / "dnsd.yaml"
        file.write_bytes(octets)
        with contextlib.suppress(ConfigError):
            load(file, machine=MACHINE)
