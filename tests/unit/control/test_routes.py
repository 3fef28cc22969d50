import json

import pytest
from twisted.internet.defer import Deferred, succeed

from dnsd.authority.store import StoreError
from dnsd.control.routes import Asked, Routes
from dnsd.wire import names


class Operations:
    """Answers with what it was asked."""

    healthy = "ok"
    served = ("a.test.", "a\\.b.test.", ".", "x/y.test.")

    def status(self):
        return {"operation": "status"}

    def health(self):
        return {"status": self.healthy, "reasons": []}

    def zones(self, after, limit):
        return {"after": after and names.to_text(after), "limit": limit}

    def zone(self, origin):
        text = names.to_text(origin)
        return {"origin": text} if text in self.served else None

    def diff(self):
        return succeed({"operation": "diff"})

    def reload(self, *, force):
        return succeed({"force": force})


class Exposition:
    def render(self):
        return b"metrics\n"


@pytest.fixture
def operations():
    return Operations()


@pytest.fixture
def ask(operations):
    routes = Routes(operations, Exposition())

    def ask(method, target, body=b"", content_type="application/json", *, public=False):
        path, _, query = target.partition("?")
        answer = routes.answer(Asked(method, path, query, body, content_type), public=public)
        if isinstance(answer, Deferred):
            found = []
            answer.addCallback(found.append)
            (answer,) = found
        return answer

    return ask


def test_metrics_are_text_for_prometheus(ask):
    answer = ask("GET", "/metrics")
    assert (answer.status, answer.octets) == (200, b"metrics\n")
    assert answer.content_type.startswith(b"text/plain; version=0.0.4")


@pytest.mark.parametrize(("health", "status"), [("ok", 200), ("failing", 503)])
def test_health_is_the_status_of_the_answer(ask, operations, health, status):
    operations.healthy = health
    assert ask("GET", "/healthz").status == status


@pytest.mark.parametrize(
    ("method", "target", "body", "found"),
    [
        ("GET", "/status", b"", {"operation": "status"}),
        ("GET", "/zones", b"", {"after": None, "limit": 1000}),
        ("GET", "/zones?limit=1", b"", {"after": None, "limit": 1}),
        ("GET", "/zones?after=b.test&limit=10", b"", {"after": "b.test.", "limit": 10}),
        ("GET", "/zones/A.Test.", b"", {"origin": "a.test."}),
        ("GET", "/zones/a%5C.b.test", b"", {"origin": "a\\.b.test."}),
        ("GET", "/zones/x%2Fy.test", b"", {"origin": "x/y.test."}),
        ("GET", "/zones/.", b"", {"origin": "."}),
        ("POST", "/zones/diff", b"", {"operation": "diff"}),
        ("POST", "/zones/reload", b"", {"force": False}),
        ("POST", "/zones/reload", b"{}", {"force": False}),
        ("POST", "/zones/reload", b'{"force": true}', {"force": True}),
    ],
)
def test_a_route_answers(ask, method, target, body, found):
    answer = ask(method, target, body)
    assert (answer.status, json.loads(answer.octets)) == (200, found)
    assert answer.content_type == b"application/json"


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "reason"),
    [
        ("GET", "/", b"", 404, "no such path"),
        ("GET", "/metrics/", b"", 404, "no such path"),
        ("GET", "/zones/b.test", b"", 404, "no zone b.test is served"),
        ("GET", "/zones/", b"", 400, "not a name: empty name"),
        ("GET", "/zones/a..test", b"", 400, "not a name: empty label"),
        ("GET", "/zones/%C3%A9.test", b"", 400, None),
        ("GET", "/zones?limit=0", b"", 400, "limit is a number from 1 to 1000"),
        ("GET", "/zones?limit=1001", b"", 400, "limit is a number from 1 to 1000"),
        ("GET", "/zones?limit=99999999999999999999", b"", 400, "limit is a number from 1 to 1000"),
        ("GET", "/zones?limit=%D9%A1", b"", 400, "limit is a number from 1 to 1000"),
        ("GET", "/zones?limit=1&limit=2", b"", 400, "the query takes after, limit, each once"),
        ("GET", "/zones?x=1", b"", 400, "the query takes after, limit, each once"),
        ("GET", "/zones?a=1&b=2&c=3", b"", 400, "the query cannot be read"),
        ("GET", "/zones?after=a..b", b"", 400, "not a name: empty label"),
        ("GET", "/zones/reload", b"", 405, "/zones/reload takes POST"),
        ("GET", "/zones/diff", b"", 405, "/zones/diff takes POST"),
        ("HEAD", "/metrics", b"", 405, "/metrics takes GET"),
        ("POST", "/status", b"", 405, "/status takes GET"),
        ("DELETE", "/zones/a.test", b"", 405, "/zones/a.test takes GET"),
        ("POST", "/zones/reload", b"{", 400, "the body is no JSON"),
        ("POST", "/zones/reload", b"[" * 100_000, 400, "the body is no JSON"),
        ("POST", "/zones/reload", b"\xff", 400, "the body is no JSON"),
        ("POST", "/zones/reload", b"[]", 400, "the body is an object with the key force"),
        ("POST", "/zones/reload", b'{"x": 1}', 400, "the body is an object with the key force"),
        ("POST", "/zones/reload", b'{"force": 1}', 400, "force is true or false"),
    ],
)
def test_everything_else_is_refused_with_a_reason(ask, method, target, body, status, reason):
    answer = ask(method, target, body)
    assert answer.status == status
    if reason is not None:
        assert json.loads(answer.octets) == {"error": reason}


@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_body_that_a_form_could_send_is_refused(ask, content_type):
    assert ask("POST", "/zones/reload", b'{"force": true}', content_type).status == 415


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/metrics", 200),
        ("GET", "/healthz", 200),
        ("GET", "/status", 404),
        ("GET", "/zones", 404),
        ("GET", "/zones/a.test", 404),
        ("POST", "/zones/diff", 404),
        ("POST", "/zones/reload", 404),
    ],
)
def test_only_metrics_and_health_are_for_everybody(ask, method, target, status):
    assert ask(method, target, public=True).status == status


def test_a_store_that_cannot_be_read_is_told(ask, operations):
    def broken(after, limit):
        raise StoreError("the disk is gone")

    operations.zones = broken
    answer = ask("GET", "/zones")
    assert (answer.status, json.loads(answer.octets)) == (503, {"error": "the disk is gone"})
