import dns.flags
import dns.message
import dns.rrset
import pytest

from dnsd.wire import message
from dnsd.wire.edns import Edns
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType
from dnsd.wire.message import Message, Question, parse_message, parse_query, render_message
from dnsd.wire.rrset import RRset

WWW = b"\x03www\x07example\x04test\x00"
QUESTION = WWW + b"\x00\x01\x00\x01"
OPT = b"\x00\x00\x29\x04\xd0\x00\x00\x80\x00\x00\x00"
TSIG = b"\x00\x00\xfa\x00\xff\x00\x00\x00\x00\x00\x01\x00"
A_RECORD = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\xc0\x00\x02\x01"


def header(flags=0x0100, questions=1, answers=0, authorities=0, additionals=0):
    words = (0x1234, flags, questions, answers, authorities, additionals)
    return b"".join(word.to_bytes(2, "big") for word in words)


def test_a_plain_query_is_read():
    query = parse_query(header() + QUESTION)
    assert (query.id, query.opcode, query.flags) == (0x1234, 0, 0x0100)
    assert (query.qname, query.qtype, query.qclass, query.question_end) == (WWW, 1, 1, 34)
    assert query.edns is None
    assert not query.tsig_present
    assert query.raw == header() + QUESTION


def test_the_clients_spelling_is_kept_beside_the_name():
    query = parse_query(header() + QUESTION.replace(b"www", b"wWw"))
    assert query.qname == WWW
    assert query.qname_as_sent == WWW.replace(b"www", b"wWw")


def test_edns_is_read():
    options = b"\x00\x03\x00\x00\xff\xf0\x00\x01x"
    opt = OPT[:-2] + len(options).to_bytes(2, "big") + options
    query = parse_query(header(additionals=1) + QUESTION + opt)
    assert query.edns == Edns(1232, 0, True, 0, ((3, b""), (65520, b"x")))


def test_edns_without_options_is_read():
    assert parse_query(header(additionals=1) + QUESTION + OPT).edns == Edns(1232, 0, True, 0, ())


def test_options_of_an_unknown_version_are_not_looked_at():
    opt = b"\x00\x00\x29\x04\xd0\x00\x01\x00\x00\x00\x03abc"
    assert parse_query(header(additionals=1) + QUESTION + opt).edns == Edns(1232, 1)


@pytest.mark.parametrize(
    ("octets", "edns", "tsig"),
    [
        pytest.param(header(additionals=2) + QUESTION + OPT + TSIG, True, True, id="OPT and TSIG"),
        pytest.param(header(additionals=1) + QUESTION + TSIG, False, True, id="TSIG alone"),
        pytest.param(header(authorities=1) + QUESTION + A_RECORD, False, False, id="IXFR's record"),
        pytest.param(header(answers=1) + QUESTION + A_RECORD, False, False, id="NOTIFY's record"),
        pytest.param(
            header(additionals=2) + QUESTION + A_RECORD + OPT, True, False, id="OPT behind another"
        ),
        pytest.param(header() + QUESTION + b"junk", False, False, id="octets behind the message"),
        pytest.param(header(flags=0x2800, authorities=40) + QUESTION + A_RECORD * 40, False, False, id="UPDATE of 40 records"),
    ],
)  # fmt: skip
def test_other_records_may_stand_in_a_query(octets, edns, tsig):
    query = parse_query(octets)
    assert (query.edns is not None, query.tsig_present) == (edns, tsig)
    assert query.question_end == 34


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        pytest.param(b"", "shorter than a header", id="nothing"),
        pytest.param(header()[:11], "shorter than a header", id="11 octets"),
        pytest.param(header(), "runs over the end", id="question missing"),
        pytest.param(header() + WWW, "half a question", id="type missing"),
        pytest.param(header() + QUESTION[:-1], "half a question", id="half a class"),
        pytest.param(header() + WWW[:-1], "runs over the end", id="no root label"),
        pytest.param(header(questions=2) + QUESTION * 2, "2 questions", id="two questions"),
        pytest.param(header(questions=0), "no question", id="no question"),
        pytest.param(
            header(questions=0, additionals=1) + OPT, "no question", id="no question, no cookie"
        ),
        pytest.param(
            header(questions=0, answers=1) + b"\x00" + A_RECORD[2:],
            "without a question",
            id="an answer without a question",
        ),
        pytest.param(
            header() + b"\xc0\x0c\x00\x01\x00\x01", "compressed", id="pointer in the name"
        ),
        pytest.param(header() + b"\x40" + QUESTION, "reserved label", id="label type 01"),
        pytest.param(header() + b"\x01x" * 128 + b"\x00\x00\x01\x00\x01", "255 octets", id="long"),
        pytest.param(header(additionals=1) + QUESTION, "over the end", id="record missing"),
        pytest.param(header(additionals=1) + QUESTION + OPT[:-1], "", id="OPT cut off"),
        pytest.param(
            header(additionals=1) + QUESTION + OPT[:-1] + b"\x09",
            "over the end",
            id="OPT too short",
        ),
        pytest.param(header(additionals=2) + QUESTION + OPT * 2, "second OPT", id="two OPT"),
        pytest.param(
            header(additionals=1) + QUESTION + b"\x01a" + OPT,
            "below the root",
            id="OPT not at root",
        ),
        pytest.param(header(answers=1) + QUESTION + OPT, "outside", id="OPT as an answer"),
        pytest.param(header(authorities=1) + QUESTION + OPT, "outside", id="OPT as authority"),
        pytest.param(
            header(additionals=2) + QUESTION + TSIG + OPT, "not the last", id="OPT behind TSIG"
        ),
        pytest.param(header(answers=1) + QUESTION + TSIG, "not the last", id="TSIG as an answer"),
        pytest.param(
            header(additionals=1) + QUESTION + TSIG.replace(b"\x00\xff", b"\x00\x01"),
            "wrong class",
            id="TSIG of class IN",
        ),
        pytest.param(
            header(answers=1) + QUESTION + A_RECORD[:-5] + b"\x03\x01\x02\x03",
            "3 octets instead of 4",
            id="a malformed record",
        ),
        pytest.param(
            header(answers=33) + QUESTION + A_RECORD * 33, "more than 32", id="33 records"
        ),
        pytest.param(
            header(additionals=1) + QUESTION + OPT[:-2] + b"\x00\x03\x00\x0a\x00",
            "half an EDNS option",
            id="half an option",
        ),
        pytest.param(
            header(additionals=1) + QUESTION + OPT[:-2] + b"\x00\x04\x00\x0a\x00\x08",
            "option runs over",
            id="an option too long",
        ),
    ],
)
def test_a_malformed_query_is_refused(octets, reason):
    with pytest.raises(FormError, match=reason or None):
        parse_query(octets)


