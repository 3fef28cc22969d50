"""A daemon that says what a test wants it to say, and a way to run commands."""

import json
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote

import pytest
from click.testing import CliRunner

from dnsd.cli.main import main


class FakeDaemon:
    """Answers on a unix socket as the daemon does; remembers what it was asked.

    ``answers`` maps ``METHOD /path`` to an HTTP status and a value, or what makes one
    of the body.
    """

    def __init__(self, path):
        self.answers = {}
        self.asked = []
        self._server = socketserver.ThreadingUnixStreamServer(str(path), self._connection())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _connection(fake):  # noqa: N805 - the class inside needs both
        class Connection(BaseHTTPRequestHandler):
            def address_string(self):
                return "unix"

            def log_message(self, *_):
                pass

            def _answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                place = f"{self.command} {unquote(self.path)}"
                fake.asked.append((place, json.loads(body) if body else None))
                status, value = fake.answers.get(place, (404, {"error": f"no {place}"}))
                if callable(value):
                    value = value(json.loads(body) if body else None)
                octets = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            do_GET = do_POST = _answer  # noqa: N815 - names the library calls

        return Connection


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """Where commands are run: a configuration and no zones."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DNSD_CONFIG", raising=False)
    (tmp_path / "zones").mkdir()
    (tmp_path / "dnsd.yaml").write_text("user: none\ncontrol: {socket: /proc/self/cwd/s}\n")
    return tmp_path


@pytest.fixture
def daemon(directory):
    fake = FakeDaemon(directory / "s")
    yield fake
    fake.close()


@pytest.fixture
def run(directory):
    """Run ``dnsd`` with words; the result has exit_code, stdout and stderr."""

    def _run(*words, stdin=None):
        return CliRunner().invoke(main, words, input=stdin, prog_name="dnsd")

    return _run


@pytest.fixture
def zone_change():
    """Make what the daemon says of one zone in a reload or a diff."""

    def _change(origin, status, **facts):
        return {
            "origin": origin, "file": f"zones/{origin}yaml", "status": status,
            "serial": 2026030101, "records": 5, "slot": 1, "generated": False, "problems": [],
            "added": 0, "removed": 0, "changes": [], "omitted": 0, **facts,
        }  # fmt: skip

    return _change


@pytest.fixture
def broken():
    """A problem as the daemon says it."""
    return {
        "file": "zones/broken.test.yaml", "line": 3, "column": 7, "id": "cname-and-other",
        "message": "www has a CNAME and an A", "expected": "a CNAME alone", "hint": "",
        "severity": "error",
    }  # fmt: skip
