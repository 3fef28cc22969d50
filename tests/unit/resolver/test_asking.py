"""Asking the servers of one zone: what each thing that comes leads to."""

from dataclasses import replace

import pytest
from fakes.internet import Asker
from fakes.rehearsal import Rehearsal

from dnsd.resolver.commands import Result, Transport
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.wire import names
from dnsd.wire.message import AA, QR, RA, TC
from dnsd.wire.names import ROOT

WWW = names.from_text("www.bank.test.")
ZONE = names.from_text("bank.test.")
ADDRESSES = (b"\xc0\0\2\1", b"\xc0\0\2\2")
NS1, NS2 = names.from_text("ns1.bank.test."), names.from_text("ns2.bank.test.")
TWO = Delegation(ZONE, (NS1, NS2), {NS1: ADDRESSES[:1], NS2: ADDRESSES[1:]}, stub=True)
OPTIONS = ResolverOptions(minimisation="off", priming=False)
ANSWER = {"answer": "www.bank.test. A 192.0.2.80"}
UDP, TCP, TLS = Transport
FORMERR, SERVFAIL, NOTIMP, REFUSED, BADCOOKIE = 1, 2, 4, 5, 23
A = 1


def stage(cut=TWO, options=OPTIONS, **limits):
    """A resolver that knows one zone cut."""
    options = replace(options, limits=ResolverLimits(**limits))
    asker = Asker(Rehearsal(), Delegation(ROOT, ()), options, configured={cut.zone: cut})
    return asker, asker.internet


def way(exchange, query):
    """How a query was sent, in words."""
    words = [exchange.transport.name.lower()]
    if query.edns is None:
        words.append("without EDNS")
    elif len(query.edns.option(10) or b"") > 8:
        words.append("with its cookie")
    return " ".join(words)


def cookie(network):
    """The reply's cookie: our part and eight octets of the server's."""
    return ((10, network.asked().edns.option(10)[:8] + b"servers!"),)


def malformed(network):
    octets = network.open[0][0].query
    network.ends(Result.REPLY, octets[:2] + b"\x84\0\0\1\0\1\0\0\0\0" + octets[12:20])


def ends(result):
    return lambda network: network.ends(result)


def says(**reply):
    return lambda network: network.says(**reply)


answers = says(**ANSWER)
refuses_edns = says(rcode=FORMERR, edns=None, flags=QR)
knows_no_edns = says(rcode=NOTIMP, edns=None, flags=QR)
truncates = says(flags=QR | AA | TC)
has_dname = says(answer="bank.test. DNAME city.example.\nwww.bank.test. CNAME www.city.example.")
lies_beside = says(answer="www.bank.test. A 192.0.2.80", additional="www.test. A 192.0.2.66")
is_lame = says(flags=QR | RA, **ANSWER)


def wants_cookie(network):
    network.says(rcode=BADCOOKIE, edns=cookie(network))


