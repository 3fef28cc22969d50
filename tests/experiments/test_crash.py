"""Deaths of workers, in short."""

import pytest
from experiments.crash import deadly_request, kills

pytestmark = pytest.mark.slow


def test_a_request_that_kills_is_held_after_two_deaths(tmp_path):
    outcome = deadly_request(tmp_path, seconds=2, rate=100)
    assert outcome.failures == []
    assert outcome.deaths == 2
    assert outcome.tally.failed <= outcome.tally.asked / 10


def test_survivors_read_what_killed_workers_leave(tmp_path):
    outcome = kills(tmp_path, count=2, rate=100)
    assert outcome.failures == []
    # Without a survivor at the socket every second query would be lost for good.
    assert outcome.tally.failed <= outcome.tally.asked / 10
