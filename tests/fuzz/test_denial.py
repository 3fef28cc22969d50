"""What is proven of a small zone is true of it, whatever comes as proof."""

from fuzz.targets.denial import one_input
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dnsd.dnssec.claims import Claim, Insecure, NotProven, Proven

octets = st.binary(min_size=20, max_size=70)


@given(octets)
def test_a_verdict_agrees_with_the_model(case):
    one_input(case)


def test_the_zones_made_here_reach_every_verdict_on_every_claim():
    seen = set()

    @given(octets)
    @settings(max_examples=2000, database=None, phases=[Phase.generate], derandomize=True)
    def collect(case):
        claim, verdicts = one_input(case)
        seen.update((claim, type(verdict)) for verdict in verdicts)

    collect()
    assert seen == {(claim, kind) for claim in Claim for kind in (Proven, Insecure, NotProven)}
