"""Validation truth: whatever happens to replies, what is called secure is true.

Worlds are generated in which some zones are signed, with NSEC, NSEC3 or opt-out, and some
are not or with what nobody knows; replies are changed on the way, up to all of them. Then

- SECURE is only what the untouched world says too, and no longer than that says,
- INSECURE is only what is not secure in the untouched world either,
- all else is SERVFAIL,

in the outcome as well as in the cache. The seed of a failing world is in its message.
"""

from collections import Counter

import pytest
from fakes.signed_audit import examine
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

few = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip
any_seed = st.integers(0, 2**64 - 1)


@few
@given(any_seed)
def test_what_is_called_secure_is_true_whatever_happens_on_the_way(seed):
    assert examine(seed)[0] == []


@few
@given(any_seed)
def test_who_owns_valid_signatures_of_his_zone_speaks_for_no_other(seed):
    assert examine(seed, "evil.test.")[0] == []


@pytest.mark.parametrize("liar", [None, "evil.test."])
def test_the_worlds_are_worth_looking_at(liar):
    """All kinds of outcomes are there, so that none of the above holds for want of them."""
    total = Counter()
    for seed in range(100):
        complaints, counts = examine(seed, liar)
        assert complaints == []
        total += counts
    assert min(total["secure"], total["insecure"], total["failed"]) > 20
