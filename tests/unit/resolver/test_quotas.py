"""How much may be in flight at one zone cut and one server."""

import collections

from hypothesis import given
from hypothesis import strategies as st

from dnsd.resolver.options import ResolverLimits
from dnsd.resolver.quotas import Quota, Quotas

ZONE = b"\x07example\x04test\x00"


def exchange(quota, key, *, timed_out, times=1):
    for _ in range(times):
        assert quota.enter(key)
        quota.leave(key, timed_out=timed_out)


def test_so_many_may_be_in_flight_and_no_more():
    quota = Quotas(ResolverLimits()).zones
    assert sum(quota.enter(ZONE) for _ in range(300)) == 200
    assert quota.in_flight(ZONE) == 200
    quota.leave(ZONE, timed_out=False)
    assert quota.enter(ZONE)
    assert not quota.enter(ZONE)


def test_each_zone_and_each_server_has_its_own():
    quotas = Quotas(ResolverLimits(zone_in_flight=1, server_in_flight=2))
    assert (quotas.zones.limit, quotas.servers.limit) == ("zone_in_flight", "server_in_flight")
    assert quotas.zones.enter(ZONE)
    assert quotas.zones.enter(b"\x04test\x00")
    assert [quotas.servers.enter(ZONE) for _ in range(3)] == [True, True, False]


def test_a_dead_zone_shrinks_to_a_tenth_and_not_to_nothing():
    quota = Quota("zone_in_flight", 200, 100)
    exchange(quota, ZONE, timed_out=True, times=1000)
    assert quota.allowed(ZONE) == 20
    assert sum(quota.enter(ZONE) for _ in range(300)) == 20


def test_it_grows_back_when_answers_come():
    quota = Quota("zone_in_flight", 200, 100)
    exchange(quota, ZONE, timed_out=True, times=1000)
    exchange(quota, ZONE, timed_out=False, times=180)
    assert quota.allowed(ZONE) == 200


def test_a_quota_of_one_stays_one():
    quota = Quota("zone_in_flight", 1, 100)
    exchange(quota, ZONE, timed_out=True, times=1000)
    assert quota.enter(ZONE)


def test_two_of_three_lost_take_nothing_away():
    quota = Quota("zone_in_flight", 200, 100)
    for i in range(3000):
        exchange(quota, ZONE, timed_out=i % 3 > 0)
    assert quota.allowed(ZONE) >= 190


def test_what_was_given_up_says_nothing():
    quota = Quota("zone_in_flight", 200, 100)
    exchange(quota, ZONE, timed_out=None, times=1000)
    assert quota.allowed(ZONE) == 200


def test_only_what_is_not_well_is_remembered_and_that_is_bounded():
    quota = Quota("zone_in_flight", 200, 100)
    for i in range(300):
        exchange(quota, b"\x04%04d\x00" % i, timed_out=False)
    assert quota.turnovers == 0
    for i in range(300):
        exchange(quota, b"\x04%04d\x00" % i, timed_out=True, times=120)
    assert quota.turnovers > 0
    shrunk = sum(quota.allowed(b"\x04%04d\x00" % i) < 200 for i in range(300))
    assert 50 <= shrunk <= 100


@given(
    st.lists(
        st.tuples(st.sampled_from([b"a", b"b"]), st.sampled_from([None, True, False, "enter"])),
        max_size=400,
    ),
    st.sampled_from([1, 3, 20]),
)
def test_no_more_is_in_flight_than_is_allowed_whatever_comes(steps, most):
    quota, model = Quota("zone_in_flight", most, 10), collections.Counter()
    for key, what in steps:
        if what == "enter":
            allowed = quota.allowed(key)
            assert quota.enter(key) is (model[key] < allowed)
            model[key] = min(model[key] + 1, max(model[key], allowed))
        elif model[key]:
            quota.leave(key, timed_out=what)
            model[key] -= 1
        assert quota.in_flight(key) == model[key] <= most
        assert max(1, most // 10) <= quota.allowed(key) <= most
