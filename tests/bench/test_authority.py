"""The short form of authority.py: it measures every server, whatever the figures."""

import argparse

import pytest
from bench.authority import hot, million


@pytest.mark.slow
@pytest.mark.peers("nsd", "knotd", "named", "pdns_server", "dnsperf")
def test_every_server_is_measured(tmp_path, capsys):
    options = argparse.Namespace(zones=20, rounds=1, seconds=1, dnslib=True)
    assert hot(options, tmp_path) > 0
    measured = {line.split()[0] for line in capsys.readouterr().out.splitlines()[1:]}
    assert measured == {"nsd", "knotd", "named", "pdns_server", "dnsd", "dnslib"}


@pytest.mark.slow
@pytest.mark.peers("nsd", "knotd", "named", "dnsperf")
def test_a_large_zone_is_loaded_and_measured(tmp_path, capsys):
    million(argparse.Namespace(records=2000, seconds=1), tmp_path)
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert [line[0] for line in lines] == ["nsd", "knotd", "named", "dnsd"]
    assert all(float(line[-1]) > 0 for line in lines)
