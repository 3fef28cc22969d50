"""What clients see while servers are slow on purpose, and when names lead into their network.

The queries go through the pipeline, in simulated time; the limits are the default ones.
"""

import ipaddress

import pytest
from fakes import octets
from scenarios.lan import WALL_NOW, Lan
from scenarios.many_zones import DEAD, HOSTS, OTHER_HOSTS, internet, www

from dnsd.lab.authority import Authority, Sent
from dnsd.lab.internet import Internet, Route
from dnsd.lab.zone import zone_from_text
from dnsd.query.request import Request, Transport
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverLimits
from dnsd.resolver.outcome import Explanation, Outcome
from dnsd.wire import names
from dnsd.wire.iana import ExtendedError, OptionCode, Rcode
from dnsd.wire.message import RD, parse_message

pytestmark = pytest.mark.slow

LIMITS = ResolverLimits()
UDP, TCP = Transport.UDP, Transport.TCP
VICTIM = "198.51.100.99"
CLIENT = bytes((198, 51, 100, 1))


def name_of(number):
    return names.to_text(www(number))


class Holding:
    """A server that holds its replies back: so long, or until a moment."""

    def __init__(self, authority, delay_s=0.0, until=0.0):
        self.authority = authority
        self.delay_s = delay_s
        self.until = until

    def receive(self, query, transport, now):
        wait_s = max(self.delay_s, self.until - now)
        return [Sent(each.octets, wait_s) for each in self.authority.receive(query, transport, now)]


def with_slow_zones(server, count=200):
    """Make an Internet where slow0.test and so on are each served at an address of its own.

    Args:
        server: makes the server of a zone from its authority; any name has an address.
        count: of zones.
    """
    more = [f"slow{n} NS ns.slow{n}\nns.slow{n} A 203.0.113.{n + 1}" for n in range(count)]
    world, hints = internet(more=more)
    for n in range(count):
        text = f"@ NS ns\nns A 203.0.113.{n + 1}\n* A 203.0.113.66"
        zone = zone_from_text(f"slow{n}.test.", text)
        world.servers[bytes((203, 0, 113, n + 1))] = server(Authority([zone]))
    return Lan(world, hints)


def slow_name(number, count=200):
    return f"n{number}.slow{number % count}.test."


@pytest.mark.parametrize(
    "delay_s",
    [
        pytest.param(10.0, id="servers that answer when nobody waits any more"),
        pytest.param(2.5, id="servers that are as slow as one may be"),
    ],
)
def test_new_names_are_answered_while_slow_servers_hold_every_place(delay_s):
    """CVE-2026-42534: asking again keeps no question young."""
    lan = with_slow_zones(lambda authority: Holding(authority, delay_s))
    assert lan.answer(name_of(0)).rcode == Rcode.NOERROR
    # Less than half the places in 0.2 s: more new questions than 2,500 a second keep all young.
    full = asked = 0
    for turn in range(50):  # 5 seconds
        # 40 attackers: 120 new questions until all places are taken, then 40 and 80 again.
        new = 120 if asked < LIMITS.recursions else 40
        again = range(asked - (120 - new) * 10, asked, 10)
        for number in (*again, *range(asked, asked + new)):
            lan.ask(slow_name(number), client=f"198.51.100.{100 + number % 40}")
        asked += new
        before = len(lan.answered)
        lan.ask(name_of(0), client="198.51.100.2")
        assert (lan.answered[before].rcode, lan.answered[before].found) == (Rcode.NOERROR, "hit")
        for each in range(2):
            lan.ask(name_of(1 + 2 * turn + each), client="198.51.100.3")
        full += len(lan.waiting) >= LIMITS.recursions - 20
        lan.let_pass(0.1)
    lan.let_pass(10.0)
    assert full >= 20
    benign = [each for each in lan.answered if each.client == "198.51.100.3"]
    assert len(benign) == 100
    assert sum(each.rcode == Rcode.NOERROR for each in benign) >= 0.95 * 100
    assert any("shed_after" in each.limits for each in lan.answered)
    assert len(lan.waiting) == 0
    assert lan.asker.faults == []


