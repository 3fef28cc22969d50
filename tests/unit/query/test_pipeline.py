"""What a server says to every kind of message, and that it always says something."""

import dns.flags
import dns.message
import dns.rcode
import pytest
from fakes.authority import RECORDS, SLOT, FakeAuthority
from fakes.octets import message, opt, option, query, question, tsig
from hypothesis import given
from hypothesis import strategies as st

from dnsd.authority.answer import Answer, answer
from dnsd.authority.node import FLAG_APEX, FLAG_CUT, FLAG_OCCLUDED, encode_node
from dnsd.authority.store import StoreError, ZoneRow, open_store
from dnsd.authority.zones import Zones
from dnsd.query.acl import Networks
from dnsd.query.identity import Identity
from dnsd.query.lookout import Board, Lookout, board_octets
from dnsd.query.request import Transport, ZoneSet
from dnsd.query.views import ViewOptions, Views
from dnsd.wire import names
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

RD, AD, CD, Z, RA, AA, TC, QR = 0x0100, 0x20, 0x10, 0x40, 0x80, 0x400, 0x200, 0x8000
NOTIFY, UPDATE = 4 << 11, 5 << 11
EDNS = opt()
FOREIGN = "www.foreign.test."
A_RECORD = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4\xc0\0\2\1"


def shape(reply):
    """Say what a reply is, in the order rcode, flags, counts, EDNS."""
    if not reply.octets:
        return f"nothing ({reply.dropped})"
    parsed = dns.message.from_wire(reply.octets)
    assert parsed.flags & QR
    assert parsed.id == 0x1234
    words = [dns.rcode.to_text(parsed.rcode())]
    words += [name for name, bit in [("AA", AA), ("TC", TC), ("RD", RD), ("RA", RA), ("Z", Z),
                                     ("AD", AD), ("CD", CD)] if parsed.flags & bit]  # fmt: skip
    counts = [len(parsed.question)] + [
        sum(len(rrset) for rrset in section)
        for section in (parsed.answer, parsed.authority, parsed.additional)
    ]
    words.append("/".join(map(str, counts)))
    if parsed.edns >= 0:
        assert parsed.edns == 0
        assert parsed.payload == 1232
        words.append("EDNS" + (" DO" if parsed.ednsflags & dns.flags.DO else ""))
        assert not parsed.ednsflags & 0x7FFF
        words += [
            f"{o.otype.name if hasattr(o.otype, 'name') else o.otype}" for o in parsed.options
        ]
    assert reply.rcode == parsed.rcode()
    return " ".join(words)


