"""The client against the real server: unix sockets, a real store and real processes."""

import http.client
import socket
import stat
import threading

import pytest
from fakes.cache_entries import cut, positive
from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.defer import Deferred, succeed

from dnsd.authority.store import open_store
from dnsd.control.claim import claim_socket, listen_http
from dnsd.control.client import ControlClient, ControlError
from dnsd.control.compiler import Compiler, CompilerOptions
from dnsd.control.http import ControlFactory, HttpOptions
from dnsd.control.operations import Operations, Program
from dnsd.control.operations_cache import CacheOperations
from dnsd.control.operations_sightings import SightingOperations
from dnsd.control.reload import Reloader
from dnsd.control.routes import Routes
from dnsd.control.routes_resolver import cache_routes, trace_routes
from dnsd.control.routes_sightings import sighting_routes
from dnsd.control.scan import ZoneFiles
from dnsd.control.watch import Watcher, WatchOptions
from dnsd.net.clock import use_monotonic_time
from dnsd.net.stream_listener import StreamListener
from dnsd.observe.exposition import Exposition
from dnsd.query.lookout import Board, board_octets
from dnsd.resolver.cache.memory import MemoryDelegations, MemoryRecords

pytestmark = pytest.mark.slow

ZONE = "'': {type: NS, value: ns1.a.test.}\nns1: {type: A, value: 127.0.0.53}\n"


class Tracer:
    """Tells what it was asked."""

    def trace(self, name, rrtype):
        return succeed({"steps": [], "rcode": f"{name.hex()} {rrtype}"})

    def chain(self, name, rrtype):
        return succeed({"links": [], "rcode": f"{name.hex()} {rrtype}"})


class Daemon:
    """A control process in this one, its reactor run by the main thread."""

    def __init__(self, tmp_path, page, around):
        self.zones = tmp_path / "zones"
        self.zones.mkdir()
        (self.zones / "a.test.yaml").write_text(ZONE)
        self.path = tmp_path / "control.sock"
        self.claim = claim_socket(self.path)
        self.http = listen_http("127.0.0.1", 0)
        self.store = open_store(tmp_path / "store", map_size=64 << 20)
        where = ZoneFiles((self.zones,))
        options = CompilerOptions(
            where,
            tmp_path / "store",
            tmp_path / "serials.db",
            tmp_path / "keys",
            store_octets=64 << 20,
        )
        self.reloader = Reloader(Compiler(options, around), page, around)
        operations = Operations(
            Program("1.2.3", ("127.0.0.1 port 53",)), page, self.store, self.reloader, around
        )
        exposition = Exposition(
            page, version="1.2.3", zone_serials=operations.serials, receive_drops=lambda: 0
        )
        self.records, self.delegations = MemoryRecords(), MemoryDelegations()
        cache = CacheOperations(self, lambda: None, around.clock)
        board = Board(memoryview(bytearray(board_octets(1))))
        further = {
            **cache_routes(cache),
            **trace_routes(Tracer()),
            **sighting_routes(operations, SightingOperations(board, around.clock)),
        }
        routes = Routes(operations, exposition, further)
        self.changed = threading.Event()
        self.watcher = Watcher(WatchOptions(where), around, self.change)
        self.listeners = [
            StreamListener(
                opened,
                ControlFactory(routes, options, around),
                around.reactor,
                around.clock,
                around.row,
            )
            for opened, options in (
                (self.claim.socket, HttpOptions("socket")),
                (self.http, HttpOptions("http")),
            )
        ]

    def change(self):
        self.reloader.request("change").addCallback(lambda _: self.changed.set())

    def close(self):
        self.watcher.stop()
        for listener in self.listeners:
            listener.stop()
        self.http.close()
        self.store.close()
        self.claim.release()


@pytest.fixture
def daemon(tmp_path, page, really_around, real_time):
    use_monotonic_time(real_time.reactor)
    daemon = Daemon(tmp_path, page, really_around)
    yield daemon
    daemon.close()


@pytest.fixture
def meanwhile(daemon, real_time):
    """Run a blocking function in a thread while the daemon runs; return what it returns."""

    def meanwhile(function):
        done = Deferred()

        def run():
            try:
                outcome = function()
            except Exception as error:  # noqa: BLE001 -- raised again in the test
                outcome = error
            real_time.reactor.callFromThread(done.callback, [outcome])

        thread = threading.Thread(target=run)
        real_time.reactor.callWhenRunning(thread.start)
        (outcome,) = real_time.run(done)
        thread.join()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return meanwhile


@pytest.fixture
def client(daemon):
    return ControlClient(daemon.path)


def test_a_reload_and_everything_that_can_be_asked(daemon, client, meanwhile):
    def ask():
        reload = client.reload()
        (daemon.zones / "b.test.yaml").write_text(ZONE)
        return (
            reload, client.diff(), client.zones(), client.zone("A.TEST."), client.status(),
            client.metrics(),
        )  # fmt: skip

    reload, diff, zones, zone, status, metrics = meanwhile(ask)
    assert reload["result"] == "published"
    assert [z["status"] for z in diff["zones"]] == ["loaded"]
    assert diff["zones"][0]["changes"]
    assert [z["origin"] for z in zones] == ["a.test."]
    assert zone == zones[0]
    assert status["version"] == "1.2.3"
    assert status["zones"]["served"] == 1
    (sample,) = next(
        family.samples
        for family in text_string_to_metric_families(metrics)
        if family.name == "dnsd_authority_zone_serial"
    )
    assert (sample.labels, sample.value) == ({"zone": "a.test."}, zone["serial"])


