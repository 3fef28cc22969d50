"""What clients and the root learn of the keys that are trusted here."""

import pytest
from fakes.signed_world import SignedWorld

from dnsd.resolver.security.sentinel import signal, tags
from dnsd.wire import names
from dnsd.wire.names import ROOT

N = names.from_text
A, TXT, AAAA = 1, 16, 28
NOERROR, SERVFAIL = 0, 2


def world(unsigned=()):
    made = SignedWorld({".": "", "test.": "* A 192.0.2.1\n* TXT hello\n"}, unsigned=unsigned)
    trust = made.asker.world.trust
    made.asker.world.trust = type(trust)(trust.anchors, trust.unix_time, sentinel=True)
    return made


def tag_of(made):
    return made.zones["."].key.key.tag


@pytest.mark.parametrize(
    ("kind", "is_the_one", "rcode"),
    [("is", True, NOERROR), ("is", False, SERVFAIL), ("not", True, SERVFAIL), ("not", False, NOERROR)],
)  # fmt: skip
def test_an_answer_says_whether_a_key_is_trusted(kind, is_the_one, rcode):
    made = world()
    tag = tag_of(made) if is_the_one else (tag_of(made) + 1) % 65536
    for _ in range(2):  # found out, and known
        outcome = made.ask(f"root-key-sentinel-{kind}-ta-{tag:05}.test.")
        assert outcome.rcode == rcode
        assert outcome.security.name in ("SECURE", "INDETERMINATE")


@pytest.mark.parametrize(
    ("label", "rrtype"),
    [("is-ta-{wrong}", TXT), ("is-ta-1", A), ("is-ta-{wrong}x", A), ("was-ta-{wrong}", A)],
)
def test_other_questions_are_answered_as_ever(label, rrtype):
    made = world()
    wrong = f"{(tag_of(made) + 1) % 65536:05}"
    outcome = made.ask(f"root-key-sentinel-{label.format(wrong=wrong)}.test.", rrtype)
    assert (outcome.rcode, len(outcome.answer)) == (NOERROR, 1)


def test_who_judges_for_himself_and_what_is_not_secure_are_left_alone():
    made = world()
    name = f"root-key-sentinel-is-ta-{(tag_of(made) + 1) % 65536:05}.test."
    assert made.ask(name, unchecked=True).rcode == NOERROR
    assert world(unsigned=("test.",)).ask(name).rcode == NOERROR


def test_the_sentinel_can_be_turned_off():
    made = SignedWorld({".": "", "test.": "* A 192.0.2.1\n"})
    name = f"root-key-sentinel-is-ta-{(tag_of(made) + 1) % 65536:05}.test."
    assert made.ask(name).rcode == NOERROR


def test_the_root_is_told_all_tags_in_order():
    made = world()
    trust = made.asker.world.trust
    (ds,) = trust.anchors[ROOT]
    assert tags(trust) == {tag_of(made)}
    trust.anchors[ROOT] = (ds._replace(tag=0x9728), ds._replace(tag=0x4F66), ds._replace(tag=0xA))
    assert signal(trust) == N("_ta-000a-4f66-9728.")
    del trust.anchors[ROOT]
    assert signal(trust) is None
