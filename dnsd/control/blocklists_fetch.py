"""The fetching of one block list, in a process of its own.

HTTP over TLS with the system's certificates, or plain to this machine only; every
redirect is held to the same. What comes is written beside the target, and put in its
place when it is whole. Not asked again is what has not changed (RFC 9110 §13.1), and
nothing is asked of proxies of the environment, which is empty.
"""

from __future__ import annotations

import http.client
import ipaddress
import ssl
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.control.blocklists_shapes import FetchReport, FetchRequest

_CHUNK_OCTETS: Final = 64 << 10
_CONNECT_S: Final = 10.0
_MAX_FIELD: Final = 500  # characters of a validator that we keep
_NOT_MODIFIED: Final = 304
_AGENT: Final = "dnsd"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to what may be asked in the first place."""

    max_redirections = 5

    def redirect_request(self, *arguments: Any) -> urllib.request.Request | None:
        """Make the next request: arguments are the last one, ..., the new URL."""
        before, after = arguments[0].full_url, arguments[-1]
        if not may_be_asked(after, local=not may_be_asked(before, local=False)):
            raise urllib.error.URLError(f"redirected to {after[:100]!r}, which is not https")
        return super().redirect_request(*arguments)


def may_be_asked(url: str, *, local: bool) -> bool:
    """Tell whether nobody on the way can change what a URL brings.

    Args:
        url: any text.
        local: http to a loopback address may be asked too.
    """
    try:
        parts = urlsplit(url)
        if parts.scheme == "https":
            return bool(parts.hostname)
        address = ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        return False
    return local and parts.scheme == "http" and address.is_loopback


def fetch(request: FetchRequest, clock: Callable[[], float] = time.monotonic) -> FetchReport:
    """Fetch a list; see `FetchRequest`.

    Args:
        request: what to fetch.
        clock: tells seconds.
    """
    deadline = clock() + request["timeout_s"]
    report: FetchReport = {
        "result": "failed", "reason": "", "limit": "", "etag": "", "last_modified": "",
    }  # fmt: skip
    beside = Path(request["path"] + ".part")
    try:
        with _open(request) as response, beside.open("wb") as file:
            report["etag"] = _field(response, "ETag")
            report["last_modified"] = _field(response, "Last-Modified")
            report["reason"], report["limit"] = _copy(
                response, file, request["max_octets"], lambda: clock() > deadline
            )
        if not report["reason"]:
            beside.replace(request["path"])
            report["result"] = "new"
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == _NOT_MODIFIED:
            report["result"] = "unchanged"
        else:
            report["reason"] = f"the server says {error.code}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        report["reason"] = str(reason) or type(reason).__name__
    if report["result"] != "new":
        with suppress(OSError):
            beside.unlink()
    return report


def _open(request: FetchRequest) -> Any:
    if not may_be_asked(request["url"], local=True):
        raise urllib.error.URLError("not https")
    fields = {"User-Agent": _AGENT, "Accept": "text/plain, */*;q=0.1"}
    if request["etag"]:
        fields["If-None-Match"] = request["etag"]
    if request["last_modified"]:
        fields["If-Modified-Since"] = request["last_modified"]
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        _Redirects(),
    )
    asked = urllib.request.Request(request["url"], headers=fields)  # noqa: S310 - checked above
    return opener.open(asked, timeout=min(_CONNECT_S, request["timeout_s"]))


def _copy(
    response: Any, file: Any, max_octets: int, is_late: Callable[[], bool]
) -> tuple[str, str]:
    """Copy a body to a file.

    Returns:
        Why it was broken off, and the limit that was hit; both empty if it was not.
    """
    octets = 0
    while chunk := response.read1(_CHUNK_OCTETS):
        octets += len(chunk)
        if octets > max_octets:
            return f"more than {max_octets} octets", "block_list_size"
        if is_late():
            return "took too long", "block_list_time"
        file.write(chunk)
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) != octets:
        return f"ended after {octets} of {length} octets", ""
    return "", ""


def _field(response: Any, name: str) -> str:
    value = response.headers.get(name, "")
    return value if len(value) <= _MAX_FIELD and value.isascii() and value.isprintable() else ""
