"""What a metric is, and how a table gives each of its series a slot.

A metric's series are known before anything is counted: each label takes one of
a closed set of values, and a metric or table that would pass its bound is
refused when it is registered, so no traffic can make a series. Slots hold whole
numbers; ``Metric.unit`` says what one is worth (1e-6: the slot counts
microseconds, the metric says seconds).
"""

from __future__ import annotations

import enum
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_SERIES_PER_METRIC: Final = 50
MAX_SERIES: Final = 2000

_Values = tuple[str, ...]  # one value for each label, in the order of the labels


class Kind(enum.StrEnum):
    """The kinds of metrics that occur here."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """A counter or gauge.

    Attributes:
        name: as Prometheus sees it.
        kind: gauges are summed over the rows that a process holds, counters
            over all rows.
        help: one sentence fragment.
        labels: names of the labels.
        series: for each combination of label values the slots whose sum it is;
            empty when somebody else knows the values at the time they are asked for.
        unit: what one in a slot is worth.
        at_most: series that may be shown.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]
    series: Mapping[_Values, tuple[int, ...]]
    unit: float = 1.0
    at_most: int = MAX_SERIES_PER_METRIC

    def slot(self, *values: str) -> int:
        """Return the slot of one series, to be bound once by whoever counts.

        Raises:
            KeyError: no such series, a fault in the program.
            ValueError: the series is a sum that nobody counts by itself.
        """
        (slot,) = self.series[values]
        return slot


@dataclass(frozen=True, slots=True)
class Buckets:
    """One series of a histogram: a row of buckets, the last without a bound, and a sum.

    Bucket ``i`` holds observations below ``resolution * 2**i``. A batch may add
    by itself: ``row[first + min(units.bit_length(), bounds)] += 1`` with
    ``units`` the observation in whole resolutions, and ``row[sum_slot] += microseconds``.

    Attributes:
        first: slot of the lowest bucket.
        bounds: how many buckets have a bound; the one without follows them.
        resolution: bound of the lowest bucket, seconds.
    """

    first: int
    bounds: int
    resolution: float

    @property
    def sum_slot(self) -> int:
        """Slot of the sum of all observations, microseconds."""
        return self.first + self.bounds + 1

    def observe(self, row: memoryview, seconds: float) -> None:
        """Count one observation."""
        units = max(int(seconds / self.resolution), 0)
        row[self.first + min(units.bit_length(), self.bounds)] += 1
        row[self.first + self.bounds + 1] += max(int(seconds * 1e6), 0)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Durations in buckets whose bounds double.

    Attributes:
        name: as Prometheus sees it.
        help: one sentence fragment.
        labels: names of the labels.
        series: the buckets of each combination of label values.
    """

    name: str
    help: str
    labels: tuple[str, ...]
    series: Mapping[_Values, Buckets]
    kind: Kind = Kind.HISTOGRAM

    def buckets(self, *values: str) -> Buckets:
        """Return the buckets of one series; KeyError is a fault in the program."""
        return self.series[values]


@dataclass
class Table:
    """Every metric in the order of registration, and the width of a row."""

    width: int = 0
    metrics: dict[str, Metric | Histogram] = field(default_factory=dict)
    series_count: int = 0

    def counter(
        self,
        name: str,
        help_text: str,
        labels: Mapping[str, Sequence[str]] | None = None,
        unit: float = 1.0,
        *,
        at_most: int = MAX_SERIES_PER_METRIC,
    ) -> Metric:
        """Register a count that only grows, with a slot for each series.

        Args:
            name: see `Metric`.
            help_text: see `Metric`.
            labels: for each label the values that it takes.
            unit: see `Metric`.
            at_most: series that it may have; a larger bound than the common one
                needs a reason.

        Raises:
            ValueError: a second metric of that name, or too many series; this
                holds for every method that registers.
        """
        metric = self._plain(Kind.COUNTER, name, help_text, labels or {}, unit)
        self._register(metric, len(metric.series), at_most)
        return metric

    def gauge(
        self,
        name: str,
        help_text: str,
        labels: Mapping[str, Sequence[str]] | None = None,
        unit: float = 1.0,
    ) -> Metric:
        """Register a present amount, with a slot for each series."""
        metric = self._plain(Kind.GAUGE, name, help_text, labels or {}, unit)
        self._register(metric, len(metric.series))
        return metric

    def total(
        self,
        name: str,
        help_text: str,
        labels: tuple[str, ...],
        parts: Iterable[tuple[_Values, int]],
    ) -> Metric:
        """Register a counter whose series are sums over slots of others.

        Args:
            name: see `Metric`.
            help_text: see `Metric`.
            labels: names of the labels.
            parts: pairs of label values and a slot that counts for them.
        """
        series: dict[_Values, tuple[int, ...]] = {}
        for values, slot in parts:
            series[values] = (*series.get(values, ()), slot)
        metric = Metric(name, Kind.COUNTER, help_text, labels, series)
        self._register(metric, len(series))
        return metric

    def histogram(
        self,
        name: str,
        help_text: str,
        labels: Mapping[str, Sequence[str]],
        *,
        bounds: int,
        resolution: float,
    ) -> Histogram:
        """Register a histogram of durations; see `Buckets` for its bounds."""
        series = {
            values: Buckets(self.reserve(bounds + 2), bounds, resolution)
            for values in itertools.product(*labels.values())
        }
        histogram = Histogram(name, help_text, tuple(labels), series)
        # Each series shows its bounded buckets, the one without bound, sum and count.
        self._register(histogram, len(series) * (bounds + 3))
        return histogram

    def reading(
        self,
        name: str,
        help_text: str,
        labels: tuple[str, ...],
        *,
        at_most: int,
        kind: Kind = Kind.GAUGE,
    ) -> Metric:
        """Register a metric without slots, whose values `exposition.py` asks for.

        Args:
            name: see `Metric`.
            help_text: see `Metric`.
            labels: names of the labels; their values come from the operator or
                the program, never from the network.
            at_most: series that may be shown; with more the metric is left out.
            kind: gauge or counter.
        """
        metric = Metric(name, kind, help_text, labels, {}, at_most=at_most)
        self._register(metric, at_most)
        return metric

    def reserve(self, slots: int) -> int:
        """Widen the row and return the first of the slots gained."""
        first = self.width
        self.width += slots
        return first

    def _plain(
        self,
        kind: Kind,
        name: str,
        help_text: str,
        labels: Mapping[str, Sequence[str]],
        unit: float,
    ) -> Metric:
        series = {values: (self.reserve(1),) for values in itertools.product(*labels.values())}
        return Metric(name, kind, help_text, tuple(labels), series, unit)

    def _register(
        self, metric: Metric | Histogram, series: int, at_most: int = MAX_SERIES_PER_METRIC
    ) -> None:
        if metric.name in self.metrics:
            raise ValueError(f"metric {metric.name} is registered twice")
        if series > at_most:
            raise ValueError(f"metric {metric.name} has {series} series, the limit is {at_most}")
        if self.series_count + series > MAX_SERIES:
            raise ValueError(f"metric {metric.name} passes the limit of {MAX_SERIES} series")
        self.series_count += series
        self.metrics[metric.name] = metric
