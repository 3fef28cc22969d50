"""Whatever RRSIG, DNSKEY and DS say, validation ends with a verdict, within its work.

Run: ``python tests/fuzz/targets/validation.py [libFuzzer options]``

The octets are a list of pieces, each with its kind and its length in front:
records of an RRset, signatures, keys, DS records, an owner.
"""

import sys

import dns.exception
import dns.rdata

from dnsd.dnssec import chain, digests, keys, signatures
from dnsd.dnssec.chain import Trusted, Unsupported
from dnsd.dnssec.keys import Key
from dnsd.dnssec.validation import Bogus, Secure, Unsigned, Work, validate
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType
from dnsd.wire.reader import Reader
from dnsd.wire.rrset import RRset

ZONE = b"\x07example\x04test\x00"
NOW = 1_800_000_000
MAX_STEPS = 8  # four signatures, two keys each


def pieces(octets):
    """Read pieces until the octets are used up."""
    reader = Reader(octets)
    while reader.remaining >= 2:
        kind = reader.uint8()
        yield kind, reader.octets(min(reader.uint8(), reader.remaining))


def one_input(octets):
    """Validate what the octets say, as any RRset and as the keys of the zone."""
    found = {kind: [] for kind in range(5)}
    for kind, piece in pieces(octets):
        found[kind % 5].append(piece)
    rdatas, rrsigs, dnskeys, records, owners = found.values()
    for rrsig in rrsigs:
        one_signature(rrsig)
    for dnskey in dnskeys:
        one_key(dnskey)
    try:
        owner = Reader(owners[0]).uncompressed_name().lower() if owners else ZONE
    except FormError:
        owner = ZONE
    rrtype = int.from_bytes(rrsigs[0][:2], "big") if rrsigs else 1
    rrset = RRset(owner, rrtype, 300, tuple(rdatas), tuple(rrsigs))
    zone_keys = keys.usable_keys(dnskeys)
    one_procedure(lambda work: validate(rrset, ZONE, zone_keys, NOW, work))
    ds = chain.supported(tuple(records))
    if isinstance(ds, tuple):
        keyset = RRset(ZONE, int(RRType.DNSKEY), 300, tuple(dnskeys), tuple(rrsigs))
        one_procedure(lambda work: chain.trusted_keys(keyset, ds, NOW, work))


def one_procedure(begin):
    """Hold what is said of work and verdicts; twice the same is the same."""
    verdicts = []
    for _ in range(2):
        work = Work()
        procedure = begin(work)
        steps = []
        while True:
            try:
                steps.append(next(procedure))
            except StopIteration as stop:
                verdicts.append(stop.value)
                break
        assert len(steps) <= MAX_STEPS
        assert work.failures >= 0
        assert work.verifications == 32 - len(steps)
        assert work.units == sum(steps)
    first, second = verdicts
    assert type(first) is type(second)
    match first:
        case Secure():
            assert 0 <= first.ttl <= 300
            assert first.signature.signer == ZONE
        case Bogus() | Unsigned() | Unsupported():
            assert first == second
            assert first.text.isprintable()
        case Trusted():
            assert first.keys


def one_signature(rdata):
    """Read what dnspython reads, and the same."""
    ours = signatures.from_wire(rdata)
    try:
        theirs = dns.rdata.from_wire("IN", "RRSIG", rdata, 0, len(rdata))
    except dns.exception.DNSException:
        return
    # It takes a compressed signer, which an uncompressed rdata has not.
    if ours is None:
        assert any(octet >= 0xC0 for octet in rdata[18:])
        return
    assert ours[:7] == (theirs.type_covered, theirs.algorithm, theirs.labels, theirs.original_ttl,
                        theirs.expiration, theirs.inception, theirs.key_tag)  # fmt: skip
    assert ours.signer == theirs.signer.canonicalize().to_wire()
    assert ours.octets == theirs.signature
    assert names.to_text(ours.signer).isprintable()


def one_key(rdata):
    """Load a key, whatever it is."""
    key = keys.from_wire(rdata)
    if key is None:
        assert len(rdata) <= 4
        return
    assert 0 <= key.tag <= 0xFFFF
    if key.is_usable:
        public = key.public_key()
        assert public is key.public_key()
    ds = digests.from_wire(digests.to_wire(ZONE, key, 2))
    assert digests.matches(ds, ZONE, Key(rdata))
    assert not digests.matches(ds, b"\x00", key)


if __name__ == "__main__":
    try:
        import atheris
    except ImportError:
        print("skipped: pip install 'dnsd[fuzz]' brings atheris")
        sys.exit()
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
