import dns.dnssec
import dns.name
import dns.rdatatype
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from fakes.signed import (
    NOW,
    VALIDITY,
    ZONE,
    as_signature_rrset,
    dnspython_rdata,
    dnspython_rrset,
    finish,
    rrset,
    sign,
    signing_key,
)
from fuzz.octets import RDATA
from fuzz.targets.rdata import dnspython_canonical
from hypothesis import assume, given
from hypothesis import strategies as st

from dnsd.dnssec import keys, signatures, signing
from dnsd.dnssec.algorithms import SUPPORTED, PublicKey
from dnsd.dnssec.signing import SigningKey, Validity
from dnsd.dnssec.validation import Secure, Work, validate
from dnsd.wire import names, rdata
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

ZONE_NAME = dns.name.from_wire(ZONE, 0)[0]


def theirs(records, key):
    """The RRSIG rdata that dnspython makes."""
    private = load_pem_private_key(key.to_pem(), None)
    dnskey = dnspython_rdata("DNSKEY", key.dnskey)
    return dns.dnssec.sign(
        dnspython_rrset(records), private, ZONE_NAME, dnskey,
        inception=VALIDITY.inception, expiration=VALIDITY.expiration,
    ).to_wire()  # fmt: skip


@pytest.mark.parametrize("algorithm", sorted(SUPPORTED))
@pytest.mark.parametrize("is_entry_point", [True, False])
def test_a_key_pair_and_its_dnskey(algorithm, is_entry_point):
    pair = signing_key(algorithm, is_entry_point=is_entry_point)
    assert pair.key.is_usable
    assert pair.key.is_entry_point is is_entry_point
    assert pair.dnskey[:4] == bytes((1, is_entry_point, 3, algorithm))
    assert isinstance(pair.key.public_key(), PublicKey)
    private = load_pem_private_key(pair.to_pem(), None)
    dnskey = dns.dnssec.make_dnskey(private.public_key(), algorithm, flags=256 + is_entry_point)
    assert pair.dnskey == dnskey.to_wire()
    assert len({pair.dnskey, signing.make_key(algorithm).dnskey}) == 2


def test_the_default_is_p_256_with_an_entry_point():
    pair = signing.make_key()
    assert (pair.key.algorithm, pair.key.flags) == (13, 257)
    rsa_key = load_pem_private_key(signing_key(8).to_pem(), None)
    assert rsa_key.key_size == 2048


@pytest.mark.parametrize("algorithm", sorted(SUPPORTED))
def test_a_key_survives_its_file(algorithm):
    pair = signing_key(algorithm, is_entry_point=False)
    pem = pair.to_pem()
    assert pem.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    read = signing.from_pem(pem, algorithm, is_entry_point=False)
    assert read.dnskey == pair.dnskey
    assert read.sign(rrset(), ZONE, VALIDITY) == pair.sign(rrset(), ZONE, VALIDITY)


def pem_of(private, password=None):
    encryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password)
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)  # fmt: skip


P256 = ec.generate_private_key(ec.SECP256R1())


@pytest.mark.parametrize(
    ("pem", "algorithm"),
    [
        pytest.param(b"", 13, id="nothing"),
        pytest.param(b"-----BEGIN PRIVATE KEY-----\n", 13, id="half a file"),
        pytest.param(signing_key(13).to_pem()[:-60], 13, id="cut off"),
        pytest.param(pem_of(P256, b"x"), 13, id="encrypted"),
        pytest.param(pem_of(P256), 14, id="P-256 for P-384"),
        pytest.param(pem_of(P256), 8, id="P-256 for RSA"),
        pytest.param(pem_of(P256), 5, id="P-256 for RSA with SHA-1"),
        pytest.param(pem_of(ec.generate_private_key(ec.SECP256K1())), 13, id="another curve of 256 bits"),
        pytest.param(signing_key(15).to_pem(), 16, id="Ed25519 for Ed448"),
        pytest.param(signing_key(16).to_pem(), 15, id="Ed448 for Ed25519"),
        pytest.param(signing_key(8).to_pem(), 13, id="RSA for P-256"),
        pytest.param(signing_key(8).to_pem(), 5, id="RSA for RSA with SHA-1"),
        pytest.param(pem_of(dsa.generate_private_key(1024)), 13, id="DSA"),
        pytest.param(
            P256.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
            13, id="a public key"),
    ],
)  # fmt: skip
def test_what_is_no_private_key_of_the_algorithm_is_refused(pem, algorithm):
    with pytest.raises(FormError):
        signing.from_pem(pem, algorithm)


