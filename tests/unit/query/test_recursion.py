"""What the resolver adds to the answer that one client gets, and when it gets it."""

import gc
from dataclasses import replace

import pytest
from fakes import octets
from fakes.authority import FakeAuthority
from fakes.internet import Asker
from fakes.rehearsal import Rehearsal
from fakes.replies import lines, record

from dnsd.authority.answer import Answer, leads_away
from dnsd.query.acl import Networks
from dnsd.query.cookies import Cookies
from dnsd.query.finish import FinishOptions, extended_error
from dnsd.query.identity import Identity
from dnsd.query.parts import Parts
from dnsd.query.pipeline import Pipeline
from dnsd.query.ratelimit import Limiter, LimiterOptions
from dnsd.query.rebinding import PrivateFilter
from dnsd.query.recursion import Found, Recursion, RecursionOptions, Sources
from dnsd.query.replies import Exchange
from dnsd.query.request import Request, Transport
from dnsd.query.views import POLICY_SHIFT, ViewOptions, Views
from dnsd.query.waiting import Waiting, WaitingOptions
from dnsd.resolver import shedding
from dnsd.resolver.cache.contract import Entry, Kind, Rank, Security
from dnsd.resolver.client_rates import ClientLimits, MissRates, WaitingAnswers
from dnsd.resolver.commands import Result
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.resolver.outcome import Explanation, Outcome
from dnsd.resolver.security.trust import Trust
from dnsd.wire import names
from dnsd.wire.edns import FLAG_DO
from dnsd.wire.iana import ExtendedError
from dnsd.wire.message import AD, CD, QR, RA, RD, parse_message, parse_query
from dnsd.wire.names import ROOT

N = names.from_text
SERVER = N("ns.bank.test.")
BANK = Delegation(N("bank.test."), (SERVER,), {SERVER: (b"\xc0\0\2\1",)}, stub=True)
OPTIONS = ResolverOptions(minimisation="off", priming=False)
WWW = "www.bank.test."
A, MX, DS, ANY = 1, 15, 43, 255
NXDOMAIN, SERVFAIL, REFUSED = 3, 2, 5
SOA = "bank.test. SOA ns.bank.test. host.bank.test. 1 2 3 4 60"
ANSWER = {"answer": f"{WWW} A 192.0.2.80"}
CLIENT, LOOPBACK = b"\xc6\x33\x64\1", b"\x7f\0\0\1"
UDP, TCP, *_ = Transport
NOW, LATER, NOT_IN_CACHE, DROPPED = Found


class Stage:
    """Recursion over a resolver that knows the servers of bank.test.

    Attributes:
        here: answers of local names, by name and policy; else by name.
        zones: answers of our zones, by name.
        answered: exchanges whose answer came in a later turn, in order.
    """

    def __init__(self, options=None, clients=None, *, resolver=OPTIONS, **limits):
        limits = ResolverLimits(**limits)
        asker = Asker(Rehearsal(), Delegation(ROOT, ()), replace(resolver, limits=limits),
                      configured={BANK.zone: BANK})  # fmt: skip
        clients = clients or ClientLimits(misses_per_second=0)
        self.asker, self.network, self.records = asker, asker.internet, asker.records
        self.here, self.zones, self.answered = {}, {}, []
        sources = Sources(
            resolver=asker.resolver,
            authority=lambda name, _rrtype, *, every_type: self.zones.get(name, lambda: None)(),
            local_names=self._local,
            rates=MissRates(clients),
            without_private=PrivateFilter([N("intranet.bank.test.")], lambda _: False),
        )
        times = WaitingOptions(limits.stale_wait_s, limits.query_time_s, limits.late_answer_s)
        waiting = Waiting(times, shedding.Waiting(limits), WaitingAnswers(clients))
        self.recursion = Recursion(sources, options or RecursionOptions(), waiting)

    def _local(self, name, _rrtype, policy):
        found = self.here.get((name, policy), self.here.get(name))
        return None if found is None else found()

    def ask(self, name=WWW, rrtype=A, *, flags=RD, client=CLIENT, transport=UDP, edns=None,
            policy=0):  # fmt: skip
        """Ask as a client does; return whether the answer is there, and the exchange."""
        query = parse_query(octets.query(name, rrtype, flags=flags, edns=edns))
        request = Request(query.raw, client, 5353, None, transport, self.network.now(), 0)
        exchange = Exchange(request, query, policy << POLICY_SHIFT, transport is UDP, flags=RA)
        ours = self.zones.get(query.qname)
        exchange.answer = ours() if ours is not None else None
        return self.recursion.answer(exchange, lambda: self.answered.append(exchange)), exchange

    def pass_time(self, seconds):
        self.network.time += seconds
        self.recursion.tick(self.network.time)

    def fail(self):
        """End every exchange under way without a reply."""
        while self.network.open:
            self.network.ends(Result.UNREACHABLE)

    def keep(self, line, *, kind=Kind.POSITIVE, security=Security.INDETERMINATE, age=0.0):
        """Put a record, or the denial that its owner has it, into the cache."""
        rrset, now = record(line), self.network.now()
        proof = () if kind is Kind.POSITIVE else (record(SOA),)
        self.records.put(
            Entry(rrset.owner, 0 if kind is Kind.NXDOMAIN else rrset.type, kind,
                  Rank.AUTHORITATIVE, security, now - age, now - age + rrset.ttl,
                  rrset if kind is Kind.POSITIVE else None, proof),
            now - age,
        )  # fmt: skip

    def asked(self):
        return [names.to_text(parse_query(each.query).qname) for each, _ in self.network.open]


def said(exchange):
    """The answer of an exchange: rcode and records."""
    return exchange.answer.rcode, lines(exchange.answer.answer)