# In comments: what named 9.18, nsd 4.6 and knotd 3.2 reply, where they differ.
MESSAGES = [
    # --- flags
    ("plain", query(), "NOERROR AA 1/2/0/0"),
    ("RD comes back, RA does not", query(flags=RD), "NOERROR AA RD 1/2/0/0"),
    # named copies CD; RFC 4035 §3.1.6: "SHOULD clear the CD bit"
    ("AD, CD and Z are cleared", query(flags=AD | CD | Z), "NOERROR AA 1/2/0/0"),
    ("AA, TC and RA of a query are ignored", query(flags=AA | TC | RA), "NOERROR AA 1/2/0/0"),
    # nsd says FORMERR
    ("the rcode of a query is ignored", query(flags=3), "NOERROR AA 1/2/0/0"),
    # --- what is never answered
    ("a response", query(flags=QR), "nothing (response)"),
    ("a response of another opcode", query(flags=QR | UPDATE), "nothing (response)"),
    ("no octets", b"", "nothing (malformed)"),
    ("half a header", query()[:11], "nothing (malformed)"),
    # --- opcodes; knotd echoes the question
    ("IQUERY", query(flags=1 << 11), "NOTIMP 0/0/0/0"),
    ("STATUS", query(flags=2 << 11), "NOTIMP 0/0/0/0"),
    ("opcode 3 with RD", query(flags=3 << 11 | RD), "NOTIMP 0/0/0/0"),
    ("DSO, a header only", message(flags=6 << 11), "NOTIMP 0/0/0/0"),
    ("opcode 15", query(flags=15 << 11), "NOTIMP 0/0/0/0"),
    ("opcode 15 with EDNS", query(flags=15 << 11, edns=EDNS), "NOTIMP 0/0/0/0 EDNS"),
    ("opcode 15, a header only", message(flags=15 << 11), "NOTIMP 0/0/0/0"),
    # named says FORMERR, knotd nothing
    ("opcode 15, its own format", message(b"xxx", flags=15 << 11, counts=(9, 9, 0, 0)),
     "NOTIMP 0/0/0/0"),
    # --- NOTIFY and UPDATE; the three disagree for zones they serve
    ("NOTIFY for a zone of ours", query("example.test.", 6, flags=NOTIFY | AA), "REFUSED 1/0/0/0"),
    ("NOTIFY for another zone", query(FOREIGN, 6, flags=NOTIFY | AA), "NOTAUTH 1/0/0/0"),
    ("UPDATE of a zone of ours", query("example.test.", 6, flags=UPDATE), "REFUSED 1/0/0/0"),
    ("UPDATE below an apex", query("www.example.test.", 6, flags=UPDATE), "NOTAUTH 1/0/0/0"),
    ("UPDATE of another zone", query(FOREIGN, 6, flags=UPDATE), "NOTAUTH 1/0/0/0"),
    # --- questions
    ("no question", message(), "FORMERR 0/0/0/0"),
    ("two questions", message(question(), question()), "FORMERR 0/0/0/0"),
    ("two questions counted, one there", message(question(), counts=(2, 0, 0, 0)),
     "FORMERR 0/0/0/0"),
    ("a question counted, none there", message(counts=(1, 0, 0, 0)), "FORMERR 0/0/0/0"),
    ("half a question", query()[:-2], "FORMERR 0/0/0/0"),
    ("half a name", query()[:20], "FORMERR 0/0/0/0"),
    ("label type 01", message(b"\x41a\0\0\1\0\1"), "FORMERR 0/0/0/0"),
    ("label type 10", message(b"\x81a\0\0\1\0\1"), "FORMERR 0/0/0/0"),
    ("a pointer to itself", message(b"\xc0\x0c\0\1\0\1"), "FORMERR 0/0/0/0"),
    ("a pointer into the header", message(b"\xc0\0\0\1\0\1"), "FORMERR 0/0/0/0"),
    ("a name of 257 octets", message((b"\x3f" + b"a" * 63) * 4 + b"\0\0\1\0\1"),
     "FORMERR 0/0/0/0"),
    # --- other records; knotd refuses octets behind the message
    ("octets behind the message", query() + b"zzz", "NOERROR AA 1/2/0/0"),
    # nsd says FORMERR
    ("a record in the answer section", message(question(), answer=[A_RECORD]),
     "NOERROR AA 1/2/0/0"),
    ("a record in the additional section", message(question(), additional=[A_RECORD]),
     "NOERROR AA 1/2/0/0"),
    ("a record counted, none there", message(question(), counts=(1, 1, 0, 0)), "FORMERR 1/0/0/0"),
    # --- EDNS
    ("EDNS", query(edns=opt()), "NOERROR AA 1/2/0/0 EDNS"),
    ("DO comes back", query(edns=opt(flags=0x8000)), "NOERROR AA 1/2/0/0 EDNS DO"),
    ("unknown flags do not", query(edns=opt(flags=0x7FFF)), "NOERROR AA 1/2/0/0 EDNS"),
    ("version 1", query(edns=opt(version=1)), "BADVERS 1/0/0/0 EDNS"),
    ("version 255 with DO", query(edns=opt(version=255, flags=0x8000)), "BADVERS 1/0/0/0 EDNS DO"),
    ("version 1 with an option", query(edns=opt(option(100), version=1)), "BADVERS 1/0/0/0 EDNS"),
    ("version 1 with a cookie", query(edns=opt(option(10, b"abcdefgh"), version=1)),
     "BADVERS 1/0/0/0 EDNS"),
    ("version 1 for another zone", query(FOREIGN, edns=opt(version=1)), "BADVERS 1/0/0/0 EDNS"),
    ("an rcode in a query", query(edns=opt(rcode=1)), "NOERROR AA 1/2/0/0 EDNS"),
    ("an unknown option", query(edns=opt(option(100, b"abc"))), "NOERROR AA 1/2/0/0 EDNS"),
    ("client subnet is not echoed", query(edns=opt(option(8, b"\0\1\x18\0\xc0\0\2"))),
     "NOERROR AA 1/2/0/0 EDNS"),
    ("malformed client subnet", query(edns=opt(option(8, b"\0\1\x18"))), "NOERROR AA 1/2/0/0 EDNS"),
    ("NSID is off until set", query(edns=opt(option(3))), "NOERROR AA 1/2/0/0 EDNS"),
    ("EXPIRE for SOA", query("example.test.", 6, edns=opt(option(9))), "NOERROR AA 1/1/0/0 EDNS EXPIRE"),
    ("EXPIRE for another type", query(edns=opt(option(9))), "NOERROR AA 1/2/0/0 EDNS"),
    ("padding over UDP", query(edns=opt(option(12, bytes(9)))), "NOERROR AA 1/2/0/0 EDNS"),
    ("two OPT records", message(question(), additional=[opt(), opt()]), "FORMERR 1/0/0/0"),
    ("OPT in the answer section", message(question(), answer=[opt()]), "FORMERR 1/0/0/0"),
    ("OPT with an owner", message(question(), additional=[b"\1a" + opt()]), "FORMERR 1/0/0/0"),
    ("half an OPT record", query(edns=opt()[:-1]), "FORMERR 1/0/0/0"),
    ("half an option", query(edns=opt(b"\0\3\0\5ab")), "FORMERR 1/0/0/0"),
    # --- cookies; knotd asks for one with BADCOOKIE
    ("a client cookie", query(edns=opt(option(10, b"abcdefgh"))),
     "NOERROR AA 1/2/0/0 EDNS COOKIE"),
    ("an invalid server cookie", query(edns=opt(option(10, b"abcdefgh" + b"\1" * 16))),
     "NOERROR AA 1/2/0/0 EDNS COOKIE"),
    ("a cookie of 7 octets", query(edns=opt(option(10, b"abcdefg"))), "FORMERR 1/0/0/0 EDNS"),
    ("a cookie of 15 octets", query(edns=opt(option(10, bytes(15)))), "FORMERR 1/0/0/0 EDNS"),
    ("a cookie of 41 octets", query(edns=opt(option(10, bytes(41)))), "FORMERR 1/0/0/0 EDNS"),
    ("no question, a client cookie", message(additional=[opt(option(10, b"abcdefgh"))]),
     "NOERROR 0/0/0/0 EDNS COOKIE"),
    # named and nsd: NOERROR; RFC 7873 §5.4: "SHALL have the RCODE BADCOOKIE"
    ("no question, an invalid cookie",
     message(additional=[opt(option(10, b"abcdefgh" + b"\1" * 16))]),
     "BADCOOKIE 0/0/0/0 EDNS COOKIE"),
    # --- TSIG; the three add a TSIG record with BADKEY
    ("TSIG", message(question(), additional=[tsig()]), "NOTAUTH 1/0/0/0"),
    ("TSIG behind EDNS", message(question(), additional=[EDNS, tsig()]), "NOTAUTH 1/0/0/0 EDNS"),
    ("TSIG before EDNS", message(question(), additional=[tsig(), EDNS]), "FORMERR 1/0/0/0"),
    ("two TSIG", message(question(), additional=[tsig(), tsig()]), "FORMERR 1/0/0/0"),
    ("NOTIFY with TSIG",
     message(question("example.test.", 6), flags=NOTIFY, additional=[tsig()]), "NOTAUTH 1/0/0/0"),
    # --- classes
    ("CH", query(qclass=3), "REFUSED 1/0/0/0"),
    ("the version is off until set", query("version.bind.", 16, 3), "REFUSED 1/0/0/0"),
    ("the version in class IN", query("version.bind.", 16, 1), "REFUSED 1/0/0/0"),
    ("HS", query(qclass=4), "REFUSED 1/0/0/0"),
    # named: FORMERR; nsd and knotd answer from class IN, with different AA
    ("class ANY", query(qclass=255), "REFUSED 1/0/0/0"),
    ("class NONE", query(qclass=254), "REFUSED 1/0/0/0"),
    ("class 0", query(qclass=0), "REFUSED 1/0/0/0"),
    ("class 1000", query(qclass=1000), "REFUSED 1/0/0/0"),
    # --- types
    ("no data", query(qtype=28), "NOERROR AA 1/0/1/0"),
    ("type 0", query(qtype=0), "NOERROR AA 1/0/1/0"),
    # named says FORMERR
    ("OPT as a type", query(qtype=41), "NOERROR AA 1/0/1/0"),
    ("TKEY", query(qtype=249), "NOERROR AA 1/0/1/0"),
    ("TSIG as a type", query(qtype=250), "NOERROR AA 1/0/1/0"),
    # named says NOTIMP
    ("MAILB", query(qtype=253), "NOERROR AA 1/0/1/0"),
    ("an unknown type", query(qtype=65280), "NOERROR AA 1/0/1/0"),
    ("ANY", query(qtype=255), "NOERROR AA 1/2/0/0"),
    # named says FORMERR
    ("AXFR over UDP", query("example.test.", 252), "NOTIMP 1/0/0/0"),
    ("IXFR of a zone of ours", query("example.test.", 251), "REFUSED 1/0/0/0"),
    ("IXFR below an apex", query(qtype=251), "NOTAUTH 1/0/0/0"),
    ("IXFR of another zone", query(FOREIGN, 251), "NOTAUTH 1/0/0/0"),
    # --- names
    ("no such name", query("nope.example.test."), "NXDOMAIN AA 1/0/1/0"),
    ("a referral", query("www.sub.example.test."), "NOERROR 1/0/8/8"),
    ("another zone", query(FOREIGN), "REFUSED 1/0/0/0"),
    ("another zone, an unknown type", query(FOREIGN, 65280), "REFUSED 1/0/0/0"),
    ("another zone with EDNS", query(FOREIGN, edns=EDNS), "REFUSED 1/0/0/0 EDNS EDE"),
    ("the root", query(".", 2), "REFUSED 1/0/0/0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("octets", "expected"), [pytest.param(octets, e, id=text) for text, octets, e in MESSAGES]
)
def test_every_kind_of_message_gets_its_reply(world, octets, expected):
    reply = world.ask(octets)
    assert shape(reply) == expected
    assert reply.crash is None
    assert not reply.limits


# What is not the same over TCP.
OVER_TCP = {
    "ANY": "NOERROR AA 1/3/0/0",
    "AXFR over UDP": "REFUSED 1/0/0/0",
}


@pytest.mark.parametrize(
    ("octets", "expected"),
    [pytest.param(octets, OVER_TCP.get(text, e), id=text) for text, octets, e in MESSAGES],
)
def test_the_transport_changes_only_sizes_transfers_and_any(world, octets, expected):
    assert shape(world.ask_tcp(octets)) == expected


def test_a_transfer_of_no_zone_of_ours_is_not_ours_to_refuse(world):
    assert shape(world.ask_tcp(query(qtype=252))) == "NOTAUTH 1/0/0/0"


@pytest.mark.parametrize("octets", [query(), query(edns=EDNS), b"\0" * 12])
def test_source_port_0_is_never_answered(world, octets):
    assert shape(world.ask(octets, port=0)) == "nothing (source_port)"


@pytest.mark.parametrize("name", ["wWw.ExAmPlE.tEsT.", "NOPE.example.TEST.", "Foreign.TEST."])
def test_the_question_comes_back_as_it_was_spelt(world, name):
    octets = query(name)
    assert world.ask(octets).octets[12 : len(octets)] == octets[12:]
    assert all(qname == qname.lower() for qname, _, _ in world.authority.asked)


def test_a_referral_of_another_name_keeps_the_spelling_of_the_question(world):
    reply = dns.message.from_wire(world.ask(query("A.SUB.Example.test.")).octets)
    assert reply.authority[0].name.to_text() == "SUB.Example.test."


def test_clients_outside_the_list_are_refused_before_anything_is_looked_up(make_world):
    only = Networks.from_text(["192.0.2.0/24"])
    world = make_world(views=Views(ViewOptions(allow=only, unlimited=Networks([]))))
    assert shape(world.ask(query(), "198.51.100.1")) == "REFUSED 1/0/0/0"
    assert not world.authority.asked
    assert shape(world.ask(query(), "192.0.2.1")) == "NOERROR AA 1/2/0/0"


def test_without_cookies_the_option_is_ignored(make_world):
    world = make_world(cookies=None)
    assert shape(world.ask(query(edns=opt(option(10, b"short"))))) == "NOERROR AA 1/2/0/0 EDNS"
    no_question = message(additional=[opt(option(10, b"abcdefgh"))])
    assert shape(world.ask(no_question)) == "FORMERR 0/0/0/0 EDNS"


@pytest.mark.parametrize(
    ("name", "text"),
    [("version.bind.", b"dnsd"), ("VERSION.server.", b"dnsd"), ("id.server.", b"a1")],
)
def test_the_identity_is_told_in_class_chaos_once_it_is_set(make_world, name, text):
    world = make_world(identity=Identity(nsid=b"a1", version=b"dnsd"))
    reply = world.ask(query(name, 16, 3))
    assert shape(reply) == "NOERROR 1/1/0/0"
    assert dns.message.from_wire(reply.octets).answer[0][0].strings == (text,)
    assert not reply.cacheable


def test_nsid_comes_back_when_it_is_set_and_asked_for(make_world):
    world = make_world(identity=Identity(nsid=b"a1"))
    asked = query(edns=opt(option(3), option(10, b"abcdefgh")))
    reply = world.ask(asked)
    assert shape(reply) == "NOERROR AA 1/2/0/0 EDNS NSID COOKIE"
    assert not reply.cacheable
    assert shape(world.ask(query(edns=EDNS))) == "NOERROR AA 1/2/0/0 EDNS"


@pytest.mark.parametrize(
    ("octets", "cacheable", "slot"),
    [
        pytest.param(query(), True, SLOT, id="data"),
        pytest.param(query("nope.example.test."), True, SLOT, id="no such name"),
        pytest.param(query("x.sub.example.test."), True, SLOT, id="a referral"),
        pytest.param(query(edns=opt(option(10, b"abcdefgh"))), True, SLOT, id="with a cookie"),
        pytest.param(query(FOREIGN), True, 0, id="no zone of ours"),
        pytest.param(query("big.example.test.", 16), False, SLOT, id="truncated"),
        pytest.param(query(edns=opt(version=1)), False, 0, id="an error of EDNS"),
        pytest.param(query(edns=opt(option(10, b"short"))), False, 0, id="a malformed cookie"),
        pytest.param(query("example.test.", 6, edns=opt(option(9))), False, SLOT, id="EXPIRE"),
        pytest.param(query(qclass=3), False, 0, id="another class"),
        pytest.param(query()[:20], False, 0, id="malformed"),
    ],
)
def test_only_replies_that_everybody_gets_may_be_cached(world, octets, cacheable, slot):
    reply = world.ask(octets)
    assert (reply.cacheable, reply.slot) == (cacheable, slot)


def test_replies_about_watched_names_are_not_cached_so_that_every_query_is_seen(make_world):
    memory = memoryview(bytearray(board_octets(1)))
    board = Board(memory)
    world = make_world(lookout=Lookout(memory, 0))
    board.watch(names.from_text("example.test."), b"leak", 2000.0)
    assert not world.ask(query("leak1.example.test.")).cacheable
    assert world.ask(query("nope.example.test.")).cacheable
    (sighting,), _ = board.sightings()
    assert sighting.name == names.from_text("leak1.example.test.")


def test_a_reply_without_its_cookie_is_the_reply_to_a_query_without_one(world):
    with_cookie = world.ask(query(edns=opt(option(10, b"abcdefgh"))))
    length = with_cookie.cookie_octets
    assert length == 28
    bare = with_cookie.octets[: -length - 2] + b"\0\0"
    assert bare == world.ask(query(edns=EDNS)).octets


def test_the_facts_name_the_question_and_where_the_answer_came_from(world):
    reply = world.ask(query(qtype=16))
    assert (reply.qtype, reply.zone_set, reply.query.qname) == (
        16,
        ZoneSet.FILE,
        names.from_text("www.example.test."),
    )
    assert world.ask(query(FOREIGN)).zone_set is ZoneSet.NONE


def test_a_zone_that_was_made_is_told_from_one_in_a_file(world):
    made = FakeAuthority()(names.from_text("www.example.test."), 1)
    made.generated = True
    world.authority.answers[names.from_text("www.example.test.")] = made
    assert world.ask(query()).zone_set is ZoneSet.GENERATED


@pytest.mark.parametrize("failure", [ValueError("a defect"), RecursionError(), AssertionError()])
def test_a_defect_costs_one_reply_and_says_servfail(world, failure):
    world.authority.failure = failure
    reply = world.ask(query(flags=RD, edns=EDNS))
    assert shape(reply) == "SERVFAIL RD 1/0/0/0"
    assert reply.crash is failure
    assert not reply.cacheable


def test_a_request_that_failed_twice_is_held_for_a_minute(world):
    world.authority.failure = ValueError("a defect")
    octets = query()
    for _ in range(2):
        world.ask(octets)
    tries = len(world.authority.asked)
    other_id = b"\x56\x78" + octets[2:]
    held = world.ask(other_id)
    assert held.octets[:2] == b"\x56\x78"
    assert held.rcode == 2
    assert held.crash is None
    assert len(world.authority.asked) == tries
    world.authority.failure = None
    assert shape(world.ask(query(qtype=16))) == "NOERROR AA 1/1/0/0", "others are answered"
    world.now += 61
    assert shape(world.ask(octets)) == "NOERROR AA 1/2/0/0"


def test_a_store_that_cannot_be_read_is_tried_again_each_time(world):
    world.authority.failure = StoreError("the disk is full")
    assert [world.ask(query()).crash for _ in range(3)] == [world.authority.failure] * 3
    world.authority.failure = None
    assert shape(world.ask(query())) == "NOERROR AA 1/2/0/0"


def test_a_flood_of_options_is_named_as_a_limit(world):
    reply = world.ask(query(edns=opt(*[option(100 + i) for i in range(100)])))
    assert shape(reply) == "NOERROR AA 1/2/0/0 EDNS"
    assert reply.limits == ("edns_options",)


def test_names_beyond_the_bound_on_compression_are_named_as_a_limit(world):
    servers = tuple(names.from_text(f"n{i}.example.test.") for i in range(200))
    owner = names.from_text("many.example.test.")
    world.authority.answers[owner] = Answer(0, True, [RRset(owner, 2, 300, servers)], [], [])
    assert world.ask_tcp(query("many.example.test.", 2)).limits == ("compressed_names",)
    assert world.ask_tcp(query()).limits == ()


def test_limits_that_the_authority_hit_are_passed_on(world):
    owner = names.from_text("far.example.test.")
    found = Answer(0, True, [RRset(owner, 5, 300, (owner,))], [], [], limits=("chain_links",))
    world.authority.answers[owner] = found
    assert world.ask(query("far.example.test.")).limits == ("chain_links",)


def test_without_the_resolver_an_alias_to_others_fails_and_says_why(world):
    owner, target = names.from_text("lent.example.test."), names.from_text("www.other.test.")
    alias = RRset(owner, RRType.ALIAS, 300, (target,))
    world.authority.answers[owner] = Answer(0, True, [alias], [], [], unfinished=target)
    reply = world.ask(query("lent.example.test.", edns=opt()))
    found = dns.message.from_wire(reply.octets)
    assert (found.rcode(), found.answer) == (dns.rcode.SERVFAIL, [])
    assert [each.code for each in found.extended_errors()] == [14]
    assert not reply.cacheable


def test_the_authority_is_told_whether_any_may_get_everything(world):
    world.ask(query(qtype=255))
    world.ask_tcp(query(qtype=255))
    assert [every for _, _, every in world.authority.asked] == [False, True]


_SEEDS = st.sampled_from([octets for _, octets, _ in MESSAGES])


@given(
    octets=_SEEDS,
    changes=st.lists(st.tuples(st.integers(0, 600), st.integers(0, 255)), max_size=4),
    cut=st.integers(0, 40),
    transport=st.sampled_from(Transport),
)
def test_no_octets_make_it_raise_or_reply_longer_than_it_may(
    make_world, octets, changes, cut, transport
):
    changed = bytearray(octets)
    for position, octet in changes:
        if position < len(changed):
            changed[position] = octet
    changed = bytes(changed[: len(changed) - cut])
    world = make_world()
    reply = world.ask(changed, "192.0.2.1", transport=transport)
    assert reply.crash is None
    if not reply.octets:
        assert reply.dropped
        return
    assert reply.octets[:2] == changed[:2]
    assert reply.octets[2] & 0x80
    assert len(reply.octets) <= (1232 if transport is Transport.UDP else 65535)
    dns.message.from_wire(reply.octets)


def test_the_fake_zone_answers_as_the_zone_store_does(tmp_path):
    owners = sorted({rrset.owner for rrset in RECORDS})
    cut = names.from_text("sub.example.test.")
    nodes = []
    for owner in owners:
        rrsets = [rrset for rrset in RECORDS if rrset.owner == owner]
        flags = FLAG_APEX if owner == names.from_text("example.test.") else 0
        if names.is_subdomain(owner, cut):
            flags = FLAG_CUT if owner == cut else FLAG_OCCLUDED
        nodes.append((owner, encode_node(flags, sorted(rrsets, key=lambda rrset: rrset.type))))
    store = open_store(tmp_path / "zones.mdb", map_size=1 << 24)
    origin = names.from_text("example.test.")
    version = store.build(origin, nodes)
    store.publish({origin: ZoneRow(version, SLOT, b"{}")})
    zones, fake = Zones(store), FakeAuthority()
    questions = [(owner, rrtype) for owner in owners for rrtype in (1, 2, 5, 6, 16, 28, 255)]
    questions += [(names.from_text(text), 1) for text in ("nope.example.test.", "foreign.test.")]
    for qname, qtype in questions:
        for every_type in (False, True):
            real = answer(zones, qname, qtype, every_type=every_type)
            if real is not None and qtype != 255:
                # Additional data is the authority's own business.
                real.additional = real.additional if real.authority else []
            made = fake(qname, qtype, every_type=every_type)
            if qtype == 255 and not every_type:
                assert (made is None) == (real is None)
                continue
            assert made == real, (names.to_text(qname), qtype)
    store.close()
