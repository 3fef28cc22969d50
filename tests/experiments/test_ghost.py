"""The ghost experiment, in short: a TTL of half an hour, three hours of attempts."""

import pytest
from experiments.ghost import EVIL, WAYS, Haunting, haunt, moments_of
from fakes.cache_files import SharedFile

pytestmark = pytest.mark.slow

TTL = 1800
MOMENTS = {"length_s": 10_800, "step_s": 19, "ttl": TTL}


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_revoked_zone_ends_with_its_referral(way):
    seen = haunt(way, **MOMENTS)
    assert seen.failures() == []
    assert seen.successes > 2 * TTL // 19
    assert way.ttl == 1 or seen.prefetches > 10


def test_the_shared_cache_ends_it_too(tmp_path):
    with SharedFile(tmp_path) as file:
        seen = haunt(WAYS[-1], **MOMENTS, caches=file.views(commits=True, reads_elsewhere=False))
    assert seen.failures() == []
    assert seen.successes > 2 * TTL // 19


def test_a_cache_that_believes_the_child_is_seen():
    """The experiment itself can fail: a zone cut that is prolonged when it is used."""

    class Undying:
        def __init__(self, cache):
            self.cache = cache

        def closest(self, name, now):
            found = self.cache.closest(name, now)
            if found is not None and found.zone == EVIL:
                found.expiry = now + TTL
            return found

        def __getattr__(self, name):
            return getattr(self.cache, name)

    haunting = Haunting(WAYS[0], TTL)
    haunting.asker.world.delegations = Undying(haunting.asker.delegations)
    seen = haunting.run(moments_of(**MOMENTS))
    assert seen.cold > 10_000
    assert any("a new name resolved" in text for text in seen.failures())
