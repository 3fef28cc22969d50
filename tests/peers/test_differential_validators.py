"""The short form of differential_validators.py: fifty zones, each with one fault or none."""

import pytest
from peers.differential_validators import compare

ZONES = 50
SEED = 4


@pytest.mark.slow
@pytest.mark.root
@pytest.mark.peers("named", "unbound", "ip")
def test_signed_zones_are_worth_here_what_unbound_and_named_agree_on(tmp_path):
    comparison = compare(ZONES, SEED, tmp_path)
    assert not comparison.differences, comparison.report()
    assert len(comparison.faults) > 30
    assert sum(comparison.agreed.values()) > 500
    assert min(comparison.agreed[worth] for worth in ("secure", "insecure", "bogus")) > 30
    assert comparison.agreed["silence"] == 0
