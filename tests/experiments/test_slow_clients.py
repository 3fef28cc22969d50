"""Slow, silent and greedy clients, and forged sources, in short."""

import pytest
from experiments.slow_clients import greedy, loop, slow

pytestmark = pytest.mark.slow


def test_honest_clients_are_answered_while_slow_ones_want_every_place(tmp_path):
    outcome = slow(tmp_path, clients=80, addresses=8, room=20, tries=10)
    assert outcome.failures == []
    assert outcome.honest == outcome.tries
    assert outcome.thrown_out > 0


def test_clients_that_never_read_cost_little_and_nobody_else(tmp_path):
    outcome = greedy(tmp_path, clients=10, seconds=1)
    assert outcome.failures == []
    assert outcome.honest == outcome.tries
    assert outcome.growth_kib <= 128 * outcome.clients


def test_forged_datagrams_between_two_servers_die_out(tmp_path):
    outcome = loop(tmp_path)
    assert outcome.failures == []
    assert outcome.replies <= outcome.forged
    assert outcome.received <= 2 * outcome.forged
    assert outcome.replies > 100
