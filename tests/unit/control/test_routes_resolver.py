import json

import pytest
from twisted.internet.defer import Deferred, succeed

from dnsd.control.routes import Asked, Refusal, Routes
from dnsd.control.routes_resolver import cache_routes, trace_routes
from dnsd.resolver.cache.contract import Selector

NAME = b"\x01a\x04test\x00"


class Cache:
    """Remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def show(self, selector, after, limit):
        if after == "wrong":
            raise ValueError
        self.asked.append((selector, after, limit))
        return succeed({"rows": [], "next": ""})

    def flush(self, selector):
        self.asked.append(selector)
        return succeed({"records": 1, "cuts": 2})


class Trace:
    def trace(self, name, rrtype):
        return succeed({"name": name.hex(), "type": rrtype})

    def chain(self, name, rrtype):
        return succeed({"chain": name.hex(), "type": rrtype})


@pytest.fixture
def cache():
    return Cache()


@pytest.fixture
def ask(cache):
    routes = Routes(NoOperations(), None, {**cache_routes(cache), **trace_routes(Trace())})

    def ask(method, target, body=None, *, public=False):
        path, _, query = target.partition("?")
        octets = b"" if body is None else json.dumps(body).encode()
        answer = routes.answer(
            Asked(method, path, query, octets, "application/json"), public=public
        )
        if isinstance(answer, Deferred):
            found = []
            answer.addCallback(found.append)
            (answer,) = found
        return answer.status, json.loads(answer.octets)

    return ask


def test_caches_that_are_in_the_memory_of_others_can_be_flushed_only(cache):
    table = cache_routes(cache, is_seen=False)
    asked = Asked("GET", "/cache", "", b"", "application/json")
    with pytest.raises(Refusal, match="own memory"):
        table["/cache"]["GET"](asked)
    assert table["/cache/flush"].keys() == {"POST"}


class NoOperations:
    """Nothing of them is called."""

    diff = status = None


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("", (Selector(), "", 1000)),
        ("limit=7&after=1.00", (Selector(), "1.00", 7)),
        ("name=a.test&type=mx", (Selector(name=NAME, type=15), "", 1000)),
        ("tree=a.test&negative=true", (Selector(tree=NAME, negative=True), "", 1000)),
        ("server=192.0.2.1&bogus=true", (Selector(server=b"\xc0\0\2\1", bogus=True), "", 1000)),
    ],
)
def test_a_listing_has_selectors_and_pages(ask, cache, query, asked):
    assert ask("GET", f"/cache?{query}") == (200, {"rows": [], "next": ""})
    assert cache.asked == [asked]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("limit=0", "limit is a number from 1 to 1000"),
        ("limit=1001", "limit is a number from 1 to 1000"),
        ("after=wrong", "after is what the page before says in next"),
        ("name=a..test", "not a name: empty label"),
        ("type=foo", "type: 'foo' is not a type"),
        ("server=ns.test", "server: 'ns.test' is not an address"),
        ("bogus=false", "bogus is true or left out"),
    ],
)
def test_a_listing_that_cannot_be_is_refused(ask, cache, query, reason):
    assert ask("GET", f"/cache?{query}") == (400, {"error": reason})
    assert cache.asked == []


@pytest.mark.parametrize(
    ("body", "selector"),
    [
        ({"all": True}, Selector()),
        ({"name": "a.test."}, Selector(name=NAME)),
        ({"tree": "a.test", "type": "MX"}, Selector(tree=NAME, type=15)),
        ({"server": "2001:db8::1"}, Selector(server=b" \x01\r\xb8" + bytes(11) + b"\x01")),
        ({"bogus": True, "negative": False}, Selector(bogus=True)),
    ],
)
def test_what_is_flushed_is_selected(ask, cache, body, selector):
    assert ask("POST", "/cache/flush", body) == (200, {"records": 1, "cuts": 2})
    assert cache.asked == [selector]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (None, 'either selectors, or "all": true, say what to flush'),
        ({}, 'either selectors, or "all": true, say what to flush'),
        ({"all": False}, 'either selectors, or "all": true, say what to flush'),
        ({"all": True, "name": "a."}, 'either selectors, or "all": true, say what to flush'),
        ({"name": 1}, "name is missing or no text"),
        ({"negative": "true"}, "negative is true or false"),
        ({"everything": True}, "the body is an object with the keys name, tree, type, server, negative, bogus, all"),
    ],
)  # fmt: skip
def test_a_flush_that_selects_nothing_is_refused(ask, cache, body, reason):
    assert ask("POST", "/cache/flush", body) == (400, {"error": reason})
    assert cache.asked == []


def test_a_chain_has_a_name_and_a_type(ask):
    body = {"name": "a.test", "type": "mx"}
    assert ask("POST", "/resolver/chain", body) == (200, {"chain": NAME.hex(), "type": 15})
    assert ask("POST", "/resolver/chain", {"name": "a.test"})[0] == 400


def test_a_trace_has_a_name_and_a_type(ask):
    body = {"name": "a.test", "type": "MX"}
    assert ask("POST", "/resolver/trace", body) == (200, {"name": NAME.hex(), "type": 15})
    assert ask("POST", "/resolver/trace", {"name": "a.test", "type": "ANY"})[0] == 200


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"name": "a.test"}, "type is missing or no text"),
        ({"type": "A"}, "name is missing or no text"),
        ({"name": "a.test", "type": "AXFR"}, "type is a type of data, or ANY"),
        ({"name": "a.test", "type": "foo"}, "type: 'foo' is not a type"),
        ({"name": "..", "type": "A"}, "not a name: empty label"),
    ],
)
def test_a_trace_of_nothing_is_refused(ask, body, reason):
    assert ask("POST", "/resolver/trace", body) == (400, {"error": reason})


@pytest.mark.parametrize("path", ["/cache", "/cache/flush", "/resolver/trace", "/resolver/chain"])
def test_only_the_control_socket_has_them(ask, path):
    assert ask("GET", path, public=True) == (404, {"error": "no such path"})


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/cache"), ("GET", "/cache/flush"), ("GET", "/resolver/trace")]
)
def test_what_only_tells_is_got_and_what_changes_is_posted(ask, method, path):
    assert ask(method, path)[0] == 405
