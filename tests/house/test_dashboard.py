"""The dashboard and the table of metrics belong together."""

import json
import re
from pathlib import Path

import pytest

from dnsd.observe import metrics
from dnsd.observe.table import Histogram

ROOT = Path(__file__).resolve().parents[2]
DASHBOARD = json.loads((ROOT / "grafana" / "dashboards" / "overview.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]
TABLE = metrics.TABLE.metrics

# Metrics that no panel shows, and why.
WITHOUT_PANEL = {
    "dnsd_resolver_clock_suspect": "for an alert: 0 unless the machine's clock is wrong by days",
    "dnsd_control_http_requests_total": "mostly Prometheus' own requests; for who looks into one",
    "dnsd_mail_authentications_total": "panels of mail come with the mail process",
    "dnsd_mail_connections": "panels of mail come with the mail process",
    "dnsd_mail_connections_opened_total": "panels of mail come with the mail process",
    "dnsd_mail_messages_received_total": "panels of mail come with the mail process",
    "dnsd_mail_replies_total": "panels of mail come with the mail process",
    "dnsd_mail_tls_handshakes_total": "panels of mail come with the mail process",
}
# Labels that Prometheus adds.
OUTER_LABELS = {"instance", "le"}


def metric_of(name):
    """The metric that a name in a query belongs to."""
    if name in TABLE:
        return TABLE[name]
    found = TABLE.get(re.sub(r"_(bucket|sum|count)$", "", name))
    assert isinstance(found, Histogram), f"no metric is called {name}"
    return found


def names_in(expression):
    return re.findall(r"\bdnsd_\w+", expression)


def series_in(expression):
    """Names of metrics with the text between the braces after each."""
    return re.findall(r"\b(dnsd_\w+)\{([^}]*)\}", expression)


@pytest.mark.parametrize(("title", "target"), QUERIES)
class TestQuery:
    def test_it_uses_metrics_of_the_table(self, title, target):
        assert names_in(target["expr"])
        for name in names_in(target["expr"]):
            metric_of(name)

    def test_it_asks_for_labels_and_values_that_there_are(self, title, target):
        assert len(series_in(target["expr"])) == len(names_in(target["expr"]))
        for name, matchers in series_in(target["expr"]):
            metric = metric_of(name)
            pairs = re.findall(r'(\w+)(?:=|!=|=~|!~)"([^"]*)"', matchers)
            assert ("instance", "$instance") in pairs, "the choice of servers holds for it"
            for label, value in pairs:
                if label not in OUTER_LABELS:
                    place = metric.labels.index(label)
                    assert value in {values[place] for values in metric.series}

    def test_it_groups_and_names_by_labels_that_there_are(self, title, target):
        labels = {
            label for name in names_in(target["expr"]) for label in metric_of(name).labels
        } | OUTER_LABELS
        groups = re.findall(r"\bby \(([^)]*)\)", target["expr"])
        grouped = {label.strip() for group in groups for label in group.split(",")}
        assert grouped <= labels
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) == grouped - {"le"}

    def test_counters_are_shown_as_they_grow(self, title, target):
        for name in names_in(target["expr"]):
            metric = metric_of(name)
            grows = isinstance(metric, Histogram) or metric.kind == "counter"
            assert grows == bool(re.search(rf"(rate|increase)\({name}\{{", target["expr"]))

    def test_the_data_source_is_chosen_by_the_reader(self, title, target):
        assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


def test_every_metric_has_a_panel_or_a_reason():
    shown = {metric_of(name).name for _, target in QUERIES for name in names_in(target["expr"])}
    assert TABLE.keys() - shown == WITHOUT_PANEL.keys()


def test_panels_have_titles_units_and_numbers_of_their_own():
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    assert len({panel["title"] for panel in PANELS}) == len(PANELS)
    for panel in PANELS:
        assert panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references)


def test_no_panel_lies_over_another():
    taken = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} and {taken[x, y]}"
                taken[x, y] = panel["title"]