def test_a_query_for_a_cookie_needs_no_question():
    """RFC 7873 §5.4."""
    opt = OPT[:-2] + b"\x00\x0c\x00\x0a\x00\x08abcdefgh"
    query = parse_query(header(questions=0, additionals=1) + opt)
    assert (query.qname, query.question_end) == (b"", 12)
    assert query.edns.option(10) == b"abcdefgh"


@pytest.mark.parametrize("size", [0, 11])
def test_a_header_has_twelve_octets(size):
    assert message.peek_header(bytes(size)) is None


def test_a_header_is_read_from_any_twelve_octets():
    peeked = message.peek_header(header(flags=0x2810, answers=9))
    assert peeked == (0x1234, 0x2810, 1, 9, 0, 0)
    assert peeked.opcode == 5


ANSWER = dns.message.from_text("""id 1
opcode QUERY
rcode NXDOMAIN
flags QR AA
edns 0
eflags DO
payload 1232
;QUESTION
WwW.example.test. IN MX
;ANSWER
www.example.test. 60 IN MX 10 mx1.example.test.
www.example.test. 60 IN MX 20 mx2.example.test.
www.example.test. 60 IN RRSIG MX 13 3 60 20300101000000 20200101000000 1 example.test. aabb
;AUTHORITY
example.test. 300 IN SOA ns1.example.test. hostmaster.example.test. 1 2 3 4 5
;ADDITIONAL
mx1.example.test. 60 IN A 192.0.2.1
mx1.example.test. 60 IN AAAA 2001:db8::1
""")  # fmt: skip


def test_records_become_rrsets():
    read = parse_message(ANSWER.to_wire())
    mx, = read.answer  # fmt: skip
    assert read.questions == [Question(b"\x03WwW\x07example\x04test\x00", RRType.MX, 1)]
    assert (mx.owner, mx.type, mx.ttl) == (WWW, RRType.MX, 60)
    assert sorted(mx.rdatas) == [
        b"\x00\x0a\x03mx1\x07example\x04test\x00",
        b"\x00\x14\x03mx2\x07example\x04test\x00",
    ]
    assert len(mx.signatures) == 1
    assert [rrset.type for rrset in read.authority] == [RRType.SOA]
    assert [rrset.type for rrset in read.additional] == [RRType.A, RRType.AAAA]
    assert (read.rcode, read.opcode, read.edns.do) == (3, 0, True)


def test_a_message_survives_being_written():
    read = parse_message(ANSWER.to_wire())
    again = render_message(read)
    assert parse_message(again) == read
    assert dns.message.from_wire(again) == ANSWER


def test_extended_rcodes_count_twelve_bits():
    assert Message(1, 0x8007, edns=Edns(1232, extended_rcode=1)).rcode == 23
    assert Message(1, 0x8007).rcode == 7


def answer_of(*records):
    return header(flags=0x8400, answers=len(records)) + QUESTION + b"".join(records)


