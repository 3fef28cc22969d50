"""What there is to ask, by method and path, apart from how it is asked.

    GET  /healthz         200 or 503                         also on the loopback address
    GET  /metrics         Prometheus' text format            also on the loopback address
    GET  /status          `shapes.Status`
    GET  /zones           `shapes.ZoneList`; ?after=NAME&limit=1..1000
    GET  /zones/{name}    `shapes.Zone`
    POST /zones/diff      `shapes.Diff`
    POST /zones/reload    `shapes.Reload`; body {"force": true} or none

A daemon that resolves has those of `routes_resolver` too. What fails is ``{"error": "..."}``. GET changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, unquote

from dnsd.authority.store import StoreError
from dnsd.control.operations import MAX_ZONES_A_PAGE
from dnsd.observe.exposition import CONTENT_TYPE
from dnsd.wire import names
from dnsd.wire.errors import FormError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twisted.internet.defer import Deferred

    from dnsd.control.operations import Operations
    from dnsd.observe.exposition import Exposition

# What answers requests, by path and method.
Table = Mapping[str, Mapping[str, "Callable[[Asked], Answer | Deferred[Answer]]"]]

JSON_TYPE: Final = b"application/json"

# Anybody on this machine may ask for these.
_PUBLIC: Final = frozenset(("/metrics", "/healthz"))


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, bounded and decoded by `http.py`.

    Attributes:
        method: in upper case.
        path: without the query, still percent-encoded.
        query: what follows the question mark.
        body: octets, or empty.
        content_type: of the body, without parameters, in lower case.
    """

    method: str
    path: str
    query: str = ""
    body: bytes = b""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """One response.

    Attributes:
        status: of HTTP.
        octets: the body.
        content_type: of the body.
        headers: further ones.
    """

    status: int
    octets: bytes
    content_type: bytes = JSON_TYPE
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):  # noqa: N818 -- it refuses a request, nothing is wrong here
    """A request that cannot be served.

    Attributes:
        status: of HTTP.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Routes:
    """The routes, over the operations."""

    def __init__(
        self, operations: Operations, exposition: Exposition, further: Table | None = None
    ) -> None:
        """Answer for the operations.

        Args:
            operations: that every daemon has.
            exposition: of the metrics.
            further: routes that this daemon has beside them.
        """
        self._operations = operations
        self._exposition = exposition
        self._routes: Table = {
            **(further or {}),
            "/healthz": {"GET": self._health},
            "/metrics": {"GET": self._metrics},
            "/status": {"GET": lambda _: to_json(operations.status())},
            "/zones": {"GET": self._zones},
            "/zones/diff": {"POST": lambda _: operations.diff().addCallback(to_json)},
            "/zones/reload": {"POST": self._reload},
        }

    def answer(self, asked: Asked, *, public: bool) -> Answer | Deferred[Answer]:
        """Answer one request.

        Args:
            asked: the request.
            public: it did not come over the unix socket.
        """
        try:
            return self._method(asked, public=public)(asked)
        except Refusal as refusal:
            return refused(refusal.status, str(refusal))
        except StoreError as error:
            return refused(503, str(error))

    def _method(
        self, asked: Asked, *, public: bool
    ) -> Callable[[Asked], Answer | Deferred[Answer]]:
        """Find what answers a request.

        Raises:
            Refusal: nothing does.
        """
        methods = self._routes.get(asked.path)
        if methods is None and asked.path.startswith("/zones/"):
            methods = {"GET": self._zone}
        if methods is None or (public and asked.path not in _PUBLIC):
            raise Refusal(404, "no such path")
        if asked.method not in methods:
            raise Refusal(405, f"{asked.path} takes {', '.join(methods)}")
        return methods[asked.method]

    def _health(self, _: Asked) -> Answer:
        health = self._operations.health()
        return to_json(health, 200 if health["status"] == "ok" else 503)

    def _metrics(self, _: Asked) -> Answer:
        return Answer(200, self._exposition.render(), CONTENT_TYPE)

    def _zones(self, asked: Asked) -> Answer:
        query = read_query(asked.query, {"after", "limit"})
        limit = read_limit(query, MAX_ZONES_A_PAGE)
        after = read_name(query["after"]) if "after" in query else None
        return to_json(self._operations.zones(after, limit))

    def _zone(self, asked: Asked) -> Answer:
        name = unquote(asked.path.removeprefix("/zones/"))
        zone = self._operations.zone(read_name(name))
        if zone is None:
            raise Refusal(404, f"no zone {name} is served")
        return to_json(zone)

    def _reload(self, asked: Asked) -> Deferred[Answer]:
        force = read_flag(read_body(asked, ["force"]), "force")
        return self._operations.reload(force=force).addCallback(to_json)


def to_json(value: object, status: int = 200) -> Answer:
    """Make an answer of something that JSON knows."""
    return Answer(status, json.dumps(value).encode("ascii"))


def refused(status: int, reason: str) -> Answer:
    """Make an answer that says why there is no other."""
    return to_json({"error": reason}, status)


def read_query(text: str, known: set[str]) -> dict[str, str]:
    """Read a query of known keys, each once.

    Raises:
        Refusal: anything else.
    """
    try:
        found = parse_qs(text, strict_parsing=bool(text), max_num_fields=len(known))
    except ValueError:
        raise Refusal(400, "the query cannot be read") from None
    if not found.keys() <= known or any(len(values) > 1 for values in found.values()):
        raise Refusal(400, f"the query takes {', '.join(sorted(known))}, each once")
    return {key: values[0] for key, values in found.items()}


def read_limit(query: dict[str, str], most: int) -> int:
    """Read how many rows a page may have; Refusal if it is no number up to the most."""
    limit = query.get("limit", str(most))
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:5]) <= most):
        raise Refusal(400, f"limit is a number from 1 to {most}")
    return int(limit)


def read_name(text: str) -> bytes:
    """Read a name; Refusal if it is none."""
    try:
        return names.from_text(text)
    except FormError as error:
        raise Refusal(400, f"not a name: {error.reason}") from None


def read_body(asked: Asked, keys: Sequence[str]) -> dict[str, Any]:
    """Read a body that holds an object of known keys, or nothing.

    Raises:
        Refusal: anything else.
    """
    if not asked.body:
        return {}
    # A page of another site can send a body of few other types without asking.
    if asked.content_type != "application/json":
        raise Refusal(415, "the body is application/json")
    try:
        found: Any = json.loads(asked.body)
    except (ValueError, RecursionError):
        raise Refusal(400, "the body is no JSON") from None
    if not isinstance(found, dict) or not found.keys() <= set(keys):
        noun = "key" if len(keys) == 1 else "keys"
        raise Refusal(400, f"the body is an object with the {noun} {', '.join(keys)}")
    return found


def read_flag(found: dict[str, Any], key: str) -> bool:
    """Read one flag of a body; Refusal if it is none."""
    value = found.get(key, False)
    if not isinstance(value, bool):
        raise Refusal(400, f"{key} is true or false")
    return value
