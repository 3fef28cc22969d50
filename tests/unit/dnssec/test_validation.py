import dataclasses
from unittest import mock

import dns.dnssec
import dns.name
import dns.zone
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from fakes.signed import (
    NOW,
    VALIDITY,
    ZONE,
    colliding_keys,
    dnspython_rdata,
    finish,
    rrset,
    rsa_dnskey,
    sign,
    signature,
    signing_key,
)
from fuzz.octets import damaged
from hypothesis import given
from hypothesis import strategies as st

from dnsd.dnssec import canonical, keys, signatures
from dnsd.dnssec.algorithms import SUPPORTED
from dnsd.dnssec.keys import Key
from dnsd.dnssec.signatures import Refusal
from dnsd.dnssec.signing import Validity
from dnsd.dnssec.validation import Bogus, Secure, Unsigned, Work, validate
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.iana import ExtendedError, RRType
from dnsd.wire.rrset import RRset

KEY = signing_key()
ED = signing_key(15)


def verdict(records, *zone_keys, zone=ZONE, now=NOW, work=None):
    zone_keys = tuple(key if isinstance(key, Key) else key.key for key in zone_keys or (KEY,))
    return finish(validate(records, zone, zone_keys, now, work or Work()))[0]


def spoilt(rdata):
    """A signature with one bit of its last octet changed."""
    return rdata[:-1] + bytes([rdata[-1] ^ 1])


@pytest.mark.parametrize("algorithm", sorted(SUPPORTED))
def test_a_signed_rrset_is_secure(algorithm):
    key = signing_key(algorithm)
    records = sign(rrset(rdatas=[b"\xc0\x00\x02\x02", b"\xc0\x00\x02\x01"]), key)
    work = Work()
    found, steps = finish(validate(records, ZONE, (key.key,), NOW, work))
    assert isinstance(found, Secure)
    assert (found.ttl, found.wildcard, found.signature.key_tag) == (300, None, key.key.tag)
    assert steps == [key.key.public_key().work] == [work.units]
    assert (work.verifications, work.failures) == (31, 4)


def test_the_caller_may_pause_before_each_verification_and_stop_for_good():
    work = Work()
    procedure = validate(sign(rrset(), KEY), ZONE, (KEY.key,), NOW, work)
    assert next(procedure) == 100
    assert (work.verifications, work.units) == (32, 0)
    procedure.close()
    assert (work.verifications, work.units) == (32, 0)


@pytest.mark.parametrize(
    ("ttl", "original_ttl", "remaining", "bound"),
    [(300, 3600, 86400, 300), (3600, 300, 86400, 300), (3600, 3600, 60, 60), (300, 300, 0, 0)],
)
def test_how_long_it_may_be_kept(ttl, original_ttl, remaining, bound):
    """RFC 4035 §5.3.3."""
    records = sign(rrset(ttl=original_ttl), KEY, validity=Validity(NOW - 9, NOW + remaining))
    assert verdict(dataclasses.replace(records, ttl=ttl)).ttl == bound


@pytest.mark.parametrize(
    ("owner", "wildcard"),
    [
        ("a.example.test.", "*.example.test."),
        ("a.b.c.example.test.", "*.example.test."),
        ("*.a.example.test.", "*.example.test."),
        ("*.example.test.", None),
    ],
)
def test_the_wildcard_that_was_expanded_is_named(owner, wildcard):
    records = sign(rrset("*.example.test."), KEY)
    expanded = dataclasses.replace(records, owner=names.from_text(owner))
    found = verdict(expanded)
    assert isinstance(found, Secure)
    assert found.wildcard == (wildcard and names.from_text(wildcard))


def test_a_wildcard_stands_for_nothing_beside_or_above_it():
    records = sign(rrset("*.sub.example.test."), KEY)
    for owner in ("a.example.test.", "sub.example.test.", "example.test.", "*.example.test."):
        moved = dataclasses.replace(records, owner=names.from_text(owner))
        assert isinstance(verdict(moved), Bogus)


