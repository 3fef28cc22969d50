import ipaddress

import pytest

from dnsd.query.rebinding import PrivateFilter, is_private
from dnsd.wire import names, rdata
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

N = names.from_text


def _packed(text):
    return ipaddress.ip_address(text).packed


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.255.0.9", "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255",
        "192.168.0.1", "169.254.1.1", "0.0.0.0", "0.1.2.3",
        "::", "::1", "fc00::1", "fdff::1", "fe80::1", "febf::1", "fec0::1",
        "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::10.0.0.1", "64:ff9b::10.0.0.1",
        "64:ff9b:1::1", "2002:c0a8:101::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_the_internet_s(text):
    assert is_private(_packed(text))


@pytest.mark.parametrize(
    "text",
    [
        "192.0.2.1", "9.255.255.255", "11.0.0.0", "126.0.0.1", "128.0.0.1", "172.15.0.1",
        "172.32.0.1", "192.167.0.1", "169.253.0.1", "100.64.0.1", "203.0.113.1",
        "2001:db8::1", "fbff::1", "fe00::1", "::ffff:192.0.2.1", "64:ff9b::192.0.2.1",
        "2002:c000:201::1", "20ff::1",
    ],
)  # fmt: skip
def test_addresses_that_are(text):
    assert not is_private(_packed(text))


FILTER = PrivateFilter([N("corp.example"), names.ROOT], lambda name: name == N("nas.home.arpa"))


def _rrset(owner, rrtype, *texts, signatures=()):
    rdatas = tuple(rdata.from_text(RRType[rrtype], text, names.ROOT) for text in texts)
    return RRset(N(owner), int(RRType[rrtype]), 60, rdatas, signatures)


@pytest.mark.parametrize(
    ("rrtype", "texts", "kept"),
    [
        pytest.param("A", ["10.0.0.1"], [], id="one"),
        pytest.param("A", ["10.0.0.1", "192.0.2.1"], ["192.0.2.1"], id="one of two"),
        pytest.param("AAAA", ["fd00::1", "::ffff:10.0.0.1"], [], id="two of two"),
        pytest.param("HTTPS", ["1 . ipv4hint=192.0.2.1,10.0.0.1", "2 other.example."],
                     ["2 other.example."], id="an IPv4 hint"),
        pytest.param("SVCB", ["1 . alpn=h2 ipv6hint=fe80::1"], [], id="an IPv6 hint"),
    ],
)  # fmt: skip
def test_private_addresses_of_public_names_are_taken_out(rrtype, texts, kept):
    alias = _rrset("www.example", "CNAME", "real.example.")
    signed = _rrset("real.example", rrtype, *texts, signatures=(b"x",))
    expected = [alias, _rrset("real.example", rrtype, *kept)] if kept else [alias]
    assert FILTER(N("www.example"), [alias, signed]) == expected


@pytest.mark.parametrize(
    ("rrtype", "texts"),
    [
        ("A", ["192.0.2.1"]),
        ("AAAA", ["2001:db8::1"]),
        ("HTTPS", ["1 . ipv4hint=192.0.2.1 ipv6hint=2001:db8::1"]),
        ("TXT", ["10.0.0.1"]),
        ("CNAME", ["localhost."]),
    ],
)
def test_other_answers_are_left_alone(rrtype, texts):
    assert FILTER(N("www.example"), [_rrset("www.example", rrtype, *texts)]) is None


@pytest.mark.parametrize(
    ("qname", "exempt"),
    [
        pytest.param("corp.example", True, id="a name that is allowed"),
        pytest.param("a.b.corp.example", True, id="and below it"),
        pytest.param("xcorp.example", False, id="and not beside it"),
        pytest.param("nas.home.arpa", True, id="a name of ours"),
        pytest.param("www.example", False, id="though everything is forwarded"),
    ],
)
def test_some_names_may_have_private_addresses(qname, exempt):
    found = FILTER(N(qname), [_rrset(qname, "A", "192.168.1.1")])
    assert found == (None if exempt else [])


def test_an_alias_from_a_public_name_to_one_of_ours_is_no_way_in():
    alias = _rrset("www.example", "CNAME", "nas.home.arpa.")
    target = _rrset("nas.home.arpa", "A", "192.168.1.1")
    assert FILTER(N("www.example"), [alias, target]) == [alias]


@pytest.mark.parametrize(
    ("qname", "address", "kept"),
    [
        ("2.0.0.127.bl.example", "127.0.0.2", True),
        ("2.0.0.127.bl.example", "127.255.255.254", True),
        ("2.0.0.127.bl.example", "127.0.0.1", False),
        ("2.0.0.127.bl.example", "10.0.0.1", False),
        ("example.com.bl.example", "127.0.0.2", False),
    ],
)
def test_lists_of_senders_may_say_listed(qname, address, kept):
    found = FILTER(N(qname), [_rrset(qname, "A", address)])
    assert found == (None if kept else [])


def test_hints_that_cannot_be_read_are_nobody_s():
    broken = RRset(N("www.example"), int(RRType.HTTPS), 60, (b"\x00\x01\x00\x00\x04\x00\x09\x0a",))
    assert FILTER(N("www.example"), [broken]) is None
