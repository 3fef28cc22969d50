import json

import pytest

from dnsd.control.routes import Asked, Routes
from dnsd.control.routes_sightings import sighting_routes
from dnsd.wire import names


class Operations:
    """Serves one zone."""

    status = diff = None

    def zone(self, origin):
        return {} if origin == names.from_text("a.test.") else None


class Sightings:
    """Remembers what it was asked."""

    def __init__(self):
        self.busy = 0.0
        self.asked = []

    def busy_s(self):
        return self.busy

    def watch(self, zone, prefix):
        self.asked.append((names.to_text(zone), prefix))
        return "watched"

    def seen(self):
        return "seen"

    def end(self):
        return "ended"


@pytest.fixture
def sightings():
    return Sightings()


@pytest.fixture
def ask(sightings):
    operations = Operations()
    routes = Routes(operations, None, sighting_routes(operations, sightings))

    def ask(method, path, body=None, *, public=False):
        octets = b"" if body is None else json.dumps(body).encode()
        answer = routes.answer(Asked(method, path, "", octets, "application/json"), public=public)
        return answer.status, json.loads(answer.octets)

    return ask


def test_names_of_a_zone_are_watched_until_the_end(ask, sightings):
    assert ask("POST", "/sightings", {"zone": "A.test", "prefix": "x-1"}) == (200, "watched")
    assert sightings.asked == [("a.test.", "x-1")]
    assert ask("GET", "/sightings") == (200, "seen")
    assert ask("POST", "/sightings/end") == (200, "ended")


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"zone": "b.test", "prefix": "x"}, 404, "no zone b.test is served"),
        ({"prefix": "x"}, 404, "no zone None is served"),
        ({"zone": "a..test", "prefix": "x"}, 400, "not a name: empty label"),
        *(
            ({"zone": "a.test", "prefix": prefix}, 400,
             "prefix is 1 to 31 lower-case letters, digits and hyphens")
            for prefix in ("", "X", "x" * 32, "a.b", 7, "é", "x\n")
        ),
        ({"zone": "a.test"}, 400, "prefix is 1 to 31 lower-case letters, digits and hyphens"),
    ],
)  # fmt: skip
def test_a_watch_that_cannot_be_is_refused(ask, sightings, body, status, reason):
    assert ask("POST", "/sightings", body) == (status, {"error": reason})
    assert sightings.asked == []


def test_one_watch_at_a_time(ask, sightings):
    sightings.busy = 41.7
    assert ask("POST", "/sightings", {"zone": "a.test", "prefix": "x"}) == (
        409, {"error": "another watch is under way, for 42 seconds yet"},
    )  # fmt: skip


def test_only_the_control_socket_has_them(ask):
    assert ask("GET", "/sightings", public=True)[0] == 404
    assert ask("GET", "/sightings/end")[0] == 405
