"""How much may be in flight at one zone cut and one server."""

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
    assert quotas.zones.enter(ZONE)
    assert quotas.zones.enter(b"\x04test\x00")
    assert [quotas.servers.enter(ZONE) for _ in range(3)] == [True, True, False]


def test_a_dead_zone_shrinks_to_a_tenth_and_not_to_nothing():
    quota = Quota(200, 100)
    exchange(quota, ZONE, timed_out=True, times=1000)
    assert quota.allowed(ZONE) == 20
    assert sum(quota.enter(ZONE) for _ in range(300)) == 20


def test_it_grows_back_when_answers_come():
    quota = Quota(200, 100)
    exchange(quota, ZONE, timed_out=True, times=1000)
    exchange(quota, ZONE, timed_out=False, times=180)
    assert quota.allowed(ZONE) == 200


def test_a_quota_of_one_stays_one():
    quota = Quota(1, 100)
    exchange(quota, ZONE, timed_out=True, times=1000)
    assert quota.enter(ZONE)


def test_two_of_three_lost_take_nothing_away():
    quota = Quota(200, 100)
    for i in range(3000):
        exchange(quota, ZONE, timed_out=i % 3 > 0)
    assert quota.allowed(ZONE) >= 190


def test_what_was_given_up_says_nothing():
    quota = Quota(200, 100)
    exchange(quota, ZONE, timed_out=None, times=1000)
    assert quota.allowed(ZONE) == 200


def test_only_what_is_not_well_is_remembered_and_that_is_bounded():
    quota = Quota(200, 100)
    for i in range(1000):
        exchange(quota, b"\x04%04d\x00" % i, timed_out=False)
    assert quota.turnovers == 0
    for i in range(1000):
        exchange(quota, b"\x04%04d\x00" % i, timed_out=True, times=200)
    assert quota.turnovers > 0
    shrunk = sum(quota.allowed(b"\x04%04d\x00" % i) < 200 for i in range(1000))
    assert 50 <= shrunk <= 100
