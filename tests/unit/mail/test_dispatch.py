"""How much goes where at once."""

from hypothesis import given
from hypothesis import strategies as st

from dnsd.mail.address import parse_mailbox
from dnsd.mail.dispatch import Dispatch, DispatchLimits
from dnsd.mail.envelope import Body
from dnsd.mail.queue_table import POSITION_BITS, Due


def due(message, recipient, position=0):
    key = (message << POSITION_BITS) + position
    box = parse_mailbox(recipient)
    return Due(key, f"Q{message}", None, box, Body.SEVEN_BIT, False, 10, 0, 0, False, False, False)


def filled(dues, **limits):
    dispatch = Dispatch(DispatchLimits(**limits))
    dispatch.add(dues)
    return dispatch


def started(dispatch, now=0.0):
    found = []
    while domain := dispatch.start(now):
        found.append(domain)
    return found


def test_recipients_of_one_message_in_one_domain_are_one_job():
    dispatch = filled(
        [
            due(1, "a@one.test"),
            due(1, "b@two.test", 1),
            due(1, "c@one.test", 2),
            due(2, "a@one.test"),
        ]
    )
    assert dispatch.held == 4
    assert [len(job.dues) for job in dispatch.all_jobs("one.test")] == [2, 1]
    assert [len(job.dues) for job in dispatch.all_jobs("two.test")] == [1]
    assert dispatch.held == 0


def test_a_job_has_no_more_recipients_than_a_host_must_take():
    dispatch = filled([due(1, f"u{i}@one.test", i) for i in range(250)])
    assert [len(job.dues) for job in dispatch.all_jobs("one.test")] == [100, 100, 50]


def test_one_job_has_one_lane_and_many_have_a_few():
    assert started(filled([due(1, "a@one.test")])) == ["one.test"]
    assert len(started(filled([due(i, "a@one.test") for i in range(4)]))) == 2
    assert len(started(filled([due(i, "a@one.test") for i in range(100)]))) == 5


def test_a_big_domain_does_not_take_all_lanes_in_front_of_small_ones():
    dues = [due(i, "a@big.test") for i in range(100)] + [due(200, "a@small.test")]
    assert "small.test" in started(filled(dues, lanes=3))[:2]


def test_so_many_connections_begin_in_a_minute_and_the_rest_waits():
    dispatch = filled([due(i, "a@one.test") for i in range(100)], starts_per_minute=3)
    for _ in range(3):
        assert dispatch.start(0.0) == "one.test"
        dispatch.next_job("one.test")
        dispatch.ended("one.test", 0.0)
    assert dispatch.start(59.0) is None
    assert dispatch.next_start() == 60.0
    assert dispatch.start(60.0) == "one.test"


def test_who_has_more_than_its_share_waiting_is_not_asked_for_more():
    dispatch = filled([due(i, "a@one.test") for i in range(5)], recipients=20)
    assert dispatch.full_domains == {"one.test"}
    assert dispatch.room == 15


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a.test", "b.test", "c.test"]))),
    st.lists(st.sampled_from(["start", "job", "end"]), max_size=60),
)
def test_nothing_is_lost_and_no_limit_is_passed(recipients, steps):
    dispatch = Dispatch(DispatchLimits(lanes=3, lanes_per_domain=2, starts_per_minute=1000))
    dispatch.add(due(message, f"u@{domain}", i) for i, (message, domain) in enumerate(recipients))
    running, seen = [], []
    for now, step in enumerate([*steps, *["start", "job", "job", "end"] * 60]):
        if step == "start" and (domain := dispatch.start(now * 30.0)):
            running.append(domain)
        elif step == "job" and running and (job := dispatch.next_job(running[-1])):
            seen += job.dues
        elif step == "end" and running:
            dispatch.ended(running.pop(), now * 30.0)
        assert len(running) == dispatch.lanes <= 3
        assert all(running.count(each) <= 2 for each in running)
    assert len(seen) == len(recipients)
    assert dispatch.held == 0
