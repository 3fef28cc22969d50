import dns.dnssec
import dns.rdata
import pytest
from fakes.signed import dnspython_rdata, signing_key
from hypothesis import given
from hypothesis import strategies as st

from dnsd.dnssec import keys
from dnsd.dnssec.algorithms import KeyFault, PublicKey

POINT = signing_key(13).key.octets


@pytest.mark.parametrize(
    ("fixed", "is_zone_key", "is_revoked", "is_entry_point", "is_usable"),
    [
        pytest.param(b"\x01\x00\x03\x0d", True, False, False, True, id="zone signing key"),
        pytest.param(b"\x01\x01\x03\x0d", True, False, True, True, id="key signing key"),
        pytest.param(b"\x01\x81\x03\x0d", True, True, True, False, id="revoked"),
        pytest.param(b"\x00\x01\x03\x0d", False, False, True, False, id="no zone key"),
        pytest.param(b"\x01\x00\x02\x0d", False, False, False, False, id="another protocol"),
        pytest.param(b"\xfe\x7e\x03\x0d", False, False, False, False, id="every other flag"),
        pytest.param(b"\xff\x7f\x03\x0d", True, False, True, True, id="reserved flags"),
        pytest.param(b"\x01\x01\x03\x05", True, False, True, False, id="SHA-1"),
        pytest.param(b"\x01\x01\x03\xfd", True, False, True, False, id="private algorithm"),
    ],
)
def test_what_a_key_is_for(fixed, is_zone_key, is_revoked, is_entry_point, is_usable):
    key = keys.from_wire(fixed + POINT)
    assert key.is_zone_key is is_zone_key
    assert key.is_revoked is is_revoked
    assert key.is_entry_point is is_entry_point
    assert key.is_usable is is_usable
    assert len(keys.usable_keys([fixed + POINT])) == is_usable


@pytest.mark.parametrize("octets", [b"", b"\x01", b"\x01\x01\x03", b"\x01\x01\x03\x0d"])
def test_a_key_without_a_public_key_is_none(octets):
    assert keys.from_wire(octets) is None
    assert keys.usable_keys([octets]) == ()


def test_a_key_is_loaded_when_it_is_used_and_once():
    key = keys.from_wire(b"\x01\x01\x03\x0d" + POINT)
    loaded = key.public_key()
    assert isinstance(loaded, PublicKey)
    assert key.public_key() is loaded
    assert keys.from_wire(b"\x01\x01\x03\x0dno point").public_key() is KeyFault.MALFORMED


def test_no_more_than_32_keys_of_a_zone_are_looked_at():
    rdatas = [b"\x01\x01\x03\x0d" + n.to_bytes(64, "big") for n in range(1000)]
    unsupported = [b"\x01\x01\x03\x05" + n.to_bytes(64, "big") for n in range(1000)]
    found = keys.usable_keys(unsupported + rdatas)
    assert [key.rdata for key in found] == rdatas[:32]


@given(st.binary(min_size=9, max_size=600))
def test_key_tags_agree_with_dnspython(octets):
    theirs = dns.dnssec.key_id(dnspython_rdata("DNSKEY", octets))
    assert keys.key_tag(octets) == theirs
    assert keys.from_wire(octets).tag == theirs


def test_the_key_tag_of_the_oldest_algorithm():
    """RFC 4034 appendix B.1: algorithm 1 takes it from the modulus."""
    assert keys.key_tag(b"\x01\x00\x03\x01" + b"\x03\x01\x00\x01" + b"\xaa" * 60 + b"\x12\x34\x56") == 0x1234  # fmt: skip


def test_the_key_tag_of_the_root():
    """The root's key of 2017, whose tag everybody knows."""
    text = "257 3 8 AwEAAaz/tAm8yTn4Mfeh5eyI96WSVexTBAvkMgJzkKTOiW1vkIbzxeF3+/4RgWOq7HrxRixHlFlExOLAJr5emLvN7SWXgnLh4+B5xQlNVz8Og8kvArMtNROxVQuCaSnIDdD5LKyWbRd2n9WGe2R8PzgCmr3EgVLrjyBxWezF0jLHwVN8efS3rCj/EWgvIWgb9tarpVUDK/b58Da+sqqls3eNbuv7pr+eoZG+SrDK6nWeL3c6H5Apxz7LjVc1uTIdsIXxuOLYA4/ilBmSVIzuDWfdRUfhHdY6+cn8HFRm+2hM8AnXGXws9555KrUB5qihylGa8subX2Nn6UwNR1AkUTV74bU="  # fmt: skip
    octets = dns.rdata.from_text("IN", "DNSKEY", text).to_wire()
    assert keys.from_wire(octets).tag == 20326
    assert isinstance(keys.from_wire(octets).public_key(), PublicKey)