@pytest.mark.parametrize(
    ("said", "ways"),
    [
        pytest.param([answers], ["udp"], id="an answer"),
        pytest.param([lies_beside], ["udp"], id="an answer and what is none of its business"),
        pytest.param([truncates, answers], ["udp", "same tcp"], id="truncated"),
        pytest.param([ends(Result.WRONG_ID), answers], ["udp", "same tcp"], id="a wrong ID"),
        pytest.param([ends(Result.CASE_CHANGED), answers], ["udp", "same tcp"], id="letter case"),
        pytest.param([malformed, answers], ["udp", "same tcp"], id="malformed"),
        pytest.param([has_dname, has_dname], ["udp", "same tcp"], id="an unsigned DNAME"),
        pytest.param([malformed, malformed, answers], ["udp", "same tcp", "other udp"], id="malformed over TCP too"),
        pytest.param([truncates, truncates, answers], ["udp", "same tcp", "other udp"], id="truncated over TCP too"),
        pytest.param([truncates, ends(Result.CLOSED), answers], ["udp", "same tcp", "other udp"], id="no TCP"),
        pytest.param([ends(Result.TIMED_OUT), answers], ["udp", "other udp"], id="silence"),
        pytest.param([ends(Result.UNREACHABLE), answers], ["udp", "other udp"], id="unreachable"),
        pytest.param([ends(Result.NO_SOCKET), answers], ["udp", "other udp"], id="no socket"),
        pytest.param([ends(Result.UNTRUSTED), answers], ["udp", "other udp"], id="not trusted"),
        pytest.param([refuses_edns, answers], ["udp", "same udp without EDNS"], id="FORMERR without OPT"),
        pytest.param([knows_no_edns, answers], ["udp", "same udp without EDNS"], id="NOTIMP without OPT"),
        pytest.param([refuses_edns, refuses_edns, answers], ["udp", "same udp without EDNS", "other udp"], id="FORMERR to what has no EDNS"),
        pytest.param([says(rcode=FORMERR), answers], ["udp", "other udp"], id="FORMERR with OPT"),
        pytest.param([wants_cookie, answers], ["udp", "same udp with its cookie"], id="BADCOOKIE"),
        pytest.param([wants_cookie, wants_cookie, answers], ["udp", "same udp with its cookie", "same tcp with its cookie"], id="BADCOOKIE again"),
        pytest.param([wants_cookie, wants_cookie, wants_cookie, answers], ["udp", "same udp with its cookie", "same tcp with its cookie", "other udp"], id="BADCOOKIE over TCP too"),
        pytest.param([says(rcode=REFUSED, flags=QR), answers], ["udp", "other udp"], id="REFUSED"),
        pytest.param([says(rcode=SERVFAIL, flags=QR), answers], ["udp", "other udp"], id="SERVFAIL"),
        pytest.param([is_lame, answers], ["udp", "other udp"], id="an answer from a cache"),
    ],
)  # fmt: skip
def test_what_comes_decides_who_is_asked_next_and_how(said, ways):
    asker, network = stage()
    found = asker.start(WWW, A)
    asked, before = [], None
    for reaction in said:
        assert len(network.open) == 1, "one at a time"
        exchange = network.open[0][0]
        who = {None: "", exchange.address: "same "}.get(before, "other ")
        asked.append(who + way(exchange, network.asked()))
        before = exchange.address
        reaction(network)
    assert asked == ways
    assert [outcome.packets for outcome in found] == ([len(ways)] if not network.open else [])
    assert asker.faults == []


def dname_with(octets):
    return lambda network: network.says(
        edns=((10, octets(network.asked().edns.option(10))),),
        answer="bank.test. DNAME city.example.",
    )


@pytest.mark.parametrize(
    ("octets", "is_believed"),
    [
        pytest.param(lambda ours: ours[:8] + b"servers!", True, id="ours, with the server's"),
        pytest.param(lambda ours: ours[:8], False, id="ours alone, which proves no server"),
        pytest.param(lambda ours: bytes(8) + b"servers!", False, id="another one"),
        pytest.param(lambda ours: bytes([ours[0] ^ 1]) + ours[1:8] + b"servers!", False, id="nearly ours"),
    ],
)  # fmt: skip
def test_a_dname_with_the_cookie_that_was_sent_needs_no_tcp(octets, is_believed):
    asker, network = stage()
    asker.start(WWW, A)
    dname_with(octets)(network)
    kept = [entry.type for entry in asker.records.entries()]
    assert (39 in kept) == is_believed
    ways = [exchange.transport for exchange, _ in network.open]
    assert ways == ([] if is_believed else [TCP])


def test_a_cookie_proves_nothing_to_whom_none_was_sent():
    asker, network = stage(replace(TWO, servers=(NS1,)))
    asker.start(WWW, A)
    ours = network.asked().edns.option(10)
    refuses_edns(network)
    assert network.asked().edns is None
    network.says(edns=((10, ours + b"servers!"),), answer="bank.test. DNAME city.example.")
    assert [exchange.transport for exchange, _ in network.open] == [TCP]


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(lambda ours: ours[:8] + bytes(33), id="longer than any"),
        pytest.param(lambda ours: ours[:8] + bytes(7), id="shorter than any"),
        pytest.param(lambda ours: bytes(16) + ours[:8], id="of somebody else"),
    ],
)
@pytest.mark.parametrize("beside", [{}, {"additional": "www.test. A 192.0.2.66"}], ids=["", "more"])
def test_what_is_no_cookie_for_us_is_not_sent_back(octets, beside):
    asker, network = stage(replace(TWO, servers=(NS1,)))
    asker.start(WWW, A)
    no_cookie = ((10, octets(network.asked().edns.option(10))),)
    network.says(edns=no_cookie, **ANSWER, **beside)
    asker.start(names.from_text("other.bank.test."), A)
    assert len(network.asked().edns.option(10)) == 8


