import pytest
from fakes.signed import NOW, ZONE, dnspython_rdata, rrset, signature, signing_key
from hypothesis import given
from hypothesis import strategies as st

from dnsd.dnssec import signatures
from dnsd.dnssec.signatures import Refusal
from dnsd.wire import names
from dnsd.wire.iana import ExtendedError, RRType

KEY = signing_key(15)


def read(records=None, **fields):
    return signatures.from_wire(signature(records or rrset(), KEY, **fields))


def refusal(records=None, zone=ZONE, now=NOW, **fields):
    records = records or rrset()
    return signatures.refusal(read(records, **fields), records, zone, now)


@given(st.integers(0, 65535), st.integers(0, 255), st.integers(0, 255),
       st.tuples(*[st.integers(0, 2**32 - 1)] * 3), st.integers(0, 65535))  # fmt: skip
def test_fields_are_read_as_dnspython_reads_them(covered, algorithm, labels, times, tag):
    ttl, expiration, inception = times
    octets = (
        covered.to_bytes(2, "big") + bytes((algorithm, labels))
        + b"".join(time.to_bytes(4, "big") for time in times)
        + tag.to_bytes(2, "big") + b"\x07EXAMPLE\x04Test\x00" + b"the signature"
    )  # fmt: skip
    ours = signatures.from_wire(octets)
    theirs = dnspython_rdata("RRSIG", octets)
    assert ours[:7] == (covered, algorithm, labels, ttl, expiration, inception, tag)
    assert ours[:7] == (theirs.type_covered, theirs.algorithm, theirs.labels, theirs.original_ttl,
                        theirs.expiration, theirs.inception, theirs.key_tag)  # fmt: skip
    assert ours.signer == ZONE
    assert ours.prefix == octets[:18] + ZONE
    assert ours.octets == theirs.signature == b"the signature"


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(bytes(17), id="half the fields"),
        pytest.param(bytes(18), id="no signer"),
        pytest.param(bytes(18) + b"\x05ab", id="half a signer"),
        pytest.param(bytes(18) + b"\xc0\x00", id="compressed signer"),
        pytest.param(bytes(18) + b"\x40a\x00", id="reserved label"),
        pytest.param(bytes(18) + b"\x01a" * 128 + b"\x00", id="a signer of 257 octets"),
    ],
)
def test_malformed_octets_are_no_signature(octets):
    assert signatures.from_wire(octets) is None


WWW, WILD = rrset(), rrset("*.example.test.")
DEEP = rrset("a.b.c.example.test.")
OTHER = names.from_text("other.test.")
# What the labels field may say: the signer has 2 labels.
LABELS = {
    "all of the owner": (WWW, 3, None),
    "a wildcard's": (WWW, 2, None),
    "below the signer": (WWW, 1, Refusal.LABELS_BELOW_SIGNER),
    "none": (WWW, 0, Refusal.LABELS_BELOW_SIGNER),
    "more than the owner": (WWW, 4, Refusal.LABELS_ABOVE_OWNER),
    "255": (WWW, 255, Refusal.LABELS_ABOVE_OWNER),
    "the wildcard itself": (WILD, 2, None),
    "the wildcard itself, asterisk counted": (WILD, 3, Refusal.LABELS_ABOVE_OWNER),
    "a wildcard above the wildcard": (WILD, 1, Refusal.LABELS_BELOW_SIGNER),
    "a wildcard three labels up": (DEEP, 2, None),
    "a wildcard four labels up": (DEEP, 1, Refusal.LABELS_BELOW_SIGNER),
}


@pytest.mark.parametrize(("records", "labels", "reason"), LABELS.values(), ids=LABELS.keys())
def test_the_labels_field_lies_between_signer_and_owner(records, labels, reason):
    assert refusal(records, labels=labels) is reason


@pytest.mark.parametrize(
    ("owner", "signer", "zone", "reason"),
    [
        pytest.param("www.example.test.", "example.test.", "example.test.", None, id="the zone"),
        pytest.param("www.example.test.", "test.", "example.test.", Refusal.OTHER_SIGNER, id="the parent"),
        pytest.param("www.example.test.", ".", "example.test.", Refusal.OTHER_SIGNER, id="the root"),
        pytest.param("www.example.test.", "www.example.test.", "example.test.", Refusal.OTHER_SIGNER, id="a zone below"),
        pytest.param("www.example.test.", "other.test.", "other.test.", Refusal.OWNER_OUTSIDE, id="a stranger"),
        pytest.param("example.test.", "www.example.test.", "www.example.test.", Refusal.OWNER_OUTSIDE, id="from below"),
        pytest.param("wwwexample.test.", "example.test.", "example.test.", Refusal.OWNER_OUTSIDE, id="only a suffix"),
        pytest.param("example.test.", "example.test.", "example.test.", None, id="the apex"),
        pytest.param("test.", ".", ".", None, id="under the root"),
    ],
)  # fmt: skip
def test_the_signer_is_the_zone_and_the_owner_lies_under_it(owner, signer, zone, reason):
    records = rrset(owner)
    found = refusal(records, names.from_text(zone), signer=names.from_text(signer))
    assert found is reason


