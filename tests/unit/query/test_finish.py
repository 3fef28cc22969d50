"""Replies as octets: sizes, truncation by whole RRsets, and what may be left out."""

import dns.flags
import dns.message
import dns.rdatatype
import pytest
from fakes.authority import GLUE, SOA, FakeAuthority
from fakes.octets import message, opt, query, question
from hypothesis import given
from hypothesis import strategies as st

from dnsd.authority.answer import Answer
from dnsd.query.finish import (
    FinishOptions,
    OptWriter,
    answer_octets,
    option,
    size_limit,
    unparsed_octets,
    with_option,
    without_option,
)
from dnsd.wire import names
from dnsd.wire.message import parse_query
from dnsd.wire.rrset import RRset
from dnsd.wire.writer import ANSWER, MessageWriter

EDNS = opt()
LONGEST = b"\1a" * 127 + b"\0\0\1\0\1"
WWW = names.from_text("www.example.test.")


def finish(octets, limit, answer=None, opt_octets=b""):
    parsed = parse_query(octets)
    answer = answer or FakeAuthority()(parsed.qname, parsed.qtype)
    finished = answer_octets(parsed, answer, limit, opt_octets)
    assert len(finished.octets) <= limit
    return finished, dns.message.from_wire(finished.octets)


def types(section):
    return [dns.rdatatype.to_text(rrset.rdtype) for rrset in section]


@pytest.mark.parametrize(
    ("edns", "edns_size", "limit"),
    [
        pytest.param(None, 1232, 512, id="no EDNS"),
        pytest.param(opt(size=0), 1232, 512, id="less than 512 means 512"),
        pytest.param(opt(size=511), 1232, 512, id="511"),
        pytest.param(opt(size=700), 1232, 700, id="what the client takes"),
        pytest.param(opt(size=4096), 1232, 1232, id="at most what we send"),
        pytest.param(opt(size=4096), 512, 512, id="as configured"),
    ],
)
def test_the_size_of_a_datagram_is_what_both_sides_take(edns, edns_size, limit):
    parsed = parse_query(query(edns=edns))
    options = FinishOptions(edns_size=edns_size)
    assert size_limit(parsed, options, is_datagram=True) == limit
    assert size_limit(parsed, options, is_datagram=False) == 65535


@pytest.mark.parametrize(
    ("name", "qtype", "limit", "expected"),
    [
        pytest.param("big.example.test.", 16, 1232, (["TXT"], False), id="fits"),
        pytest.param("big.example.test.", 16, 512, ([], True), id="an RRset is not split"),
        pytest.param("alias.example.test.", 16, 512, (["CNAME"], True), id="whole RRsets before"),
        pytest.param("huge.example.test.", 16, 1232, ([], True), id="too long for any datagram"),
        pytest.param("huge.example.test.", 16, 65535, (["TXT"], False), id="but not for TCP"),
    ],
)
def test_an_rrset_of_the_answer_goes_in_whole_or_sets_tc(name, qtype, limit, expected):
    finished, parsed = finish(query(name, qtype), limit)
    present, truncated = expected
    assert types(parsed.answer) == present
    assert finished.truncated is truncated
    assert bool(parsed.flags & dns.flags.TC) is truncated
    assert finished.complete is not truncated


def test_tc_is_set_when_the_soa_of_a_denial_does_not_fit():
    deny = Answer(3, True, [], [SOA], [])
    finished, parsed = finish(query("nope.example.test."), 40, deny)
    assert (finished.truncated, parsed.rcode(), parsed.authority) == (True, 3, [])


def test_glue_that_a_referral_needs_sets_tc_and_keeps_what_fits():
    finished, parsed = finish(query("a.sub.example.test."), 300)
    assert types(parsed.authority) == ["NS"]
    assert 0 < len(parsed.additional) < len(GLUE)
    assert finished.truncated
    assert not finished.complete


def test_additional_records_that_nobody_needs_are_left_out_silently():
    extra = [RRset(names.from_text(f"x{i}.example.test."), 1, 300, (bytes(4),)) for i in range(9)]
    data = RRset(WWW, 1, 300, (b"\xc0\0\2\2",))
    finished, parsed = finish(query(), 100, Answer(0, True, [data], [], extra))
    assert 0 < len(parsed.additional) < len(extra)
    assert not finished.truncated
    assert not finished.complete, "it must not be cached"


def test_required_glue_is_told_from_other_additional_records():
    extra = RRset(names.from_text("x.example.test."), 16, 300, (bytes([200]) * 201,))
    referral = Answer(
        0, False, [], [RRset(WWW, 2, 300, (GLUE[0].owner,))], [extra, GLUE[0]], [GLUE[0]]
    )
    finished, parsed = finish(query("a.www.example.test."), 160, referral)
    assert types(parsed.additional) == ["AAAA"]
    assert not finished.truncated


# Header, question and five records of 121 octets; an OPT record has 11.
@pytest.mark.parametrize(
    ("limit", "edns", "fits"),
    [
        pytest.param(699, None, True, id="just enough without OPT"),
        pytest.param(698, None, False, id="one octet less"),
        pytest.param(710, EDNS, True, id="just enough with OPT"),
        pytest.param(709, EDNS, False, id="one octet less with OPT"),
    ],
)
def test_the_opt_record_has_its_room_before_any_rrset(limit, edns, fits):
    octets = query("big.example.test.", 16, edns=edns)
    record = OptWriter(FinishOptions()).record(parse_query(octets), 0, b"")
    finished, parsed = finish(octets, limit, opt_octets=record)
    assert types(parsed.answer) == (["TXT"] if fits else [])
    assert (parsed.edns == 0) is (edns is not None)
    assert finished.truncated is not fits