def outcome(*records, rcode=0, unfinished="", explanation=None):
    """Makes an answer of local names."""
    return lambda: Outcome(rcode, list(map(record, records)), [], explanation=explanation,
                           unfinished=N(unfinished) if unfinished else b"")  # fmt: skip


def zone(*records, authority=(), additional=(), unfinished="", rcode=0):
    """Makes an answer of our zones."""
    return lambda: Answer(
        rcode, True, *(list(map(record, each)) for each in (records, authority, additional)),
        unfinished=N(unfinished) if unfinished else b"",
    )  # fmt: skip


LENT = zone(f"our.test. 100 ALIAS {WWW}", unfinished=WWW)


def test_what_proves_our_link_of_a_chain_goes_with_what_others_say_of_its_end():
    stage = Stage()
    proof = ["a.our.test. NSEC c.our.test. A RRSIG NSEC"]
    stage.zones[N("b.our.test.")] = zone(
        f"b.our.test. CNAME {WWW}", authority=proof, unfinished=WWW
    )
    stage.keep(f"{WWW} A 192.0.2.80")
    found, exchange = stage.ask("b.our.test.")
    assert (found, len(exchange.answer.answer)) == (NOW, 2)
    assert lines(exchange.answer.authority) == lines(map(record, proof))
    # A referral of ours is no part of the answer, nor is what proves it.
    cut = [f"{WWW} NS ns.bank.test.", *proof]
    stage.zones[N(WWW)] = zone(authority=cut)
    found, exchange = stage.ask(WWW)
    assert exchange.answer.authority == []


class TestWithoutRecursionDesired:
    def test_the_cache_answers(self):
        stage = Stage()
        stage.keep(f"{WWW} A 192.0.2.80")
        found, exchange = stage.ask(flags=0)
        assert (found, exchange.found) == (NOW, "hit")
        assert said(exchange) == (0, [f"{WWW} A 192.0.2.80"])

    @pytest.mark.parametrize(
        ("options", "is_cached"),
        [
            pytest.param(RecursionOptions(), False, id="nothing is cached"),
            pytest.param(RecursionOptions(cache_only=False), True, id="the cache is not for them"),
        ],
    )
    def test_nobody_is_asked(self, options, is_cached):
        stage = Stage(options)
        if is_cached:
            stage.keep(f"{WWW} A 192.0.2.80")
        found, exchange = stage.ask(flags=0)
        assert (found, exchange.answer, stage.network.open) == (NOT_IN_CACHE, None, [])

    def test_expired_answers_are_not_for_them(self):
        stage = Stage()
        stage.keep(f"{WWW} A 192.0.2.80", age=1000)
        assert stage.ask(flags=0)[0] is NOT_IN_CACHE

    def test_local_names_are_answered(self):
        stage = Stage(RecursionOptions(cache_only=False))
        stage.here[N("nas.lan.")] = outcome("nas.lan. A 192.0.2.9")
        assert stage.ask("nas.lan.", flags=0)[0] is NOW


class TestNamesThatAreAnsweredHere:
    def test_local_names_never_reach_the_resolver(self):
        stage = Stage()
        stage.here[N("nas.lan.")] = outcome("nas.lan. A 10.0.0.9")
        found, exchange = stage.ask("nas.lan.")
        assert (found, exchange.found, exchange.once) == (NOW, "local", False)
        assert said(exchange) == (0, ["nas.lan. A 10.0.0.9"])
        assert stage.network.open == []

    def test_a_refusal_explains_itself_and_is_not_kept(self):
        stage = Stage()
        stage.here[N("ads.test.")] = outcome(rcode=REFUSED, explanation=Explanation(15, "a list"))
        _, exchange = stage.ask("ads.test.")
        assert (exchange.answer.rcode, exchange.once) == (REFUSED, True)
        assert exchange.explanation == extended_error(15, "a list")

    def test_each_policy_has_its_own(self):
        stage = Stage()
        stage.here[N(WWW), 2] = outcome(rcode=NXDOMAIN)
        assert stage.ask(policy=2)[1].answer.rcode == NXDOMAIN
        assert stage.ask(policy=1)[0] is LATER

    @pytest.mark.parametrize(
        ("here", "zones", "chain"),
        [
            pytest.param(
                {"a.lan.": outcome("a.lan. CNAME b.our.test.", unfinished="b.our.test.")},
                {"b.our.test.": zone("b.our.test. A 192.0.2.2")},
                ["a.lan. CNAME b.our.test.", "b.our.test. A 192.0.2.2"],
                id="from a local name to a zone of ours",
            ),
            pytest.param(
                {"b.lan.": outcome("b.lan. A 10.0.0.2")},
                {"a.our.test.": zone("a.our.test. CNAME b.lan.", unfinished="b.lan.")},
                ["a.our.test. CNAME b.lan.", "b.lan. A 10.0.0.2"],
                id="from a zone of ours to a local name",
            ),
            pytest.param(
                {"b.test.": outcome(rcode=NXDOMAIN)},
                {"a.our.test.": zone("a.our.test. CNAME b.test.", unfinished="b.test.")},
                ["a.our.test. CNAME b.test."],
                id="from a zone of ours to a blocked name",
            ),
            pytest.param(
                {"b.lan.": outcome("b.lan. CNAME a.our.test.", unfinished="a.our.test.")},
                {"a.our.test.": zone("a.our.test. CNAME b.lan.", unfinished="b.lan.")},
                ["a.our.test. CNAME b.lan.", "b.lan. CNAME a.our.test."],
                id="in a circle",
            ),
        ],
    )
    def test_aliases_between_them_are_followed_here(self, here, zones, chain):
        stage = Stage()
        stage.here = {N(name): answer for name, answer in here.items()}
        stage.zones = {N(name): answer for name, answer in zones.items()}
        found, exchange = stage.ask(chain[0].split()[0])
        assert (found, exchange.found, stage.network.open) == (NOW, "local", [])
        assert lines(exchange.answer.answer) == chain

    def test_a_chain_of_ever_new_aliases_ends(self):
        stage = Stage()
        for i in range(20):
            stage.here[N(f"{i}.lan.")] = outcome(f"{i}.lan. CNAME {i + 1}.our.test.",
                                                 unfinished=f"{i + 1}.our.test.")  # fmt: skip
            stage.zones[N(f"{i}.our.test.")] = zone(f"{i}.our.test. CNAME {i}.lan.",
                                                    unfinished=f"{i}.lan.")  # fmt: skip
        found, exchange = stage.ask("0.lan.")
        assert (found, exchange.answer.rcode, len(exchange.answer.answer)) == (NOW, 0, 11)
        assert exchange.limits == ("chain_links",)

    def test_an_alias_from_outside_to_a_local_name_ends_here(self):
        stage = Stage()
        stage.here[N("ads.test.")] = outcome(rcode=NXDOMAIN, explanation=Explanation(15))
        stage.ask()
        stage.network.says(answer=f"{WWW} CNAME ads.test.")
        (exchange,) = stage.answered
        assert said(exchange) == (NXDOMAIN, [f"{WWW} CNAME ads.test."])
        assert exchange.explanation == extended_error(15)

    def test_an_alias_of_a_local_name_is_looked_up(self):
        stage = Stage()
        stage.here[N("a.lan.")] = outcome(f"a.lan. CNAME {WWW}", unfinished=WWW)
        assert stage.ask("a.lan.")[0] is LATER
        assert stage.asked() == [WWW]
        stage.network.says(**ANSWER)
        assert said(stage.answered[0]) == (0, [f"a.lan. CNAME {WWW}", f"{WWW} A 192.0.2.80"])


