"""What forged queries are worth, in short."""

import pytest
from experiments.rate_limit import flood, resolver_table, table

pytestmark = pytest.mark.slow


def test_no_refusal_and_no_limited_reply_is_longer_than_its_query(tmp_path):
    outcome = table(tmp_path)
    assert outcome.failures == []
    assert sum(row.first > 0 for row in outcome.rows) >= 30


def test_no_refusal_of_a_resolver_is_longer_than_its_query(tmp_path):
    outcome = resolver_table(tmp_path)
    assert outcome.failures == []
    assert sum(row.rcode == "REFUSED" for row in outcome.rows) >= 12
    assert any(row.first > 10 for row in outcome.rows), "something was resolved"


def test_a_real_client_resolves_in_the_network_of_a_flood(tmp_path):
    outcome = flood(tmp_path, rate=500, seconds=2)
    assert outcome.failures == []
    assert outcome.limited > 0
    assert outcome.limited_ratio <= 1
    assert outcome.real_resolved == outcome.real_asked > 0
