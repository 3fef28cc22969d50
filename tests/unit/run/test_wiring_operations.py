"""Which routes a daemon has beside those for zones."""

import pytest

from dnsd.run import wiring_cache
from dnsd.run.wiring_operations import further_routes

RESOLVING = {"/resolver/trace"}
CACHE = {"/cache", "/cache/flush"}


@pytest.mark.parametrize(
    ("text", "present"),
    [
        pytest.param("", RESOLVING | CACHE, id="one process sees its own caches"),
        pytest.param("workers: 2\n", RESOLVING | CACHE, id="control flushes every worker's own"),
        pytest.param("resolver: {enabled: off}\n", set(), id="who resolves nothing has none"),
    ],
)
def test_the_resolver_has_routes_where_it_can_answer_them(inherited, around, text, present):
    inheritance = inherited(text)
    caches = wiring_cache.open_caches(inheritance)
    table = further_routes(inheritance, None, caches, around)
    assert table.keys() & (RESOLVING | CACHE) == present
    assert any(path.startswith("/sightings") for path in table)
