from dnsd.config.keys import all_keys
from dnsd.config.kinds import Bounded


def test_every_limit_is_a_number_with_bounds():
    limits = [key for key in all_keys() if key.path.startswith("resolver.limits.")]
    assert len(limits) == 47
    assert all(isinstance(key.kind, Bounded) for key in limits)
