"""Every limit of a search: reached, named in the outcome, and explained if it is the end."""

from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest
from fakes.internet import Asker
from fakes.rehearsal import Rehearsal
from scenarios.many_zones import warm, www
from scenarios.reader import read
from scenarios.runner import Play

from dnsd.observe import metrics
from dnsd.observe.limits import LIMITS, UNREGISTERED
from dnsd.resolver.commands import Result
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.wire import names
from dnsd.wire.message import QR, TC

HERE = Path(__file__).parent
A = 1
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
WWW = names.from_text("www.bank.test.")
SERVER = names.from_text("ns.root-servers.test.")
ROOT = Delegation(names.ROOT, (SERVER,), {SERVER: (b"\xc0\0\2\1",)})
OPTIONS = ResolverOptions(minimisation="off", priming=False)


def stage(**limits):
    limits = {key if hasattr(ResolverLimits(), key) else f"{key}_s": value
              for key, value in limits.items()}  # fmt: skip
    asker = Asker(Rehearsal(), ROOT, replace(OPTIONS, limits=ResolverLimits(**limits)))
    return asker, asker.internet


def referral(names_, addresses=""):
    return {
        "flags": QR,
        "authority": "\n".join(f"bank.test. 300 NS {name}" for name in names_.split()),
        "additional": "\n".join(
            f"{pair.partition('=')[0]} 300 A {pair.partition('=')[2]}" for pair in addresses.split()
        ),
    }


def refers(names_, addresses=""):
    return lambda network: network.says(**referral(names_, addresses))


def answers(network):
    network.says(answer="www.bank.test. A 192.0.2.80")


def truncates(network):
    network.says(flags=QR | TC)


def is_silent(network):
    network.time += network.open[0][0].timeout_s
    network.ends(Result.TIMED_OUT)


def is_an_alias(network):
    name = network.asked().qname
    network.says(answer=f"{names.to_text(name)} CNAME a.{names.to_text(name)}")


def does_not_exist(network):
    network.says(rcode=NXDOMAIN, authority="test. SOA ns.test. host.test. 1 2 3 4 60")


GLUELESS = refers("ns1.example. ns2.example. ns3.example.")
TWO = "ns1.bank.test. ns2.bank.test."

# What ends a search.
ENDS = {
    "query_time": (0.5, [is_silent, is_silent], 23),
    "query_packets": (1, [is_silent], 23),
    "query_octets": (20, [truncates], 22),
    "query_work": (100, [is_silent], 23),
    "query_name_fetches": (1, [GLUELESS, does_not_exist], 22),
    "zone_packets": (2, [is_silent, is_silent], 23),
    "server_tries": (2, [is_silent, is_silent], 23),
    "referrals": (1, [refers("ns1.bank.test.", "ns1.bank.test.=192.0.2.2")], 0),
    "depth": (0, [GLUELESS], 22),
    "delegation_name_fetches": (1, [GLUELESS, does_not_exist], 22),
    "failed_names": (2, [GLUELESS, does_not_exist, does_not_exist], 22),
    "alias_links": (2, [is_an_alias] * 3, 0),
}  # fmt: skip
# What leaves something out and lets the search go on.
LETS_GO_ON = {
    "query_rrsets": (0, [answers]),
    "delegation_names": (1, [refers(TWO, "ns1.bank.test.=192.0.2.2"), answers]),
    "name_addresses": (
        1, [refers("ns1.bank.test.", "ns1.bank.test.=192.0.2.2 ns1.bank.test.=192.0.2.3"), answers],
    ),
    "delegation_addresses": (
        1, [refers(TWO, "ns1.bank.test.=192.0.2.2 ns2.bank.test.=192.0.2.3"), answers],
    ),
    "rrset_records": (0, [answers]),
    "rrset_octets": (0, [answers]),
}  # fmt: skip
# What stands between questions, or is shared by them.
BETWEEN = ("zone_in_flight", "server_in_flight", "fetch_clients")
# Limits of tables, of clients and of sockets: each has its own test where it belongs.
ELSEWHERE = frozenset((
    "recursions", "shed_after", "name_types", "server_table", "failure_table", "outgoing_tcp",
    "client_misses", "waiting_answers", "late_answer",
))  # fmt: skip
# No bounds but paces: what they shape is no worse for it, so nothing is counted.
PACES = frozenset((
    "minimised_steps", "single_label_steps", "udp_timeout_first", "udp_timeout_max", "tcp_timeout",
    "server_hold", "failure_ttl", "failure_ttl_max", "tcp_reuse", "tcp_reuse_queries", "stale_age",
    "stale_ttl", "stale_wait", "stale_recheck", "prefetch_share", "client_misses_burst",
    "waiting_answers_proven",
))  # fmt: skip


