"""The metrics of all processes as Prometheus reads them.

Rows are summed when somebody asks. Counters and histograms are summed over all
rows, gauges over the rows that a process holds. A few metrics have no slots:
whoever knows their values is asked (`Reading`).
"""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Final

from prometheus_client.core import (
    CollectorRegistry,
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from dnsd.observe import metrics
from dnsd.observe.table import Histogram, Kind, Metric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from prometheus_client.core import Metric as MetricFamily

    from dnsd.observe.page import SlotPage

    # Asked at every scrape: one (label values, value) for each series.
    Reading = Callable[[], Iterable[tuple[Sequence[str], float]]]

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4.encode("ascii")


class Exposition:
    """Renders `metrics.TABLE` over one page."""

    def __init__(
        self,
        page: SlotPage,
        *,
        version: str,
        zone_serials: Reading,
        receive_drops: Callable[[], int],
        block_list_names: Reading = tuple,
    ) -> None:
        """Render a page.

        Args:
            page: the shared page.
            version: of the program.
            zone_serials: tells zone name in text and serial of each zone served.
            receive_drops: tells how many datagrams the kernel has dropped.
            block_list_names: tells name and number of names of each block list.
        """
        self._page = page
        self._readings: dict[str, Reading] = {
            metrics.BUILD.name: lambda: [((version, platform.python_version()), 1)],
            metrics.ZONE_SERIAL.name: zone_serials,
            metrics.BLOCK_LIST_NAMES.name: block_list_names,
            metrics.DATAGRAMS_OVERFLOWED.name: lambda: [((), receive_drops())],
        }
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def render(self) -> bytes:
        """Write every metric in Prometheus' text format, version 0.0.4."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[MetricFamily]:
        """List the metric families; prometheus-client calls this."""
        page = self._page
        rows = [page.row(index) for index in range(page.row_count)]
        held = [row for index, row in enumerate(rows) if page.facts(index).pid]
        counted = [sum(column) for column in zip(*rows, strict=True)]
        present = [sum(column) for column in zip(*held, strict=True)] or [0] * len(counted)
        for metric in metrics.TABLE.metrics.values():
            if isinstance(metric, Histogram):
                yield _histogram(metric, counted)
            elif metric.name in self._readings:
                yield self._reading(metric)
            else:
                yield _plain(metric, counted if metric.kind is Kind.COUNTER else present)

    def _reading(self, metric: Metric) -> CounterMetricFamily | GaugeMetricFamily:
        family = _family(metric)
        readings = list(self._readings[metric.name]())
        if len(readings) <= metric.at_most:
            for values, value in readings:
                family.add_metric(values, value)
        return family


def _family(metric: Metric) -> CounterMetricFamily | GaugeMetricFamily:
    make = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    return make(metric.name, metric.help, labels=metric.labels)


def _plain(metric: Metric, totals: list[int]) -> CounterMetricFamily | GaugeMetricFamily:
    family = _family(metric)
    for values, slots in metric.series.items():
        family.add_metric(values, sum(totals[slot] for slot in slots) * metric.unit)
    return family


def _histogram(metric: Histogram, totals: list[int]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    for values, buckets in metric.series.items():
        cumulated = 0
        shown = []
        for i in range(buckets.bounds + 1):
            cumulated += totals[buckets.first + i]
            bound = f"{buckets.resolution * 2**i:.9g}" if i < buckets.bounds else "+Inf"
            shown.append((bound, cumulated))
        family.add_metric(values, shown, totals[buckets.sum_slot] / 1e6)
    return family
