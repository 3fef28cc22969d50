"""What one client may make us do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.observe.limits import LIMITS
from dnsd.resolver.client_rates import (
    MISSES_LIMIT,
    WAITING_LIMIT,
    ClientLimits,
    MissRates,
    WaitingAnswers,
    is_loopback,
)

ONE = bytes([192, 0, 2, 1])
OTHER = bytes([192, 0, 2, 2])
SUBNET = bytes.fromhex("20010db800000001")


def rates(**limits):
    return MissRates(ClientLimits(**{"cells": 1024, **limits}))


def test_four_hundred_may_come_at_once_and_two_hundred_a_second():
    limiter = rates()
    assert sum(limiter.allow(ONE, 10.0) for _ in range(1000)) == 400
    assert sum(limiter.allow(ONE, 11.0) for _ in range(1000)) == 200


def test_a_client_below_its_rate_is_never_refused():
    limiter = rates()
    assert all(limiter.allow(ONE, i / 200) for i in range(5000))


def test_clients_do_not_pay_for_each_other():
    limiter = rates()
    while limiter.allow(ONE, 0.0):
        pass
    assert limiter.allow(OTHER, 0.0)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (ONE, OTHER, False),
        (SUBNET + bytes(8), SUBNET + bytes([0, 0, 0, 0, 0, 0, 0, 9]), True),
        (SUBNET + bytes(8), SUBNET[:7] + b"\x02" + bytes(8), False),
    ],
    ids=["two addresses", "one subnet", "two subnets"],
)
def test_a_client_is_an_address_or_a_subnet_of_64_bits(a, b, same):
    limiter = rates(misses_burst=1)
    answers = WaitingAnswers(ClientLimits(waiting=1))
    assert limiter.allow(a, 0.0)
    assert limiter.allow(b, 0.0) is not same
    assert answers.enter(a, proven=False)
    assert answers.enter(b, proven=False) is not same


def test_no_rate_is_no_limit():
    limiter = rates(misses_per_second=0)
    assert all(limiter.allow(ONE, 0.0) for _ in range(1000))


def test_workers_share_the_rate():
    limiter = rates(workers=4)
    assert sum(limiter.allow(ONE, 0.0) for _ in range(1000)) == 100
    assert sum(limiter.allow(ONE, 1.0) for _ in range(1000)) == 50


def test_even_the_smallest_burst_is_one():
    limiter = rates(misses_per_second=0.1, misses_burst=0)
    assert [limiter.allow(ONE, at) for at in (0.0, 0.0, 9.0, 10.0)] == [True, False, False, True]


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.001, 0.04, 0.3, 2.0])), max_size=300
    ),
    st.sampled_from([2.0, 50.0, 200.0]),
    st.sampled_from([1.0, 7.0, 40.0]),
    st.sampled_from([1, 2, 1024]),
)
def test_whatever_comes_no_client_gets_more_than_rate_and_burst(arrivals, rate, burst, cells):
    limiter = MissRates(ClientLimits(misses_per_second=rate, misses_burst=burst, cells=cells))
    now = 1000.0
    allowed = {i: [] for i in range(4)}
    for client, pause in arrivals:
        now += pause
        if limiter.allow(bytes([192, 0, 2, client]), now):
            allowed[client].append(now)
    for times in allowed.values():
        for i, start in enumerate(times):
            for j in range(i, len(times)):
                assert j - i + 1 <= rate * (times[j] - start) + burst + 1e-3
    assert len(limiter._first) == len(limiter._second) == cells


def test_a_flood_of_clients_forgets_no_debt():
    limiter = rates()
    while limiter.allow(ONE, 0.0):
        pass
    for i in range(20_000):
        limiter.allow(bytes([10]) + i.to_bytes(3, "big"), 0.0)
    assert not limiter.allow(ONE, 0.0)


def test_a_client_that_may_be_forged_waits_for_a_hundred_answers():
    answers = WaitingAnswers(ClientLimits())
    assert sum(answers.enter(ONE, proven=False) for _ in range(500)) == 100
    assert answers.enter(OTHER, proven=False)
    answers.leave(ONE)
    assert answers.enter(ONE, proven=False)
    assert not answers.enter(ONE, proven=False)


def test_a_client_that_is_there_waits_for_a_thousand():
    answers = WaitingAnswers(ClientLimits())
    assert sum(answers.enter(ONE, proven=True) for _ in range(2000)) == 1000
    assert not answers.enter(ONE, proven=False)


def test_ordinary_clients_reach_no_bound_and_are_forgotten():
    answers = WaitingAnswers(ClientLimits())
    for i in range(1000):
        client = bytes([10]) + i.to_bytes(3, "big")
        assert all(answers.enter(client, proven=False) for _ in range(20))
        assert answers.count(client) == 20
        for _ in range(20):
            answers.leave(client)
    assert len(answers) == 0


def test_limits_have_the_names_that_metrics_know():
    assert (MISSES_LIMIT, WAITING_LIMIT) == ("client_misses", "waiting_answers")
    assert {MISSES_LIMIT, WAITING_LIMIT} <= LIMITS.keys()


@pytest.mark.parametrize(
    ("client", "expected"),
    [
        (b"\x7f\0\0\1", True),
        (b"\x7f\1\2\3", True),
        (b"\xc0\0\2\1", False),
        (bytes(15) + b"\1", True),
        (bytes(16), False),
    ],
)
def test_this_machine_is_known(client, expected):
    assert is_loopback(client) is expected