def test_a_cookie_from_whom_none_was_sent_is_not_kept():
    asker, network = stage(replace(TWO, servers=(NS1,)))
    asker.start(WWW, A)
    refuses_edns(network)
    network.says(edns=((10, b"chosen by forgers"),), **ANSWER)
    network.time += 1000
    asker.start(names.from_text("other.bank.test."), A)
    assert len(network.asked().edns.option(10)) == 8


def test_what_is_learned_of_a_server_is_used_the_next_time():
    asker, network = stage(replace(TWO, servers=(NS1,)))
    asker.start(WWW, A)
    refuses_edns(network)
    answers(network)
    asker.start(names.from_text("other.bank.test."), A)
    assert way(network.open[0][0], network.asked()) == "udp without EDNS"


def test_a_server_that_changes_letter_case_is_asked_over_tcp_from_then_on():
    asker, network = stage(replace(TWO, servers=(NS1,)))
    asker.start(WWW, A)
    network.ends(Result.CASE_CHANGED)
    answers(network)
    asker.start(names.from_text("other.bank.test."), A)
    assert network.open[0][0].transport is TCP


@pytest.mark.parametrize("refusal", [says(rcode=REFUSED, flags=QR), is_lame])
def test_a_lame_server_goes_last(refusal):
    asker, network = stage()
    asker.start(WWW, A)
    lame = network.open[0][0].address
    refusal(network)
    answers(network)
    for number in range(20):
        asker.start(names.from_text(f"n{number}.bank.test."), A)
        assert network.open[0][0].address != lame
        network.says(answer=f"n{number}.bank.test. A 192.0.2.80")
    found = asker.start(names.from_text("last.bank.test."), A)
    network.says(rcode=SERVFAIL)
    assert network.open[0][0].address == lame
    network.says(answer="last.bank.test. A 192.0.2.80")
    assert found[0].rcode == 0


def test_the_clients_letters_are_never_those_of_the_query():
    asker, network = stage()
    found = asker.start(WWW, A)
    assert network.asked().qname_as_sent != WWW
    assert network.asked().qname == WWW
    answers(network)
    assert [rrset.owner for rrset in found[0].answer] == [WWW]


def test_forwarders_are_asked_to_recurse_and_servers_are_not():
    for cut, recursion in ((TWO, 0), (replace(TWO, forward=True, stub=False), 0x100)):
        asker, network = stage(cut)
        asker.start(WWW, A)
        assert network.asked().flags & 0x100 == recursion


@pytest.mark.parametrize(("port", "expected"), [(0, 53), (5353, 5353)])
def test_a_configured_port_is_used(port, expected):
    asker, network = stage(replace(TWO, port=port))
    asker.start(WWW, A)
    assert network.open[0][0].port == expected


def test_a_server_over_tls_must_have_the_configured_name():
    name = names.from_text("resolver.example.")
    asker, network = stage(
        Delegation(ZONE, (name,), {name: ADDRESSES[:1]}, forward=True, transport=TLS)
    )
    asker.start(WWW, A)
    assert (network.open[0][0].transport, network.open[0][0].server_name) == (
        TLS,
        "resolver.example",
    )


def test_whoever_asks_is_told_that_a_certificate_is_not_trusted():
    name = names.from_text("resolver.example.")
    cut = Delegation(ZONE, (name,), {name: ADDRESSES[:1]}, forward=True, transport=TLS)
    asker, network = stage(cut)
    found = asker.start(WWW, A)
    while network.open:
        network.ends(Result.UNTRUSTED)
    assert (found[0].rcode, found[0].explanation) == (
        SERVFAIL,
        (23, "the server's certificate is not trusted"),
    )
    assert asker.world.servers.find(ADDRESSES[0] + cut.way, network.time).timeouts == 2


