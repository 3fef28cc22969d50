"""Floods beside ordinary clients, in short: counts only, times are for the long form."""

import pytest
from experiments.floods import KINDS, judge, separate

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", KINDS)
def test_ordinary_clients_are_answered_beside_a_flood(tmp_path, kind):
    outcome = separate(tmp_path, kind, seconds=2, measured_s=1, load=0.4)
    assert judge(outcome, with_times=False) == []
    assert all(outcome.alone.answered)
    assert all(outcome.beside.asked)
    if kind == "dead":
        assert outcome.limits["zone_in_flight"] > 100, "the victim's share was too small for all"
        assert outcome.flood["failed"] > outcome.victim, "it was not asked for all"
    elif kind == "slow":
        assert outcome.limits["shed_after"] > 100, "newer ones got their places"
    elif kind == "idle":
        assert outcome.flood["connected"] > 50, "all places were taken"
    else:
        assert len(outcome.tcp_s) > 5
        assert outcome.flood["answered"] > 1000
