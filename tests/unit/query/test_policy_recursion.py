"""Clients of a policy that forwards have a resolver apart, and nothing of it reaches others."""

import pytest
from fakes import octets
from fakes.internet import Asker
from fakes.rehearsal import Rehearsal

from dnsd.query.policy_recursion import Apart, PolicyRecursion
from dnsd.query.recursion import Found, RecursionOptions, Sources
from dnsd.query.replies import Exchange
from dnsd.query.request import Request, Transport
from dnsd.query.views import POLICY_SHIFT
from dnsd.query.waiting import Waiting, WaitingOptions
from dnsd.resolver import shedding
from dnsd.resolver.client_rates import ClientLimits, MissRates, WaitingAnswers
from dnsd.resolver.commands import Result
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.wire.message import QR, RA, RD, parse_query
from dnsd.wire.names import ROOT, from_text

WWW = "www.bank.test."
CLIENT = b"\xc6\x33\x64\1"
USUAL, ELSEWHERE = b"\xc0\0\2\1", b"\xc0\0\2\2"
SERVFAIL = 2
LIMITS = ResolverLimits(server_table=4, failure_table=4)
TOLD = {0: "192.0.2.80", 2: "192.0.2.90"}


def forwarding_to(address):
    """A resolver that asks one server for everything."""
    options = ResolverOptions(priming=False, limits=LIMITS)
    every = Delegation(ROOT, (ROOT,), {ROOT: (address,)}, forward=True)
    return Asker(Rehearsal(), every, options, configured={ROOT: every})


class Stage:
    """Recursion for everybody, and for clients of policy 2 apart."""

    def __init__(self):
        self.usual, self.apart = forwarding_to(USUAL), forwarding_to(ELSEWHERE)
        apart = Apart(*self._parts(self.apart))
        self.recursion = PolicyRecursion(*self._parts(self.usual), {2: apart})
        self.answered = []

    def _parts(self, asker):
        clients = ClientLimits(misses_per_second=0)
        sources = Sources(
            resolver=asker.resolver,
            authority=lambda *_, **__: None,
            local_names=lambda *_: None,
            rates=MissRates(clients),
            without_private=lambda *_: None,
        )
        times = WaitingOptions(LIMITS.stale_wait_s, LIMITS.query_time_s, LIMITS.late_answer_s)
        waiting = Waiting(times, shedding.Waiting(LIMITS), WaitingAnswers(clients))
        return sources, RecursionOptions(), waiting

    def asker(self, policy):
        return self.apart if policy == 2 else self.usual

    def ask(self, policy, name=WWW, flags=RD):
        """Ask as a client of a policy; whether the answer is there, and the exchange."""
        query = parse_query(octets.query(name, flags=flags))
        now = self.usual.internet.now()
        request = Request(query.raw, CLIENT, 5353, None, Transport.UDP, now, 0)
        exchange = Exchange(request, query, policy << POLICY_SHIFT, is_datagram=True, flags=RA)
        found = self.recursion.answer(exchange, lambda: self.answered.append(exchange))
        return found, exchange

    def resolve(self, policy):
        """Ask what nobody knows, and have the server say it."""
        found, exchange = self.ask(policy)
        assert found is Found.LATER
        network = self.asker(policy).internet
        network.says(flags=QR | RA, answer=f"{WWW} 300 A {TOLD[policy]}")
        return exchange

    def fail(self, policy, name=WWW):
        self.ask(policy, name)
        network = self.asker(policy).internet
        while network.open:
            network.ends(Result.UNREACHABLE)


def addresses(exchange):
    return [".".join(map(str, each)) for rrset in exchange.answer.answer for each in rrset.rdatas]


@pytest.mark.parametrize(("policy", "server"), [(0, USUAL), (1, USUAL), (2, ELSEWHERE), (3, USUAL)])
def test_who_is_asked_is_what_the_policy_says(policy, server):
    stage = Stage()
    stage.ask(policy)
    askers = (stage.usual, stage.apart)
    assert [each.address for asker in askers for each, _ in asker.internet.open] == [server]


@pytest.mark.parametrize("first", [0, 2])
def test_what_one_was_told_is_never_given_to_the_other(first):
    stage, other = Stage(), 2 - first
    assert addresses(stage.resolve(first)) == [TOLD[first]]
    assert stage.ask(other, flags=0)[0] is Found.NOT_IN_CACHE
    assert addresses(stage.resolve(other)) == [TOLD[other]]
    for policy, told in ((0, TOLD[0]), (2, TOLD[2]), (1, TOLD[0]), (3, TOLD[0])):
        found, exchange = stage.ask(policy)
        assert (found, addresses(exchange)) == (Found.NOW, [told])


def test_questions_under_way_are_not_shared():
    stage = Stage()
    for policy in (0, 2, 0, 2):
        stage.ask(policy)
    assert [len(asker.internet.open) for asker in (stage.usual, stage.apart)] == [1, 1]


def test_the_failure_of_one_is_not_that_of_the_other():
    stage = Stage()
    stage.fail(2)
    found, exchange = stage.ask(2)
    assert (found, exchange.answer.rcode) == (Found.NOW, SERVFAIL)
    assert addresses(stage.resolve(0)) == [TOLD[0]]


def test_who_waits_too_long_gets_an_answer_whatever_his_policy():
    stage = Stage()
    waiting = [stage.ask(policy)[1] for policy in (0, 2)]
    for asker in (stage.usual, stage.apart):
        asker.internet.time += LIMITS.query_time_s + 1
    stage.recursion.tick(stage.usual.internet.time)
    assert stage.answered == waiting
    assert [exchange.answer.rcode for exchange in waiting] == [SERVFAIL, SERVFAIL]


def test_failures_are_forgotten_of_all_and_nothing_else():
    stage = Stage()
    stage.resolve(2)
    stage.fail(2, "n1.bank.test.")
    assert [stage.ask(2, name)[0] for name in (WWW, "n1.bank.test.")] == [Found.NOW, Found.NOW]
    stage.recursion.forget_failures()
    assert [stage.ask(2, name)[0] for name in (WWW, "n1.bank.test.")] == [Found.NOW, Found.LATER]


def test_limits_of_searches_that_nobody_waits_for_are_counted_of_all():
    stage = Stage()
    for asker in (stage.usual, stage.apart):
        asker.resolver.refresh(from_text(WWW), 1)
        while asker.internet.open:
            asker.internet.ends(Result.TIMED_OUT)
    assert stage.recursion.turnovers()["server_tries"] == 2


def test_full_tables_of_failures_are_counted_of_all():
    stage = Stage()
    for policy in (0, 2):
        for number in range(10):
            stage.fail(policy, f"n{number}.bank.test.")
    each = [asker.world.failures.turnovers for asker in (stage.usual, stage.apart)]
    assert min(each) > 0
    assert stage.recursion.turnovers()["failure_table"] == sum(each)


def test_full_tables_of_servers_are_counted_once_and_those_of_zones_of_all():
    stage = Stage()
    for asker in (stage.usual, stage.apart):
        asker.world.quotas.servers = stage.usual.world.quotas.servers
        for table in (asker.world.quotas.zones, asker.world.quotas.servers):
            for number in range(10):
                assert table.enter(bytes([number]))
                table.leave(bytes([number]), timed_out=True)
    usual, apart = (asker.world.quotas for asker in (stage.usual, stage.apart))
    each = [usual.zones.turnovers, apart.zones.turnovers, usual.servers.turnovers]
    assert min(each) > 0
    assert stage.recursion.turnovers()["server_table"] == sum(each)