SUB = zone(
    authority=["sub.our.test. 100 NS ns.sub.our.test."],
    additional=["ns.sub.our.test. A 192.0.2.7", "ns.sub.our.test. AAAA 2001:db8::7"],
)


class TestZonesOfOursThatLeadAway:
    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            pytest.param(zone("a.our.test. A 192.0.2.1"), False, id="data"),
            pytest.param(zone(authority=[SOA]), False, id="no data"),
            pytest.param(zone(authority=["sub.our.test. NS ns.bank.test."]), True, id="a referral"),
            pytest.param(zone(f"a.our.test. CNAME {WWW}", unfinished=WWW), True, id="an alias"),
        ],
    )
    def test_they_are_told_from_those_that_do_not(self, answer, expected):
        assert leads_away(answer()) is expected

    def test_an_alias_outside_is_followed(self):
        stage = Stage()
        stage.zones[N("a.our.test.")] = zone(f"a.our.test. CNAME {WWW}", unfinished=WWW)
        assert stage.ask("a.our.test.")[0] is LATER
        assert stage.asked() == [WWW]
        stage.network.says(**ANSWER)
        (exchange,) = stage.answered
        assert said(exchange) == (0, [f"a.our.test. CNAME {WWW}", f"{WWW} A 192.0.2.80"])
        assert not exchange.answer.authoritative

    @pytest.mark.parametrize("flags", [RD, 0])
    def test_an_alias_lends_the_addresses_of_its_target_to_everybody(self, flags):
        stage = Stage()
        stage.zones[N("our.test.")] = LENT
        assert stage.ask("our.test.", flags=flags)[0] is LATER
        assert stage.asked() == [WWW]
        stage.ask("our.test.", flags=flags, client=LOOPBACK)
        assert stage.asked() == [WWW], "one fetch for all"
        stage.network.says(**ANSWER)
        first, second = stage.answered
        assert said(first) == said(second) == (0, ["our.test. A 192.0.2.80"])
        assert first.answer.authoritative
        assert first.answer.answer[0].ttl == 100
        assert first.expires == stage.network.now() + 100

    @pytest.mark.parametrize("rcode", [0, NXDOMAIN])
    def test_an_alias_of_a_name_without_addresses_is_a_name_without_addresses(self, rcode):
        stage = Stage()
        stage.zones[N("our.test.")] = LENT
        stage.ask("our.test.")
        stage.network.says(rcode=rcode, authority=SOA)
        (exchange,) = stage.answered
        assert said(exchange) == (0, [])
        assert exchange.answer.authoritative

    @pytest.mark.parametrize(("soa", "ttl"), [(SOA.replace("test. ", "test. 7 ", 1), 7), ("", 0)])
    def test_an_alias_denies_for_no_longer_than_its_target(self, soa, ttl):
        stage = Stage()
        ours = "our.test. 60 SOA ns.our.test. host.our.test. 1 2 3 4 60"
        stage.zones[N("our.test.")] = zone(f"our.test. 100 ALIAS {WWW}", unfinished=WWW, authority=[ours])  # fmt: skip
        stage.ask("our.test.")
        stage.network.says(authority=soa)
        (exchange,) = stage.answered
        assert [(names.to_text(each.owner), each.ttl) for each in exchange.answer.authority] == [("our.test.", ttl)]  # fmt: skip
        assert exchange.expires == stage.network.now() + ttl
        assert exchange.once == (ttl == 0)

    def test_an_alias_of_a_name_that_cannot_be_found_fails_and_says_why(self):
        stage = Stage(RecursionOptions(serve_stale=False))
        stage.zones[N("our.test.")] = LENT
        stage.ask("our.test.")
        stage.fail()
        (exchange,) = stage.answered
        assert said(exchange) == (SERVFAIL, [])
        assert exchange.explanation
        assert exchange.once

    def test_an_alias_lends_what_expired_when_its_target_fails(self):
        stage = Stage()
        stage.zones[N("our.test.")] = LENT
        stage.keep(f"{WWW} A 192.0.2.81", age=400)
        stage.ask("our.test.")
        stage.fail()
        (exchange,) = stage.answered
        assert said(exchange) == (0, ["our.test. A 192.0.2.81"])
        assert exchange.once

    def test_an_alias_lends_no_private_addresses(self):
        stage = Stage()
        stage.zones[N("our.test.")] = LENT
        stage.ask("our.test.")
        stage.network.says(answer=f"{WWW} A 192.168.1.1")
        (exchange,) = stage.answered
        assert said(exchange) == (0, [])

    def test_an_alias_behind_somebody_elses_alias_is_followed(self):
        stage = Stage()
        stage.zones[N("our.test.")] = LENT
        stage.ask("x.bank.test.")
        stage.network.says(answer="x.bank.test. CNAME our.test.")
        assert stage.asked() == [WWW]
        stage.network.says(**ANSWER)
        (exchange,) = stage.answered
        assert said(exchange) == (0, ["x.bank.test. CNAME our.test.", "our.test. A 192.0.2.80"])
        assert not exchange.answer.authoritative

    @pytest.mark.parametrize("there", [WWW, "nas.lan."])
    def test_limits_of_our_part_are_not_forgotten(self, there):
        stage = Stage()
        ours = zone(f"a.our.test. CNAME {there}", unfinished=there)
        stage.zones[N("a.our.test.")] = lambda: replace(ours(), limits=("chain_links",))
        stage.here[N("nas.lan.")] = outcome("nas.lan. CNAME b.lan.", unfinished="b.lan.")
        stage.here[N("b.lan.")] = outcome("b.lan. A 10.0.0.9")
        _, exchange = stage.ask("a.our.test.")
        while stage.network.open:
            stage.network.says(**ANSWER)
        assert (exchange.limits, exchange.answer.limits) == (("chain_links",), ())

    def test_a_referral_becomes_a_zone_cut_and_is_followed(self):
        stage = Stage()
        stage.zones[N("x.sub.our.test.")] = SUB
        assert stage.ask("x.sub.our.test.")[0] is LATER
        ((exchange, _),) = stage.network.open
        assert (exchange.address, stage.asked()) == (b"\xc0\0\2\7", ["x.sub.our.test."])
        cut = stage.asker.delegations.closest(N("x.sub.our.test."), stage.network.now())
        assert (cut.zone, cut.servers) == (N("sub.our.test."), (N("ns.sub.our.test."),))
        assert len(cut.addresses[N("ns.sub.our.test.")]) == 2
        assert cut.expiry == stage.network.now() + 100
        stage.network.says(answer="x.sub.our.test. A 192.0.2.8")
        (answered,) = stage.answered
        assert said(answered) == (0, ["x.sub.our.test. A 192.0.2.8"])
        assert (answered.answer.authority, answered.answer.additional) == ([], [])

    def test_an_alias_to_a_name_below_a_cut_of_ours_is_asked_for_there(self):
        stage = Stage()
        stage.zones[N("a.our.test.")] = zone(
            "a.our.test. CNAME X.sub.our.test.", authority=["sub.our.test. NS ns.sub.our.test."],
            additional=["ns.sub.our.test. A 192.0.2.7"],
        )  # fmt: skip
        stage.zones[N("x.sub.our.test.")] = SUB
        assert stage.ask("a.our.test.")[0] is LATER
        assert stage.asked() == ["x.sub.our.test."]

    def test_an_alias_from_outside_to_a_name_below_a_cut_of_ours_is_asked_for_there(self):
        stage = Stage()
        stage.zones[N("x.sub.our.test.")] = SUB
        stage.ask()
        stage.network.says(answer=f"{WWW} CNAME x.sub.our.test.")
        assert stage.network.open[0][0].address == b"\xc0\0\2\7"
        stage.network.says(answer="x.sub.our.test. A 192.0.2.8")
        assert stage.answered[0].answer.rcode == 0

    def test_what_is_known_here_of_name_servers_is_told_the_resolver(self):
        stage = Stage()
        stage.zones[N("ns.our.test.")] = zone("ns.our.test. A 192.0.2.3")
        stage.zones[N("x.sub.our.test.")] = SUB
        stage.here[N("ns.lan.")] = outcome("ns.lan. A 192.0.2.4")
        here = stage.recursion.here
        assert lines(here(0, N("ns.our.test."), A).answer) == ["ns.our.test. A 192.0.2.3"]
        assert lines(here(0, N("ns.lan."), A).answer) == ["ns.lan. A 192.0.2.4"]
        assert here(0, N("x.sub.our.test."), A) is None
        assert here(0, N(WWW), A) is None


