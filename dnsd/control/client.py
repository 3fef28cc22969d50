"""Ask the running daemon, for the command line.

Without Twisted, so that a command starts fast. An answer is what `shapes.py`
says; everything that keeps one from coming is a `ControlError` with a line for
the person at the terminal.
"""

from __future__ import annotations

import http.client
import json
import socket
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dnsd.control.chain_shapes import TrustChain
    from dnsd.control.shapes import (
        CacheList,
        Diff,
        Flushed,
        Reload,
        SightingList,
        Status,
        Trace,
        Zone,
        ZoneList,
    )

_CONNECT_TIMEOUT_S: Final = 5.0
# A reload of a million records takes a minute; the daemon itself ends a longer one.
_ANSWER_TIMEOUT_S: Final = 600.0
_MAX_ANSWER_OCTETS: Final = 64 << 20


class ControlError(Exception):
    """The daemon did not do what it was asked.

    Attributes:
        status: of the HTTP answer; 0 when there was none.
    """

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class ControlClient:
    """Asks one daemon; one connection a question."""

    def __init__(self, path: Path) -> None:
        """Ask the daemon whose control socket is at ``path``."""
        self._path = path

    def status(self) -> Status:
        """Ask how the daemon is."""
        return cast("Status", self._ask("GET", "/status"))

    def zones(self) -> list[Zone]:
        """Ask for all zones served, page by page."""
        zones: list[Zone] = []
        after = ""
        while True:
            path = "/zones" + (f"?{urlencode({'after': after})}" if after else "")
            page = cast("ZoneList", self._ask("GET", path))
            zones += page["zones"]
            after = page["next"]
            if not after:
                return zones

    def zone(self, name: str) -> Zone:
        """Ask for one zone; ControlError with status 404 when it is not served."""
        return cast("Zone", self._ask("GET", f"/zones/{quote(name, safe='')}"))

    def diff(self) -> Diff:
        """Ask what a reload would change."""
        return cast("Diff", self._ask("POST", "/zones/diff"))

    def reload(self, *, force: bool = False) -> Reload:
        """Have all zones read again and wait for the outcome.

        Args:
            force: also take over what deletes more than the configured share.
        """
        return cast("Reload", self._ask("POST", "/zones/reload", {"force": force}))

    def cache(self, selectors: Mapping[str, str], after: str, limit: int) -> CacheList:
        """Ask for a page of what the resolver keeps.

        Args:
            selectors: as `routes_resolver` has them.
            after: ``next`` of the page before, or empty.
            limit: rows at most, 1..1000.
        """
        query = urlencode({**selectors, **({"after": after} if after else {}), "limit": limit})
        return cast("CacheList", self._ask("GET", f"/cache?{query}"))

    def flush(self, selectors: Mapping[str, str | bool]) -> Flushed:
        """Have what is selected removed; ``{"all": True}`` is everything."""
        return cast("Flushed", self._ask("POST", "/cache/flush", dict(selectors)))

    def trace(self, name: str, rrtype: str) -> Trace:
        """Have an answer found from the root down, and ask for every step."""
        return cast("Trace", self._ask("POST", "/resolver/trace", {"name": name, "type": rrtype}))

    def chain(self, name: str, rrtype: str) -> TrustChain:
        """Have an answer found and ask for the chain of trust to it."""
        body = {"name": name, "type": rrtype}
        return cast("TrustChain", self._ask("POST", "/resolver/chain", body))

    def watch(self, zone: str, prefix: str) -> SightingList:
        """Have queries for names below a zone watched, for a minute.

        Args:
            zone: served by the daemon.
            prefix: of the label next to the zone.
        """
        return cast(
            "SightingList", self._ask("POST", "/sightings", {"zone": zone, "prefix": prefix})
        )

    def sightings(self, *, end: bool = False) -> SightingList:
        """Ask what was seen of watched names.

        Args:
            end: watch them no longer.
        """
        method, path = ("POST", "/sightings/end") if end else ("GET", "/sightings")
        return cast("SightingList", self._ask(method, path))

    def metrics(self) -> str:
        """Ask for the metrics in Prometheus' text format."""
        return self._exchange("GET", "/metrics", None).decode()

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        octets = self._exchange(method, path, body)
        try:
            return json.loads(octets)
        except ValueError:
            raise ControlError(f"what answers at {self._path} is not dnsd") from None

    def _exchange(self, method: str, path: str, body: dict[str, Any] | None) -> bytes:
        connection = _Connection(self._path)
        try:
            connection.request(
                method,
                path,
                None if body is None else json.dumps(body),
                {"Host": "localhost", "Content-Type": "application/json"},
            )
            response = connection.getresponse()
            octets = response.read(_MAX_ANSWER_OCTETS)
        except (FileNotFoundError, ConnectionRefusedError):
            raise ControlError(
                f"no dnsd runs here: nothing answers at {self._path}; "
                "dnsd serve starts one, --config FILE asks another"
            ) from None
        except PermissionError:
            raise ControlError(
                f"no permission to ask the dnsd at {self._path}: try as its user, or as root"
            ) from None
        except TimeoutError:
            raise ControlError(
                f"the dnsd at {self._path} does not answer; its log may say why, a restart ends it"
            ) from None
        except (OSError, http.client.HTTPException) as error:
            raise ControlError(f"asking the dnsd at {self._path} failed: {error}") from None
        finally:
            connection.close()
        if response.status >= 300:
            raise ControlError(_reason(octets, response.status), response.status)
        return octets


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_CONNECT_TIMEOUT_S)
        self.sock.connect(str(self._path))
        self.sock.settimeout(_ANSWER_TIMEOUT_S)


def _reason(octets: bytes, status: int) -> str:
    """Return what an error answer says."""
    try:
        return str(json.loads(octets)["error"])
    except (ValueError, TypeError, KeyError):
        return f"the daemon refused with HTTP status {status}"
