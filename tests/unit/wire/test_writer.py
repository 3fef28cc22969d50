import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.wire import names
from dnsd.wire.edns import Edns, render_opt
from dnsd.wire.iana import RRType
from dnsd.wire.message import parse_message
from dnsd.wire.rrset import RRset
from dnsd.wire.writer import (
    ADDITIONAL,
    ANSWER,
    AUTHORITY,
    MAX_COMPRESSED_NAMES,
    MAX_MESSAGE_OCTETS,
    MessageWriter,
)

EXAMPLE = b"\x07example\x04test\x00"
WWW = b"\x03www" + EXAMPLE
ADDRESS = RRset(WWW, RRType.A, 60, (b"\xc0\x00\x02\x01",))
OPT = render_opt(Edns(1232))


def writer_of(limit=MAX_MESSAGE_OCTETS, qname=WWW, **options):
    writer = MessageWriter(limit, **options)
    writer.header(1, 0x8400)
    writer.question(qname, 1, 1)
    return writer


def test_an_owner_that_was_asked_for_points_to_the_question():
    writer = writer_of(qname=b"\x03wWw\x07eXample\x04test\x00")
    assert writer.rrset(ANSWER, ADDRESS)
    octets = writer.finish()
    assert octets[34:36] == b"\xc0\x0c"
    assert octets.count(b"wWw") == 1
    assert b"www" not in octets


def test_tails_are_shared_without_regard_to_case():
    writer = writer_of(qname=b"\x03www\x07EXAMPLE\x04test\x00")
    writer.rrset(ANSWER, RRset(b"\x04mail" + EXAMPLE, RRType.A, 60, (b"aaaa", b"bbbb")))
    octets = writer.finish()
    assert octets[34:41] == b"\x04mail\xc0\x10"
    assert octets[55:57] == b"\xc0\x22"  # the second record's owner is the first's


SOA = b"\x02ns" + EXAMPLE + b"\x0ahostmaster" + EXAMPLE + bytes(20)
RDATA_COMPRESSED = {
    RRType.NS: (WWW, b"\xc0\x0c"),
    RRType.CNAME: (b"\x01a" + WWW, b"\x01a\xc0\x0c"),
    RRType.PTR: (WWW, b"\xc0\x0c"),
    RRType.MX: (b"\x00\x0a" + WWW, b"\x00\x0a\xc0\x0c"),
    RRType.SOA: (SOA, b"\x02ns\xc0\x10\x0ahostmaster\xc0\x10" + bytes(20)),
    RRType.MINFO: (WWW + EXAMPLE, b"\xc0\x0c\xc0\x10"),
}
RDATA_AS_IT_IS = {
    RRType.SRV: bytes(6) + WWW,
    RRType.DNAME: WWW,
    RRType.RP: WWW + WWW,
    RRType.NSEC: WWW + b"\x00\x01\x40",
    RRType.SVCB: b"\x00\x01" + WWW,
    RRType.AFSDB: b"\x00\x01" + WWW,
}


@pytest.mark.parametrize("rrtype", RDATA_COMPRESSED)
def test_names_in_rdata_of_old_types_are_compressed(rrtype):
    rdata, written = RDATA_COMPRESSED[rrtype]
    writer = writer_of()
    writer.rrset(ANSWER, RRset(WWW, rrtype, 60, (rdata,)))
    octets = writer.finish()
    assert octets.endswith(len(written).to_bytes(2, "big") + written)
    assert parse_message(octets).answer[0].rdatas == (rdata,)


@pytest.mark.parametrize("rrtype", RDATA_AS_IT_IS)
def test_names_in_rdata_of_newer_types_are_written_out(rrtype):
    """RFC 3597 §4."""
    writer = writer_of()
    writer.rrset(ANSWER, RRset(WWW, rrtype, 60, (RDATA_AS_IT_IS[rrtype],)))
    assert writer.finish().endswith(RDATA_AS_IT_IS[rrtype])


