"""What the daemon can be asked and told about its resolver's caches.

A listing goes over everything that is kept, some hundred entries a turn, so that
queries are answered meanwhile; it holds one page of rows and nothing else. What
changes while it is under way may be in it or not.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from twisted.internet.defer import Deferred

from dnsd.resolver.cache.contract import NXDOMAIN_TYPE, Entry, Kind, Selector
from dnsd.resolver.cache.selectors import selects_delegation, selects_entry
from dnsd.resolver.delegation import Delegation
from dnsd.wire import names, rdata
from dnsd.wire.iana import RRType, rrtype_to_text

if TYPE_CHECKING:
    from dnsd.control.shapes import CacheKind, CacheList, CacheRow, Flushed
    from dnsd.net.clock import Clock
    from dnsd.resolver.cache.contract import DelegationCache, RecordCache

MAX_ROWS_A_PAGE: Final = 1000
MAX_PAGE_CHARACTERS: Final = 4 << 20
_MAX_DATA_A_ROW: Final = 26  # addresses of a zone cut; no RRset that is asked often has more
_ENTRIES_A_TURN: Final = 500  # about 2 ms
_LATER_S: Final = 0.05
_END: Final = (-1, -1)

# Of a zone cut, where entries have their type; it comes first among those of a name.
_CUT: Final = -1
_KINDS: Final[dict[Kind, CacheKind]] = {
    Kind.POSITIVE: "data",
    Kind.NODATA: "nodata",
    Kind.NXDOMAIN: "nxdomain",
}

# Where a row stands: its name in canonical order, then its type.
Place = tuple[bytes, int]
Kept = Entry | Delegation
# None: nothing yet, and worth another look a little later.
Flushing = Callable[[Selector], Iterator[tuple[int, int] | None]]


class Caches(Protocol):
    """What a resolver learned; either may be replaced by another while it runs."""

    @property
    def records(self) -> RecordCache:
        """Answers."""
        ...

    @property
    def delegations(self) -> DelegationCache:
        """Zone cuts."""
        ...


@dataclass(slots=True)
class _Page:
    """The first rows behind a place, of all that has been seen."""

    after: Place
    limit: int
    rows: list[tuple[Place, Kept]] = field(default_factory=list)
    is_full: bool = False

    def take(self, place: Place, kept: Kept) -> None:
        if place <= self.after:
            return
        if len(self.rows) == self.limit:
            self.is_full = True
            if place > self.rows[-1][0]:
                return
            self.rows.pop()
        insort(self.rows, (place, kept), key=lambda row: row[0])


class CacheOperations:
    """The operations, over the caches of one resolver."""

    def __init__(
        self,
        caches: Caches,
        forget: Callable[[], None],
        clock: Clock,
        flushing: Flushing | None = None,
    ) -> None:
        """Work with what wiring has built.

        Args:
            caches: of this process.
            forget: makes every process drop what it made of them.
            clock: its monotonic time is that of the entries.
            flushing: removes what is selected, some at each step, and tells how many
                entries and zone cuts that were; None asks the caches themselves.
        """
        self._caches = caches
        self._forget = forget
        self._clock = clock
        self._flushing = flushing or self._flush_at_once

    def show(self, selector: Selector, after: str, limit: int) -> Deferred[CacheList]:
        """List a page of what is kept, in canonical order of names.

        Args:
            selector: what to list.
            after: ``next`` of the page before, or empty.
            limit: rows at most, 1..1000.

        Raises:
            ValueError: ``after`` is no such text.
        """
        page = _Page(_from_cursor(after), limit)
        done: Deferred[CacheList] = Deferred()
        self._go_on(self._selected(selector), page, done)
        return done

    def flush(self, selector: Selector) -> Deferred[Flushed]:
        """Remove what is selected from the caches, and what was made of it."""
        done: Deferred[Flushed] = Deferred()
        # Before it, so that nobody writes what he learned before; after it, so that
        # nobody keeps what he read meanwhile.
        self._forget()
        self._flush_on(self._flushing(selector), {"records": 0, "cuts": 0}, done)
        return done

    def _flush_at_once(self, selector: Selector) -> Iterator[tuple[int, int]]:
        yield self._caches.records.flush(selector), self._caches.delegations.flush(selector)

    def _flush_on(
        self, steps: Iterator[tuple[int, int] | None], flushed: Flushed, done: Deferred[Flushed]
    ) -> None:
        """Take one step a turn."""
        step = next(steps, _END)
        if step is _END:
            self._forget()
            done.callback(flushed)
            return
        records, cuts = step or (0, 0)
        flushed = {"records": flushed["records"] + records, "cuts": flushed["cuts"] + cuts}
        delay_s = 0 if step else _LATER_S
        self._clock.call_later(delay_s, lambda: self._flush_on(steps, flushed, done))

    def _selected(self, selector: Selector) -> Iterator[tuple[Place, Kept] | None]:
        """Go over everything; ``None`` for what is not selected, so that it is counted."""
        for delegation in self._caches.delegations.delegations():
            chosen = selects_delegation(selector, delegation)
            yield ((names.order_key(delegation.zone), _CUT), delegation) if chosen else None
        for entry in self._caches.records.entries():
            chosen = selects_entry(selector, entry)
            yield ((names.order_key(entry.name), entry.type), entry) if chosen else None

    def _go_on(
        self,
        selected: Iterator[tuple[Place, Kept] | None],
        page: _Page,
        done: Deferred[CacheList],
    ) -> None:
        seen = 0
        for found in islice(selected, _ENTRIES_A_TURN):
            seen += 1
            if found is not None:
                page.take(*found)
        if seen < _ENTRIES_A_TURN:
            done.callback(_render(page, self._clock.now()))
        else:
            self._clock.call_later(0, lambda: self._go_on(selected, page, done))


def _render(page: _Page, now: float) -> CacheList:
    rows: list[CacheRow] = []
    characters = 0
    for place, kept in page.rows:
        row = _entry_row(kept, now) if isinstance(kept, Entry) else _cut_row(kept, now)
        rows.append(row)
        characters += sum(map(len, row["data"]))
        is_last = place == page.rows[-1][0]
        if (is_last and page.is_full) or (characters > MAX_PAGE_CHARACTERS and not is_last):
            return {"rows": rows, "next": _to_cursor(place)}
    return {"rows": rows, "next": ""}


def _entry_row(entry: Entry, now: float) -> CacheRow:
    rrset = entry.rrset if entry.kind is Kind.POSITIVE else None
    octets = rrset.rdatas if rrset else ()
    return {
        "name": names.to_text(entry.name),
        "type": "" if entry.type == NXDOMAIN_TYPE else rrtype_to_text(entry.type),
        "kind": _KINDS[entry.kind],
        "data": [rdata.to_text(entry.type, each) for each in octets[:_MAX_DATA_A_ROW]],
        "omitted": max(0, len(octets) - _MAX_DATA_A_ROW),
        "ttl_s": round(entry.expiry - now, 1),
        "age_s": round(now - entry.stored, 1),
        "server": _address(entry.server),
        "rank": entry.rank.name.lower(),
        "security": entry.security.name.lower(),
        "zone": names.to_text(entry.zone),
    }


def _cut_row(cut: Delegation, now: float) -> CacheRow:
    servers = []
    for name in cut.servers:
        addresses = " ".join(map(_address, cut.addresses.get(name, ())))
        servers.append(f"{names.to_text(name)} {addresses}".rstrip())
    return {
        "name": names.to_text(cut.zone),
        "type": rrtype_to_text(RRType.NS),
        "kind": "cut",
        "data": servers[:_MAX_DATA_A_ROW],
        "omitted": max(0, len(servers) - _MAX_DATA_A_ROW),
        "ttl_s": round(cut.expiry - now, 1) if cut.expiry != float("inf") else None,
        "age_s": None,
        "server": _address(cut.source),
        "rank": "",
        "security": "",
        "zone": names.to_text(names.parent(cut.zone)) if cut.zone != names.ROOT else ".",
    }


def _address(octets: bytes) -> str:
    return str(ip_address(octets)) if octets else ""


def _to_cursor(place: Place) -> str:
    return f"{place[1]}.{place[0].hex()}"


def _from_cursor(text: str) -> Place:
    """Read where a page ended.

    Raises:
        ValueError: it is no such text.
    """
    if not text:
        return b"", _CUT - 1
    number, _, key = text.partition(".")
    return bytes.fromhex(key), int(number[:8])
