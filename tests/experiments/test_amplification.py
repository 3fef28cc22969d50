"""The amplification experiment, in short: no family passes the budget of a question."""

import pytest
from experiments.amplification import measure_signed, table
from experiments.signed_families import SIGNED_FAMILIES

from dnsd.resolver.options import ResolverLimits

pytestmark = pytest.mark.slow


def test_no_composition_of_attacks_passes_the_budget_of_one_question():
    limits = ResolverLimits()
    rows = table(worlds=200)
    assert sum(row[1] for row in rows) > 1000
    assert {row[0] for row in rows} >= SIGNED_FAMILIES.keys()
    for family, _, median, worst, innocent, octets, seconds in rows:
        assert worst <= limits.query_packets, family
        # Of what is signed, more must be asked before anything can be given up.
        assert median <= (70 if family in SIGNED_FAMILIES else 20), family
        # Servers of others that a referral names are looked up, a few of them.
        assert innocent <= 32, family
        assert octets <= limits.query_octets, family
        assert seconds <= limits.query_time_s + limits.udp_timeout_max_s, family


@pytest.mark.parametrize("family", SIGNED_FAMILIES)
def test_each_signed_family_makes_us_ask_more_than_an_honest_zone(family):
    """The worlds are worth looking at: a signed name costs some packets with cold caches."""
    assert max(found[0] for seed in range(5) for found in measure_signed(seed, family)) > 6