def test_the_root_is_one_octet():
    writer = writer_of(qname=b"\x00")
    writer.rrset(ANSWER, RRset(b"\x00", RRType.NS, 60, (b"\x00",)))
    assert writer.finish()[12:] == bytes.fromhex("00 0001 0001 00 0002 0001 0000003c 0001 00")


def test_sections_are_counted():
    writer = writer_of()
    two = RRset(EXAMPLE, RRType.NS, 60, (b"\x01a" + EXAMPLE, b"\x01b" + EXAMPLE))
    assert writer.rrset(ANSWER, ADDRESS)
    assert writer.rrset(AUTHORITY, two)
    assert writer.rrset(ADDITIONAL, ADDRESS)
    assert writer.opt(OPT)
    assert writer.finish()[4:12] == bytes.fromhex("0001 0001 0002 0002")


def test_signatures_go_with_their_rrset_when_wanted():
    signature = b"\x00\x01" + bytes(16) + EXAMPLE + b"sig"
    signed = RRset(WWW, RRType.A, 60, (b"aaaa",), (signature,))
    for wanted in (True, False):
        writer = writer_of()
        assert writer.rrset(ANSWER, signed, with_signatures=wanted)
        assert parse_message(writer.finish()).answer == [
            RRset(WWW, RRType.A, 60, (b"aaaa",), (signature,) if wanted else ())
        ]


def test_flags_can_change_until_the_end():
    writer = writer_of()
    writer.flags |= 0x0200
    writer.id = 7
    assert writer.finish()[:4] == b"\x00\x07\x86\x00"


@pytest.mark.parametrize("with_signatures", [True, False])
def test_what_does_not_fit_leaves_no_trace(with_signatures):
    large = RRset(
        b"\x01x\x01y" + EXAMPLE,
        RRType.NS,
        60,
        tuple(b"\x02n%d\x01z" % i + EXAMPLE for i in range(9)),
        (bytes(18) + b"\x00" + bytes(200),) if with_signatures else (),
    )
    writer = writer_of(limit=150)
    before = dict(writer.suffixes)
    assert not writer.rrset(ANSWER, large, with_signatures=with_signatures)
    assert writer.suffixes == before
    assert writer.rrset(ANSWER, RRset(b"\x01x\x01y" + EXAMPLE, RRType.A, 60, (b"aaaa",)))
    octets = writer.finish()
    assert octets[34:40] == b"\x01x\x01y\xc0\x10"
    assert [rrset.type for rrset in parse_message(octets).answer] == [RRType.A]


def test_a_message_may_fill_its_limit_exactly():
    full = len(WWW) + 12 + 4 + 16
    for limit, fits in ((full, True), (full - 1, False)):
        writer = writer_of(limit=limit)
        assert writer.rrset(ANSWER, ADDRESS) is fits
        assert len(writer.finish()) == (full if fits else full - 16)


def test_room_is_kept_for_opt_and_tsig():
    full = len(WWW) + 12 + 4 + 16 + len(OPT) + 5
    for limit, fits in ((full, True), (full - 1, False)):
        writer = writer_of(limit=limit)
        assert writer.opt(OPT)
        assert writer.tsig(b"TSIG!")
        assert writer.rrset(ANSWER, ADDRESS) is fits
        octets = writer.finish()
        assert octets.endswith(OPT + b"TSIG!")
        assert octets[10:12] == b"\x00\x02"


def test_a_later_opt_takes_the_place_of_an_earlier():
    writer = writer_of()
    assert writer.opt(OPT + bytes(50))
    assert writer.opt(OPT)
    assert writer.finish() == header_and_question_with_one_additional() + OPT


def header_and_question_with_one_additional():
    return bytes.fromhex("0001 8400 0001 0000 0000 0001") + WWW + b"\x00\x01\x00\x01"


def test_an_opt_without_room_is_refused():
    writer = writer_of(limit=34)
    assert not writer.opt(OPT)
    assert not writer.tsig(OPT)
    assert writer.finish()[10:12] == b"\x00\x00"


