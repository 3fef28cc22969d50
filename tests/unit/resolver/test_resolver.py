"""Tasks: who shares a fetch, who pays for it, and what is left when one is given up."""

from dataclasses import replace

import pytest
from fakes.cache_entries import alias, cut, positive
from fakes.internet import Asker
from fakes.rehearsal import Rehearsal

from dnsd.resolver.cache.memory import MemoryDelegations, MemoryRecords
from dnsd.resolver.commands import Result
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.resolver.quotas import Quota
from dnsd.wire import names
from dnsd.wire.names import ROOT

WWW = names.from_text("www.bank.test.")
ZONE = names.from_text("bank.test.")
NS1 = names.from_text("ns1.bank.test.")
ADDRESS = b"\xc0\0\2\1"
CUT = Delegation(ZONE, (NS1,), {NS1: (ADDRESS,)}, stub=True)
OPTIONS = ResolverOptions(minimisation="off", priming=False)
ANSWER = "www.bank.test. A 192.0.2.80"
NOW = 1000.0
SERVFAIL = 2
A = 1


def stage(*cuts, records=None, **limits):
    """A resolver that knows some zone cuts."""
    options = replace(OPTIONS, limits=ResolverLimits(**limits))
    configured = {each.zone: each for each in cuts or (CUT,)}
    caches = (records, MemoryDelegations()) if records else ()
    asker = Asker(Rehearsal(), Delegation(ROOT, ()), options, configured=configured, caches=caches)
    return asker, asker.internet


def glueless(zone, *servers):
    return Delegation(names.from_text(zone), tuple(map(names.from_text, servers)), stub=True)


def in_flight(asker):
    quotas = asker.world.quotas
    return quotas.zones.in_flight(ZONE), quotas.servers.in_flight(ADDRESS)


def test_those_that_ask_the_same_share_one_exchange_up_to_a_limit():
    asker, network = stage()
    found = [asker.start(WWW, A) for _ in range(101)]
    assert len(network.open) == asker.resolver.fetches == len(asker.resolver) == 1
    assert not any(found[:100])
    assert (found[100][0].rcode, found[100][0].limits) == (SERVFAIL, ("fetch_clients",))
    network.says(answer=ANSWER)
    assert [(each.rcode, len(each.answer)) for (each,) in found[:100]] == [(0, 1)] * 100
    assert len(asker.resolver) == 0


def test_those_that_ask_something_else_have_their_own():
    asker, network = stage()
    for name, rrtype in ((WWW, A), (WWW, 28), (NS1, A)):
        asker.start(name, rrtype)
    assert len(network.open) == asker.resolver.fetches == 3


@pytest.mark.parametrize(
    ("cuts", "fetches"),
    [
        pytest.param([glueless("bank.test.", "ns1.bank.test.")], 2, id="of one"),
        pytest.param(
            [glueless("bank.test.", "ns.city.test."), glueless("city.test.", "ns.bank.test.")],
            3,
            id="of two",
        ),
        pytest.param(
            [
                glueless("bank.test.", "ns.city.test."),
                glueless("city.test.", "ns.land.test."),
                glueless("land.test.", "ns.bank.test."),
            ],
            4,
            id="of three",
        ),
    ],
)
def test_a_circle_of_name_servers_fails_at_once(cuts, fetches):
    asker, network = stage(*cuts)
    (outcome,) = asker.start(WWW, A)
    assert (outcome.rcode, outcome.limits) == (SERVFAIL, ())
    assert (network.open, asker.resolver.fetches, len(asker.resolver)) == ([], fetches, 0)


def test_a_fetch_whose_payer_ran_out_begins_anew_on_account_of_another():
    asker, network = stage(query_packets=2)
    first, second, third = (asker.start(WWW, A) for _ in range(3))
    network.ends(Result.TIMED_OUT)
    network.ends(Result.TIMED_OUT)
    assert (first[0].rcode, first[0].limits, first[0].packets) == (SERVFAIL, ("query_packets",), 2)
    assert (second, third) == ([], [])
    assert (len(network.open), asker.resolver.fetches) == (1, 2)
    network.says(answer=ANSWER)
    assert [(each.rcode, each.limits, each.packets) for (each,) in (second, third)] == [
        (0, (), 1),
        (0, (), 0),
    ]


@pytest.mark.parametrize("limit", ["delegation_names", "query_rrsets", "name_types"])
def test_an_heir_may_have_reached_limits_that_end_nothing(limit):
    asker, network = stage(query_packets=2)
    asker.start(WWW, A)
    told = []
    heir = resolve(asker, told)
    heir.budget.hit(limit)
    network.ends(Result.TIMED_OUT)
    network.ends(Result.TIMED_OUT)
    network.says(answer=ANSWER)
    assert [(each.rcode, each.limits) for each in told] == [(0, (limit,))]


