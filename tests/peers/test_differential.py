"""The short form of differential.py: a hundred worlds, a part of their questions."""

import random

import pytest
from peers.differential import compare
from peers.worlds import world

WORLDS = 100
SHARE = 0.15
SEED = 20


@pytest.mark.slow
@pytest.mark.peers("named", "nsd", "knotd")
def test_our_replies_are_what_two_of_three_servers_agree_on(tmp_path):
    draw = random.Random(SEED)
    worlds = [world(draw, number) for number in range(WORLDS)]
    comparison = compare(worlds, tmp_path, share=SHARE, seed=SEED)
    assert comparison.asked > 10_000
    assert comparison.compared > 5 * comparison.asked
    assert not comparison.differences, comparison.report()
