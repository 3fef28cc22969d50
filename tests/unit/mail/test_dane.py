"""Which certificates fit which TLSA records (RFC 7672 §3)."""

import hashlib

import pytest
from fakes.certificates import NOW, make

from dnsd.mail import dane
from dnsd.mail.tls_policy import TlsKind, TlsPolicy

HOST = "mx.example.test"
ROOT = make("root", authority=True)
MIDDLE = make("middle", ROOT, authority=True)
LEAF = make("leaf", MIDDLE, names=(HOST, "*.wild.test"))
OTHER = make("leaf", names=(HOST,))
EXPIRED = make("expired", MIDDLE, names=(HOST,), end=-1)
NO_AUTHORITY = make("middle", ROOT)
CHAIN = [LEAF, MIDDLE, ROOT]


def rdata(usage, selector, matching, made):
    octets = made.spki if selector else made.der
    if matching:
        octets = {1: hashlib.sha256, 2: hashlib.sha512}[matching](octets).digest()
    return bytes([usage, selector, matching]) + octets


def refusal(records, chain=CHAIN, names=(HOST,)):
    policy = TlsPolicy(TlsKind.DANE, HOST, names, dane.usable(tuple(records)))
    assert policy.tlsa
    return dane.refusal(policy, [made.der for made in chain], NOW)


@pytest.mark.parametrize("matching", [0, 1, 2])
@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize(("usage", "made"), [(3, LEAF), (2, MIDDLE), (2, ROOT), (2, LEAF)])
def test_what_fits(usage, selector, matching, made):
    assert refusal([rdata(usage, selector, matching, made)]) == ""


@pytest.mark.parametrize(
    ("records", "chain", "names", "why"),
    [
        ([rdata(3, 1, 1, OTHER)], CHAIN, (HOST,), "no TLSA record"),
        ([rdata(3, 1, 1, MIDDLE)], CHAIN, (HOST,), "no TLSA record"),
        ([rdata(2, 0, 1, ROOT)], [OTHER], (HOST,), "no TLSA record"),
        ([rdata(2, 0, 1, ROOT)], [OTHER, MIDDLE, ROOT], (HOST,), "not signed by the next"),
        ([rdata(2, 0, 1, MIDDLE)], CHAIN, ("other.test",), "not for other.test"),
        ([rdata(2, 0, 1, MIDDLE)], CHAIN, ("wild.test", "a.b.wild.test"), "not for"),
        ([rdata(2, 0, 1, MIDDLE)], [EXPIRED, MIDDLE], (HOST,), "not valid at this time"),
        ([rdata(2, 0, 1, ROOT)], [make("leaf", NO_AUTHORITY, names=(HOST,)), NO_AUTHORITY, ROOT],
         (HOST,), "may not sign"),
        ([rdata(3, 1, 1, LEAF)], [], (HOST,), "no certificate"),
    ],
)  # fmt: skip
def test_what_does_not(records, chain, names, why):
    assert why in refusal(records, chain, names)


def test_neither_names_nor_dates_count_for_the_servers_own_key():
    assert refusal([rdata(3, 1, 1, EXPIRED)], [EXPIRED], ("other.test",)) == ""


def test_one_record_that_fits_is_enough():
    records = [rdata(3, 1, 1, OTHER), rdata(2, 0, 1, ROOT), rdata(3, 0, 2, LEAF)]
    assert refusal(records, [LEAF]) == ""


def test_a_wildcard_is_one_label():
    assert refusal([rdata(2, 0, 1, MIDDLE)], CHAIN, ("a.wild.test",)) == ""


def test_a_chain_that_cannot_be_read_proves_nothing():
    policy = TlsPolicy(TlsKind.DANE, HOST, (HOST,), dane.usable((rdata(3, 1, 1, LEAF),)))
    assert "cannot be read" in dane.refusal(policy, [b"\x30\x00"], NOW)


@pytest.mark.parametrize(
    "record",
    [b"", b"\x03\x01\x01", bytes([0, 0, 1]) + bytes(32), bytes([1, 0, 1]) + bytes(32),
     bytes([4, 0, 1]) + bytes(32), bytes([3, 2, 1]) + bytes(32), bytes([3, 1, 3]) + bytes(32),
     bytes([3, 1, 1]) + bytes(31), bytes([3, 1, 2]) + bytes(32), b"\x03\x01\x00"],
)  # fmt: skip
def test_records_that_cannot_be_used(record):
    assert dane.usable((record,)) == ()


def test_only_so_many_records_are_looked_at():
    assert len(dane.usable((rdata(3, 1, 1, LEAF),) * 1000)) == dane.MAX_RECORDS


def test_other_policies_ask_nothing_of_the_chain_here():
    assert dane.refusal(TlsPolicy(TlsKind.OPPORTUNISTIC), [], NOW) == ""
