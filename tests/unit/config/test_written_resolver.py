import pytest

from dnsd.config.keys import all_keys, sections
from dnsd.config.loader import load
from dnsd.source.problems import ConfigError


def _load(tmp_path, machine, text):
    path = tmp_path / "dnsd.yaml"
    path.write_text(text)
    return load(path, machine=machine)


def test_recursion_is_for_the_lan_unless_said():
    (key,) = [key for key in all_keys() if key.path == "resolver.allow"]
    assert key.default == ["loopback", "private"]


def test_the_sections_of_the_resolver_are_known():
    assert {path for path in sections() if path.startswith("resolver")} == {
        "resolver", "resolver.negative_trust_anchors[]", "resolver.private_addresses",
        "resolver.local", "resolver.block[]",
        "resolver.policies[]", "resolver.policies[].forward[]", "resolver.limits",
        "resolver.forward[]",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "filtered", "allowed"),
    [
        ("", True, ()),
        ("{private_addresses: builtin}", True, ()),
        ("{private_addresses: none}", False, ()),
        ("{private_addresses: {allow: corp.example}}", True, (b"\x04corp\x07example\x00",)),
    ],
)
def test_protection_against_rebinding_is_a_word_or_a_section(
    text, filtered, allowed, tmp_path, machine
):
    found = _load(tmp_path, machine, f"resolver: {text}").resolver.private_addresses
    assert (found.filter, found.allow) == (filtered, allowed)


@pytest.mark.parametrize(
    ("text", "builtin", "empty"),
    [
        ("builtin", True, ()),
        ("none", False, ()),
        ("[]", False, ()),
        ("corp.example", False, (b"\x04corp\x07example\x00",)),
        ("[builtin, lan]", True, (b"\x03lan\x00",)),
    ],
)
def test_local_zones_are_words_and_names(text, builtin, empty, tmp_path, machine):
    found = _load(tmp_path, machine, f"resolver: {{local_zones: {text}}}").resolver
    assert (found.local_zones, found.empty_zones) == (builtin, empty)


def test_problems_of_a_word_alone_stand_at_the_word(tmp_path, machine):
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, machine, "resolver:\n  private_addresses: all\n")
    (problem,) = caught.value.problems
    assert (problem.where.line, problem.id) == (2, "bad-value")
