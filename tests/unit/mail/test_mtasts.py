"""Records and policies of MTA-STS (RFC 8461 §3), good and bad."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.mail.mtasts import MAX_AGE_S, Mode, Policy, PolicyError, parse, record_id

GOOD = b"version: STSv1\r\nmode: enforce\r\nmx: mx.Example.test\r\nmx: *.example.test\r\nmax_age: 86400\r\n"


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        ([b"v=STSv1; id=20160831085700Z;"], "20160831085700Z"),
        ([b"v=STSv1;id=a"], "a"),
        ([b"other", b"v=STSv1; id=1; x=y"], "1"),
        ([], None),
        ([b"v=STSv1; id=1", b"v=STSv1; id=2"], None),
        ([b"v=STSv2; id=1"], None),
        ([b"v=STSv1"], None),
        ([b"v=STSv1; id="], None),
        ([b"v=STSv1; id=" + b"a" * 33], None),
        ([b"v=STSv1; id=a b"], None),
        ([b" v=STSv1; id=a"], None),
    ],
)
def test_the_id_of_the_record(texts, found):
    assert record_id(texts) == found


def test_a_policy():
    assert parse(GOOD) == Policy(Mode.ENFORCE, ("mx.example.test", "*.example.test"), 86400)
    assert parse(GOOD.replace(b"\r\n", b"\n")) == parse(GOOD)
    assert parse(GOOD + b"x-more: y\r\nmode: none\r\n") == parse(GOOD)
    assert parse(b"version: STSv1\nmode: none\nmax_age: 99999999\n") == Policy(
        Mode.NONE, (), MAX_AGE_S
    )


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "version"),
        (GOOD.replace(b"STSv1", b"STSv2"), "version"),
        (GOOD.replace(b"enforce", b"force"), "mode"),
        (GOOD.replace(b"86400", b"-1"), "max_age"),
        (GOOD.replace(b"86400", b"9" * 11), "max_age"),
        (GOOD.replace(b"max_age", b"maxage"), "max_age"),
        (b"version: STSv1\nmode: enforce\nmax_age: 1\n", "no host"),
        (GOOD + b"mx: *.*.test\n", "no host"),
        (GOOD + b"mx: a b\n", "no host"),
        (GOOD + b"<html>\n", "colon"),
        (GOOD + b"mx: a.test\n" * 101, "too many"),
        (GOOD + b"x:" + b"y" * 65536, "too long"),
    ],
)
def test_what_is_no_policy(octets, why):
    with pytest.raises(PolicyError, match=why):
        parse(octets)


@pytest.mark.parametrize(
    ("pattern", "host", "fits"),
    [
        ("mx.a.test", "mx.a.test", True),
        ("*.a.test", "mx.a.test", True),
        ("*.a.test", "a.test", False),
        ("*.a.test", "x.mx.a.test", False),
        ("a.test", "mx.a.test", False),
    ],
)
def test_which_hosts_fit(pattern, host, fits):
    assert Policy(Mode.ENFORCE, (pattern,), 1).admits(host) == fits


@given(st.binary(max_size=300))
def test_any_octets_are_a_policy_or_its_one_error(octets):
    for each in (octets, GOOD + octets):
        try:
            policy = parse(each)
        except PolicyError:
            continue
        assert policy.hosts or policy.mode is Mode.NONE
    assert record_id([b"v=STSv1;" + octets]) is None or octets
