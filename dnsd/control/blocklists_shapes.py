"""What the processes that fetch and compile block lists are told and say, as types."""

from __future__ import annotations

from typing import Literal, TypedDict

ListState = Literal["compiled", "kept", "absent"]


class FetchRequest(TypedDict):
    """Fetch a list into a file.

    ``etag`` and ``last_modified`` are of the copy that we have, or empty (RFC 9110
    §13.1). ``path`` is written whole or not at all.
    """

    url: str
    path: str
    etag: str
    last_modified: str
    max_octets: int
    timeout_s: float
    memory_octets: int
    store_octets: int
    time_s: float


class FetchReport(TypedDict):
    """How a fetch ended: ``new``, ``unchanged`` or ``failed``, then ``reason`` says why.

    ``limit`` is the limit that was hit, or empty.
    """

    result: Literal["new", "unchanged", "failed"]
    reason: str
    limit: str
    etag: str
    last_modified: str


class ListSource(TypedDict):
    """One list: the file to take it from, ``""`` when only the last good copy may be used.

    ``form`` is ``hosts``, ``domains`` or ``auto``.
    """

    name: str
    path: str
    form: str


class CompileListsRequest(TypedDict):
    """Compile all lists into a new store in ``directory`` and publish it."""

    directory: str
    lists: list[ListSource]
    max_octets: int
    max_names: int
    memory_octets: int
    store_octets: int
    time_s: float


class ListOutcome(TypedDict):
    """What became of one list.

    ``state``: *compiled* as its file is now, or as it was fetched last; *kept* as it
    was when it was good last, and ``reason`` says why; *absent* there is no good copy. ``limit`` is the limit
    that was hit, or empty.
    """

    name: str
    state: ListState
    names: int
    unreadable: int
    first_unreadable: int
    reason: str
    limit: str


class CompileListsReport(TypedDict):
    """What a run says; ``failure`` says why nothing was published, or is empty."""

    failure: str
    lists: list[ListOutcome]
    names: int


class ListStatus(TypedDict):
    """One list, for ``dnsd status``.

    Times are Unix seconds, 0 for never. ``fetch`` says how the last fetch ended,
    in words; empty for a list that is a file.
    """

    name: str
    place: str
    state: ListState
    names: int
    reason: str
    fetch: str
    fetched_at: int
    compiled_at: int