def test_no_pointer_leads_past_its_fourteen_bits():
    writer = writer_of()
    blob = RRset(EXAMPLE, RRType.TXT, 60, tuple(bytes((255, i)) + bytes(254) for i in range(70)))
    assert writer.rrset(ANSWER, blob)
    late = [RRset(b"\x04l%03d\x04late\x00" % i, RRType.A, 60, (b"aaaa", b"bbbb")) for i in range(9)]
    for rrset in late:
        assert writer.rrset(ANSWER, rrset)
    octets = writer.finish()
    assert len(octets) > 0x4000
    assert parse_message(octets).answer == [blob, *late]
    assert b"\x04late" not in writer.suffixes
    dns.message.from_wire(octets)


class CountingTable(dict):
    """A table that counts how often something is looked up, and how long the keys are."""

    def __init__(self):
        super().__init__()
        self.lookups = 0
        self.octets = 0

    def get(self, key, default=None):
        self.lookups += 1
        self.octets += len(key)
        return super().get(key, default)


def worst(count):
    """RRsets whose names share nothing but their shape, 121 labels each."""
    return [
        RRset(b"\x01%c" % (97 + i // 26 % 26) + b"\x01%c" % (97 + i % 26) + b"\x01x" * 118 + b"\x04n%03d" % i + b"\x00", RRType.A, 60, (b"aaaa",))
        for i in range(count)
    ]  # fmt: skip


def lookups(rrsets):
    table = CountingTable()
    writer = writer_of(suffixes=table)
    for rrset in rrsets:
        writer.rrset(ANSWER, rrset)
    assert parse_message(writer.finish()).answer
    return table


def test_the_look_ups_of_a_message_are_bounded():
    """CVE-2024-8508: the bound counts hits, misses and failed attempts alike."""
    few, many = lookups(worst(119)), lookups(worst(250))
    assert few.lookups == many.lookups
    assert many.lookups <= MAX_COMPRESSED_NAMES * 127
    writer = writer_of(limit=512, suffixes=(table := CountingTable()))
    for rrset in worst(400):
        writer.rrset(ANSWER, RRset(rrset.owner, RRType.TXT, 60, (bytes(400),)))
    assert table.lookups == few.lookups


def test_look_ups_grow_with_the_names_and_not_faster():
    plain = [RRset(b"\x03%03d" % i + EXAMPLE, RRType.A, 60, (b"aaaa",)) for i in range(100)]
    half, whole = lookups(plain[:50]).lookups, lookups(plain).lookups
    assert whole <= 2.1 * half


def test_an_rrset_looks_its_owner_up_once():
    many = RRset(
        b"\x04many" + EXAMPLE, RRType.A, 60, tuple(i.to_bytes(4, "big") for i in range(3000))
    )
    assert lookups([many]).lookups == lookups([ADDRESS]).lookups + 1


name_strategy = st.lists(
    st.sampled_from([b"a", b"B", b"c", b"xyz", b"\x00"]), min_size=0, max_size=6
).map(names.from_labels)
rrsets = st.builds(
    RRset,
    owner=name_strategy,
    type=st.sampled_from([RRType.NS, RRType.CNAME, RRType.PTR, RRType.DNAME]),
    ttl=st.integers(0, 0x7FFFFFFF),
    rdatas=st.lists(name_strategy, min_size=1, max_size=4, unique=True).map(tuple),
)


@given(st.lists(rrsets, max_size=30), st.integers(300, 600))
def test_what_is_written_reads_back(written, limit):
    writer = writer_of(limit)
    kept = [rrset for rrset in written if writer.rrset(ANSWER, rrset)]
    octets = writer.finish()
    assert len(octets) <= limit
    theirs = dns.message.from_wire(octets, one_rr_per_rrset=True)
    ours = [(rrset.owner, rrset.type, rdata) for rrset in kept for rdata in rrset.rdatas]
    assert [(r.name.to_wire(), r.rdtype, r[0].to_wire()) for r in theirs.answer] == ours