def test_signatures_go_out_with_their_rrset_only_when_they_are_asked_for():
    signed = RRset(WWW, 1, 300, (b"\xc0\0\2\2",), (b"\0\1" + bytes(40),))
    answer = Answer(0, True, [signed], [], [])
    plain, _ = finish(query(edns=EDNS), 1232, answer)
    with_do, _ = finish(query(edns=opt(flags=0x8000)), 1232, answer)
    assert plain.octets[6:8] == b"\0\1"
    assert with_do.octets[6:8] == b"\0\2"


def test_names_beyond_the_bound_on_compression_are_noticed():
    many = tuple(names.from_text(f"n{i}.example.test.") for i in range(200))
    finished, _ = finish(
        query("example.test.", 2), 65535, Answer(0, True, [RRset(WWW, 2, 1, many)], [], [])
    )
    assert finished.names_exceeded
    finished, _ = finish(query(), 65535)
    assert not finished.names_exceeded


@pytest.mark.parametrize(
    ("octets", "echoed"),
    [
        pytest.param(query(), question(), id="whole"),
        pytest.param(message(question(), counts=(1, 9, 9, 9)), question(), id="records missing"),
        pytest.param(message(question("."), counts=(1, 1, 0, 0)), question("."), id="the root"),
        pytest.param(query("wWw.TEST."), question("wWw.TEST."), id="as it was spelt"),
        pytest.param(query()[:-1], b"", id="half a question"),
        pytest.param(message(), b"", id="none"),
        pytest.param(message(question(), question()), b"", id="two"),
        pytest.param(message(b"\xc0\x0c\0\1\0\1"), b"", id="compressed"),
        pytest.param(message(b"\x3fa"), b"", id="half a label"),
        pytest.param(message(b"\1a"), b"", id="no root label"),
        pytest.param(message(LONGEST), LONGEST, id="255 octets"),
        pytest.param(message(b"\2ab" + LONGEST[2:]), b"", id="256 octets"),
        pytest.param(query(flags=15 << 11), b"", id="an opcode whose form is unknown"),
    ],
)
def test_an_error_echoes_a_question_only_if_it_is_legible(octets, echoed):
    counts = (b"\0\1" if echoed else b"\0\0") + bytes(6)
    reply = unparsed_octets(octets, 1)
    assert reply[:2] == octets[:2]
    assert reply[3] == 1
    assert reply[4:] == counts + echoed


@given(st.integers(65001, 65534), st.binary(max_size=300))  # local use: dnspython has no opinion
def test_an_option_put_on_comes_off_again(code, value):
    reply = finish(query(flags=0), 1232, opt_octets=EDNS)[0].octets
    added = option(code, value)
    longer = with_option(reply, added)
    assert dns.message.from_wire(longer, ignore_trailing=False).edns == 0
    assert without_option(longer, len(added)) == reply
    assert without_option(reply, 0) == reply


def test_an_option_beside_others_does_not_come_off():
    reply = finish(query(flags=0), 1232, opt_octets=opt(option(65001, b""), option(65002, b"")))[
        0
    ].octets
    assert with_option(reply, option(65003, b"")) is None
    assert without_option(reply, 4) is None


RDATAS = st.lists(st.binary(max_size=300), min_size=1, max_size=6, unique=True).map(tuple)


@given(
    name=st.sampled_from(["www.example.test.", "a.test.", "."]),
    rrtype=st.sampled_from([1, 16, 28, 39, 46, 65280]),
    rdatas=RDATAS,
    signatures=st.sampled_from([(), (b"signature",)]),
    edns=st.sampled_from([None, opt(), opt(flags=0x8000)]),
    limit=st.integers(100, 1300),
)
def test_one_rrset_is_written_as_the_message_writer_writes_it(
    name, rrtype, rdatas, signatures, edns, limit
):
    parsed = parse_query(query(name, rrtype, edns=edns))
    record = OptWriter(FinishOptions()).record(parsed, 0, b"")
    rrset = RRset(parsed.qname, rrtype, 300, rdatas, signatures)
    answer = Answer(0, authoritative=True, answer=[rrset], authority=[], additional=[])
    finished = answer_octets(parsed, answer, limit, record)
    writer = MessageWriter(limit)
    writer.question(parsed.qname_as_sent, rrtype, 1)
    writer.opt(record)
    do = parsed.edns is not None and parsed.edns.do
    fits = writer.rrset(ANSWER, rrset, with_signatures=do)
    writer.header(parsed.id, finished.octets[2] << 8 | finished.octets[3])
    assert finished.octets == writer.finish()
    assert (finished.complete, finished.truncated) == (fits, not fits)


@pytest.mark.parametrize(("edns", "sent"), [(None, 1), (EDNS, 1), (opt(flags=0x8000), 2)])
def test_proofs_are_for_those_who_understand_them(edns, sent):
    parsed = parse_query(query("nobody.example.test.", edns=edns))
    apex = names.from_text("example.test.")
    soa = RRset(apex, 6, 60, (apex + apex + bytes(20),))
    denial = RRset(apex, 47, 60, (apex + b"\0\1\x40",))
    answer = Answer(3, authoritative=False, answer=[], authority=[soa, denial], additional=[])
    opt_record = OptWriter(FinishOptions()).record(parsed, 3, b"")
    octets = answer_octets(parsed, answer, 1232, opt_record).octets
    assert len(dns.message.from_wire(octets).authority) == sent