def test_asking_again_keeps_no_place_of_a_slow_question():
    """CVE-2026-42534: as old as its question is who asks for it once more."""
    lan = with_slow_zones(lambda authority: Holding(authority, 10.0))
    assert lan.answer(name_of(0)).rcode == Rcode.NOERROR
    half = LIMITS.recursions // 2
    for turn in range(25):
        # As many as are never shed, a quarter at a time; then all of them ten times a second.
        first, last = (turn * half // 4, (turn + 1) * half // 4) if turn < 4 else (0, half)
        for number in range(first, last):
            lan.ask(slow_name(number), client=f"198.51.100.{100 + number % 40}")
        if turn >= 8:
            assert len(lan.waiting) == LIMITS.recursions
            lan.ask(name_of(turn), client="198.51.100.3")
        lan.let_pass(0.1)
    lan.let_pass(10.0)
    benign = [each for each in lan.answered if each.client == "198.51.100.3"]
    assert [each.rcode for each in benign] == [Rcode.NOERROR] * 17


@pytest.mark.parametrize(
    ("released_s", "most"),
    [
        pytest.param(1.5, LIMITS.waiting_answers, id="as late as an answer may be"),
        # The last twenty that wait are those of somebody who waits in earnest.
        pytest.param(2.5, 20, id="later"),
    ],
)
def test_answers_that_were_collected_are_not_let_go_at_one_address(released_s, most):
    """DNSBomb: a server of the attacker's holds answers back, and lets all go at once."""
    until = internet()[0].now() + released_s
    lan = with_slow_zones(lambda authority: Holding(authority, until=until))
    for number in range(1000):
        lan.ask(slow_name(number), client=VICTIM)
        lan.let_pass(0.0014)
    lan.let_pass(20.0)
    replies = lan.sent_to(VICTIM)
    assert 1 <= len(replies) <= most
    assert sum(len(each.octets) for each in replies) <= most * 1232
    assert any("waiting_answers" in each.limits for each in lan.answered)


def test_who_is_no_forgery_may_wait_for_more_and_longer():
    until = internet()[0].now() + 2.5
    lan = with_slow_zones(lambda authority: Holding(authority, until=until))
    for number in range(300):
        lan.ask(
            slow_name(number),
            client=VICTIM,
            transport=TCP if number % 2 else UDP,
            proven=not number % 2,
        )
        lan.let_pass(0.002)
    lan.let_pass(20.0)
    replies = lan.sent_to(VICTIM)
    assert len(replies) == 300
    assert sum(each.rcode == Rcode.NOERROR for each in replies) > LIMITS.waiting_answers


def test_random_names_below_a_distant_zone_put_nobody_out():
    """1,000 names a second that do not exist; their zone is that of others, too."""
    world, hints = internet()
    above = bytes((192, 0, 2, 2))
    world.routes[above] = Route(delay_s=0.075)
    lan = Lan(world, hints)
    lan.answer(name_of(0))
    before = world.counts[above]
    for number in range(2000):
        lan.ask(f"r{number}.test.", client=f"198.51.100.{100 + number % 40}")
        if number % 20 == 0 and number >= 500:
            lan.ask(name_of(number // 20), client="198.51.100.3")
        lan.let_pass(0.001)
    lan.let_pass(10.0)
    benign = [each for each in lan.answered if each.client == "198.51.100.3"]
    assert [each.rcode for each in benign] == [Rcode.NOERROR] * 75
    # One packet for each: nothing is taken for lost that only takes its time.
    assert world.counts[above] - before == 2000 + 75


def test_ten_thousand_clients_of_a_cold_name_make_one_exchange():
    """CVE-2020-25686, CVE-2025-5994: no more chances for whoever guesses."""
    world, hints = internet()
    lan = Lan(world, hints)
    for number in range(10_000):
        lan.ask(name_of(7), client=f"198.51.{100 + number // 250 % 4}.{number % 250}")
        lan.let_pass(0.0001)
    lan.let_pass(10.0)
    assert world.counts[HOSTS] + world.counts[OTHER_HOSTS] == 1
    assert sum(each.rcode == Rcode.NOERROR for each in lan.answered) >= 0.9 * 10_000
    others = [each for each in lan.answered if each.rcode != Rcode.NOERROR]
    assert all("fetch_clients" in each.limits for each in others)


PRIVATE = [
    ("A", "127.0.0.1"), ("A", "10.1.2.3"), ("A", "172.16.0.1"), ("A", "172.31.255.255"),
    ("A", "192.168.0.1"), ("A", "169.254.169.254"), ("A", "0.0.0.0"), ("AAAA", "::"),
    ("AAAA", "::1"), ("AAAA", "fd00::8"), ("AAAA", "fe80::1"), ("AAAA", "::ffff:10.0.0.1"),
    ("AAAA", "::ffff:127.0.0.1"), ("AAAA", "64:ff9b::a00:1"), ("AAAA", "2002:a00:1::"),
]  # fmt: skip


def with_address(rrtype, text, origin, **more):
    """Make a LAN on an Internet whose root serves a name with an address."""
    world = Internet()
    address = bytes((192, 0, 2, 1))
    zone = f"@ NS ns.roots\nns.roots A 192.0.2.1\nwww.{origin} 60 {rrtype} {text}\n"
    zone += f"alias.{origin} 60 CNAME www.{origin}.\n"
    world.servers[address] = Authority([zone_from_text(".", zone)])
    server = names.from_text("ns.roots.")
    return Lan(world, Delegation(names.ROOT, (server,), {server: (address,)}), **more)


def said(reply):
    """The rdata of a reply, and the codes of its extended errors (RFC 8914)."""
    codes = [value[:2] for code, value in reply.message.edns.options if code == OptionCode.EDE]
    return reply.rdatas, [int.from_bytes(code, "big") for code in codes]


@pytest.mark.parametrize(("rrtype", "text"), PRIVATE, ids=[text for _, text in PRIVATE])
@pytest.mark.parametrize("name", ["www.evil.test.", "alias.evil.test."])
def test_a_public_name_leads_nobody_into_the_network(rrtype, text, name):
    lan = with_address(rrtype, text, "evil.test")
    number = {"A": 1, "AAAA": 28}[rrtype]
    packed = ipaddress.ip_address(text).packed
    # The second answer is that of the cache.
    for _ in range(2):
        rdatas, codes = said(lan.answer(name, number))
        assert packed not in rdatas
        assert codes == [ExtendedError.FILTERED]


@pytest.mark.parametrize(("rrtype", "text"), PRIVATE, ids=[text for _, text in PRIVATE])
def test_a_name_that_may_lead_into_the_network_does(rrtype, text):
    lan = with_address(rrtype, text, "intranet.test", allowed=["intranet.test."])
    number = {"A": 1, "AAAA": 28}[rrtype]
    assert said(lan.answer("www.intranet.test.", number)) == (
        [ipaddress.ip_address(text).packed],
        [],
    )


def test_what_is_blocked_meanwhile_is_not_given_from_what_expired():
    """CVE-2026-55717, CVE-2026-50243: an alias that expired, to a name that is now blocked."""
    lan = with_address("A", "192.0.2.66", "ads.test")
    assert lan.answer("alias.ads.test.").rdatas[1:] == [bytes((192, 0, 2, 66))]
    blocked = Outcome(int(Rcode.NXDOMAIN), [], [], explanation=Explanation(15, "a list"))
    lan.here[names.from_text("www.ads.test.")] = blocked
    lan.internet.route = Route(silent=True)
    lan.let_pass(3600.0)
    reply = lan.answer("alias.ads.test.")
    assert (reply.found, reply.rcode) == ("stale", Rcode.NXDOMAIN)
    assert len(reply.rdatas) == 1
    assert bytes((192, 0, 2, 66)) not in reply.octets


def test_a_zone_that_was_revoked_is_not_given_from_what_expired():
    """CVE-2022-30698: the parent denies it now, though its own servers are silent."""
    world, hints = internet()
    zone = zone_from_text("dead.test.", "@ NS ns\nns A 192.0.2.9\nwww 5 A 203.0.113.66")
    world.servers[DEAD] = Authority([zone])
    lan = Lan(world, hints)
    assert lan.answer("www.dead.test.").rcode == Rcode.NOERROR
    world.servers[bytes((192, 0, 2, 2))] = Authority(
        [zone_from_text("test.", "@ NS ns\nns A 192.0.2.2")]
    )
    del world.servers[DEAD]
    assert lan.answer("www.dead.test.").found == "hit"
    lan.let_pass(86_400.0)
    assert lan.answer("www.dead.test.").rcode == Rcode.NXDOMAIN


def reply_with_options(*options):
    """Ask with options in the OPT record, over TCP, and return the reply."""
    lan = with_address("A", "192.0.2.80", "bank.test")
    raw = octets.query("www.bank.test.", flags=RD, edns=octets.opt(*options))
    request = Request(raw, CLIENT, 5353, None, TCP, lan.internet.now(), WALL_NOW)
    replies = []
    assert lan.pipeline.reply(request, replies.append) is None
    lan.let_pass(10.0)
    (reply,) = replies
    return reply


def test_options_that_come_again_count_once():
    """CVE-2026-42944: what is answered to one of them is not answered to each of many."""
    options = [octets.option(*each) for each in ((10, b"abcdefgh"), (3,), (12, bytes(9)))]
    once = parse_message(reply_with_options(*options).octets)
    again = parse_message(reply_with_options(*[each for each in options for _ in range(9)]).octets)
    assert once.edns.options == again.edns.options
    assert [code for code, _ in once.edns.options] == [OptionCode.COOKIE]


def test_a_flood_of_options_gets_one_small_reply():
    """CVE-2026-41292: 16,000 options without octets."""
    reply = reply_with_options(*[octets.option(65001)] * 16_000)
    assert (reply.rcode, reply.limits) == (Rcode.NOERROR, ("edns_options",))
    assert len(reply.octets) < 100
