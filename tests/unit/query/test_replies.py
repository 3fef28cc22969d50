"""Nobody who may be forged gets more octets than it sent, or more often than allowed."""

import dns.message
import pytest
from fakes.authority import SLOT
from fakes.octets import message, opt, option, query

from dnsd.authority.answer import Answer
from dnsd.query.acl import Networks
from dnsd.query.cookies import CLIENT_ONLY, INVALID, VALID
from dnsd.query.finish import extended_error
from dnsd.query.identity import Identity
from dnsd.query.ratelimit import ERROR_CLASS, RESPONSE_CLASS
from dnsd.query.replies import Exchange, Replies
from dnsd.query.request import Request, Transport
from dnsd.query.views import AUTHORITY, UNLIMITED, ViewOptions, Views
from dnsd.wire import names
from dnsd.wire.message import parse_message, parse_query

# Not exempt from response rate limiting, as loopback is.
CLIENT = "192.0.2.53"
NEIGHBOUR = "192.0.2.54"
FOREIGN = "www.foreign.test."
TC = 0x0200
CLIENT_COOKIE = option(10, b"abcdefgh")
BAD_COOKIE = option(10, b"abcdefgh" + b"\1" * 16)


def exhaust(world, octets, client=CLIENT):
    """Ask until the client is limited; return the limited reply and how many came before."""
    for count in range(200):
        reply = world.ask(octets, client)
        if reply.limits:
            return reply, count
    pytest.fail("never limited")


LIMITED = [
    pytest.param(query(), 50, "response_rate", id="data"),
    pytest.param(query(qtype=28), 50, "response_rate", id="no data"),
    pytest.param(query(edns=opt()), 50, "response_rate", id="data with EDNS"),
    pytest.param(query(edns=opt(CLIENT_COOKIE)), 50, "response_rate", id="a client cookie only"),
    pytest.param(query(edns=opt(BAD_COOKIE)), 50, "response_rate", id="an invalid cookie"),
    pytest.param(query("nope.example.test."), 5, "error_rate", id="no such name"),
    pytest.param(query("a.sub.example.test."), 5, "error_rate", id="a referral"),
    pytest.param(query(FOREIGN, edns=opt()), 5, "error_rate", id="no zone of ours"),
    pytest.param(query(edns=opt(version=1)), 5, "error_rate", id="EDNS version"),
    pytest.param(query(flags=15 << 11), 5, "error_rate", id="unknown opcode"),
    pytest.param(message(additional=[opt(CLIENT_COOKIE)]), 5, "error_rate", id="cookie only"),
    pytest.param(query("version.bind.", 16, 3), 3, "chaos_rate", id="identity"),
]


@pytest.mark.parametrize(("octets", "allowed", "limit"), LIMITED)
def test_a_reply_over_its_rate_sends_the_client_to_tcp(make_world, octets, allowed, limit):
    world = make_world(identity=Identity(version=b"dnsd"))
    reply, count = exhaust(world, octets)
    assert count == allowed
    assert reply.limits == (limit,)
    assert not reply.cacheable
    assert not reply.truncated, "TC here is no truncation"
    parsed = dns.message.from_wire(reply.octets)
    assert parsed.flags & TC
    assert parsed.rcode() == 0
    assert parsed.answer == parsed.authority == parsed.additional == []


@pytest.mark.parametrize(("octets", "allowed", "limit"), LIMITED)
def test_a_limited_reply_is_no_longer_than_its_query(make_world, octets, allowed, limit):
    world = make_world(identity=Identity(version=b"dnsd"))
    reply, _ = exhaust(world, octets)
    assert len(reply.octets) <= len(octets)


@pytest.mark.parametrize(("octets", "allowed", "limit"), LIMITED)
@pytest.mark.parametrize(
    ("client", "transport"),
    [
        pytest.param(CLIENT, Transport.TCP, id="over TCP"),
        pytest.param("127.0.0.1", Transport.UDP, id="from an exempt network"),
    ],
)
def test_whoever_cannot_be_forged_is_not_limited(
    make_world, octets, allowed, limit, client, transport
):
    world = make_world(identity=Identity(version=b"dnsd"))
    exhaust(world, octets)
    for _ in range(2 * allowed):
        assert not world.ask(octets, client, transport=transport).limits


