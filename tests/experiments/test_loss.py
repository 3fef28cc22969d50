"""The experiment on loss, in short; tests/scenarios/test_loss.py holds the table's bounds."""

import pytest
from experiments.loss import with_loss, with_slow_zones, without_network

pytestmark = pytest.mark.slow


def test_what_is_known_is_answered_without_a_network_and_the_rest_when_it_is_back():
    found = without_network(60)
    assert found.fresh.share == found.stale.share == 1.0
    assert found.fresh.at(1) == 0.0
    assert found.stale.at(1) <= 2.0
    assert found.unknown.share == 0.0
    assert 1.0 < found.unknown.at(1) <= 8.0
    assert 6 <= max(found.unknown.packets) <= 12
    assert max(found.recovered_s) <= 5.0


@pytest.mark.parametrize(("slow_s", "tcp"), [(2.0, False), (30.0, False), (0.0, True)])
def test_zones_that_are_not_slow_do_not_notice_those_that_are(slow_s, tcp):
    calm, _, _ = with_slow_zones(15)
    others, slow, _ = with_slow_zones(15, slow_s, tcp=tcp)
    assert others.share == 1.0
    assert others.at(0.99) == pytest.approx(calm.at(0.99), rel=0.1)
    # They are slow indeed.
    assert slow.at(0.5) > 10 * others.at(0.5) or slow.share == 0.0


def test_loss_costs_packets_and_time_but_few_names():
    nothing, half = with_loss(0.0, 300), with_loss(0.5, 300)
    assert (nothing.share, max(nothing.packets), nothing.at(1)) == (1.0, 2, pytest.approx(0.04))
    assert 0.95 <= half.share <= 1.0
    assert sum(half.packets) > 1.5 * sum(nothing.packets)
