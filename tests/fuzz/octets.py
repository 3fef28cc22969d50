"""Strategies for octets that are nearly right: well-formed things, then damaged."""

from hypothesis import strategies as st

from dnsd.wire import names
from dnsd.wire.edns import Edns
from dnsd.wire.iana import RRType
from dnsd.wire.message import Message, Question, render_message
from dnsd.wire.rrset import RRset

labels = st.sampled_from([b"a", b"B", b"www", b"example", b"test", b"*", b"_25", b"\xff\x00."])
wire_names = st.lists(labels, max_size=5).map(names.from_labels)


def packed(count):
    return st.binary(min_size=count, max_size=count)


def joined(*parts):
    return st.tuples(*parts).map(b"".join)


string = st.binary(max_size=20).map(lambda octets: bytes((len(octets),)) + octets)
bitmap = st.sampled_from([b"\x00\x01\x40", b"\x00\x06\x40\x01\x00\x00\x00\x03", b"\x00\x00", b""])
parameters = st.sampled_from([b"", b"\x00\x01\x00\x03\x02h2", b"\x00\x03\x00\x02\x01\xbb"])

RDATA = {
    RRType.A: packed(4),
    RRType.NS: wire_names,
    RRType.CNAME: wire_names,
    RRType.SOA: joined(wire_names, wire_names, packed(20)),
    RRType.PTR: wire_names,
    RRType.HINFO: joined(string, string),
    RRType.MINFO: joined(wire_names, wire_names),
    RRType.MX: joined(packed(2), wire_names),
    RRType.TXT: st.lists(string, min_size=1, max_size=3).map(b"".join),
    RRType.RP: joined(wire_names, wire_names),
    RRType.AFSDB: joined(packed(2), wire_names),
    RRType.PX: joined(packed(2), wire_names, wire_names),
    RRType.AAAA: packed(16),
    RRType.LOC: st.sampled_from([bytes.fromhex("0012161380000000800000000098967f")]),
    RRType.SRV: joined(packed(6), wire_names),
    RRType.NAPTR: joined(packed(4), string, string, string, wire_names),
    RRType.KX: joined(packed(2), wire_names),
    RRType.DNAME: wire_names,
    RRType.DS: joined(packed(2), st.sampled_from([b"\x08\x02"]), packed(32)),
    RRType.SSHFP: joined(st.sampled_from([b"\x04\x02"]), packed(32)),
    RRType.IPSECKEY: joined(st.sampled_from([b"\x0a\x03\x02"]), wire_names, packed(5)),
    RRType.RRSIG: joined(st.sampled_from([b"\x00\x01\x0d", b"\x00\x0f\x08"]), packed(15), wire_names, packed(8)),
    RRType.NSEC: joined(wire_names, bitmap),
    RRType.DNSKEY: joined(st.sampled_from([b"\x01\x01\x03\x0d"]), packed(8)),
    RRType.NSEC3: joined(st.sampled_from([b"\x01\x00\x00\x00\x02ab\x04abcd"]), bitmap),
    RRType.TLSA: joined(st.sampled_from([b"\x03\x01\x01"]), packed(32)),
    RRType.HIP: joined(st.sampled_from([b"\x02\x02\x00\x03abcde"]), wire_names),
    RRType.CSYNC: joined(packed(6), bitmap),
    RRType.SVCB: joined(packed(2), wire_names, parameters),
    RRType.HTTPS: joined(packed(2), wire_names, parameters),
    RRType.URI: joined(packed(4), st.binary(min_size=1, max_size=9)),
    RRType.CAA: joined(packed(1), st.sampled_from([b"\x05issue"]), st.binary(max_size=9)),
    RRType.AMTRELAY: joined(st.sampled_from([b"\x0a\x03", b"\x0a\x83"]), wire_names),
    65280: st.binary(max_size=20),
}  # fmt: skip


@st.composite
def typed_rdata(draw):
    """A type and rdata of it, now and then damaged."""
    rrtype = draw(st.sampled_from(sorted(RDATA)))
    octets = draw(RDATA[rrtype])
    return int(rrtype), draw(damaged(octets)) if draw(st.integers(0, 3)) == 0 else octets


@st.composite
def rrsets(draw):
    """An RRset of one type, class IN nearly always."""
    rrtype = draw(st.sampled_from(sorted(RDATA)))
    rdatas = draw(st.lists(RDATA[rrtype], min_size=1, max_size=3, unique=True))
    rdclass = draw(st.sampled_from([1] * 9 + [3, 254, 255]))
    return RRset(draw(wire_names), int(rrtype), draw(st.integers(0, 2**31 - 1)), tuple(rdatas), (), rdclass)  # fmt: skip


options = st.lists(
    st.tuples(st.sampled_from([3, 8, 9, 10, 11, 12, 15, 65001]), st.binary(max_size=16)), max_size=4
).map(tuple)
edns = st.none() | st.builds(
    Edns, st.integers(0, 0xFFFF), st.sampled_from([0, 0, 0, 1]), st.booleans(), st.integers(0, 255), options
)  # fmt: skip
questions = st.builds(Question, wire_names, st.sampled_from([1, 15, 255]), st.sampled_from([1, 3]))

messages = st.builds(
    Message,
    id=st.integers(0, 0xFFFF),
    flags=st.integers(0, 0xFFFF),
    questions=st.lists(questions, min_size=0, max_size=2),
    answer=st.lists(rrsets(), max_size=4),
    authority=st.lists(rrsets(), max_size=2),
    additional=st.lists(rrsets(), max_size=2),
    edns=edns,
)

# Octets that mean something in a message: pointers, lengths, counts, types.
TELLING = [0, 1, 2, 3, 4, 11, 12, 16, 34, 41, 63, 64, 0x7F, 0x80, 0xBF, 0xC0, 0xFA, 0xFF]


@st.composite
def damaged(draw, octets):
    """Octets with a few of them changed, put in, taken out, or the end cut off."""
    changed = bytearray(octets)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(changed)))
        value = draw(st.sampled_from(TELLING) | st.integers(0, 255))
        match draw(st.integers(0, 4)):
            case 0 | 1 if place < len(changed):
                changed[place] = value
            case 2:
                changed.insert(place, value)
            case 3:
                del changed[place : place + draw(st.integers(1, 3))]
            case 4:
                changed[place : place + 2] = bytes((0xC0, draw(st.integers(0, 60))))
    return bytes(changed)


@st.composite
def message_octets(draw):
    """A message as octets, damaged more often than not."""
    octets = render_message(draw(messages))
    return draw(damaged(octets)) if draw(st.booleans()) else octets
