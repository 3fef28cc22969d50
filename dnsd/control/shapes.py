"""The JSON that the control interface speaks, as types.

Names of zones are absolute and in RFC 1035 presentation form; times are Unix
seconds; durations are seconds.
"""

from __future__ import annotations

from typing import Literal, TypedDict

ZoneStatus = Literal["loaded", "unchanged", "kept", "refused", "removed"]
ReloadResult = Literal["published", "unchanged", "refused", "failed"]


class ProblemShape(TypedDict):
    """One thing wrong in a zone file (`source.problems.Problem`)."""

    file: str
    line: int
    column: int
    id: str
    message: str
    expected: str
    hint: str
    severity: str


class ZoneChange(TypedDict):
    """What a run of the compiler did, or would do, with one zone.

    As `authority.build.report.ZoneReport`: ``serial`` and ``records`` are of what
    is served afterwards; ``added`` and ``removed`` count records; ``changes``
    lists them after a diff, ``omitted`` counts those too many to list.
    """

    origin: str
    file: str
    status: ZoneStatus
    serial: int | None
    records: int
    slot: int
    generated: bool
    problems: list[ProblemShape]
    added: int
    removed: int
    changes: list[str]
    omitted: int


class CompileRequest(TypedDict):
    """What the compiler's process is told.

    ``request`` is an `authority.build.report.CompileRequest`. ``may_rebuild``:
    nobody reads the store yet, so a damaged one may be replaced.
    """

    request: dict[str, object]
    store: str
    serials: str
    store_octets: int
    memory_octets: int
    time_s: float
    wall_now: int
    may_rebuild: bool


class CompileReport(TypedDict):
    """What the compiler's process says.

    ``failure`` says why the run came to no end, or is empty. ``zones`` leaves out
    unchanged ones that have no problems, and as many as ``omitted`` says.
    ``published``: something new is served; ``slots`` are the generation slots of
    all zones that changed. ``origins_changed``: other zones than before are
    served. ``rebuilt``: the store was damaged and made anew. ``kept`` and
    ``refused`` count zones whose file is not what is served; the totals are of
    what is.
    """

    failure: str
    zones: list[ZoneChange]
    omitted: int
    problems: list[ProblemShape]
    published: bool
    slots: list[int]
    origins_changed: bool
    rebuilt: bool
    kept: int
    refused: int
    served: int
    generated: int
    records: int


class Reload(TypedDict):
    """One run of the compiler.

    ``zones`` leaves out unchanged ones that have no problems, and as many as
    ``omitted`` says. ``problems`` are those of the run itself. ``result``:
    *published* something changed and is served; *unchanged* nothing had;
    *refused* at least one zone was, others may have been published; *failed* the
    compiler did not come to an end and nothing changed.
    """

    result: ReloadResult
    cause: str
    at: int
    duration_s: float
    reason: str
    zones: list[ZoneChange]
    omitted: int
    problems: list[ProblemShape]


class Diff(TypedDict):
    """What a reload would change; ``reason`` says why that is not known."""

    reason: str
    zones: list[ZoneChange]
    omitted: int
    problems: list[ProblemShape]


class Zone(TypedDict):
    """One zone that is served; ``kept``: in an older version than its file's."""

    origin: str
    file: str
    generated: bool
    serial: int
    records: int
    kept: bool
    problems: list[ProblemShape]


class ZoneList(TypedDict):
    """A page of the zones served, in order of their octets; ``next`` begins the next one."""

    zones: list[Zone]
    next: str


class ProcessShape(TypedDict):
    """One process of the daemon; ``silent_s`` since its last heartbeat.

    ``pid`` is 0 while the process has crashed and the next one has not started.
    """

    role: str
    pid: int
    ready: bool
    started_at: int
    silent_s: float


class ZoneTotals(TypedDict):
    """All zones in figures; ``kept`` and ``refused`` name those with a bad file."""

    served: int
    generated: int
    records: int
    kept: list[ZoneChange]
    refused: list[ZoneChange]


class Status(TypedDict):
    """How the daemon is."""

    version: str
    python: str
    listen: list[str]
    notices: list[str]
    processes: list[ProcessShape]
    zones: ZoneTotals
    reload: Reload | None
    reloading: bool


class Health(TypedDict):
    """Whether queries are answered."""

    status: Literal["ok", "failing"]
    reasons: list[str]