class Full(Quota):
    """One that has no place left for anybody."""

    def enter(self, _key):
        return False

    def leave(self, _key, *, timed_out):
        pass


def test_the_moments_load_is_everybodys_and_nobody_begins_anew():
    asker, network = stage()
    found = [asker.start(WWW, A) for _ in range(2)]
    asker.world.quotas.zones = Full("zone_in_flight", 1, 1)
    network.ends(Result.TIMED_OUT)
    assert [each.rcode for (each,) in found] == [SERVFAIL] * 2
    assert (network.open, asker.resolver.fetches) == ([], 1)
    assert asker.world.failures.find(WWW, A, network.now()) is None


def test_it_does_not_begin_anew_where_nobody_has_anything_left():
    asker, network = stage(query_packets=2)
    found = [asker.start(WWW, A) for _ in range(2)]
    for _ in range(4):
        network.ends(Result.TIMED_OUT)
    assert [each.limits for (each,) in found] == [("query_packets",)] * 2
    assert (network.open, asker.resolver.fetches) == ([], 2)


def test_a_failure_that_is_no_budgets_is_everybodys():
    asker, network = stage()
    found = [asker.start(WWW, A) for _ in range(2)]
    network.says(rcode=5)
    assert [each.rcode for (each,) in found] == [SERVFAIL] * 2
    assert (network.open, asker.resolver.fetches) == ([], 1)


def resolve(asker, told, name=WWW, **options):
    return asker.resolver.resolve(name, A, told.append, **options)


def test_what_nobody_waits_for_is_given_up_and_quotas_are_given_back():
    asker, network = stage()
    told = []
    task = resolve(asker, told)
    assert in_flight(asker) == (1, 1)
    asker.resolver.cancel(task)
    assert (told, network.open, len(asker.resolver), in_flight(asker)) == ([], [], 0, (0, 0))


def test_what_others_wait_for_goes_on():
    asker, network = stage()
    first, second = [], []
    payer = resolve(asker, first)
    resolve(asker, second)
    asker.resolver.cancel(payer)
    assert in_flight(asker) == (1, 1)
    network.says(answer=ANSWER)
    assert first == []
    assert [each.rcode for each in second] == [0]
    assert in_flight(asker) == (0, 0)


def test_the_whole_way_down_is_given_up():
    asker, network = stage(glueless("city.test.", "ns.bank.test."), CUT)
    task = resolve(asker, [], names.from_text("www.city.test."))
    assert (network.asked().qname, len(asker.resolver)) == (names.from_text("ns.bank.test."), 2)
    asker.resolver.cancel(task)
    assert (network.open, len(asker.resolver), in_flight(asker)) == ([], 0, (0, 0))


def test_what_was_given_up_can_be_asked_again():
    asker, network = stage()
    asker.resolver.cancel(resolve(asker, []))
    found = asker.start(WWW, A)
    network.says(answer=ANSWER)
    assert found[0].rcode == 0


def test_whether_it_may_ask_is_asked_once_however_many_fetches_follow():
    asker, network = stage()
    asked, told = [], []
    task = resolve(asker, told, admit=lambda task: asked.append(task) or "")
    network.says(answer="www.bank.test. CNAME web.bank.test.")
    assert network.asked().qname == names.from_text("web.bank.test.")
    network.says(answer="web.bank.test. A 192.0.2.80")
    assert asked == [task]
    assert [each.rcode for each in told] == [0]


def test_it_is_refused_with_the_limit_that_forbids_it():
    asker, network = stage()
    outcome = resolve(asker, [], admit=lambda _task: "recursions")
    assert (outcome.rcode, outcome.limits) == (SERVFAIL, ("recursions",))
    assert (outcome.explanation.code, network.open, asker.resolver.fetches) == (14, [], 0)


def test_nobody_is_asked_whether_it_may_look_into_the_cache():
    asker, _ = stage()
    asker.records.put(positive("www.bank.test.", now=NOW), NOW)
    outcome = resolve(asker, [], admit=lambda _task: "recursions")
    assert (outcome.rcode, outcome.cached) == (0, True)


class Broken(MemoryRecords):
    """A cache with a defect."""

    def __init__(self, method):
        super().__init__()
        setattr(self, method, self.break_down)

    def break_down(self, *_args, **_options):
        raise ZeroDivisionError