OTHER_TAG = KEY.key.tag ^ 1
DAY = 86400
SECURE = sign(rrset(), KEY).signatures[0]
BOGUS = {
    "the signature is wrong": (lambda r: [spoilt(SECURE)], ExtendedError.DNSSEC_BOGUS, Refusal.WRONG),
    "expired": (lambda r: [KEY.sign(r, ZONE, Validity(NOW - 9 * DAY, NOW - DAY))], ExtendedError.SIGNATURE_EXPIRED, Refusal.EXPIRED),
    "not yet valid": (lambda r: [KEY.sign(r, ZONE, Validity(NOW + DAY, NOW + 9 * DAY))], ExtendedError.SIGNATURE_NOT_YET_VALID, Refusal.NOT_YET_VALID),
    "expired before valid": (lambda r: [KEY.sign(r, ZONE, Validity(NOW, NOW - 1))], ExtendedError.SIGNATURE_EXPIRED_BEFORE_VALID, Refusal.EXPIRED_BEFORE_VALID),
    "a key that the zone lacks": (lambda r: [ED.sign(r, ZONE, VALIDITY)], ExtendedError.DNSKEY_MISSING, Refusal.NO_KEY),
    "a stranger's key with the tag of ours": (lambda r: [signature(r, signing_key(13, 1), key_tag=KEY.key.tag)], ExtendedError.DNSSEC_BOGUS, Refusal.WRONG),
    "labels below the signer": (lambda r: [signature(r, KEY, labels=1)], ExtendedError.DNSSEC_BOGUS, Refusal.LABELS_BELOW_SIGNER),
    "labels above the owner": (lambda r: [signature(r, KEY, labels=4)], ExtendedError.DNSSEC_BOGUS, Refusal.LABELS_ABOVE_OWNER),
    "wrong and expired: the one that came farther": (lambda r: [KEY.sign(r, ZONE, Validity(1, 2)), spoilt(SECURE), KEY.sign(r, ZONE, Validity(1, 2))], ExtendedError.DNSSEC_BOGUS, Refusal.WRONG),
}  # fmt: skip


@pytest.mark.parametrize(("rdatas", "error", "reason"), BOGUS.values(), ids=BOGUS.keys())
def test_bogus_for_one_reason(rdatas, error, reason):
    records = rrset()
    records.signatures = tuple(rdatas(records))
    found = verdict(records)
    assert isinstance(found, Bogus)
    assert (found.error, found.reason) == (error, reason)
    assert found.text


@pytest.mark.parametrize("valid_at", [0, 1, 2])
def test_one_signature_that_holds_is_enough(valid_at):
    """RFC 6840 §5.11: any valid path."""
    records = rrset()
    rdatas = [ED.sign(records, ZONE, VALIDITY), spoilt(SECURE)]
    rdatas.insert(valid_at, SECURE)
    records.signatures = tuple(rdatas)
    assert isinstance(verdict(records), Secure)


def test_what_is_not_signed_by_the_zone_is_told_from_bogus():
    records = rrset()
    assert verdict(records) == Unsigned(ExtendedError.RRSIGS_MISSING, "no RRSIG of A", ())
    records.signatures = (b"", bytes(17))
    assert verdict(records) == Unsigned(ExtendedError.RRSIGS_MISSING, "malformed RRSIG", ())
    records.signatures = (signature(records, KEY, algorithm=5),)
    found = verdict(records)
    assert isinstance(found, Unsigned)
    assert found.error is ExtendedError.UNSUPPORTED_DNSKEY_ALGORITHM


def test_other_signers_above_the_owner_are_named():
    records = rrset("a.sub.example.test.")
    sub, stranger, parent = map(names.from_text, ("sub.example.test.", "other.test.", "test."))
    records.signatures = tuple(signature(records, KEY, signer=s) for s in (sub, stranger, parent, sub))  # fmt: skip
    found = verdict(records)
    assert isinstance(found, Unsigned)
    assert found.error is ExtendedError.RRSIGS_MISSING
    assert found.signers == (sub, parent)


def test_keys_that_cannot_be_used_make_nothing_secure():
    point = KEY.key.octets
    malformed = Key(b"\x01\x01\x03\x0d" + b"\x01" * 64)
    large = Key(rsa_dnskey(b"\xff" * 1024))
    records = rrset()
    for key, reason in [(malformed, Refusal.MALFORMED_KEY), (large, Refusal.UNSUPPORTED_KEY)]:
        fields = {"key_tag": key.tag, "algorithm": key.algorithm}
        records.signatures = (signature(records, KEY, **fields),)
        work = Work()
        found = verdict(records, key, work=work)
        assert isinstance(found, Bogus)
        assert found.reason is reason
        assert work.verifications == 32
        assert work.failures == (3 if key is malformed else 4)
    assert keys.usable_keys([b"\x01\x81\x03\x0d" + point, b"\x00\x01\x03\x0d" + point]) == ()


