from unittest import mock

import dns.dnssec
import dns.name
import dns.rdata
import pytest
from fakes.signed import ZONE, colliding_keys, dnspython_rdata, rsa_dnskey, signing_key

from dnsd.dnssec import digests
from dnsd.dnssec.digests import Ds
from dnsd.dnssec.keys import Key

KEY = signing_key().key
SHA1, SHA256, SHA384 = 1, 2, 4


def ds(digest_type=SHA256, key=KEY):
    return digests.to_wire(ZONE, key, digest_type)


@pytest.mark.parametrize("digest_type", [SHA1, SHA256, SHA384])
@pytest.mark.parametrize("algorithm", [8, 13, 14, 15, 16])
def test_digests_agree_with_dnspython(algorithm, digest_type):
    key = signing_key(algorithm).key
    octets = digests.to_wire(ZONE, key, digest_type)
    name = dns.name.from_wire(ZONE, 0)[0]
    theirs = dns.dnssec.make_ds(
        name, dnspython_rdata("DNSKEY", key.rdata), {1: "SHA1", 2: "SHA256", 4: "SHA384"}[digest_type],
        policy=dns.dnssec.allow_all_policy,
    )  # fmt: skip
    assert octets == theirs.to_wire()
    assert digests.matches(digests.from_wire(octets), ZONE, key)


def test_the_example_of_the_standard():
    """RFC 4509 §2.3 and RFC 4034 §5.4: one key, two digests."""
    text = "256 3 5 AQOeiiR0GOMYkDshWoSKz9XzfwJr1AYtsmx3TGkJaNXVbfi/2pHm822aJ5iI9BMzNXxeYCmZDRD99WYwYqUSdjMmmAphXdvxegXd/M5+X7OrzKBaMbCVdFLUUh6DhweJBjEVv5f2wwjM9XzcnOf+EPbtG9DMBmADjFDc2w/rljwvFw=="  # fmt: skip
    key = Key(dns.rdata.from_text("IN", "DNSKEY", text).to_wire())
    owner = b"\x05dskey\x07example\x03com\x00"
    assert key.tag == 60485
    assert digests.to_wire(owner, key, SHA1)[4:].hex() == "2bb183af5f22588179a53b0a98631fad1a292118"
    assert digests.to_wire(owner, key, SHA256)[4:].hex() == "d4b7d520e7bb5f0f67674a0cceb1e3e0614b93c4f9e99b8383f6a1e4469da50a"  # fmt: skip


@pytest.mark.parametrize("octets", [b"", b"\x00", b"\x00\x01\x0d"])
def test_a_ds_without_its_algorithms_is_none(octets):
    assert digests.from_wire(octets) is None
    assert digests.usable([octets]) == ()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r: b"\x00" + r[1:], id="another tag"),
        pytest.param(lambda r: r[:2] + b"\x0e" + r[3:], id="another algorithm"),
        pytest.param(lambda r: r[:-1], id="a digest cut off"),
        pytest.param(lambda r: r + b"\x00", id="a digest and more"),
        pytest.param(lambda r: r[:-1] + bytes([r[-1] ^ 1]), id="one bit of the digest"),
        pytest.param(lambda r: r[:4], id="no digest"),
        pytest.param(lambda r: r[:3] + b"\x04" + r[4:], id="another digest type"),
    ],
)
def test_a_ds_that_differs_anywhere_matches_no_key(change):
    """It counts all the same: what does not match makes a zone bogus, not insecure."""
    rdata = ds() if KEY.tag >> 8 else ds(key=signing_key(number=1).key)
    (record,) = digests.usable([change(rdata)])
    assert not digests.matches(record, ZONE, KEY)


def test_a_ds_is_of_its_own_zone():
    assert not digests.matches(digests.from_wire(ds()), b"\x05other\x04test\x00", KEY)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        pytest.param([SHA1, SHA256, SHA384], [SHA384, SHA256], id="strongest first, SHA-1 left out"),
        pytest.param([SHA1, SHA384], [SHA384], id="SHA-384 is enough to leave it out"),
        pytest.param([SHA1], [SHA1], id="SHA-1 alone counts"),
        pytest.param([], [], id="none"),
    ],
)  # fmt: skip
def test_which_digests_count(given, used):
    """RFC 4509 §3."""
    assert [record.digest_type for record in digests.usable(map(ds, given))] == used


@pytest.mark.parametrize(
    "rdata",
    [
        pytest.param(b"\x00\x01\x05\x02" + bytes(32), id="RSA with SHA-1"),
        pytest.param(b"\x00\x01\x0d\x03" + bytes(32), id="GOST digest"),
        pytest.param(b"\x00\x01\x0d\x00" + bytes(32), id="digest type 0"),
        pytest.param(b"\x00\x01\xfd\x02" + bytes(32), id="private algorithm"),
        pytest.param(b"\x00\x00\x00\x00\x00", id="the one of RFC 8078"),
    ],
)
def test_what_is_unsupported_does_not_count(rdata):
    assert digests.usable([rdata]) == ()
    assert len(digests.usable([rdata, ds()])) == 1


def test_sha_256_with_an_unsupported_algorithm_does_not_outdo_sha_1():
    (record,) = digests.usable([ds(SHA1), b"\x00\x01\x05\x02" + bytes(32)])
    assert record.digest_type == SHA1


def test_no_more_than_eight_are_looked_at_the_strongest():
    weak = [b"\x00\x01\x0d\x02" + n.to_bytes(32, "big") for n in range(100)]
    found = digests.usable([*weak, ds(SHA384)])
    assert len(found) == 8
    assert found[0].digest_type == SHA384


def test_the_keys_that_are_vouched_for():
    other, third = signing_key(number=1).key, signing_key(15).key
    records = digests.usable([ds(), ds(SHA384), ds(key=third)])
    found = digests.entry(ZONE, records, [other, KEY, third])
    assert set(found.keys) == {KEY, third}
    assert len(found.keys) == 2
    assert found.mismatches == 0
    assert digests.entry(ZONE, records, [other]).keys == ()


def test_a_key_with_an_unsupported_size_is_told_apart():
    large = Key(rsa_dnskey(b"\xff" * 1024))
    records = digests.usable([ds(key=large), ds(SHA384, key=large)])
    assert digests.entry(ZONE, records, [large]) == digests.Entry((), (large,), 0)


def test_many_keys_with_the_tag_of_many_ds_are_given_up():
    """500 keys and 500 DS records of one tag: four digests that differ, and no more."""
    keys = colliding_keys(500)
    assert len({key.rdata for key in keys}) == 500
    assert {key.tag for key in keys} == {4711}
    records = digests.usable(b"\x12\x67\x08\x02" + n.to_bytes(32, "big") for n in range(500))
    assert len(records) == 8
    assert records[0] == Ds(4711, 8, SHA256, bytes(32))
    hashed = []
    sha256 = digests.HASHES[SHA256]
    counting = {SHA256: lambda octets: hashed.append(octets) or sha256(octets)}
    with mock.patch.dict(digests.HASHES, counting):
        found = digests.entry(ZONE, records, keys)
    assert found == digests.Entry((), (), 4)
    assert len(hashed) == 4