class TestAnswersOfTheResolver:
    def test_what_is_cached_is_there_at_once(self):
        stage = Stage()
        stage.keep(f"{WWW} A 192.0.2.80")
        found, exchange = stage.ask()
        assert (found, exchange.found, exchange.recursed) == (NOW, "hit", True)
        assert (len(stage.recursion.waiting), stage.network.open) == (0, [])

    def test_others_come_later_and_once(self):
        stage = Stage()
        found, exchange = stage.ask()
        assert (found, stage.answered, len(stage.recursion.waiting)) == (LATER, [], 1)
        stage.network.says(**ANSWER)
        assert (stage.answered, exchange.found, len(stage.recursion.waiting)) == (
            [exchange],
            "miss",
            0,
        )
        assert said(exchange) == (0, [f"{WWW} A 192.0.2.80"])
        stage.pass_time(60)
        assert len(stage.answered) == 1

    def test_those_who_ask_the_same_are_answered_together(self):
        stage = Stage()
        stage.ask()
        stage.ask(client=LOOPBACK)
        assert len(stage.network.open) == 1
        stage.network.says(**ANSWER)
        assert [exchange.request.client for exchange in stage.answered] == [CLIENT, LOOPBACK]

    def test_a_denial_has_its_soa(self):
        stage = Stage()
        stage.ask()
        stage.network.says(rcode=NXDOMAIN, authority=SOA)
        (exchange,) = stage.answered
        assert said(exchange) == (NXDOMAIN, [])
        assert [rrset.type for rrset in exchange.answer.authority] == [6]
        assert (exchange.once, exchange.expires) == (False, stage.network.now() + 60)

    def test_type_any_gets_the_addresses(self):
        stage = Stage()
        stage.keep(f"{WWW} A 192.0.2.80")
        assert said(stage.ask(rrtype=ANY)[1]) == (0, [f"{WWW} A 192.0.2.80"])

    def test_what_is_remembered_to_fail_is_there_at_once(self):
        stage = Stage()
        stage.ask()
        stage.fail()
        found, exchange = stage.ask()
        assert (found, exchange.found, exchange.answer.rcode) == (NOW, "failed", SERVFAIL)
        assert len(stage.recursion.waiting) == 0

    def test_what_is_remembered_to_fail_can_be_forgotten(self):
        stage = Stage()
        stage.ask()
        stage.fail()
        stage.recursion.forget_failures()
        assert stage.ask()[0] is LATER

    @pytest.mark.parametrize(("flags", "expected"), [(RD, RA), (RD | CD, RA | CD), (RD | 0x40, RA)])
    def test_checking_disabled_comes_back_and_nothing_else(self, flags, expected):
        stage = Stage()
        stage.keep(f"{WWW} A 192.0.2.80")
        assert stage.ask(flags=flags)[1].flags == expected

    @pytest.mark.parametrize(
        ("security", "flags", "edns", "is_authentic"),
        [
            pytest.param(Security.SECURE, RD | AD, None, True, id="to those who set AD"),
            pytest.param(Security.SECURE, RD, octets.opt(flags=FLAG_DO), True, id="or DO"),
            pytest.param(Security.SECURE, RD, octets.opt(), False, id="to no other"),
            pytest.param(Security.INSECURE, RD | AD, None, False, id="not of insecure data"),
            pytest.param(Security.INDETERMINATE, RD | AD, None, False, id="nor of unvalidated"),
        ],
    )
    def test_authentic_data_is_said_of_secure_answers(self, security, flags, edns, is_authentic):
        stage = Stage()
        stage.keep(f"{WWW} A 192.0.2.80", security=security)
        _, exchange = stage.ask(flags=flags, edns=edns)
        assert bool(exchange.flags & AD) is is_authentic

    def test_authentic_data_is_not_said_of_a_chain_that_begins_here(self):
        stage = Stage()
        stage.keep(f"{WWW} A 192.0.2.80", security=Security.SECURE)
        stage.here[N("a.lan.")] = outcome(f"a.lan. CNAME {WWW}", unfinished=WWW)
        _, exchange = stage.ask("a.lan.", flags=RD | AD)
        assert (len(exchange.answer.answer), exchange.flags) == (2, RA)