@pytest.mark.parametrize(
    ("rrtype", "rdatas"),
    [
        pytest.param(RRType.MX, [b"\x00\x0a\x05ab"], id="label over the end"),
        pytest.param(RRType.SIG, [bytes(18) + b"\x00" + bytes(65530)], id="longer than rdata may be"),
    ],
)  # fmt: skip
def test_malformed_records_are_bogus_at_no_cost(rrtype, rdatas):
    records = rrset(rrtype=rrtype, rdatas=rdatas)
    records.signatures = (b"\x00\x0f" + SECURE[2:], b"\x00\x18" + SECURE[2:])
    work = Work()
    found = verdict(records, work=work)
    assert isinstance(found, Bogus)
    assert found.reason is Refusal.MALFORMED_RRSET
    assert (work.verifications, work.failures) == (32, 4)


def test_a_key_verifies_only_what_says_its_own_algorithm():
    """RFC 4035 §5.3.1: RSA with SHA-512 does not pass for RSA with SHA-256."""
    key, records = signing_key(10), rrset()
    records.signatures = (signature(records, key, algorithm=8),)
    found = verdict(records, key)
    assert isinstance(found, Bogus)
    assert found.reason is Refusal.NO_KEY


# V1: KeyTrap, CVE-2023-50387.


def test_500_colliding_keys_and_500_signatures_cost_four_verifications():
    """At most 2 keys for a signature, 4 signatures for an RRset, 4 failures for a question."""
    flood = tuple(colliding_keys(500))
    records = rrset()
    records.signatures = tuple(
        signature(records, KEY, key_tag=4711, algorithm=8, original_ttl=ttl) for ttl in range(500)
    )
    work = Work()
    found, steps = finish(validate(records, ZONE, flood, NOW, work))
    assert isinstance(found, Bogus)
    assert found.error is ExtendedError.DNSSEC_BOGUS
    assert len(steps) == 4
    assert (work.verifications, work.failures) == (28, 0)
    assert sum(steps) == work.units == 4 * 100


def test_records_are_put_in_order_once_and_only_for_a_signature_that_is_tried():
    records = rrset(rrtype=RRType.MX, rdatas=[b"\x00" + n.to_bytes(1) + ZONE for n in range(100)])
    for key_tag, count in [(4711, 1), (4712, 0)]:
        records.signatures = tuple(
            signature(records, KEY, key_tag=key_tag, algorithm=8, original_ttl=n) for n in range(9)
        )
        with mock.patch.object(canonical, "canonical", wraps=canonical.canonical) as ordered:
            assert isinstance(verdict(records, *colliding_keys(4)), Bogus)
        assert ordered.call_count == count * len(records.rdatas)


def test_nothing_more_is_verified_for_a_question_whose_work_is_spent():
    flood = tuple(colliding_keys(8))
    records = rrset()
    records.signatures = (signature(records, KEY, key_tag=4711, algorithm=8),)
    work = Work()
    steps = []
    for _ in range(100):
        found, more = finish(validate(records, ZONE, flood, NOW, work))
        steps += more
        assert isinstance(found, Bogus)
    assert len(steps) == 4
    good, more = finish(validate(sign(rrset(), KEY), ZONE, (KEY.key,), NOW, work))
    assert isinstance(good, Bogus)
    assert "too many signatures" in good.text
    assert more == []


def test_a_question_has_32_verifications_that_succeed():
    records, work = sign(rrset(), KEY), Work()
    found = [verdict(records, work=work) for _ in range(40)]
    assert [isinstance(each, Secure) for each in found] == [True] * 32 + [False] * 8
    assert found[-1].reason is None


def test_failures_are_bounded_for_an_rrset_even_with_plenty_of_work():
    """Eight at most: four signatures with two keys each; read are 32."""
    flood = tuple(colliding_keys(500))
    records = rrset()
    wrong = [signature(records, KEY, key_tag=4711, algorithm=8, original_ttl=n) for n in range(40)]
    records.signatures = tuple(wrong)
    work = Work(1000, 1000)
    assert isinstance(verdict(records, *flood, work=work), Bogus)
    assert work.failures == 1000 - 8
    unusable = [signature(records, KEY, labels=9, original_ttl=n) for n in range(40)]
    for before, is_found in ((31, True), (32, False)):
        records.signatures = (*unusable[:before], SECURE)
        assert isinstance(verdict(records), Secure) is is_found


