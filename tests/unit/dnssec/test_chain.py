import pytest
from fakes.signed import NOW, ZONE, finish, rrset, rsa_dnskey, sign, signature, signing_key

from dnsd.dnssec import chain, digests
from dnsd.dnssec.chain import Trusted, Unsupported, supported, trusted_keys
from dnsd.dnssec.keys import Key
from dnsd.dnssec.signing import Validity
from dnsd.dnssec.validation import Bogus, Work
from dnsd.wire.iana import ExtendedError, RRType

KSK = signing_key(13)
ZSK = signing_key(13, 1, is_entry_point=False)
DS = KSK.ds(ZONE)


def keyset(*keys, by=(KSK,), validity=None):
    rdatas = [key if isinstance(key, bytes) else key.dnskey for key in keys or (KSK, ZSK)]
    records = rrset("example.test.", RRType.DNSKEY, rdatas, ttl=3600)
    return sign(records, *by, **({"validity": validity} if validity else {}))


def outcome(dnskeys, *records, work=None):
    found = supported(records or (DS,))
    return finish(trusted_keys(dnskeys, found, NOW, work or Work()))[0]


def test_the_keys_of_a_zone_are_trusted_by_its_ds():
    found = outcome(keyset())
    assert isinstance(found, Trusted)
    assert [key.rdata for key in found.keys] == [KSK.dnskey, ZSK.dnskey]
    assert found.ttl == 3600


def test_of_several_ds_one_that_leads_in_is_enough():
    """RFC 6840 §5.11: a key that is published ahead, another that has gone."""
    gone = signing_key(13, 2).ds(ZONE)
    assert isinstance(outcome(keyset(), gone, DS), Trusted)
    assert isinstance(outcome(keyset(by=(ZSK, KSK)), DS, gone, ZSK.ds(ZONE, 4)), Trusted)


REVOKED = b"\x01\x81" + KSK.dnskey[2:]
NO_ZONE_KEY = b"\x00\x01" + KSK.dnskey[2:]
STRANGER = signing_key(13, 3)
CASES = {
    "no DNSKEY matches": (keyset(STRANGER, by=(STRANGER,)), DS, ExtendedError.DNSKEY_MISSING, "DS at the parent matches no DNSKEY"),
    "the keys are signed by another of them only": (keyset(by=(ZSK,)), DS, ExtendedError.DNSKEY_MISSING, "the DNSKEY records are signed by no key that a DS at the parent names"),
    "the keys are not signed": (keyset(by=()), DS, ExtendedError.RRSIGS_MISSING, "no RRSIG of DNSKEY"),
    "the signature has expired": (keyset(validity=Validity(NOW - 99999, NOW - 10800)), DS, ExtendedError.SIGNATURE_EXPIRED, f"RRSIG by key {KSK.key.tag} expired 3 h ago"),
    "the key is revoked": (keyset(REVOKED), digests.to_wire(ZONE, Key(REVOKED), 2), ExtendedError.DNSKEY_MISSING, f"DNSKEY {Key(REVOKED).tag} that a DS at the parent names is revoked"),
    "the key is no zone key": (keyset(NO_ZONE_KEY), digests.to_wire(ZONE, Key(NO_ZONE_KEY), 2), ExtendedError.NO_ZONE_KEY_BIT_SET, None),
    "a digest of a wrong length": (keyset(), DS[:-1], ExtendedError.DNSKEY_MISSING, "DS at the parent matches no DNSKEY"),
    "no DNSKEY that can be read": (keyset(b"", b"\x01\x01\x03"), DS, ExtendedError.DNSKEY_MISSING, "DS at the parent matches no DNSKEY"),
    "a DS whose digest SHA-384 is wrong, and only SHA-1 right": (keyset(), DS[:3] + b"\x04" + bytes(48), ExtendedError.DNSKEY_MISSING, "DS at the parent matches no DNSKEY"),
}  # fmt: skip


@pytest.mark.parametrize(("dnskeys", "record", "error", "text"), CASES.values(), ids=CASES.keys())
def test_a_zone_without_an_entry_is_bogus(dnskeys, record, error, text):
    found = outcome(dnskeys, record, digests.to_wire(ZONE, KSK.key, 1))
    assert isinstance(found, Bogus)
    assert found.error is error
    assert text is None or found.text == text


@pytest.mark.parametrize(
    ("records", "error", "text"),
    [
        pytest.param([b"\x00\x01\x05\x02" + bytes(32), b"\x00\x01\xfd\x02" + bytes(32)], ExtendedError.UNSUPPORTED_DNSKEY_ALGORITHM, "no DS with a supported algorithm, only 253, 5", id="algorithms"),
        pytest.param([b"\x00\x01\x0d\x03" + bytes(32)], ExtendedError.UNSUPPORTED_DS_DIGEST_TYPE, "no DS with a supported digest type, only 3", id="digest"),
        pytest.param([b"\x00\x01\x0d\x03" + bytes(32), b"\x00\x01\x05\x02" + bytes(32)], ExtendedError.UNSUPPORTED_DS_DIGEST_TYPE, "no DS with a supported digest type, only 2, 3", id="one of both"),
    ],
)  # fmt: skip
def test_a_zone_signed_with_what_is_unsupported_is_insecure(records, error, text):
    assert supported(tuple(records)) == Unsupported(error, text)
    # Beside one that is supported, they do not count.
    assert supported((*records, DS)) == digests.usable([DS])


def test_a_zone_whose_only_key_is_too_large_is_insecure():
    """Its parent vouches for that very key, so nobody can pretend it."""
    large = rsa_dnskey(b"\xff" * 1024)
    ds = digests.to_wire(ZONE, Key(large), 2)
    found = outcome(keyset(large), ds)
    assert isinstance(found, Unsupported)
    assert found.error is ExtendedError.UNSUPPORTED_DNSKEY_ALGORITHM
    # A key that the parent does not vouch for does not make it so, ...
    assert isinstance(outcome(keyset(large), DS), Bogus)
    # ... nor does one beside a key that can be used.
    assert isinstance(outcome(keyset(large, KSK, by=(STRANGER,)), ds, DS), Bogus)
    assert isinstance(outcome(keyset(large, KSK), ds, DS), Trusted)


def test_a_keyset_expanded_from_a_wildcard_cannot_be():
    records = keyset(by=())
    records.signatures = (signature(records, KSK, labels=1), signature(records, KSK, labels=0))
    assert isinstance(outcome(records), Bogus)


def test_the_work_is_that_of_the_question():
    work = Work()
    procedure = chain.trusted_keys(keyset(), digests.usable([DS]), NOW, work)
    assert finish(procedure)[1] == [100]
    assert (work.verifications, work.failures, work.units) == (31, 4, 100)
    spent = Work(0)
    assert isinstance(outcome(keyset(), work=spent), Bogus)