class TestHowLongAnAnswerHolds:
    @pytest.mark.parametrize(
        ("records", "seconds"),
        [
            pytest.param([f"{WWW} 200 A 192.0.2.80"], 200, id="one RRset"),
            pytest.param([f"{WWW} 20 CNAME x.bank.test.", "x.bank.test. 200 A 192.0.2.80"], 20, id="the shortest of two"),
            pytest.param([f"{WWW} 200 CNAME x.bank.test.", "x.bank.test. 20 A 192.0.2.80"], 20, id="wherever it stands"),
        ],
    )  # fmt: skip
    def test_as_long_as_its_shortest_time_to_live(self, records, seconds):
        stage = Stage()
        for line in records:
            stage.keep(line)
        _, exchange = stage.ask()
        assert (exchange.expires, exchange.once) == (stage.network.now() + seconds, False)

    def test_the_last_tenth_is_looked_at_again(self):
        stage = Stage()
        stage.keep(f"{WWW} 100 A 192.0.2.80")
        assert stage.ask()[1].look_again == stage.network.now() + 90

    def test_in_the_last_tenth_a_hit_refreshes(self):
        stage = Stage()
        stage.keep(f"{WWW} 100 A 192.0.2.80")
        stage.pass_time(91)
        found, exchange = stage.ask()
        assert (found, exchange.look_again, stage.asked()) == (NOW, float("inf"), [WWW])
        stage.ask()
        assert len(stage.network.open) == 1, "one refreshes for all"
        stage.network.says(answer=f"{WWW} 100 A 192.0.2.81")
        assert said(stage.ask()[1])[1] == [f"{WWW} A 192.0.2.81"]

    def test_refreshing_can_be_turned_off(self):
        stage = Stage(resolver=replace(OPTIONS, prefetch=False))
        stage.keep(f"{WWW} 100 A 192.0.2.80")
        stage.pass_time(91)
        assert stage.ask()[0] is NOW
        assert stage.network.open == []

    @pytest.mark.parametrize("rcode", [SERVFAIL, REFUSED])
    def test_a_failure_is_for_one_client(self, rcode):
        stage = Stage()
        stage.ask()
        while stage.network.open:
            stage.network.says(rcode=rcode, flags=QR)
        (exchange,) = stage.answered
        assert (exchange.answer.rcode, exchange.once, exchange.found) == (SERVFAIL, True, "failed")
        assert exchange.explanation[:2] == b"\0\x0f"

    def test_a_name_that_a_dname_makes_too_long_is_told_once(self):
        stage = Stage()
        long = ".".join(["x" * 62] * 3) + ".old.bank.test."
        stage.ask(long)
        for _ in range(2):  # over TCP again
            stage.network.says(rcode=6, answer=f"old.bank.test. DNAME {'y' * 63}.bank.test.")
        (exchange,) = stage.answered
        assert (exchange.answer.rcode, exchange.once, exchange.explanation) == (6, True, b"")
        assert [rrset.type for rrset in exchange.answer.answer] == [39]


