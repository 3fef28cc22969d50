"""Signatures, keys and DS records that are nearly right get a verdict, and no exception."""

from fakes.signed import ZONE, rrset, rsa_dnskey, sign, signature, signing_key
from fuzz.octets import damaged
from fuzz.targets import validation
from hypothesis import given
from hypothesis import strategies as st

from dnsd.dnssec import digests
from dnsd.dnssec.keys import Key
from dnsd.wire.iana import RRType

SIGNERS = [signing_key(algorithm) for algorithm in (13, 14, 15, 16)]
KEYSET = rrset("example.test.", RRType.DNSKEY, [key.dnskey for key in SIGNERS])
sign(KEYSET, *SIGNERS)
LARGE = rsa_dnskey(b"\xff" * 200)

RIGHT = [
    *((0, b"\xc0\x00\x02\x01") for _ in SIGNERS),
    *((1, signature(rrset(), key)) for key in SIGNERS),
    *((1, rdata) for rdata in KEYSET.signatures),
    *((2, rdata) for rdata in (*KEYSET.rdatas, LARGE)),
    *((3, digests.to_wire(ZONE, Key(rdata), 2)) for rdata in (*KEYSET.rdatas, LARGE)),
    (4, b"\x03www" + ZONE),
    (4, b"\x01*" + ZONE),
]
nearly = st.sampled_from(RIGHT).flatmap(
    lambda piece: st.tuples(st.just(piece[0]), st.just(piece[1]) | damaged(piece[1]))
)


def joined(parts):
    return b"".join(bytes((kind, len(octets))) + octets for kind, octets in parts if len(octets) < 256)  # fmt: skip


@given(st.lists(nearly, max_size=14).map(joined))
def test_pieces_that_are_nearly_right(octets):
    validation.one_input(octets)


@given(st.binary(max_size=300))
def test_any_octets(octets):
    validation.one_input(octets)


@given(st.permutations(RIGHT).map(joined))
def test_pieces_that_are_right(octets):
    validation.one_input(octets)
