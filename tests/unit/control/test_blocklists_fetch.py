import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from dnsd.control.blocklists_fetch import fetch, may_be_asked

LIST = b"ads.example\n" * 50


@pytest.fixture
def server():
    """An HTTP server; ``answers`` maps a path to what it says."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append({name.lower(): value for name, value in self.headers.items()})
            status, fields, body = answers[self.path]
            self.send_response(status)
            for name, value in fields.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    asked, answers = [], {}
    made = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    made.asked, made.answers = asked, answers
    made.url = f"http://127.0.0.1:{made.server_port}"
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def _request(url, path, **changes):
    return {
        "url": url, "path": str(path), "etag": "", "last_modified": "", "max_octets": 1000,
        "timeout_s": 30, "memory_octets": 0, "store_octets": 0, "time_s": 0, **changes,
    }  # fmt: skip


def test_a_list_is_fetched_whole(server, tmp_path):
    fields = {"Content-Length": str(len(LIST)), "ETag": '"1"', "Last-Modified": "yesterday"}
    server.answers["/list"] = (200, fields, LIST)
    report = fetch(_request(f"{server.url}/list", tmp_path / "ads"))
    assert report == {
        "result": "new", "reason": "", "limit": "", "etag": '"1"', "last_modified": "yesterday",
    }  # fmt: skip
    assert (tmp_path / "ads").read_bytes() == LIST
    assert "if-none-match" not in server.asked[0]


def test_a_list_that_has_not_changed_is_not_sent_again(server, tmp_path):
    server.answers["/list"] = (304, {}, b"")
    request = _request(
        f"{server.url}/list", tmp_path / "ads", etag='"1"', last_modified="yesterday"
    )
    assert fetch(request)["result"] == "unchanged"
    assert server.asked[0]["if-none-match"] == '"1"'
    assert server.asked[0]["if-modified-since"] == "yesterday"


@pytest.mark.parametrize(
    ("answer", "limit", "reason"),
    [
        pytest.param((200, {}, LIST * 2), "block_list_size", "more than 1000 octets", id="too large"),
        pytest.param((200, {"Content-Length": "700"}, LIST), "", "ended after 600 of 700 octets", id="cut short"),
        pytest.param((404, {}, b""), "", "the server says 404", id="not there"),
        pytest.param((302, {"Location": "http://lists.example/x"}, b""), "",
                     "redirected to 'http://lists.example/x', which is not https", id="a redirect without TLS"),
        pytest.param((302, {"Location": "file:///etc/passwd"}, b""), "",
                     "the server says 302", id="a redirect to a file"),
    ],
)  # fmt: skip
def test_what_is_not_taken_leaves_nothing_behind(server, tmp_path, answer, limit, reason):
    server.answers["/list"] = answer
    (tmp_path / "ads").write_text("before")
    report = fetch(_request(f"{server.url}/list", tmp_path / "ads"))
    assert (report["result"], report["limit"], report["reason"]) == ("failed", limit, reason)
    assert [path.name for path in tmp_path.iterdir()] == ["ads"]
    assert (tmp_path / "ads").read_text() == "before"


def test_a_redirect_on_this_machine_is_followed(server, tmp_path):
    server.answers["/old"] = (301, {"Location": "/list"}, b"")
    server.answers["/list"] = (200, {}, LIST)
    assert fetch(_request(f"{server.url}/old", tmp_path / "ads"))["result"] == "new"


def test_endless_redirects_end(server, tmp_path):
    for i in range(30):
        server.answers[f"/{i}"] = (302, {"Location": f"/{i + 1}"}, b"")
    report = fetch(_request(f"{server.url}/0", tmp_path / "ads"))
    assert report["result"] == "failed"
    assert len(server.asked) <= 7


def test_a_server_that_takes_too_long_is_left(server, tmp_path):
    server.answers["/list"] = (200, {}, LIST)
    times = iter([0, 31])
    report = fetch(_request(f"{server.url}/list", tmp_path / "ads"), lambda: next(times))
    assert (report["result"], report["limit"]) == ("failed", "block_list_time")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_is_not_there_is_a_reason(server, tmp_path):
    server.shutdown()
    server.server_close()
    report = fetch(_request(f"{server.url}/list", tmp_path / "ads"))
    assert (report["result"], report["limit"]) == ("failed", "")
    assert "refused" in report["reason"].lower()


def test_a_certificate_that_nobody_signed_is_refused(server, tmp_path):
    report = fetch(_request(server.url.replace("http", "https"), tmp_path / "ads"))
    assert report["result"] == "failed"
    assert "ssl" in report["reason"].lower()


@pytest.mark.parametrize(
    ("url", "local", "expected"),
    [
        ("https://lists.example/x", False, True),
        ("http://lists.example/x", True, False),
        ("http://127.0.0.1/x", True, True),
        ("http://127.0.0.1/x", False, False),
        ("http://[::1]:8080/x", True, True),
        ("file:///etc/passwd", True, False),
        ("ftp://127.0.0.1/x", True, False),
        ("https:///x", True, False),
        ("http://[", True, False),
        ("", True, False),
    ],
)
def test_what_may_be_asked(url, local, expected):
    assert may_be_asked(url, local=local) is expected


def test_other_urls_are_not_asked_at_all(tmp_path):
    assert fetch(_request("file:///etc/passwd", tmp_path / "ads"))["reason"] == "not https"
