"""What there is to ask a daemon that resolves, by method and path.

    GET  /cache           `shapes.CacheList`; ?after=TEXT&limit=1..1000 and selectors
    POST /cache/flush     `shapes.Flushed`; body: selectors, or {"all": true}
    POST /resolver/trace  `shapes.Trace`; body {"name": NAME, "type": TYPE}
    POST /resolver/chain  `chain_shapes.TrustChain`; body the same

Selectors are ``name``, ``tree``, ``type``, ``server``, ``negative`` and ``bogus``; all
that are given must hold, and the last two are true or left out.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from dnsd.control.operations_cache import MAX_ROWS_A_PAGE
from dnsd.control.routes import (
    Answer,
    Asked,
    Refusal,
    Table,
    read_body,
    read_flag,
    read_limit,
    read_name,
    read_query,
    to_json,
)
from dnsd.resolver.cache.contract import Selector
from dnsd.wire import rdata
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType, rrtype_from_text

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from dnsd.control.operations_cache import CacheOperations
    from dnsd.control.operations_trace import TraceOperations

_TEXTS: Final = ("name", "tree", "type", "server")
_FLAGS: Final = ("negative", "bogus")
_SELECTORS: Final = (*_TEXTS, *_FLAGS)


def cache_routes(cache: CacheOperations, *, is_seen: bool = True) -> Table:
    """Make the routes over the caches of a resolver.

    Args:
        cache: the caches.
        is_seen: they can be shown; otherwise they can be flushed only.
    """
    routes = _CacheRoutes(cache, is_seen=is_seen)
    return {"/cache": {"GET": routes.show}, "/cache/flush": {"POST": routes.flush}}


def trace_routes(operations: TraceOperations) -> Table:
    """Make the routes that run traces, and tell by whom answers are vouched for."""

    def question(asked: Asked) -> tuple[bytes, int]:
        found = read_body(asked, ["name", "type"])
        name = read_name(_text(found, "name"))
        rrtype = _type(_text(found, "type"))
        if rdata.is_meta(rrtype) and rrtype != RRType.ANY:
            raise Refusal(400, "type is a type of data, or ANY")
        return name, rrtype

    def trace(asked: Asked) -> Deferred[Answer]:
        return operations.trace(*question(asked)).addCallback(to_json)

    def chain(asked: Asked) -> Deferred[Answer]:
        return operations.chain(*question(asked)).addCallback(to_json)

    return {"/resolver/trace": {"POST": trace}, "/resolver/chain": {"POST": chain}}


class _CacheRoutes:
    def __init__(self, cache: CacheOperations, *, is_seen: bool) -> None:
        self._cache = cache
        self._is_seen = is_seen

    def show(self, asked: Asked) -> Deferred[Answer]:
        if not self._is_seen:
            why = "each worker keeps its cache in its own memory; `dnsd status` says why"
            raise Refusal(409, why)
        query = read_query(asked.query, {"after", "limit", *_SELECTORS})
        limit = read_limit(query, MAX_ROWS_A_PAGE)
        flags = {}
        for key in _FLAGS:
            if query.get(key, "true") != "true":
                raise Refusal(400, f"{key} is true or left out")
            flags[key] = key in query
        selector = _selector({**query, **flags})
        try:
            return self._cache.show(selector, query.get("after", ""), limit).addCallback(to_json)
        except ValueError:
            raise Refusal(400, "after is what the page before says in next") from None

    def flush(self, asked: Asked) -> Deferred[Answer]:
        found = read_body(asked, [*_SELECTORS, "all"])
        everything = read_flag(found, "all")
        flags = {key: read_flag(found, key) for key in _FLAGS}
        selector = _selector({**found, **flags})
        if everything != (selector == Selector()):
            raise Refusal(400, 'either selectors, or "all": true, say what to flush')
        return self._cache.flush(selector).addCallback(to_json)


def _selector(found: dict[str, Any]) -> Selector:
    """Read selectors; Refusal if a value is not what it should be."""
    texts = {key: _text(found, key) for key in _TEXTS if key in found}
    return Selector(
        name=read_name(texts["name"]) if "name" in texts else None,
        tree=read_name(texts["tree"]) if "tree" in texts else None,
        type=_type(texts["type"]) if "type" in texts else None,
        server=_address(texts["server"]) if "server" in texts else None,
        negative=found["negative"],
        bogus=found["bogus"],
    )


def _text(found: dict[str, Any], key: str) -> str:
    value = found.get(key)
    if not isinstance(value, str):
        raise Refusal(400, f"{key} is missing or no text")
    return value


def _type(text: str) -> int:
    try:
        return rrtype_from_text(text)
    except FormError as error:
        raise Refusal(400, f"type: {error.reason}") from None


def _address(text: str) -> bytes:
    try:
        return ip_address(text).packed
    except ValueError:
        raise Refusal(400, f"server: {text[:64]!r} is not an address") from None
