"""What is learned of name servers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.resolver.options import ResolverLimits
from dnsd.resolver.servers import FACTS_S, LIMIT, Servers, first_wait_s, wait_s

LIMITS = ResolverLimits()
ONE = bytes([192, 0, 2, 1])
OTHER = bytes([192, 0, 2, 2])
ZONE = b"\x07example\x04test\x00"


def wait(servers, address=ONE, now=0.0):
    return wait_s(servers.find(address, now), LIMITS)


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([], 0.4),
        ([0.2], 0.6),  # 0.2 + 4 * 0.1
        ([0.2, 0.2], 0.5),  # 0.2 + 4 * 0.075
        ([0.2, 0.4], 0.2 + 0.2 / 8 + 4 * (0.1 + (0.2 - 0.1) / 4)),
        ([0.2] * 100, 0.25),  # a turn of a busy reactor longer
        ([0.001], 0.1),
        ([2.5], 3.0),
    ],
    ids=["unknown", "first", "second", "changing", "steady", "not too short", "not too long"],
)
def test_the_wait_follows_from_the_times_of_answers(samples, expected):
    servers = Servers(LIMITS)
    for seconds in samples:
        servers.answered(ONE, seconds, 0.0)
    assert wait(servers) == pytest.approx(expected)


def test_the_wait_doubles_with_each_timeout_and_an_answer_ends_that():
    servers = Servers(LIMITS)
    now, waits = 0.0, []
    for _ in range(6):
        waits.append(wait(servers, now=now))
        now += waits[-1]
        servers.timed_out(ONE, now)
    assert waits == [0.4, 0.8, 1.6, 3.0, 3.0, 3.0]
    assert first_wait_s(servers.find(ONE, now), LIMITS) == 0.4
    servers.answered(ONE, 0.1, now)
    assert wait(servers, now=now) == pytest.approx(0.3)


def test_what_is_lost_together_counts_once():
    servers = Servers(LIMITS)
    for i in range(200):
        servers.timed_out(ONE, 0.4 + i / 1000)  # all were sent within 0.2 s
    assert servers.find(ONE, 1.0).timeouts == 1
    servers.timed_out(ONE, 0.4 + 0.8)  # sent after the first of them was counted
    assert servers.find(ONE, 1.2).timeouts == 2


def test_a_wait_that_ends_a_little_early_counts():
    servers = Servers(LIMITS)
    now = 0.0
    for _ in range(4):
        now += wait(servers, now=now) * 0.99
        servers.timed_out(ONE, now)
    assert servers.find(ONE, now).timeouts == 4


def test_errors_of_the_network_count_each():
    servers = Servers(LIMITS)
    for _ in range(5):
        servers.unreachable(ONE, 100.0)
    assert servers.find(ONE, 100.0).is_held(100.0)


@pytest.mark.parametrize(
    ("silence", "timeouts", "held"),
    [(None, 5, True), (None, 4, False), (11.0, 5, True), (9.0, 5, False), (11.0, 4, False)],
    ids=["never answered", "four", "answered long ago", "answered lately", "long ago, four"],
)
def test_a_server_is_held_after_five_timeouts_and_ten_seconds(silence, timeouts, held):
    servers, now = Servers(LIMITS), 100.0
    if silence is not None:
        servers.answered(ONE, 0.02, now - silence)
    for _ in range(timeouts):
        servers.unreachable(ONE, now)
    assert servers.find(ONE, now).is_held(now) is held
    servers.answered(ONE, 0.02, now)
    assert not servers.find(ONE, now).is_held(now)


def test_edns_and_letter_case_are_known_for_a_quarter_of_an_hour():
    servers = Servers(LIMITS)
    servers.no_edns(ONE, 100.0)
    servers.case_changed(ONE, 100.0)
    assert not servers.find(ONE, 100.0).edns
    assert servers.find(OTHER, 100.0) is None
    for i in range(100):
        servers.answered(ONE, 0.02, 100.0 + i)  # answers do not make them last longer
    before = servers.find(ONE, 100.0 + FACTS_S - 1)
    assert (before.edns, before.needs_tcp) == (False, True)
    after = servers.find(ONE, 100.0 + FACTS_S)
    assert (after.edns, after.needs_tcp) == (True, False)


def test_times_are_forgotten_when_a_server_was_not_asked_for_a_quarter_of_an_hour():
    servers = Servers(LIMITS)
    servers.answered(ONE, 0.2, 100.0)
    for at in (101.0, 103.0, 107.0):
        servers.timed_out(ONE, at)
    assert wait(servers, now=107.0 + FACTS_S - 1) == 3.0
    assert wait(servers, now=107.0 + FACTS_S) == 0.4


def test_a_cookie_is_kept():
    servers = Servers(LIMITS)
    servers.cookie_learned(ONE, b"client->server->>")
    assert servers.find(ONE, 0.0).cookie == b"client->server->>"
    assert servers.find(OTHER, 0.0) is None


def test_a_server_is_lame_for_one_zone_and_a_while():
    servers = Servers(LIMITS)
    servers.lame(ONE, ZONE, 100.0)
    assert servers.is_lame(ONE, ZONE, 104.9)
    assert not servers.is_lame(ONE, ZONE, 105.0)
    assert not servers.is_lame(ONE, b"\x04test\x00", 100.0)
    assert not servers.is_lame(OTHER, ZONE, 100.0)
    servers.lame(ONE, ZONE, 105.0)
    assert servers.is_lame(ONE, ZONE, 114.9)  # twice as long


def test_the_last_answer_of_anybody_is_known():
    servers = Servers(LIMITS)
    assert servers.answered_at == float("-inf")
    servers.answered(ONE, 0.1, 100.0)
    servers.timed_out(OTHER, 101.0)
    assert servers.answered_at == 100.0


def test_a_port_makes_another_server():
    servers = Servers(LIMITS)
    servers.timed_out(ONE + b"\x14\xb4", 100.0)
    assert servers.find(ONE, 100.0) is None


def test_servers_without_end_take_bounded_room():
    servers = Servers(ResolverLimits(server_table=100))
    for i in range(1000):
        servers.answered(i.to_bytes(4, "big"), 0.1, 0.0)
    assert LIMIT == "server_table"
    assert servers.turnovers == 18
    known = sum(servers.find(i.to_bytes(4, "big"), 0.0) is not None for i in range(1000))
    assert 50 <= known <= 100


def test_as_many_servers_as_are_in_use_reach_no_bound():
    servers = Servers(LIMITS)
    for i in range(5000):
        servers.answered(i.to_bytes(4, "big"), 0.1, 0.0)
        servers.lame(i.to_bytes(4, "big"), ZONE, 0.0)
    assert servers.turnovers == 0


def test_asking_what_is_known_changes_nothing():
    servers = Servers(LIMITS)
    for address in (ONE, OTHER):
        servers.find(address, 0.0)
        servers.is_lame(address, ZONE, 0.0)
    assert servers.find(ONE, 0.0) is None


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("answered"), st.floats(0, 8)),
            st.tuples(st.just("timed_out"), st.floats(0, 8)),
            st.tuples(st.just("unreachable"), st.floats(0, 2000)),
        ),
        max_size=60,
    )
)
def test_waits_stay_within_their_bounds_whatever_comes(events):
    servers, now = Servers(LIMITS), 0.0
    for what, seconds in events:
        now += seconds
        if what == "answered":
            servers.answered(ONE, seconds, now)
        else:
            getattr(servers, what)(ONE, now)
        server = servers.find(ONE, now)
        first, wait = first_wait_s(server, LIMITS), wait_s(server, LIMITS)
        assert 0.1 <= first <= wait <= 3.0
        assert (wait == first) or server.timeouts
