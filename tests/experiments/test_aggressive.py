"""The experiment of random names in signed zones, in short."""

import pytest
from experiments.aggressive import ZONES, complaints, measure

pytestmark = [pytest.mark.slow, pytest.mark.peers("unbound")]


def test_random_names_cost_no_more_packets_than_with_unbound(tmp_path):
    found = measure(30, 200, tmp_path)
    assert list(complaints(found)) == []
    for zone in ZONES:
        packets, said = found["dnsd", zone]
        assert packets < 0.5
        assert all(secure for _, secure, _, _ in said)
        assert len({rcode for rcode, *_ in said}) == 2