class TestBudgets:
    @pytest.mark.parametrize(
        ("limits", "packets"),
        [
            pytest.param({"query_packets": 1}, 1, id="query_packets"),
            pytest.param({"query_work": 250}, 2, id="query_work"),
            pytest.param({"query_octets": 20}, 1, id="query_octets"),
        ],
    )
    def test_a_budget_that_is_used_up_ends_the_question_with_its_name(self, request, limits, packets):  # fmt: skip
        asker, network = stage(**limits)
        found = asker.start(WWW, A)
        for _ in range(packets):
            network.says(rcode=SERVFAIL, flags=QR) if packets == 1 else truncates(network)
        assert network.open == []
        (outcome,) = found
        assert (outcome.rcode, outcome.packets) == (SERVFAIL, packets)
        assert outcome.limits == tuple(limits)

    def test_the_deadline_ends_the_question(self):
        asker, network = stage()
        found = asker.start(WWW, A)
        network.time += 8.0
        network.ends(Result.TIMED_OUT)
        assert (found[0].rcode, found[0].limits) == (SERVFAIL, ("query_time",))

    def test_no_wait_is_longer_than_what_is_left(self):
        asker, network = stage(query_time_s=0.1)
        asker.start(WWW, A)
        assert network.open[0][0].timeout_s == pytest.approx(0.1)

    @pytest.mark.parametrize("way", [UDP, TCP])
    def test_a_wait_that_our_own_deadline_ends_says_nothing_of_the_server(self, way):
        cut = replace(TWO, servers=(NS1,), transport=way)
        asker, network = stage(cut, query_time_s=0.1)
        found = asker.start(WWW, A)
        network.time += 0.1
        network.ends(Result.TIMED_OUT)
        assert found[0].limits == ("query_time",)
        assert asker.world.servers.find(ADDRESSES[0] + cut.way, network.time) is None
        quotas = asker.world.quotas
        assert (len(quotas.servers._unwell), len(quotas.zones._unwell)) == (0, 0)

    def test_a_whole_wait_counts_even_if_little_time_is_left(self):
        asker, network = stage(replace(TWO, servers=(NS1,)), query_time_s=0.5)
        asker.start(WWW, A)
        network.time += 0.4
        network.ends(Result.TIMED_OUT)
        assert asker.world.servers.find(ADDRESSES[0], network.time).timeouts == 1
        assert len(asker.world.quotas.servers._unwell) == 1

    def test_one_zone_gets_only_so_many_packets_of_a_fetch(self):
        servers = tuple(names.from_text(f"ns{i}.bank.test.") for i in range(10))
        cut = Delegation(ZONE, servers, {name: (b"\xc0\0\2%c" % i,) for i, name in enumerate(servers)},
                         stub=True)  # fmt: skip
        asker, network = stage(cut, zone_packets=4)
        found = asker.start(WWW, A)
        for _ in range(4):
            network.says(rcode=SERVFAIL, flags=QR)
        assert [outcome.rcode for outcome in found] == [SERVFAIL]

    def test_shortened_names_are_of_the_same_fetch(self):
        servers = tuple(names.from_text(f"ns{i}.bank.test.") for i in range(10))
        cut = Delegation(ZONE, servers, {name: (b"\xc0\0\2%c" % i,) for i, name in enumerate(servers)},
                         stub=True)  # fmt: skip
        asker, network = stage(cut, replace(OPTIONS, minimisation="relaxed"), zone_packets=4)
        found = asker.start(names.from_text("a.b.c.bank.test."), A)
        asked = []
        while network.open:
            asked.append(network.asked().qname)
            network.says(rcode=SERVFAIL, flags=QR)
        assert len(asked) == 4
        assert [outcome.limits for outcome in found] == [("zone_packets",)]

    @pytest.mark.parametrize("limit", ["zone_in_flight", "server_in_flight"])
    def test_a_full_quota_ends_the_question_with_its_name(self, limit):
        asker, network = stage(replace(TWO, servers=(NS1,)), **{limit: 1})
        asker.start(WWW, A)
        (outcome,) = asker.start(names.from_text("other.bank.test."), A)
        assert (outcome.rcode, outcome.limits) == (SERVFAIL, (limit,))
        quotas = asker.world.quotas
        assert quotas.zones.in_flight(ZONE) == quotas.servers.in_flight(ADDRESSES[0]) == 1
        answers(network)
        assert quotas.zones.in_flight(ZONE) == quotas.servers.in_flight(ADDRESSES[0]) == 0

    def test_ordinary_traffic_hits_no_limit(self):
        asker, network = stage()
        found = asker.start(WWW, A)
        answers(network)
        assert found[0].limits == ()

    def test_what_we_are_short_of_says_nothing_of_the_server(self):
        asker, network = stage(replace(TWO, servers=(NS1,)))
        asker.start(WWW, A)
        network.ends(Result.TIMED_OUT)
        before = asker.world.quotas.servers.in_flight(ADDRESSES[0])
        assert before == 1
        quota = asker.world.quotas.servers
        sick = quota._busy[ADDRESSES[0]][2]
        network.ends(Result.NO_SOCKET)
        assert quota._busy[ADDRESSES[0]][2] == sick


