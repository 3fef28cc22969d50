"""What one client query may cost: each part by its name, until nothing is left."""

import pytest

from dnsd.resolver.budget import EXCHANGE_WORK, Budget
from dnsd.resolver.options import ResolverLimits

NOW = 1000.0


def budget(**limits):
    return Budget(ResolverLimits(**limits), NOW)


def send(spent, now=NOW):
    """Send packets of 100 octets until no more may be sent; how many that were."""
    for sent in range(1000):
        if not spent.may_send(now):
            return sent
        spent.received(100)
    raise AssertionError("it never ends")


@pytest.mark.parametrize(
    ("limits", "packets"),
    [
        pytest.param({"query_packets": 5}, 5, id="query_packets"),
        pytest.param({"query_packets": 0}, 0, id="query_packets, none"),
        pytest.param({"query_octets": 401}, 5, id="query_octets"),
        pytest.param({"query_work": 5 * EXCHANGE_WORK + 99}, 5, id="query_work"),
        pytest.param({"query_time_s": 0.0}, 0, id="query_time"),
    ],
)
def test_packets_are_sent_until_one_budget_is_used_up(limits, packets):
    spent = budget(**limits)
    assert send(spent) == spent.packets_sent == packets
    assert spent.exhausted == tuple(name.removesuffix("_s") for name in limits)


def test_nothing_is_sent_from_the_deadline_on():
    spent = budget()
    assert spent.deadline == NOW + 8.0
    assert spent.may_send(NOW + 7.9)
    assert not spent.may_send(NOW + 8.0)
    assert (spent.exhausted, spent.packets_sent) == (("query_time",), 1)


@pytest.mark.parametrize(
    ("limit", "method"),
    [("query_name_fetches", Budget.may_look_up_server), ("query_rrsets", Budget.may_store)],
)
def test_look_ups_of_servers_and_what_is_kept_are_counted(limit, method):
    spent = budget(**{limit: 3})
    assert [method(spent) for _ in range(5)] == [True, True, True, False, False]
    assert spent.exhausted == (limit,)
    assert spent.may_send(NOW), "each is counted for itself"


def test_a_limit_is_noted_once_and_in_order():
    spent = budget()
    for limit in ("depth", "query_rrsets", "depth"):
        spent.hit(limit)
    assert spent.exhausted == ("depth", "query_rrsets")


def test_ordinary_traffic_hits_no_limit():
    spent = budget()
    for _ in range(10):
        assert spent.may_send(NOW + 1)
        spent.received(1232)
        assert spent.may_store()
        assert spent.may_look_up_server()
    assert spent.exhausted == ()
