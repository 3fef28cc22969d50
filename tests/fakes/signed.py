"""Signed RRsets of a test zone, the same things as dnspython has them, and false ones."""

import functools
import struct

import dns.name
import dns.rdata
import dns.rrset

from dnsd.dnssec import canonical, signing
from dnsd.dnssec.keys import Key, key_tag
from dnsd.wire import names
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

NOW = 1_800_000_000
ZONE = names.from_text("example.test.")
VALIDITY = signing.Validity(NOW - 3600, NOW + 86400)


@functools.cache
def signing_key(algorithm=13, number=0, *, is_entry_point=True):
    """One key pair, the same for the same arguments."""
    return signing.make_key(algorithm, is_entry_point=is_entry_point)


def rrset(owner="www.example.test.", rrtype=RRType.A, rdatas=(b"\xc0\x00\x02\x01",), ttl=300):
    return RRset(names.from_text(owner), int(rrtype), ttl, tuple(rdatas))


def sign(records, *keys, zone=ZONE, validity=VALIDITY):
    """Give an RRset a signature by each key."""
    records.signatures = tuple(key.sign(records, zone, validity) for key in keys)
    return records


def signature(records, key, **fields):
    """Sign an RRset with any fields in the RRSIG, possible ones or not.

    What is signed is what a validator would take the fields for, so that only
    its checks of the fields can refuse the signature.
    """
    given = {
        "type_covered": records.type,
        "algorithm": key.key.algorithm,
        "labels": canonical.owner_labels(records.owner),
        "original_ttl": records.ttl,
        "expiration": VALIDITY.expiration,
        "inception": VALIDITY.inception,
        "key_tag": key.key.tag,
        "signer": ZONE,
    } | fields
    *numbers, signer = given.values()
    prefix = struct.pack("!HBBIIIH", *numbers) + signer
    labels = names.to_labels(records.owner)
    owner = records.owner
    if given["labels"] < canonical.owner_labels(owner):
        kept = labels[len(labels) - given["labels"] :] if given["labels"] else []
        owner = names.from_labels([b"*", *kept])
    message = canonical.signed_octets(prefix, owner, records, sorted(set(records.rdatas)))
    return prefix + key._signature(message)


def finish(procedure):
    """Run a generator to its end: what it returns, and all that it yielded."""
    steps = []
    while True:
        try:
            steps.append(next(procedure))
        except StopIteration as stop:
            return stop.value, steps


def rsa_dnskey(modulus, exponent=b"\x01\x00\x01", flags=257, tag=None, algorithm=8):
    """DNSKEY rdata with any RSA numbers, whose modulus may be changed to give a key tag.

    The tag is right for one pair of octets in the middle of the modulus.
    """
    length = bytes((len(exponent),)) if len(exponent) < 256 else struct.pack("!BH", 0, len(exponent))  # fmt: skip
    fixed = struct.pack("!HBB", flags, 3, algorithm) + length + exponent
    if tag is None:
        return fixed + modulus
    place = 64 + (len(fixed) % 2)
    before, after = fixed + modulus[:place], modulus[place + 2 :]
    missing = tag - key_tag(before + bytes(2) + after)
    for carry in (0, -1, 1):
        rdata = before + struct.pack("!H", (missing + carry) % 0xFFFF) + after
        if key_tag(rdata) == tag:
            return rdata
    raise AssertionError("no modulus with that tag")


def colliding_keys(count, tag=4711, algorithm=8):
    """So many different RSA keys with one key tag; nobody has their private half."""
    return [
        Key(rsa_dnskey(b"\xff" + number.to_bytes(4, "big") * 31 + b"\x01\x01\x01", tag=tag, algorithm=algorithm))
        for number in range(1, count + 1)
    ]  # fmt: skip


def dnspython_rrset(records):
    """The same RRset of dnspython."""
    name = dns.name.from_wire(records.owner, 0)[0]
    rdatas = [dns.rdata.from_wire(records.rdclass, records.type, rdata, 0, len(rdata)) for rdata in records.rdatas]  # fmt: skip
    return dns.rrset.from_rdata_list(name, records.ttl, rdatas)


def dnspython_rdata(rrtype, octets):
    return dns.rdata.from_wire("IN", rrtype, octets, 0, len(octets))


def as_signature_rrset(records):
    """The signatures of an RRset as dnspython's RRSIG RRset."""
    return dnspython_rrset(RRset(records.owner, int(RRType.RRSIG), records.ttl, records.signatures))
