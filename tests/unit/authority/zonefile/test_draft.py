from dnsd.authority.zonefile.draft import SoaSettings, ZoneDraft
from dnsd.source.problems import Where
from dnsd.wire import names


def test_the_timers_of_a_zone_that_says_nothing_fit_together():
    soa = SoaSettings(Where("a"))
    # RFC 1912 §2.2: a secondary can fail and try again several times before it gives up.
    assert soa.retry < soa.refresh
    assert soa.refresh + soa.retry < soa.expire
    # RFC 2308 §5: a negative answer is kept for one to three hours.
    assert 3600 <= soa.minimum <= 10800


def test_drafts_do_not_share_lists():
    first, second = (ZoneDraft(names.ROOT, SoaSettings(Where("a"))) for _ in range(2))
    first.records.append(None)
    first.problems.append(None)
    assert second.records == second.problems == []