def test_the_type_covered_is_the_type():
    assert refusal(type_covered=int(RRType.AAAA)) is Refusal.OTHER_TYPE


@pytest.mark.parametrize("algorithm", [0, 1, 3, 5, 6, 7, 9, 12, 17, 253, 254, 255])
def test_unsupported_algorithms_are_not_tried(algorithm):
    assert refusal(algorithm=algorithm) is Refusal.UNSUPPORTED_ALGORITHM


AROUND = 2**32  # the times wrap in the year 2106
# Inception and expiration after now, and what follows.
TIMES = {
    "in between": (-10, 10, None),
    "the last second": (-10, 0, None),
    "a second late": (-10, -1, Refusal.EXPIRED),
    "the first second": (0, 10, None),
    "a clock that is 60 s late": (60, 120, None),
    "61 s before": (61, 120, Refusal.NOT_YET_VALID),
    "expired before valid": (-10, -11, Refusal.EXPIRED_BEFORE_VALID),
    "valid for a moment": (0, 0, None),
    "valid for 68 years": (-1, 2**31 - 2, None),
    "valid for 2**31 s, which is undefined": (0, 2**31, Refusal.EXPIRED_BEFORE_VALID),
    "begins 2**31 s from now": (2**31, 2**31 + 5, Refusal.EXPIRED),
    "ended 2**31 s ago, which lies as far ahead": (-(2**31) - 5, -(2**31), Refusal.NOT_YET_VALID),
}


@pytest.mark.parametrize("now", [NOW, AROUND - 5, AROUND + 5, 2**31 - 5, 2**31 + 5])
@pytest.mark.parametrize(("inception", "expiration", "reason"), TIMES.values(), ids=TIMES.keys())
def test_times_are_compared_around_the_end_of_the_clock(inception, expiration, reason, now):
    """RFC 4034 §3.1.5: serial number arithmetic."""
    fields = {"inception": (now + inception) % AROUND, "expiration": (now + expiration) % AROUND}
    assert refusal(now=now, **fields) is reason
    if reason is None:
        assert read(**fields).remaining_s(now) == expiration


@pytest.mark.parametrize("ahead", [-10, 10])
def test_a_clock_ten_years_wrong_makes_nothing_valid(ahead):
    now = NOW + ahead * 365 * 86400
    assert refusal(now=now) is (Refusal.EXPIRED if ahead > 0 else Refusal.NOT_YET_VALID)


EXPLAINED = {
    Refusal.OTHER_TYPE: ({"type_covered": 28}, "RRSIG by key {tag} covers AAAA, not A"),
    Refusal.OTHER_SIGNER: ({"signer": OTHER}, "RRSIG by key {tag} is of another zone, other.test."),
    Refusal.UNSUPPORTED_ALGORITHM: ({"algorithm": 5}, "RRSIG by key {tag} uses algorithm 5, which is not supported"),
    Refusal.OWNER_OUTSIDE: ({"signer": OTHER}, "RRSIG by key {tag} is of other.test., which www.example.test. is not under"),
    Refusal.LABELS_BELOW_SIGNER: ({"labels": 1}, "RRSIG by key {tag} says 1 labels, fewer than its signer example.test. has"),
    Refusal.LABELS_ABOVE_OWNER: ({"labels": 9}, "RRSIG by key {tag} says 9 labels, more than www.example.test. has"),
    Refusal.EXPIRED_BEFORE_VALID: ({"expiration": 5}, "RRSIG by key {tag} expires before it becomes valid"),
    Refusal.NOT_YET_VALID: ({"inception": NOW + 7200}, "RRSIG by key {tag} becomes valid in 2 h"),
    Refusal.EXPIRED: ({"expiration": NOW - 11000}, "RRSIG by key {tag} expired 3 h ago"),
    Refusal.NO_KEY: ({"key_tag": 7}, "RRSIG by key 7, but example.test. has no such key of algorithm 15"),
    Refusal.UNSUPPORTED_KEY: ({}, "key {tag} of example.test. is RSA with a modulus or exponent that is not supported"),
    Refusal.MALFORMED_KEY: ({}, "key {tag} of example.test. is malformed"),
    Refusal.MALFORMED_RRSET: ({}, "malformed A rdata"),
    Refusal.WRONG: ({}, "RRSIG by key {tag} does not match the A records"),
}  # fmt: skip


@pytest.mark.parametrize("reason", Refusal, ids=lambda reason: reason.name)
def test_every_refusal_is_explained_in_words(reason):
    fields, text = EXPLAINED[reason]
    found = signatures.explain(reason, read(**fields), rrset(), NOW)
    assert found == text.format(tag=KEY.key.tag)
    assert signatures.EXTENDED_ERRORS[reason] in ExtendedError


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (7200, "2 h"), (86400, "1 d"), (10**9, "11574 d")],
)  # fmt: skip
def test_durations_are_written_in_their_largest_unit(seconds, text):
    assert signatures.duration(seconds) == text
