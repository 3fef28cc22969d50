import re

import pytest

from dnsd.observe import metrics
from dnsd.observe.limits import LIMITS, UNREGISTERED
from dnsd.observe.page import Role
from dnsd.observe.table import MAX_SERIES, Histogram, Kind
from dnsd.query.request import ZoneSet

PACKAGES = ("query", "resolver", "authority", "net", "control", "observe", "run", "mail")
# Named by what they are about; no package owns them.
WITHOUT_PACKAGE = ("dnsd_limit_hits_total", "dnsd_build_info")
UNITS = ("seconds", "bytes")

ALL = list(metrics.TABLE.metrics.values())


@pytest.mark.parametrize("metric", ALL, ids=lambda metric: metric.name)
def test_names_follow_the_house_rule(metric):
    if metric.name not in WITHOUT_PACKAGE:
        assert re.fullmatch(rf"dnsd_({'|'.join(PACKAGES)})_[a-z]+(_[a-z]+)*", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    if isinstance(metric, Histogram) or metric.unit != 1:
        assert metric.name.removesuffix("_total").endswith(UNITS)
    assert metric.help.endswith(".")


def test_no_two_series_of_plain_metrics_share_a_slot():
    slots = []
    for metric in ALL:
        if isinstance(metric, Histogram):
            for buckets in metric.series.values():
                slots += range(buckets.first, buckets.sum_slot + 1)
        else:
            slots += [group[0] for group in metric.series.values() if len(group) == 1]
    assert len(slots) == len(set(slots))
    assert max(slots) < metrics.TABLE.width


def test_the_table_keeps_its_bound():
    assert metrics.TABLE.series_count <= MAX_SERIES


@pytest.mark.parametrize(
    ("qtype", "rrtype"),
    [
        (1, "A"),
        (28, "AAAA"),
        (64, "HTTPS"),
        (65, "HTTPS"),
        (48, "DNSSEC"),
        (255, "ANY"),
        (0, "other"),
        (0x4100, "other"),
        (65535, "other"),
    ],
)
@pytest.mark.parametrize(
    ("rcode", "rcode_class"),
    [
        (0, "NOERROR"),
        (3, "NXDOMAIN"),
        (6, "YXDOMAIN"),
        (7, "other"),
        (9, "NOTAUTH"),
        (16, "BADVERS"),
        (23, "BADCOOKIE"),
        (4095, "other"),
    ],
)
def test_a_hot_slot_counts_in_every_sum_over_the_block(qtype, rrtype, rcode, rcode_class):
    slot = metrics.hot_slot(1, qtype, rcode, ZoneSet.GENERATED)
    assert [key for key, slots in metrics.QUERIES.series.items() if slot in slots] == [
        ("tcp", rrtype)
    ]
    assert [key for key, slots in metrics.RESPONSES.series.items() if slot in slots] == [
        ("tcp", rcode_class)
    ]
    assert [key for key, slots in metrics.ZONE_SET_RESPONSES.series.items() if slot in slots] == [
        ("generated", rcode_class)
    ]


def test_hot_slots_are_all_different():
    slots = {
        metrics.hot_slot(transport, qtype, rcode, zones)
        for transport in range(len(metrics.TRANSPORTS))
        for qtype in (1, 28, 2, 6, 12, 15, 16, 33, 65, 43, 255, 99)
        for rcode in (0, 1, 2, 3, 4, 5, 6, 9, 16, 23, 20)
        for zones in ZoneSet
    }
    assert len(slots) == len(metrics.TRANSPORTS) * 12 * 11 * 3


def test_limits_and_reasons_have_slots_by_name():
    assert len({metrics.limit_slot(name) for name in LIMITS}) == len(LIMITS)
    assert len({metrics.drop_slot(reason) for reason in metrics.DROP_REASONS}) == len(
        metrics.DROP_REASONS
    )


def test_an_unknown_limit_makes_no_series():
    assert metrics.limit_slot("no such limit") == metrics.limit_slot(UNREGISTERED)
    assert metrics.drop_slot("no such reason") == metrics.drop_slot("other")


def test_entering_a_row_clears_gauges_and_keeps_counters():
    page = metrics.new_page(rows=2)
    row = page.row(1)
    row[metrics.ANSWER_CACHE_ENTRIES.slot()] = 5
    row[metrics.PROCESSES.slot("worker")] = 1
    row[metrics.ANSWER_CACHE_HITS.slot()] = 7
    entered = metrics.enter_row(page, 1, pid=9, role=Role.CONTROL, wall_now=3)
    entered[metrics.ANSWER_CACHE_HITS.slot()] += 1
    assert row[metrics.ANSWER_CACHE_HITS.slot()] == 8
    assert row[metrics.ANSWER_CACHE_ENTRIES.slot()] == 0
    assert row[metrics.PROCESSES.slot("worker")] == 0
    assert row[metrics.PROCESSES.slot("control")] == 1
    assert (page.facts(1).pid, page.facts(1).role) == (9, Role.CONTROL)