def record(rrtype, rdata, ttl=60, rdclass=1):
    fixed = rrtype.to_bytes(2, "big") + rdclass.to_bytes(2, "big") + ttl.to_bytes(4, "big")
    return b"\xc0\x0c" + fixed + len(rdata).to_bytes(2, "big") + rdata


def test_the_lowest_ttl_of_an_rrset_holds():
    """RFC 2181 §5.2."""
    (rrset,) = parse_message(answer_of(record(1, b"aaaa", 60), record(1, b"bbbb", 30))).answer
    assert rrset.ttl == 30


def test_a_ttl_with_its_first_bit_set_is_zero():
    """RFC 2181 §8."""
    (rrset,) = parse_message(answer_of(record(1, b"aaaa", 0x80000000))).answer
    assert rrset.ttl == 0


def test_the_same_record_twice_is_one():
    """RFC 2181 §5."""
    (rrset,) = parse_message(answer_of(record(1, b"aaaa"), record(1, b"aaaa"))).answer
    assert rrset.rdatas == (b"aaaa",)


def test_classes_are_kept_apart():
    read = parse_message(answer_of(record(16, b"\x01a"), record(16, b"\x01a", rdclass=3)))
    assert [rrset.rdclass for rrset in read.answer] == [1, 3]


def test_rdata_of_another_class_is_opaque_where_its_form_depends_on_it():
    chaos_address = b"\x02ch\x00\x12\x34"
    (rrset,) = parse_message(answer_of(record(1, chaos_address, rdclass=3))).answer
    assert rrset.rdatas == (chaos_address,)


def test_an_update_may_have_records_without_rdata():
    """RFC 2136 §2.5."""
    read = parse_message(answer_of(record(1, b"", rdclass=255), record(1, b"", rdclass=254)))
    assert [rrset.rdatas for rrset in read.answer] == [(b"",), (b"",)]
    with pytest.raises(FormError):
        parse_message(answer_of(record(1, b"")))


@pytest.mark.parametrize("rrtype", [RRType.A, RRType.NS, RRType.MX, RRType.SOA, RRType.MINFO])
def test_a_record_without_rdata_is_written_as_it_was(rrtype):
    octets = answer_of(record(rrtype, b"", rdclass=254))
    assert render_message(parse_message(octets)) == octets


RRSIG_OF_A = b"\x00\x01" + bytes(16) + b"\x00sig"


def test_signatures_without_their_rrset_stand_alone():
    read = parse_message(answer_of(record(46, RRSIG_OF_A), record(16, b"\x01a")))
    assert [(rrset.type, rrset.rdatas) for rrset in read.answer] == [
        (46, (RRSIG_OF_A,)),
        (16, (b"\x01a",)),
    ]


def test_signatures_go_to_their_rrset_and_lower_its_ttl():
    read = parse_message(answer_of(record(46, RRSIG_OF_A, 20), record(1, b"aaaa", 60)))
    assert read.answer == [RRset(WWW, 1, 20, (b"aaaa",), (RRSIG_OF_A,))]


def test_tsig_is_kept_and_written_last():
    octets = header(additionals=2) + QUESTION + OPT + TSIG
    read = parse_message(octets)
    assert read.tsig.rdatas == (b"\x00",)
    assert render_message(read) == octets


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        pytest.param(b"short", "shorter than a header", id="no header"),
        pytest.param(answer_of(record(15, b"\x00")), "octets announced", id="half a preference"),
        pytest.param(answer_of(record(2, WWW + b"x")), "longer than its fields", id="rdata left"),
        pytest.param(
            answer_of(record(47, b"\xc0\x0c\x00\x01\x40")), "compressed name", id="pointer in NSEC"
        ),
        pytest.param(
            answer_of(b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04\x01\x02"),
            "octets announced",
            id="rdata cut off",
        ),
    ],
)
def test_a_malformed_message_is_refused(octets, reason):
    with pytest.raises(FormError, match=reason):
        parse_message(octets)


def test_the_number_of_records_can_be_limited():
    octets = answer_of(*[record(1, bytes((0, 0, 0, i))) for i in range(5)])
    assert len(parse_message(octets, max_records=5).answer[0].rdatas) == 5
    with pytest.raises(FormError, match="more than 4 records"):
        parse_message(octets, max_records=4)


def test_old_servers_compress_dname():
    target = parse_message(answer_of(record(39, b"\x03new\xc0\x10"))).answer[0].rdatas[0]
    assert target == b"\x03new\x07example\x04test\x00"


def test_a_message_that_does_not_fit_is_truncated_at_an_rrset():
    read = parse_message(ANSWER.to_wire())
    short = render_message(read, 120)
    assert len(short) <= 120
    again = parse_message(short)
    assert again.flags & message.TC
    assert again.answer == []
    assert again.edns is not None