def test_every_step_is_told_to_whoever_wants_to_see_it():
    asker, network = stage()
    steps = []
    asker.start(WWW, A, steps.append)
    truncates(network)
    answers(network)
    assert [(step.zone, step.name, step.transport, step.result) for step in steps] == [
        (ZONE, WWW, UDP, Result.REPLY),
        (ZONE, WWW, TCP, Result.REPLY),
    ]


class TestTwoServersAtOneAddress:
    """Forwarders of two zones whose address is the same, and not how they are asked."""

    OTHER = names.from_text("corp.test.")

    def stage(self, **limits):
        one = Delegation(ZONE, (NS1,), {NS1: ADDRESSES[:1]}, forward=True)
        other = Delegation(self.OTHER, (NS2,), {NS2: ADDRESSES[:1]}, forward=True, **limits)
        asker = Asker(Rehearsal(), Delegation(ROOT, ()), OPTIONS,
                      configured={ZONE: one, self.OTHER: other})  # fmt: skip
        return asker, asker.internet

    @pytest.fixture(params=[{"port": 5353}, {"transport": TCP}], ids=["port", "transport"])
    def both(self, request):
        return self.stage(**request.param)

    def test_both_are_asked_at_their_address(self, both):
        asker, network = both
        steps = []
        for name in ("www.bank.test.", "www.corp.test."):
            asker.start(names.from_text(name), A, steps.append)
            assert network.open[0][0].address == ADDRESSES[0]
            network.says(flags=QR | RA, answer=f"{name} A 192.0.2.80")
        assert [step.address for step in steps] == list(ADDRESSES[:1]) * 2
        kept = [entry.server for entry in asker.records.entries()]
        assert kept == list(ADDRESSES[:1]) * 2

    def test_the_silence_of_one_is_not_that_of_the_other(self, both):
        asker, network = both
        asker.start(WWW, A)
        while network.open:
            network.time += 3.0
            network.ends(Result.TIMED_OUT)
        asker.start(names.from_text("www.corp.test."), A)
        waits = network.open[0][0].timeout_s
        silent = asker.world.servers.find(ADDRESSES[0], network.time)
        assert (silent.timeouts, len(asker.world.servers._table)) == (3, 1)
        assert waits == pytest.approx({UDP: 0.4, TCP: 3.0}[network.open[0][0].transport])

    def test_what_one_knows_nothing_of_is_asked_of_the_other(self, both):
        asker, network = both
        asker.start(WWW, A)
        refuses_edns(network)
        answers(network)
        asker.start(names.from_text("www.corp.test."), A)
        assert network.asked().edns is not None

    def test_the_cookie_of_one_is_not_shown_to_the_other(self, both):
        asker, network = both
        asker.start(WWW, A)
        network.says(flags=QR | RA, edns=cookie(network), **ANSWER)
        asker.start(names.from_text("www.corp.test."), A)
        assert len(network.asked().edns.option(10)) == 8

    def test_what_waits_for_one_is_no_load_of_the_other(self, both):
        asker, network = both
        asker.start(WWW, A)
        asker.start(names.from_text("www.corp.test."), A)
        assert asker.world.quotas.servers.in_flight(ADDRESSES[0]) == 1
        assert len(network.open) == 2