@pytest.mark.slow
def test_an_rsa_key_that_validators_refuse_is_refused():
    with pytest.raises(FormError, match="not supported"):
        signing.from_pem(pem_of(rsa.generate_private_key(65537, 4160)), 8)


@pytest.mark.parametrize("algorithm", [0, 1, 3, 5, 7, 12, 253, 255])
def test_no_key_of_an_unsupported_algorithm_is_made(algorithm):
    with pytest.raises(FormError):
        signing.make_key(algorithm)


@pytest.mark.parametrize("digest_type", [2, 4])
def test_ds_records_agree_with_dnspython(digest_type):
    pair = signing_key()
    dnskey = dnspython_rdata("DNSKEY", pair.dnskey)
    theirs = dns.dnssec.make_ds(ZONE_NAME, dnskey, {2: "SHA256", 4: "SHA384"}[digest_type])
    assert pair.ds(ZONE, digest_type) == theirs.to_wire()
    for rrtype in (RRType.DS, RRType.CDS):
        rdata.check(rrtype, pair.ds(ZONE, digest_type))
    for rrtype in (RRType.DNSKEY, RRType.CDNSKEY):
        rdata.check(rrtype, pair.dnskey)


def test_no_new_ds_has_sha_1():
    with pytest.raises(ValueError, match="digest type 1"):
        signing_key().ds(ZONE, 1)


def test_the_records_that_ask_for_the_end_of_all_ds():
    """RFC 8078 §4."""
    assert rdata.to_text(RRType.CDS, signing.CDS_DELETE) == "0 0 0 00"
    assert rdata.to_text(RRType.CDNSKEY, signing.CDNSKEY_DELETE) == "0 3 0 AA=="


@pytest.mark.parametrize("algorithm", sorted(SUPPORTED))
@pytest.mark.parametrize("owner", ["example.test.", "www.example.test.", "*.a.example.test."])
def test_signatures_are_those_of_dnspython(algorithm, owner):
    """RFC 6979, RFC 8032, PKCS #1: the same octets for the same records."""
    records = rrset(owner, RRType.MX, [b"\x00\x14\x04Mail\x00", b"\x00\x0a\x01A" + ZONE])
    pair = signing_key(algorithm)
    assert pair.sign(records, ZONE, VALIDITY) == theirs(records, pair)


@st.composite
def zone_records(draw):
    rrtype = draw(st.sampled_from(sorted(RDATA)))
    most = 1 if dns.rdatatype.is_singleton(rrtype) or rrtype == RRType.RRSIG else 3
    rdatas = draw(st.lists(RDATA[rrtype], min_size=1, max_size=most))
    assume(all(dnspython_canonical(rrtype, octets) is not None for octets in rdatas))
    labels = draw(st.lists(st.sampled_from([b"*", b"a", b"b", b"\xff\x00."]), max_size=3))
    owner = names.from_labels(labels, ZONE)
    return RRset(owner, int(rrtype), draw(st.integers(0, 2**31 - 1)), tuple(rdatas))


@given(zone_records(), st.sampled_from([13, 15]))
def test_what_is_signed_validates_here_and_with_dnspython(records, algorithm):
    pair = signing_key(algorithm)
    sign(records, pair)
    found, _ = finish(validate(records, ZONE, keys.usable_keys([pair.dnskey]), NOW, Work()))
    assert isinstance(found, Secure)
    assert found.wildcard is None
    dnskeys = dnspython_rrset(RRset(ZONE, int(RRType.DNSKEY), 1, (pair.dnskey,)))
    dns.dnssec.validate(dnspython_rrset(records), as_signature_rrset(records), {ZONE_NAME: dnskeys}, now=NOW)  # fmt: skip


def test_the_fields_of_a_signature():
    """RFC 4034 §3.1: the labels of a wildcard, the TTL of the zone, times modulo 2**32."""
    pair = signing_key(15)
    made = pair.sign(rrset("*.a.example.test.", ttl=77), ZONE, Validity(2**32 - 5, 2**32 + 5))
    read = signatures.from_wire(made)
    assert read[:7] == (1, 15, 3, 77, 5, 2**32 - 5, pair.key.tag)
    assert read.signer == ZONE


def test_what_does_not_belong_to_the_zone_is_not_signed():
    for owner in ("test.", "other.test.", "anexample.test."):
        with pytest.raises(FormError):
            signing_key().sign(rrset(owner), ZONE, VALIDITY)
    with pytest.raises(FormError):
        signing_key().sign(rrset(rrtype=RRType.MX, rdatas=[b"\x00"]), ZONE, VALIDITY)


def test_a_private_key_must_fit_its_algorithm():
    with pytest.raises(FormError):
        SigningKey(P256, 15, is_entry_point=True)
