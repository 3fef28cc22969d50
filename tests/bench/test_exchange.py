"""The short form of exchange.py: it measures every way, whatever the figures."""

import argparse

import pytest
from bench.exchange import WAYS, measure


@pytest.mark.slow
def test_every_way_is_measured(capsys):
    costs = measure(argparse.Namespace(exchanges=500, in_flight=20, rounds=1))
    assert costs.keys() == WAYS.keys()
    assert all(cost > 0 for cost in costs.values())
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(WAYS)