def test_a_valid_cookie_is_not_limited_and_a_neighbour_is(world):
    proven = query(edns=opt(option(10, world.cookie(CLIENT))))
    exhaust(world, query())
    assert not any(world.ask(proven, CLIENT).limits for _ in range(200))
    assert world.ask(proven, NEIGHBOUR).limits == ("response_rate",)


def test_a_limited_client_whose_cookie_went_bad_gets_a_fresh_one(world):
    reply, _ = exhaust(world, query(edns=opt(BAD_COOKIE)))
    (fresh,) = dns.message.from_wire(reply.octets).options
    assert fresh.client + fresh.server == world.cookie(CLIENT)


def test_the_rate_of_another_name_is_another(world):
    exhaust(world, query())
    assert not world.ask(query("ns1.example.test."), CLIENT).limits


MALFORMED = [
    pytest.param(query()[:20], id="half a question"),
    pytest.param(message(), id="no question"),
    pytest.param(query(edns=opt(option(10, b"short"))), id="a malformed cookie"),
]


@pytest.mark.parametrize("octets", MALFORMED)
def test_malformed_queries_get_one_formerr_a_second(world, octets):
    assert world.ask(octets, CLIENT).rcode == 1
    dropped = world.ask(octets, NEIGHBOUR)
    assert (dropped.octets, dropped.dropped, dropped.limits) == (
        b"",
        "malformed",
        ("formerr_rate",),
    )
    assert dropped.error
    world.now += 1.01
    assert world.ask(octets, CLIENT).rcode == 1


@pytest.fixture
def world_of_a_resolver(make_world):
    """Has names resolved for the clients that these tests ask as."""
    networks = map(Networks.from_text, (["any"], ["loopback"], ["192.0.2.0/24"]))
    allow, unlimited, recursion = networks
    views = Views(ViewOptions(allow, unlimited, recursion=recursion))
    return make_world(views=views, identity=Identity(version=b"dnsd"))


@pytest.mark.parametrize("octets", MALFORMED)
def test_who_may_have_names_resolved_gets_one_formerr_a_second_too(world_of_a_resolver, octets):
    world = world_of_a_resolver
    assert world.ask(octets, CLIENT).rcode == 1
    assert world.ask(octets, CLIENT).limits == ("formerr_rate",)


def test_who_may_have_names_resolved_gets_answers_and_errors_as_often_as_it_asks(
    world_of_a_resolver,
):
    world = world_of_a_resolver
    for octets in (query(), query("nope.example.test."), query(FOREIGN)):
        assert not any(world.ask(octets, CLIENT).limits for _ in range(100))


def test_who_may_have_names_resolved_is_told_the_identity_three_times_a_second(
    world_of_a_resolver,
):
    world = world_of_a_resolver
    reply, count = exhaust(world, query("version.bind.", 16, 3))
    assert (reply.limits, count) == (("chaos_rate",), 3)
    assert not any(world.ask(query("version.bind.", 16, 3)).limits for _ in range(100))


def test_a_refusal_is_not_explained_to_who_may_have_names_resolved_over_udp(world_of_a_resolver):
    octets = query(FOREIGN, edns=opt())
    assert len(world_of_a_resolver.ask(octets, CLIENT).octets) == len(octets)


@pytest.mark.parametrize("octets", MALFORMED)
def test_malformed_messages_over_tcp_are_always_told_so(world, octets):
    assert [world.ask_tcp(octets, CLIENT).rcode for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("client", "transport", "explained"),
    [
        pytest.param(CLIENT, Transport.UDP, False, id="may be forged"),
        pytest.param(CLIENT, Transport.TCP, True, id="over TCP"),
        pytest.param("127.0.0.1", Transport.UDP, True, id="from an exempt network"),
    ],
)
def test_a_refusal_is_explained_only_where_it_cannot_hit_anybody_else(
    world, client, transport, explained
):
    octets = query(FOREIGN, edns=opt())
    reply = world.ask(octets, client, transport=transport)
    assert reply.rcode == 5
    codes = [int(o.code) for o in dns.message.from_wire(reply.octets).options]
    assert codes == ([20] if explained else [])
    assert explained or len(reply.octets) == len(octets)