def test_the_likelier_of_two_keys_with_one_tag_is_tried_first():
    """A zone's own two keys may have one tag: the entry point signs the keys."""
    zone_key = signing_key(8)
    tag = zone_key.key.tag
    modulus = b"\xf1" * 255 + b"\x01"
    entry_point = Key(rsa_dnskey(modulus, flags=257, tag=tag))
    other = Key(rsa_dnskey(modulus, flags=256, tag=tag))
    assert zone_key.key.is_entry_point
    for rrtype, rivals, failures in [
        (RRType.DNSKEY, (other, zone_key.key), 0),
        (RRType.A, (other, zone_key.key), 1),
        (RRType.DNSKEY, (entry_point, zone_key.key), 1),
    ]:
        work = Work()
        records = sign(rrset("example.test.", rrtype, [b"\x01\x02\x03\x04\x05"]), zone_key)
        assert isinstance(finish(validate(records, ZONE, rivals, NOW, work))[0], Secure)
        assert 4 - work.failures == failures


def test_a_key_beside_one_with_its_tag_fails_once_a_question():
    """A denial has four signed RRsets: all failures would be spent on them."""
    own = signing_key().key
    # The sum of two octets makes the tag, in whatever order: it is no point of the curve then.
    other = Key(own.rdata[:4] + own.rdata[6:8] + own.rdata[4:6] + own.rdata[8:])
    assert other.tag == own.tag
    work = Work()
    for owner in "abcdef":
        records = sign(rrset(f"{owner}.example.test."), KEY)
        assert isinstance(verdict(records, other, own, work=work), Secure)
    assert work.failures == 3


# PR4: what is changed anywhere is never accepted.

ORIGINALS = [
    rrset(),
    rrset("*.example.test."),
    rrset("example.test.", RRType.MX, [b"\x00\x0a\x04Mail" + ZONE, b"\x00\x14\x01b" + ZONE]),
    rrset("example.test.", RRType.SOA, [ZONE + ZONE + bytes(20)]),
    rrset("a.b.example.test.", RRType.TXT, [b"\x03abc", b"\x03Abc", b"\x00"]),
    rrset("_25._tcp.example.test.", RRType.TLSA, [b"\x03\x01\x01" + bytes(32)]),
    rrset("sub.example.test.", RRType.DS, [b"\x12\x34\x0d\x02" + bytes(32)]),
    rrset("example.test.", RRType.NSEC, [b"\x01a" + ZONE + b"\x00\x01\x40"]),
    rrset("x.example.test.", 65280, [b"", b"\x00"]),
]
ZONE_KEYS = (KEY.key, ED.key)
for original in ORIGINALS:
    sign(original, KEY, ED)


@st.composite
def mutations(draw):
    """An original, and the same with one thing changed."""
    original = draw(st.sampled_from(ORIGINALS))
    changed = dataclasses.replace(original)
    match draw(st.integers(0, 8)):
        case 0:
            labels = draw(st.lists(st.sampled_from([b"a", b"*", b"b", b"www", b"example", b"test", b"x"]), max_size=5))  # fmt: skip
            changed.owner = names.from_labels(labels)
        case 1:
            changed.owner = b"\x01" + draw(st.binary(min_size=1, max_size=1)).lower() + changed.owner  # fmt: skip
        case 2:
            changed.type = draw(st.integers(0, 65535))
        case 3:
            changed.rdclass = draw(st.sampled_from([0, 1, 3, 254, 255]))
        case 4:
            changed.rdatas += (draw(st.binary(max_size=40) | damaged(changed.rdatas[0])),)
        case 5:
            changed.rdatas = changed.rdatas[1:]
        case 6:
            place = draw(st.integers(0, len(changed.rdatas) - 1))
            rdata = draw(damaged(changed.rdatas[place]))
            changed.rdatas = (*changed.rdatas[:place], rdata, *changed.rdatas[place + 1 :])
        case 7:
            changed.signatures = (draw(damaged(draw(st.sampled_from(changed.signatures)))),)
        case 8:
            other = draw(st.sampled_from(ORIGINALS))
            changed.signatures = other.signatures
    return original, changed


def content(records, owner):
    """What a signature is about, or nothing of a malformed RRset."""
    try:
        return owner, records.type, records.rdclass, tuple(canonical.sorted_rdatas(records))
    except FormError:
        return None


SIGNED = {content(original, original.owner) for original in ORIGINALS}


@given(mutations(), st.sampled_from([ZONE, ZONE, ZONE, names.parent(ZONE)]))
def test_a_signed_rrset_with_one_mutation_is_never_accepted(pair, zone):
    """Accepted is only what the zone signed: an original, or what a wildcard stands for."""
    original, changed = pair
    found = verdict(changed, *ZONE_KEYS, zone=zone)
    if isinstance(found, Secure):
        assert zone == ZONE
        assert content(changed, found.wildcard or changed.owner) in SIGNED
        assert found.signature.original_ttl == original.ttl
    elif zone == ZONE:
        same = (changed.owner, changed.signatures) == (original.owner, original.signatures)
        assert not same or content(changed, changed.owner) != content(original, original.owner)


