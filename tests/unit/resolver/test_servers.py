"""What is learned of name servers."""

import pytest

from dnsd.resolver.options import ResolverLimits
from dnsd.resolver.servers import Servers, first_wait_s, wait_s

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
        ([0.001], 0.1),
        ([2.5], 3.0),
    ],
    ids=["unknown", "first", "steady", "changing", "not too short", "not too long"],
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
