import pytest

from dnsd.observe.table import MAX_SERIES, MAX_SERIES_PER_METRIC, Buckets, Kind, Table


@pytest.fixture
def table():
    return Table()


def test_each_series_has_its_own_slot(table):
    metric = table.counter("a_total", "A.", {"x": ("1", "2"), "y": ("3", "4")})
    other = table.gauge("b", "B.")
    slots = [metric.slot(x, y) for x in "12" for y in "34"] + [other.slot()]
    assert sorted(slots) == list(range(5))
    assert table.width == 5
    assert table.series_count == 5


def test_an_unknown_series_is_a_fault_of_the_program(table):
    metric = table.counter("a_total", "A.", {"x": ("1",)})
    with pytest.raises(KeyError):
        metric.slot("2")


def test_a_sum_has_no_slot_of_its_own(table):
    metric = table.total("a_total", "A.", ("x",), [(("1",), 4), (("1",), 6), (("2",), 5)])
    assert metric.series == {("1",): (4, 6), ("2",): (5,)}
    with pytest.raises(ValueError, match="unpack"):
        metric.slot("1")


def test_two_metrics_may_not_share_a_name(table):
    table.counter("a_total", "A.")
    with pytest.raises(ValueError, match="registered twice"):
        table.gauge("a_total", "A.")


def test_a_metric_with_too_many_series_is_refused(table):
    values = [str(i) for i in range(MAX_SERIES_PER_METRIC + 1)]
    with pytest.raises(ValueError, match="51 series, the limit is 50"):
        table.counter("a_total", "A.", {"x": values})
    table.counter("b_total", "B.", {"x": values[1:]})


def test_one_metric_may_have_a_bound_of_its_own(table):
    values = [str(i) for i in range(MAX_SERIES_PER_METRIC + 1)]
    table.counter("a", "A.", {"x": values}, at_most=len(values))
    with pytest.raises(ValueError, match="51 series, the limit is 10"):
        table.counter("b", "B.", {"x": values}, at_most=10)


def test_a_table_with_too_many_series_is_refused(table):
    values = [str(i) for i in range(MAX_SERIES_PER_METRIC)]
    for i in range(MAX_SERIES // MAX_SERIES_PER_METRIC):
        table.counter(f"a{i}_total", "A.", {"x": values})
    with pytest.raises(ValueError, match="limit of 2000 series"):
        table.gauge("b", "B.")


def test_buckets_sum_and_count_are_series_of_a_histogram(table):
    table.histogram("a_seconds", "A.", {"x": ("1", "2")}, bounds=22, resolution=1e-6)
    assert table.series_count == 50
    with pytest.raises(ValueError, match="52 series"):
        table.histogram("b_seconds", "B.", {"x": ("1", "2")}, bounds=23, resolution=1e-6)


def test_a_reading_counts_with_the_most_series_it_may_show(table):
    metric = table.reading("a", "A.", ("zone",), at_most=20)
    assert (metric.kind, metric.at_most, table.width, table.series_count) == (Kind.GAUGE, 20, 0, 20)


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        (-0.5, 0),
        (0.0, 0),
        (0.9e-3, 0),
        (1e-3, 1),
        (1.9e-3, 1),
        (2.1e-3, 2),
        (3.9e-3, 2),
        (4.1e-3, 3),
        (1e6, 3),
    ],
)
def test_an_observation_lands_below_the_bound_of_its_bucket(seconds, bucket):
    buckets = Buckets(first=2, bounds=3, resolution=1e-3)
    row = memoryview(bytearray(8 * 8)).cast("Q")
    buckets.observe(row, seconds)
    assert [i for i in range(2, 6) if row[i]] == [2 + bucket]
    assert row[buckets.sum_slot] == max(round(seconds * 1e6), 0)
    assert buckets.sum_slot == 6