@given(st.sampled_from(ORIGINALS), st.data())
def test_no_signature_is_accepted_under_a_damaged_key(original, data):
    rdata = data.draw(damaged(ED.dnskey))
    found = keys.usable_keys([rdata])
    records = dataclasses.replace(original, signatures=original.signatures[1:])
    outcome = verdict(records, *found) if found else None
    if isinstance(outcome, Secure):
        assert (rdata[2:4], rdata[4:]) == (ED.dnskey[2:4], ED.dnskey[4:])


# V4: a hostile zone signs whatever it likes, correctly.

hostile_names = st.lists(st.sampled_from([b"a", b"*", b"example", b"test", b"w"]), max_size=6).map(names.from_labels)  # fmt: skip


@given(hostile_names, hostile_names | st.just(ZONE), hostile_names | st.just(ZONE), st.integers(0, 8),
       st.tuples(*[st.integers(-200, 200)] * 2))  # fmt: skip
def test_no_accepted_signature_breaks_an_inequality(owner, signer, zone, labels, times):
    """CVE-2026-44690, CVE-2026-11721, CVE-2026-52688: labels below the signer's."""
    records = RRset(owner, 1, 300, (b"\xc0\x00\x02\x01",))
    begin, end = times
    fields = {"signer": signer, "labels": labels, "inception": NOW + begin, "expiration": NOW + end}
    records.signatures = (signature(records, ED, **fields),)
    found = verdict(records, ED, zone=zone)
    own = names.label_count(owner) - (owner[:2] == b"\x01*")
    is_right = (
        names.label_count(signer) <= labels <= own
        and owner.endswith(signer) and names.is_subdomain(owner, signer)
        and signer == zone and begin <= 60 and end >= 0 and begin <= end
    )  # fmt: skip
    assert isinstance(found, Secure) is is_right
    if is_right and found.wildcard is not None:
        assert names.is_subdomain(found.wildcard, zone)


# Zones that dnspython signed.

ZONE_TEXT = """
@ 3600 SOA ns hostmaster 1 2 3 4 300
@ 3600 NS ns
ns 300 A 192.0.2.1
ns 300 AAAA 2001:db8::1
www 300 CNAME Ns
* 300 TXT "wild" "card"
a.b 60 MX 10 Mail.Example.TEST.
c 60 SRV 1 2 3 NS
d 60 HTTPS 1 . alpn=h2
e 60 NAPTR 1 2 "s" "sip+D2U" "" _sip._udp
f 60 CAA 0 issue "ca.example"
g 60 TYPE65280 \\# 2 ABCD
h 60 DNAME Elsewhere.Test.
"""


@pytest.mark.parametrize("algorithm", sorted(SUPPORTED))
def test_a_zone_that_dnspython_signed_validates(algorithm):
    key = signing_key(algorithm)
    zone = dns.zone.from_text(ZONE_TEXT, origin="example.test.", relativize=False)
    private = load_pem_private_key(key.to_pem(), None)
    dns.dnssec.sign_zone(
        zone, keys=[(private, dnspython_rdata("DNSKEY", key.dnskey))], dnskey_ttl=3600,
        inception=NOW - 60, expiration=NOW + 86400,
    )  # fmt: skip
    count = 0
    for name, node in zone.items():
        signed = {str(r.covers): r for r in node if r.rdtype == RRType.RRSIG}
        for rdataset in node:
            if rdataset.rdtype == RRType.RRSIG:
                continue
            records = RRset(
                name.canonicalize().to_wire(), int(rdataset.rdtype), rdataset.ttl,
                tuple(rdata.to_wire() for rdata in rdataset),
                tuple(rdata.to_wire() for rdata in signed[str(rdataset.rdtype)]),
            )  # fmt: skip
            found = verdict(records, key)
            assert isinstance(found, Secure), (name, rdataset, found)
            assert found.ttl == rdataset.ttl
            count += 1
    assert count == 14 + 11  # RRsets of data, NSECs of names


def test_the_octets_of_a_signature_are_read_whatever_they_are():
    """No signature that cannot be read is one, and what can be read has all its fields."""
    for length in range(len(SECURE)):
        read = signatures.from_wire(SECURE[:length])
        assert (read is None) is (length < 18 + len(ZONE))
