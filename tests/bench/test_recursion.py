"""The short form of recursion.py: it measures every resolver, whatever the figures."""

import argparse

import pytest
from bench.recursion import KINDS, measure


@pytest.mark.slow
@pytest.mark.peers("nsd", "named", "unbound", "kresd", "pdns_recursor", "dnsperf")
def test_every_resolver_is_measured_hot_cold_and_flooded(tmp_path, capsys):
    options = argparse.Namespace(rounds=1, seconds=1, cold=1000, rate=2000)
    tables = measure(options, tmp_path)
    assert all(ratio > 0 for ratios in tables for ratio in ratios.values())
    lines = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    names = [kind.name for kind in KINDS]
    assert lines == ["hot", *names, "cold", *names, "flood", *names]
