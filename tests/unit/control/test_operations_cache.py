from typing import NamedTuple

import pytest
from fakes.cache_entries import alias, cut, name, nodata, nxdomain, positive

from dnsd.control import operations_cache
from dnsd.control.operations_cache import CacheOperations
from dnsd.resolver.cache.contract import Rank, Security, Selector
from dnsd.resolver.cache.memory import MemoryDelegations, MemoryRecords
from dnsd.resolver.delegation import Delegation
from dnsd.wire.iana import RRType

SERVER = bytes((192, 0, 2, 53))


class Kept(NamedTuple):
    """The caches of one resolver."""

    records: MemoryRecords
    delegations: MemoryDelegations


@pytest.fixture
def forgotten():
    return []


@pytest.fixture
def caches(around):
    return MemoryRecords(), MemoryDelegations()


@pytest.fixture
def operations(caches, around, forgotten):
    return CacheOperations(Kept(*caches), lambda: forgotten.append("everything"), around.clock)


@pytest.fixture
def flush(operations, time):
    def flush(selector):
        found = []
        operations.flush(selector).addCallback(found.append)
        while not found:
            time.advance(0)
        return found[0]

    return flush


@pytest.fixture
def show(operations, time):
    def show(selector=Selector(), after="", limit=1000):  # noqa: B008 - frozen
        found = []
        operations.show(selector, after, limit).addCallback(found.append)
        while not found:
            time.advance(0)
        return found[0]

    return show


def keep(caches, *kept):
    records, delegations = caches
    for each in kept:
        (delegations if isinstance(each, Delegation) else records).put(each, 0.0)


def test_an_entry_is_told_with_its_source_and_age(caches, show, time):
    keep(
        caches,
        positive("www.a.test.", now=0.0, ttl=300, zone="a.test.", server=SERVER,
                 rank=Rank.AUTHORITATIVE, security=Security.SECURE),
    )  # fmt: skip
    time.advance(100)
    assert show() == {
        "rows": [
            {
                "name": "www.a.test.", "type": "A", "kind": "data", "data": ["192.0.2.1"],
                "omitted": 0, "ttl_s": 200.0, "age_s": 100.0, "server": "192.0.2.53",
                "rank": "authoritative", "security": "secure", "zone": "a.test.",
            }
        ],
        "next": "",
    }  # fmt: skip


def test_every_kind_is_told_in_the_order_of_names(caches, show):
    keep(
        caches,
        positive("b.test."), alias("a.b.test.", "b.test."), nodata("b.test."),
        nxdomain("c.test."), cut("b.test.", "ns.b.test.", "ns.other.test.", source=SERVER),
        cut("."),
    )  # fmt: skip
    rows = show()["rows"]
    assert [(row["name"], row["type"], row["kind"], row["data"]) for row in rows] == [
        (".", "NS", "cut", ["ns. 192.0.2.1"]),
        ("b.test.", "NS", "cut", ["ns.b.test. 192.0.2.1", "ns.other.test."]),
        ("b.test.", "A", "data", ["192.0.2.1"]),
        ("b.test.", "AAAA", "nodata", []),
        ("a.b.test.", "CNAME", "data", ["b.test."]),
        ("c.test.", "", "nxdomain", []),
    ]
    assert [rows[1]["server"], rows[1]["zone"], rows[0]["zone"]] == ["192.0.2.53", "test.", "."]


def test_what_is_configured_never_expires(caches, show):
    keep(caches, cut("corp.test.", ttl=float("inf")))
    (row,) = show()["rows"]
    assert row["ttl_s"] is None