def test_a_fault_of_a_question_is_told_and_costs_this_question():
    asker, network = stage(records=Broken("find"))
    (outcome,) = asker.start(WWW, A)
    assert (outcome.rcode, outcome.explanation.text) == (SERVFAIL, "internal fault")
    assert (list(map(type, asker.faults)), network.open) == ([ZeroDivisionError], [])


def test_a_fault_of_a_fetch_is_told_once_and_costs_those_who_wait():
    asker, network = stage(records=Broken("put"))
    found = [asker.start(WWW, A) for _ in range(3)]
    network.says(answer=ANSWER)
    assert [(each.rcode, each.explanation.text) for (each,) in found] == [
        (SERVFAIL, "internal fault")
    ] * 3
    assert list(map(type, asker.faults)) == [ZeroDivisionError]
    assert (len(asker.resolver), in_flight(asker)) == (0, (0, 0))


@pytest.mark.parametrize(
    ("share", "questions", "most"),
    [
        pytest.param(0.1, 0, 10, id="ten at any rate"),
        pytest.param(0.1, 20, 10, id="ten are more than the share"),
        pytest.param(0.5, 20, 20, id="the share of all fetches"),
    ],
)
def test_few_fetches_are_made_before_somebody_asks(share, questions, most):
    asker, network = stage(prefetch_share=share)
    for i in range(questions):
        asker.start(names.from_text(f"q{i}.bank.test."), A)
    for i in range(50):
        asker.resolver.refresh(names.from_text(f"p{i}.bank.test."), A)
    assert asker.resolver.prefetches == most
    assert len(network.open) == asker.resolver.fetches == questions + most


def test_limits_that_a_refresh_reached_are_counted_though_nobody_waits():
    asker, network = stage(query_packets=1)
    asker.resolver.refresh(WWW, A)
    network.ends(Result.TIMED_OUT)
    assert asker.resolver.untold == {"query_packets": 1}


def test_what_is_fetched_already_is_not_refreshed_as_well():
    asker, network = stage()
    asker.start(WWW, A)
    asker.resolver.refresh(WWW, A)
    assert (asker.resolver.prefetches, len(network.open)) == (0, 1)


def test_what_is_refreshed_is_kept_and_may_be_waited_for():
    asker, network = stage()
    asker.resolver.refresh(WWW, A)
    found = asker.start(WWW, A)
    network.says(answer=ANSWER)
    assert (found[0].rcode, found[0].packets) == (0, 0)
    assert asker.resolver.known(WWW, A).cached


@pytest.mark.parametrize(
    ("kept", "after_s", "fresh", "stale"),
    [
        pytest.param([], 0, None, None, id="nothing"),
        pytest.param([positive("www.bank.test.", now=NOW)], 299, 1, 1, id="data"),
        pytest.param([positive("www.bank.test.", now=NOW)], 301, None, 1, id="expired"),
        pytest.param([positive("www.bank.test.", now=NOW)], 86_701, None, None, id="too old"),
        pytest.param([alias("www.bank.test.", "web.bank.test.", now=NOW)], 0, None, None, id="half a chain"),
        pytest.param(
            [alias("www.bank.test.", "web.bank.test.", now=NOW), positive("web.bank.test.", now=NOW)],
            0, 2, 2, id="a whole chain",
        ),
        pytest.param(
            [alias("www.bank.test.", "web.bank.test.", now=NOW, ttl=900), positive("web.bank.test.", now=NOW)],
            600, None, 2, id="a chain that expired in part",
        ),
    ],
)  # fmt: skip
def test_what_is_kept_answers_without_asking(kept, after_s, fresh, stale):
    asker, network = stage()
    for entry in kept:
        asker.records.put(entry, NOW)
    network.time += after_s
    outcomes = [asker.resolver.known(WWW, A, stale=is_stale) for is_stale in (False, True)]
    assert [each and len(each.answer) for each in outcomes] == [fresh, stale]
    if stale:
        assert outcomes[1].stale == (fresh is None)
    assert (network.open, asker.resolver.fetches) == ([], 0)


@pytest.mark.parametrize(
    ("ttl", "kept_s"),
    [
        pytest.param(5, 30, id="delegation_ttl_min"),
        pytest.param(300, 300, id="within bounds"),
        pytest.param(1_000_000, 86_400, id="max_ttl"),
    ],
)
def test_a_zone_cut_of_ours_is_kept_and_asked(ttl, kept_s):
    asker, network = stage(glueless("test.", "ns.test."))
    asker.resolver.learn(cut("bank.test."), ttl)
    (learned,) = asker.delegations.delegations()
    assert learned.expiry == NOW + kept_s
    asker.start(WWW, A)
    assert (network.asked().qname, network.open[0][0].address) == (WWW, ADDRESS)