@pytest.mark.parametrize(
    ("octets", "rate_class"),
    [
        (query(), RESPONSE_CLASS + names.from_text("www.example.test.")),
        (query("nope.example.test."), ERROR_CLASS + SLOT.to_bytes(2, "big")),
        (query(FOREIGN), ERROR_CLASS),
    ],
)
def test_a_reply_carries_what_the_fast_path_must_count_it_under(world, octets, rate_class):
    assert world.ask(octets).rate_class == rate_class


KEEPALIVE = 11
ASKS = opt(option(KEEPALIVE, b""))


def keepalive(reply):
    parsed = dns.message.from_wire(reply.octets)
    return [o.to_wire() for o in parsed.options if o.otype == KEEPALIVE]


@pytest.mark.parametrize(
    ("octets", "idle_s", "told"),
    [
        pytest.param(query(edns=ASKS), 10.0, [b"\0\x64"], id="an answer"),
        pytest.param(query(edns=ASKS), 0.25, [b"\0\x02"], id="less than asked for is kept"),
        pytest.param(query(edns=ASKS), 9999.0, [b"\xff\xff"], id="more than can be said"),
        pytest.param(query(FOREIGN, edns=ASKS), 10.0, [b"\0\x64"], id="a refusal"),
        pytest.param(query(edns=opt()), 10.0, [], id="nobody asks"),
        pytest.param(query(), 10.0, [], id="no EDNS"),
        pytest.param(query(edns=ASKS), 0.0, [], id="no time to tell, as over UDP"),
    ],
)
def test_who_asks_is_told_how_long_a_connection_is_kept(world, octets, idle_s, told):
    reply = world.ask(octets, transport=Transport.TCP, idle_s=idle_s)
    assert keepalive(reply) == told


@pytest.mark.parametrize(("octets", "is_told"), [(150, True), (300, False)])
def test_an_explanation_that_has_no_room_is_left_out_and_nothing_else(world, octets, is_told):
    name = f"{'.'.join(['a' * 60] * 4)}."
    asked = parse_query(query(name, edns=opt(CLIENT_COOKIE, size=512)))
    request = Request(asked.raw, b"\xc0\0\2\x35", 5353, None, Transport.UDP, 0.0, 0)
    cookie = option(10, bytes(24))
    exchange = Exchange(request, asked, UNLIMITED, is_datagram=True, cookie=cookie)
    exchange.explanation = extended_error(22, "x" * octets)
    reply = Replies(world.parts).answer(exchange, Answer(2, False, [], [], []))
    assert len(reply.octets) <= 512
    told = [each for each, _ in parse_message(reply.octets).edns.options]
    assert told == ([15, 10] if is_told else [10])


@pytest.mark.parametrize(
    ("view", "transport", "verdict", "is_told"),
    [
        pytest.param(AUTHORITY, Transport.UDP, CLIENT_ONLY, False, id="who may be forged"),
        pytest.param(AUTHORITY, Transport.UDP, INVALID, False, id="a cookie of somebody else"),
        pytest.param(AUTHORITY, Transport.UDP, VALID, True, id="a good cookie"),
        pytest.param(AUTHORITY, Transport.TCP, CLIENT_ONLY, True, id="over TCP"),
        pytest.param(UNLIMITED, Transport.UDP, CLIENT_ONLY, True, id="one of ours"),
    ],
)
def test_a_failed_search_is_explained_to_whom_it_may_be(world, view, transport, verdict, is_told):
    asked = parse_query(query("our.test.", edns=opt()))
    request = Request(asked.raw, b"\xc0\0\2\x35", 5353, None, transport, 0.0, 0)
    exchange = Exchange(request, asked, view, is_datagram=transport is Transport.UDP)
    exchange.verdict = verdict
    exchange.explanation = extended_error(22, "servers answer with errors")
    reply = Replies(world.parts).answer(exchange, Answer(2, False, [], [], []))
    assert (len(reply.octets) > len(asked.raw)) == is_told
    assert bool(parse_message(reply.octets).edns.options) == is_told