def test_an_edit_is_published_by_itself(daemon, client, meanwhile):
    def edit():
        client.reload()
        daemon.watcher.start()
        (daemon.zones / "a.test.yaml").write_text(ZONE + "www: {type: A, value: 127.0.0.80}\n")
        assert daemon.changed.wait(30)
        return client.zone("a.test.")

    assert meanwhile(edit)["records"] == 4
    assert daemon.reloader.last["cause"] == "change"


def test_a_broken_edit_is_not_and_says_why(daemon, client, meanwhile):
    def edit():
        client.reload()
        (daemon.zones / "a.test.yaml").write_text("'': {type: NS")
        return client.reload(), client.zone("a.test."), client.status()

    reload, zone, status = meanwhile(edit)
    assert reload["result"] == "refused"
    assert (zone["records"], zone["kept"]) == (3, True)
    assert zone["problems"][0]["severity"] == "error"
    assert [z["origin"] for z in status["zones"]["kept"]] == ["a.test."]


def test_zones_of_several_pages_are_put_together(daemon, client, meanwhile, monkeypatch):
    monkeypatch.setattr("dnsd.control.routes.MAX_ZONES_A_PAGE", 2)
    for name in "bcde":
        (daemon.zones / f"{name}.test.yaml").write_text("'': {type: NS, value: ns.test.}\n")

    def ask():
        client.reload()
        return client.zones()

    assert [zone["origin"] for zone in meanwhile(ask)] == [f"{name}.test." for name in "abcde"]


def test_what_the_resolver_keeps_is_shown_and_flushed(daemon, client, meanwhile):
    for n in range(3):
        daemon.records.put(positive(f"n{n}.test."), 0.0)
    daemon.delegations.put(cut("test."), 0.0)

    def ask():
        first = client.cache({"tree": "test."}, "", 3)
        rest = client.cache({"tree": "test."}, first["next"], 3)
        return first, rest, client.flush({"name": "n1.test."}), client.flush({"all": True})

    first, rest, one, everything = meanwhile(ask)
    rows = [*first["rows"], *rest["rows"]]
    assert [row["name"] for row in rows] == ["test.", "n0.test.", "n1.test.", "n2.test."]
    assert (one, everything) == ({"records": 1, "cuts": 0}, {"records": 2, "cuts": 1})


def test_names_are_watched(client, meanwhile):
    def watch():
        client.reload()
        return client.watch("a.test.", "x-"), client.sightings(), client.sightings(end=True)

    watched, seen, ended = meanwhile(watch)
    assert watched["left_s"] == 60.0
    assert 0 < seen["left_s"] <= 60.0
    assert ended == {"sightings": [], "omitted": 0, "left_s": 0.0}


def test_traces_and_chains_are_asked_for_by_name_and_type(client, meanwhile):
    trace, chain = meanwhile(lambda: (client.trace("a.test.", "MX"), client.chain("a.test.", "A")))
    assert trace == {"steps": [], "rcode": "01610474657374" + "00 15"}
    assert chain == {"links": [], "rcode": "01610474657374" + "00 1"}


def test_a_refusal_is_told_in_the_words_of_the_daemon(client, meanwhile):
    with pytest.raises(ControlError, match=r"no zone b\.test\. is served") as refused:
        meanwhile(lambda: client.zone("b.test."))
    assert refused.value.status == 404


def test_the_loopback_listener_has_metrics_and_health_only(daemon, meanwhile):
    def ask(target, host="localhost"):
        connection = http.client.HTTPConnection("127.0.0.1", daemon.http.getsockname()[1])
        connection.request("GET", target, headers={"Host": host})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, body

    statuses = meanwhile(
        lambda: [
            ask("/metrics")[0],
            ask("/healthz")[0],
            ask("/status")[0],
            ask("/metrics", "attacker.example")[0],
        ]
    )
    assert statuses == [200, 503, 404, 421]


def test_the_socket_is_for_its_user_only(daemon):
    assert stat.S_IMODE(daemon.path.stat().st_mode) == 0o600


def test_no_daemon_is_told_in_words(tmp_path):
    path = tmp_path / "control.sock"
    with pytest.raises(ControlError, match="no dnsd runs here: nothing answers at"):
        ControlClient(path).status()
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()
    with pytest.raises(ControlError, match="no dnsd runs here"):
        ControlClient(path).status()


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"SSH-2.0-OpenSSH\r\n", "failed"),
        (b"", "failed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n<p>", "is not dnsd"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n[]", "HTTP status 500"),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 1\r\n\r\n{", "HTTP status 500"),
    ],
)
def test_whatever_else_answers_is_told_in_words(tmp_path, octets, reason):
    path = tmp_path / "control.sock"
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def answer():
        connection, _ = listening.accept()
        connection.recv(65536)
        connection.sendall(octets)
        connection.close()

    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(ControlError, match=reason):
        ControlClient(path).status()
    thread.join()
    listening.close()


def test_a_path_too_long_for_a_socket_is_told_in_words(tmp_path):
    with pytest.raises(ControlError, match="failed"):
        ControlClient(tmp_path / ("x" * 200)).status()
