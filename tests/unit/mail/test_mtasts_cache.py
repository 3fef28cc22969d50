"""Policies that were fetched are kept for as long as they say, and not more than there is room."""

from dnsd.mail import mtasts_cache
from dnsd.mail.mtasts import Mode, Policy
from dnsd.mail.mtasts_cache import Kept, PolicyCache

POLICY = Policy(Mode.ENFORCE, ("mx.one.test", "*.one.test"), 100)


def test_a_policy_comes_back_as_it_was_until_it_ends(tmp_path):
    cache = PolicyCache(tmp_path / "policies.sqlite")
    cache.put("one.test", "1", POLICY, 1000)
    cache.put("two.test", "1", Policy(Mode.NONE, (), 1000), 1000)
    assert cache.get("one.test", 1099) == Kept("1", POLICY, 1100)
    assert cache.get("one.test", 1100) is None
    assert cache.get("two.test", 1100).policy.hosts == ()
    cache.close()


def test_those_that_end_first_make_room(tmp_path, monkeypatch):
    monkeypatch.setattr(mtasts_cache, "MAX_POLICIES", 3)
    cache = PolicyCache(tmp_path / "policies.sqlite")
    for age in (500, 100, 400, 300, 200):
        cache.put(f"d{age}.test", "1", POLICY._replace(max_age_s=age), 1000)
    assert [age for age in range(100, 600, 100) if cache.get(f"d{age}.test", 1000)] != []
    assert sum(cache.get(f"d{age}.test", 1000) is not None for age in range(100, 600, 100)) == 3
    assert cache.get("d500.test", 1000)
    cache.close()