def play(asker, network, replies):
    found = asker.start(WWW, A)
    for reply in replies:
        reply(network)
    (outcome,) = found
    assert (network.open, asker.faults) == ([], [])
    return outcome


@pytest.mark.parametrize("limit", ENDS)
def test_a_limit_that_ends_a_search_is_named_and_explained(limit):
    bound, replies, code = ENDS[limit]
    asker, network = stage(**{limit: bound})
    outcome = play(asker, network, replies)
    assert (outcome.rcode, outcome.limits) == (SERVFAIL, (limit,))
    assert outcome.explanation.code == code
    assert outcome.explanation.text.endswith(f"limit {limit} reached")


@pytest.mark.parametrize("limit", LETS_GO_ON)
def test_a_limit_that_leaves_something_out_is_named(limit):
    bound, replies = LETS_GO_ON[limit]
    asker, network = stage(**{limit: bound})
    asker.records._limits = asker.options.limits
    outcome = play(asker, network, replies)
    assert (outcome.rcode, outcome.limits, outcome.explanation) == (NOERROR, (limit,), None)


@pytest.mark.parametrize("limit", BETWEEN)
def test_a_limit_that_others_fill_is_named_and_explained(limit):
    asker, network = stage(**{limit: 1})
    asker.start(WWW, A)
    name = WWW if limit == "fetch_clients" else names.from_text("mail.bank.test.")
    (outcome,) = asker.start(name, A)
    assert (outcome.rcode, outcome.limits) == (SERVFAIL, (limit,))
    assert outcome.explanation.text.endswith(f"limit {limit} reached")
    assert len(network.open) == 1


@pytest.mark.parametrize("limit", ENDS)
def test_those_who_wait_for_a_search_are_told_what_ended_it(limit):
    bound, replies, _ = ENDS[limit]
    asker, network = stage(**{limit: bound})
    found = [asker.start(WWW, A) for _ in range(2)]
    for reply in replies * 2:
        if network.open:
            reply(network)
    assert [outcome.limits for (outcome,) in found] == [(limit,)] * 2
    assert found[0][0].explanation == found[1][0].explanation


def test_every_limit_that_can_be_configured_is_one_of_these():
    known = {*ENDS, *LETS_GO_ON, *BETWEEN, *ELSEWHERE}
    assert not known & PACES
    assert {field.name.removesuffix("_s") for field in fields(ResolverLimits)} == known | PACES


@pytest.mark.parametrize("limit", sorted({*ENDS, *LETS_GO_ON, *BETWEEN, *ELSEWHERE}))
def test_each_is_counted_by_its_own_name(limit):
    assert limit in LIMITS
    assert metrics.limit_slot(limit) != metrics.limit_slot(UNREGISTERED)


# What is no ordinary traffic: every server of a zone is broken, and nothing else helps.
BROKEN = {
    "root_that_is_silent.rpl": {"server_tries", "query_time"},
}


@pytest.mark.parametrize("path", sorted((HERE / "resolution").glob("*.rpl")), ids=lambda p: p.stem)
def test_ordinary_questions_reach_no_limit(path):
    scene = Play(read(path))
    start, asked = scene.asker.start, []

    def watched(*question):
        asked.append(start(*question))
        return asked[-1]

    scene.asker.start = watched
    scene.run()
    assert asked
    reached = {limit for (outcome,) in asked for limit in outcome.limits}
    assert reached == BROKEN.get(path.name, set())


def test_many_ordinary_questions_at_once_reach_no_limit():
    world, asker = warm()
    found = [asker.start(www(number), A) for number in range(180)]
    world.run()
    assert Counter(limit for (outcome,) in found for limit in outcome.limits) == {}
    assert {outcome.rcode for (outcome,) in found} == {NOERROR}