class TestExpiredAnswers:
    OLD = f"{WWW} A 192.0.2.80"
    STALE, STALE_NXDOMAIN = extended_error(3), extended_error(19)

    @pytest.mark.parametrize(
        ("kind", "rcode", "explanation"),
        [(Kind.POSITIVE, 0, STALE), (Kind.NXDOMAIN, NXDOMAIN, STALE_NXDOMAIN), (Kind.NODATA, 0, STALE)],
        ids=lambda each: getattr(each, "name", None),
    )  # fmt: skip
    def test_a_client_that_waited_long_enough_gets_one(self, kind, rcode, explanation):
        stage = Stage()
        stage.keep(self.OLD, kind=kind, age=1000)
        assert stage.ask()[0] is LATER
        stage.pass_time(1.79)
        assert stage.answered == []
        stage.pass_time(0.02)
        (exchange,) = stage.answered
        assert said(exchange) == (rcode, [self.OLD] if kind is Kind.POSITIVE else [])
        assert {rrset.ttl for rrset in exchange.answer.answer + exchange.answer.authority} == {30}
        assert exchange.explanation == explanation
        assert (exchange.found, exchange.once, exchange.is_late) == ("stale", True, False)

    def test_the_search_goes_on_meanwhile(self):
        stage = Stage()
        stage.keep(self.OLD, age=1000)
        stage.ask()
        stage.pass_time(1.81)
        assert stage.asked() == [WWW]
        stage.network.says(answer=f"{WWW} A 192.0.2.81")
        assert len(stage.answered) == 1
        assert said(stage.ask()[1])[1] == [f"{WWW} A 192.0.2.81"]

    def test_limits_that_the_search_reaches_later_are_counted(self):
        stage = Stage(query_packets=1)
        stage.keep(self.OLD, age=1000)
        _, exchange = stage.ask()
        stage.pass_time(1.81)
        before = said(exchange), exchange.limits, exchange.explanation
        stage.network.ends(Result.TIMED_OUT)
        assert (said(exchange), exchange.limits, exchange.explanation) == before
        assert before[1] == ()
        assert stage.recursion.turnovers()["query_packets"] == 1

    def test_one_replaces_a_failure(self):
        stage = Stage()
        stage.keep(self.OLD, age=1000)
        stage.ask()
        stage.fail()
        (exchange,) = stage.answered
        assert (said(exchange), exchange.found) == ((0, [self.OLD]), "stale")
        found, exchange = stage.ask()
        assert (found, exchange.found) == (NOW, "stale"), "as one that is remembered"

    def test_names_of_limits_are_kept(self):
        stage = Stage(query_packets=1)
        stage.keep(self.OLD, age=1000)
        stage.ask()
        stage.network.ends(Result.TIMED_OUT)
        (exchange,) = stage.answered
        assert (exchange.found, exchange.limits) == ("stale", ("query_packets",))

    @pytest.mark.parametrize(
        ("options", "age"),
        [
            pytest.param(RecursionOptions(serve_stale=False), 1000, id="turned off"),
            pytest.param(RecursionOptions(), 90_000, id="too old"),
        ],
    )
    def test_none_is_given(self, options, age):
        stage = Stage(options)
        stage.keep(self.OLD, age=age)
        stage.ask()
        stage.pass_time(2)
        assert stage.answered == []
        stage.fail()
        assert stage.answered[0].answer.rcode == SERVFAIL