def test_long_data_are_cut_short(caches, show):
    keep(caches, positive("a.test.", rdatas=[bytes((192, 0, 2, n)) for n in range(30)]))
    (row,) = show()["rows"]
    assert (len(row["data"]), row["omitted"]) == (26, 4)


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
def test_pages_hold_every_row_once(caches, show, limit):
    keep(caches, *(positive(f"n{n}.test.") for n in range(5)), cut("n3.test."), nodata("n3.test."))
    seen, after = [], ""
    while True:
        page = show(after=after, limit=limit)
        assert len(page["rows"]) <= limit
        seen += [(row["name"], row["type"]) for row in page["rows"]]
        after = page["next"]
        if not after:
            break
    assert seen == [
        ("n0.test.", "A"), ("n1.test.", "A"), ("n2.test.", "A"), ("n3.test.", "NS"),
        ("n3.test.", "A"), ("n3.test.", "AAAA"), ("n4.test.", "A"),
    ]  # fmt: skip


def test_a_page_of_much_text_ends_early(caches, show, monkeypatch):
    monkeypatch.setattr(operations_cache, "MAX_PAGE_CHARACTERS", 20)
    keep(caches, *(positive(f"n{n}.test.") for n in range(5)))
    page = show()
    assert [row["name"] for row in page["rows"]] == ["n0.test.", "n1.test.", "n2.test."]
    rest = show(after=page["next"])
    assert [row["name"] for row in rest["rows"]] == ["n3.test.", "n4.test."]
    assert rest["next"] == ""


def test_a_long_listing_lets_others_have_turns(caches, operations, time):
    keep(caches, *(positive(f"n{n}.test.") for n in range(1200)))
    found = []
    operations.show(Selector(), "", 10).addCallback(found.append)
    assert not found
    time.advance(0)
    assert len(found[0]["rows"]) == 10


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        (Selector(name=name("b.test.")), ["b.test.", "b.test."]),
        (Selector(tree=name("b.test.")), ["b.test.", "b.test.", "a.b.test."]),
        (Selector(type=RRType.A), ["b.test.", "c.test."]),
        (Selector(negative=True), ["c.test."]),
        (Selector(server=SERVER), ["a.b.test."]),
    ],
    ids=["name", "tree", "type", "negative", "server"],
)
def test_what_is_selected_is_listed_and_flushed(caches, show, flush, forgotten, selector, names):
    keep(
        caches,
        positive("b.test."), alias("a.b.test.", "b.test.", server=SERVER),
        nxdomain("c.test."), cut("b.test."),
    )  # fmt: skip
    assert [row["name"] for row in show(selector)["rows"]] == names
    flushed = flush(selector)
    assert flushed["records"] + flushed["cuts"] == len(names)
    assert forgotten == ["everything"] * 2  # before and after
    assert show(selector)["rows"] == []
    assert len(show()["rows"]) == 4 - len(names)


def test_a_long_flush_lets_others_have_turns(caches, around, time, forgotten):
    operations = CacheOperations(
        Kept(*caches),
        lambda: forgotten.append("everything"),
        around.clock,
        lambda _: iter([(500, 0), (500, 0), (3, 7)]),
    )
    found = []
    operations.flush(Selector(negative=True)).addCallback(found.append)
    assert (found, forgotten) == ([], ["everything"])
    time.advance(0)
    assert found == [{"records": 1003, "cuts": 7}]
    assert forgotten == ["everything"] * 2


def test_a_flush_that_others_take_part_in_waits_for_them(caches, around, time, forgotten):
    operations = CacheOperations(
        Kept(*caches),
        lambda: forgotten.append(""),
        around.clock,
        lambda _: iter([None, None, (3, 7)]),
    )
    found = []
    operations.flush(Selector()).addCallback(found.append)
    for _ in range(100):
        time.advance(0)
    assert not found, "it does not spin"
    for _ in range(3):
        time.advance(0.1)
    assert found == [{"records": 3, "cuts": 7}]


@pytest.mark.parametrize("after", ["x", "1.x", ".00", "-"])
def test_a_page_that_never_was_cannot_be_followed(operations, after):
    with pytest.raises(ValueError):
        operations.show(Selector(), after, 10)
