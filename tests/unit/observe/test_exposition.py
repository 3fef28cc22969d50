import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from dnsd.observe import metrics
from dnsd.observe.exposition import CONTENT_TYPE, Exposition
from dnsd.observe.page import Role
from dnsd.query.request import ZoneSet


@pytest.fixture
def page():
    return metrics.new_page(rows=3)


def exposition(page, serials=()):
    return Exposition(
        page, version="1.2.3", zone_serials=lambda: serials, receive_drops=lambda: 4711
    )


def samples(rendered):
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(rendered.decode())
        for sample in family.samples
    }


def value(page, name, /, **labels):
    return samples(exposition(page).render())[name, tuple(sorted(labels.items()))]


def test_counters_are_summed_over_all_rows(page):
    for index in range(3):
        page.row(index)[metrics.ANSWER_CACHE_HITS.slot()] = 10 + index
    assert value(page, "dnsd_query_answer_cache_hits_total") == 33


def test_a_counter_does_not_fall_when_its_process_ends(page):
    metrics.enter_row(page, 0, 7, Role.WORKER, 1)[metrics.ANSWER_CACHE_HITS.slot()] = 5
    page.facts(0).release()
    assert value(page, "dnsd_query_answer_cache_hits_total") == 5


def test_a_gauge_ends_with_its_process(page):
    for index in range(2):
        row = metrics.enter_row(page, index, 7 + index, Role.WORKER, 1)
        row[metrics.ANSWER_CACHE_ENTRIES.slot()] = 100
    assert value(page, "dnsd_query_answer_cache_entries") == 200
    assert value(page, "dnsd_run_processes", role="worker") == 2
    page.facts(0).release()
    assert value(page, "dnsd_query_answer_cache_entries") == 100
    assert value(page, "dnsd_run_processes", role="worker") == 1


def test_hot_counts_show_in_each_sum(page):
    slot = metrics.hot_slot(0, 28, 3, ZoneSet.FILE)
    page.row(0)[slot] += 2
    page.row(1)[slot] += 1
    assert value(page, "dnsd_query_queries_total", transport="udp", type="AAAA") == 3
    assert value(page, "dnsd_query_responses_total", transport="udp", rcode="NXDOMAIN") == 3
    assert (
        value(page, "dnsd_query_zone_set_responses_total", zone_set="file", rcode="NXDOMAIN") == 3
    )


def test_units_are_applied(page):
    page.row(0)[metrics.CPU.slot("worker")] = 2_500_000
    assert value(page, "dnsd_run_cpu_seconds_total", role="worker") == 2.5


def test_buckets_are_cumulated(page):
    buckets = metrics.LATENCY.buckets("miss")
    for seconds in (0.5e-6, 3e-6, 3e-6, 100.0):
        buckets.observe(page.row(0), seconds)
    name = "dnsd_query_latency_seconds"
    found = {
        bound: value(page, f"{name}_bucket", cache="miss", le=bound)
        for bound in ("1e-06", "2e-06", "4e-06", "2.097152", "+Inf")
    }
    assert found == {"1e-06": 1, "2e-06": 1, "4e-06": 3, "2.097152": 3, "+Inf": 4}
    assert value(page, f"{name}_count", cache="miss") == 4
    assert value(page, f"{name}_sum", cache="miss") == pytest.approx(100.000006)


def test_the_build_is_told(page):
    found = samples(exposition(page).render())
    builds = [dict(labels) for name, labels in found if name == "dnsd_build_info"]
    assert [build["version"] for build in builds] == ["1.2.3"]


def test_what_the_kernel_dropped_is_a_counter(page):
    rendered = exposition(page).render()
    assert samples(rendered)["dnsd_net_receive_buffer_drops_total", ()] == 4711
    assert b"# TYPE dnsd_net_receive_buffer_drops_total counter" in rendered


def test_serials_are_shown_for_up_to_fifty_zones(page):
    serials = [((f"zone{i}.test.",), 2026010100 + i) for i in range(50)]
    found = samples(exposition(page, serials).render())
    assert found["dnsd_authority_zone_serial", (("zone", "zone7.test."),)] == 2026010107
    rendered = exposition(page, [*serials, (("one.more.test.",), 1)]).render()
    assert not [name for name, _ in samples(rendered) if name == "dnsd_authority_zone_serial"]


def test_the_number_of_series_does_not_depend_on_traffic(page):
    quiet = samples(exposition(page).render()).keys()
    for qtype in range(2000):
        page.row(0)[metrics.hot_slot(0, qtype, qtype & 31, qtype % 3)] += 1
        page.row(0)[metrics.limit_slot(f"limit{qtype}")] += 1
    busy = exposition(page).render()
    assert samples(busy).keys() == quiet
    assert len(quiet) <= 2000
    assert len(busy) <= 500 << 10


def test_the_content_type_is_the_text_format():
    assert CONTENT_TYPE == b"text/plain; version=0.0.4; charset=utf-8"


@pytest.mark.peers("promtool")
def test_promtool_finds_nothing_to_complain_about(page):
    metrics.enter_row(page, 0, 7, Role.SINGLE, 1)
    rendered = exposition(page, [(("example.test.",), 1)]).render()
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=rendered, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")