class TestClientsThatWaitInVain:
    def test_one_is_answered_when_its_time_is_up(self):
        stage = Stage()
        stage.ask()
        stage.pass_time(8.4)
        assert stage.answered == []
        stage.pass_time(0.2)
        (exchange,) = stage.answered
        assert (exchange.answer.rcode, exchange.found) == (SERVFAIL, "failed")
        assert exchange.limits == ("query_time",)
        text = "took too long; limit query_time reached"
        assert exchange.explanation == extended_error(22, text)
        assert (stage.network.open, len(stage.recursion.waiting)) == ([], 0)

    def test_limits_reached_before_are_named_too(self):
        stage = Stage(query_rrsets=0)
        stage.ask()
        stage.network.says(answer=f"{WWW} CNAME x.bank.test.")
        stage.pass_time(8.6)
        (exchange,) = stage.answered
        assert exchange.limits == ("query_time", "query_rrsets")

    def test_what_others_wait_for_goes_on(self):
        stage = Stage()
        stage.ask()
        stage.pass_time(5)
        stage.ask(client=LOOPBACK)
        stage.pass_time(4)
        assert (len(stage.answered), len(stage.network.open)) == (1, 1)
        stage.network.says(**ANSWER)
        assert said(stage.answered[1])[0] == 0

    def test_one_is_given_up_for_a_newer_one(self):
        stage = Stage(recursions=2)
        stage.ask("a.bank.test.")
        stage.ask("b.bank.test.")
        stage.network.time += 0.3
        assert stage.ask("c.bank.test.")[0] is LATER
        (exchange,) = stage.answered
        assert (exchange.query.qname, exchange.answer.rcode) == (N("b.bank.test."), SERVFAIL)
        text = "too many queries wait; limit shed_after reached"
        assert exchange.explanation == extended_error(14, text)
        assert exchange.limits == ("shed_after",)
        assert stage.asked() == ["a.bank.test.", "c.bank.test."]

    @pytest.mark.parametrize(
        ("limits", "clients", "limit"),
        [
            pytest.param({"recursions": 2}, ClientLimits(0), "recursions", id="too many wait"),
            pytest.param({}, ClientLimits(0, waiting=2, waiting_proven=2), "waiting_answers", id="too many for one client"),
            pytest.param({}, ClientLimits(1, 2), "client_misses", id="one client asks too often"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("transport", [UDP, TCP])
    def test_one_that_may_not_wait_is_dropped_over_udp_and_told_over_tcp(
        self, transport, limits, clients, limit
    ):
        stage = Stage(clients=clients, **limits)
        for name in ("a.bank.test.", "b.bank.test."):
            found, exchange = stage.ask(name, transport=transport)
            assert (found, exchange.limits) == (LATER, ())
        found, exchange = stage.ask("c.bank.test.", transport=transport)
        assert exchange.limits == (limit,)
        assert stage.asked() == ["a.bank.test.", "b.bank.test."]
        assert len(stage.recursion.waiting) == 2
        if transport is UDP:
            assert (found, exchange.answer) == (DROPPED, None)
        else:
            assert (found, exchange.answer.rcode, exchange.once) == (NOW, SERVFAIL, True)
            text = f"too many queries wait; limit {limit} reached"
            assert exchange.explanation == extended_error(14, text)

    def test_over_tcp_it_gets_an_expired_answer_if_there_is_one(self):
        stage = Stage(recursions=0)
        stage.keep(f"{WWW} A 192.0.2.80", age=1000)
        found, exchange = stage.ask(transport=TCP)
        assert (found, exchange.found, exchange.limits) == (NOW, "stale", ("recursions",))
        assert exchange.explanation == extended_error(3, "limit recursions reached")

    def test_hits_are_free(self):
        stage = Stage(clients=ClientLimits(1, 1), recursions=0)
        stage.keep(f"{WWW} A 192.0.2.80")
        for _ in range(5):
            found, exchange = stage.ask()
            assert (found, exchange.limits) == (NOW, ())

    @pytest.mark.parametrize("client", [LOOPBACK, b"\x7f\0\0\2", bytes(15) + b"\1"])
    def test_this_machine_may_ask_as_often_as_it_likes(self, client):
        stage = Stage(clients=ClientLimits(1, 1))
        for number in range(9):
            assert stage.ask(f"n{number}.bank.test.", client=client)[0] is LATER


class TestLateAnswers:
    @pytest.mark.parametrize(
        ("transport", "seconds", "waiting", "is_late"),
        [
            pytest.param(UDP, 2, 21, True, id="late, and many wait"),
            pytest.param(UDP, 2, 20, False, id="few wait"),
            pytest.param(UDP, 1.8, 21, False, id="in time"),
            pytest.param(TCP, 2, 21, False, id="over a stream"),
        ],
    )
    def test_they_are_not_sent_to_an_address_for_which_many_wait(
        self, transport, seconds, waiting, is_late
    ):
        stage = Stage()
        for number in range(waiting):
            stage.ask(f"n{number}.bank.test.", transport=transport)
        stage.network.time += seconds
        stage.network.says(answer="n0.bank.test. A 192.0.2.80")
        assert [exchange.is_late for exchange in stage.answered] == [is_late]

    def test_nor_are_failures_of_those_whose_time_is_up(self):
        stage = Stage()
        for number in range(21):
            stage.ask(f"n{number}.bank.test.")
        stage.pass_time(9)
        assert [exchange.is_late for exchange in stage.answered] == [True] + 20 * [False]


class TestPrivateAddresses:
    FILTERED = extended_error(17, "private addresses in a public name")

    @pytest.mark.parametrize(
        ("name", "addresses", "kept"),
        [
            pytest.param(WWW, ["10.0.0.1"], [], id="of a public name"),
            pytest.param(WWW, ["10.0.0.1", "192.0.2.80"], ["192.0.2.80"], id="beside public ones"),
            pytest.param("x.intranet.bank.test.", ["10.0.0.1"], None, id="of a name that may have them"),
            pytest.param(WWW, ["192.0.2.80"], None, id="public ones"),
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("is_cached", [False, True], ids=["asked for", "cached"])
    def test_they_are_taken_out(self, name, addresses, kept, is_cached):
        stage = Stage()
        found, exchange = stage.ask(name)
        stage.network.says(answer="\n".join(f"{name} A {address}" for address in addresses))
        if is_cached:
            found, exchange = stage.ask(name)
            assert found is NOW
        assert said(exchange) == (
            0,
            [f"{name} A {each}" for each in (addresses if kept is None else kept)],
        )
        assert exchange.explanation == (b"" if kept is None else self.FILTERED)

    def test_an_answer_of_which_nothing_is_left_is_not_kept(self):
        stage = Stage()
        stage.keep(f"{WWW} A 10.0.0.1")
        assert stage.ask()[1].once


def test_tables_that_forgot_are_counted_by_the_names_of_their_limits():
    stage = Stage(server_table=4)
    assert stage.recursion.turnovers() == {"server_table": 0, "failure_table": 0}
    for number in range(9):
        stage.asker.world.servers.timed_out(b"\xc0\0\2%c" % number, stage.network.now())
    assert stage.recursion.turnovers()["server_table"] > 0


class TestInThePipeline:
    """Replies as clients get them."""

    @staticmethod
    def pipeline(stage):
        loopback = Networks.from_text(["loopback"])
        views = Views(ViewOptions(Networks.from_text(["any"]), loopback, recursion=loopback))
        parts = Parts(
            authority=FakeAuthority(),
            views=views,
            limiter=Limiter(LimiterOptions()),
            cookies=Cookies([b"a secret of ours"]),
            identity=Identity(),
            finish=FinishOptions(),
            recursion=stage.recursion,
        )
        replies = []

        def ask(name=WWW, rrtype=A, *, flags=RD, client=LOOPBACK):
            raw = octets.query(name, rrtype, flags=flags, edns=octets.opt())
            request = Request(raw, client, 5353, None, UDP, stage.network.now(), 1_700_000_000)
            reply = Pipeline(parts).reply(request, replies.append)
            return replies if reply is None else [reply]

        return ask

    @pytest.mark.parametrize(
        ("client", "name", "flags"),
        [
            pytest.param(LOOPBACK, WWW, RA, id="a name that was looked up"),
            pytest.param(LOOPBACK, "www.example.test.", RA, id="a name of ours"),
            pytest.param(CLIENT, "www.example.test.", 0, id="not for strangers"),
        ],
    )
    def test_recursion_is_available_to_those_who_may_have_it(self, client, name, flags):
        stage = Stage()
        stage.keep(f"{WWW} A 192.0.2.80")
        (reply,) = self.pipeline(stage)(name, client=client)
        assert parse_message(reply.octets).flags & RA == flags

    def test_the_ds_of_a_zone_of_ours_is_that_of_the_zone_above(self):
        """RFC 4035 §3.1.4.1: where recursion is offered, the parent's server is asked."""
        stage = Stage()
        stage.keep("example.test. DS 4711 13 2 " + "ab" * 32)
        (reply,) = self.pipeline(stage)("example.test.", DS)
        (rrset,) = parse_message(reply.octets).answer
        assert (names.to_text(rrset.owner), rrset.type) == ("example.test.", DS)

    @pytest.mark.parametrize(("client", "flags"), [(CLIENT, RD), (LOOPBACK, 0)])
    def test_who_has_nobody_asked_learns_that_the_zone_itself_has_no_ds(self, client, flags):
        stage = Stage()
        stage.keep("example.test. DS 4711 13 2 " + "ab" * 32)
        (reply,) = self.pipeline(stage)("example.test.", DS, flags=flags, client=client)
        found = parse_message(reply.octets)
        assert (found.rcode, found.answer, [x.type for x in found.authority]) == (0, [], [6])

    @pytest.mark.parametrize(("client", "flags"), [(CLIENT, RD), (LOOPBACK, 0)])
    def test_who_may_not_or_does_not_want_is_refused(self, client, flags):
        stage = Stage()
        (reply,) = self.pipeline(stage)(client=client, flags=flags)
        assert (reply.rcode, stage.network.open) == (REFUSED, [])

    def test_what_is_found_later_is_replied_to_later(self):
        stage = Stage()
        replies = self.pipeline(stage)()
        assert replies == []
        stage.network.says(**ANSWER)
        (reply,) = replies
        assert (reply.rcode, reply.found, reply.cacheable) == (0, "miss", True)
        assert reply.validation == "indeterminate"
        assert reply.expires == stage.network.now() + 300

    def test_nothing_is_sent_of_what_is_late(self):
        stage = Stage()
        ask = self.pipeline(stage)
        for number in range(21):
            replies = ask(f"n{number}.bank.test.")
        stage.network.time += 2
        stage.network.says(answer="n0.bank.test. A 192.0.2.80")
        (reply,) = replies
        assert (reply.octets, reply.dropped, reply.limits) == (b"", "late", ("late_answer",))

    def test_nothing_is_sent_to_whom_there_is_no_room_for(self):
        (reply,) = self.pipeline(Stage(recursions=0))()
        assert (reply.octets, reply.dropped, reply.limits) == (b"", "crowded", ("recursions",))

    def test_an_expired_answer_says_so_and_is_not_kept(self):
        stage = Stage()
        stage.keep(f"{WWW} A 192.0.2.80", age=1000)
        replies = self.pipeline(stage)()
        stage.pass_time(1.9)
        (reply,) = replies
        assert (reply.rcode, reply.found, reply.cacheable) == (0, "stale", False)
        assert extended_error(3) in reply.octets


def test_a_client_that_has_its_answer_leaves_no_circle_of_objects():
    stage = Stage()

    def resolve(number):
        found, _ = stage.ask(f"www{number}.bank.test.", client=LOOPBACK)
        assert found is LATER
        stage.network.says(answer=f"www{number}.bank.test. A 192.0.2.80")

    resolve(0)
    stage.answered.clear()
    gc.collect()
    gc.disable()
    try:
        for number in range(1, 51):
            resolve(number)
        assert len(stage.answered) == 50
        stage.answered.clear()
        # One or two may be of the test's own making, but not some of each client.
        assert gc.collect() < 50
    finally:
        gc.enable()


@pytest.mark.parametrize(("flags", "rcode"), [(RD, SERVFAIL), (RD | CD, 0)])
def test_what_is_bogus_is_for_those_who_judge_for_themselves(flags, rcode):
    stage = Stage()
    stage.keep(f"{WWW} A 192.0.2.80", security=Security.BOGUS)
    found, exchange = stage.ask(flags=flags)
    assert (found, exchange.answer.rcode) == (NOW, rcode)
    assert not exchange.flags & AD
    assert exchange.once is (rcode == SERVFAIL)
    assert exchange.validation == ("dnssec_bogus" if rcode == SERVFAIL else "indeterminate")


@pytest.mark.parametrize("is_suspect", [False, True])
def test_clients_hear_that_the_clock_may_be_to_blame(is_suspect):
    stage = Stage()
    trust = Trust({}, lambda: 0)
    stage.recursion.resolver.world.trust = trust
    trust.clock.note(b"\0", ExtendedError.SIGNATURE_EXPIRED if is_suspect else None)
    stage.keep(f"{WWW} A 192.0.2.80", security=Security.BOGUS)
    _, exchange = stage.ask()
    assert exchange.answer.rcode == SERVFAIL
    assert (b"the clock of this resolver" in exchange.explanation) is is_suspect


@pytest.mark.parametrize(("transport", "found"), [(UDP, DROPPED), (TCP, NOW)])
def test_one_of_a_crowd_too_many_asks_again(transport, found):
    stage = Stage(fetch_clients=2)
    for client in (b"\xc6\x33\x64\2", b"\xc6\x33\x64\3"):
        assert stage.ask(client=client)[0] is LATER
    said_now, exchange = stage.ask(transport=transport)
    assert said_now is found
    assert "fetch_clients" in exchange.limits
    assert len(stage.recursion.waiting) == 2
    stage.network.says(**ANSWER)
    assert stage.ask(transport=transport)[0] is NOW
