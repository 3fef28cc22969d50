"""The JSON that the control interface speaks, as types.

Names of zones are absolute and in RFC 1035 presentation form; times are Unix
seconds; durations are seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from dnsd.control.blocklists_shapes import ListStatus

ZoneStatus = Literal["loaded", "unchanged", "kept", "refused", "removed"]
ReloadResult = Literal["published", "unchanged", "refused", "failed"]
CacheKind = Literal["data", "nodata", "nxdomain", "cut"]


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
    lists them after a diff, ``omitted`` counts those too many to list; ``renewed``:
    only signatures and serial are new.
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
    renewed: bool


class CompileRequest(TypedDict):
    """What the compiler's process is told.

    ``request`` is an `authority.build.report.CompileRequest`. ``may_rebuild``:
    nobody reads the store yet, so a damaged one may be replaced.
    """

    request: dict[str, object]
    store: str
    serials: str
    signing_keys: str
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
    what is. ``renew_at``: when the first signature of a zone is to be renewed;
    ``expires``: when the first one ends; 0 where no zone is signed.
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
    renew_at: int
    expires: int


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


class Signing(TypedDict):
    """How a zone is signed, and when its first signature ends."""

    policy: str
    expires: int
    renew_at: int


class Zone(TypedDict):
    """One zone that is served; ``kept``: in an older version than its file's.

    ``signing``: None for a zone that is not signed.
    """

    origin: str
    file: str
    generated: bool
    serial: int
    records: int
    kept: bool
    problems: list[ProblemShape]
    signing: Signing | None


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


class CacheStatus(TypedDict):
    """How full the resolver's caches are.

    ``in_memory``: how many processes keep what they learn to themselves, because the
    file that all share cannot be used; ``reason`` says why.
    """

    entries: int
    limit_entries: int
    cuts: int
    octets: int
    limit_octets: int
    in_memory: int
    reason: str


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
    block_lists: list[ListStatus]
    cache: CacheStatus | None


class Health(TypedDict):
    """Whether queries are answered."""

    status: Literal["ok", "failing"]
    reasons: list[str]


class CacheRow(TypedDict):
    """What the resolver keeps of one name and type, or one zone cut.

    ``kind``: *data* the records in ``data``; *nodata* no records of the type;
    *nxdomain* no such name, ``type`` is empty; *cut* a zone cut, ``data`` are its
    servers and their addresses. ``omitted`` counts data left out. ``ttl_s`` is what
    is left, below 0 when expired, null for ever; ``age_s`` since it was learned,
    null if that is not kept. ``server`` said it as a server of ``zone``, empty for
    what is configured. ``rank`` and ``security`` are those of
    `resolver.cache.contract`, in lower case.
    """

    name: str
    type: str
    kind: CacheKind
    data: list[str]
    omitted: int
    ttl_s: float | None
    age_s: float | None
    server: str
    rank: str
    security: str
    zone: str


class CacheList(TypedDict):
    """A page of the resolver's caches, in canonical order; ``next`` begins the next one."""

    rows: list[CacheRow]
    next: str


class Flushed(TypedDict):
    """How many entries and zone cuts were removed."""

    records: int
    cuts: int


class TraceStep(TypedDict):
    """One exchange on the way to an answer.

    ``server`` may be empty, ``name`` shortened (RFC 9156). ``result`` and
    ``meaning`` are those of `resolver.commands.Result` and `resolver.scrub.Meaning`
    in lower case; the latter is empty without a reply, and so are all fields behind
    it. ``records`` are of the answer; ``end`` is the last name of its chain; ``cut``,
    ``servers`` are of a referral, each followed by the addresses that came with it.
    ``dropped`` counts RRsets that the server has no authority to say. ``wants_tcp``:
    the reply was cut off, or may be believed over TCP only.
    """

    zone: str
    server: str
    address: str
    transport: str
    name: str
    type: str
    result: str
    seconds: float
    remark: str
    meaning: str
    rcode: str
    records: list[str]
    end: str
    cut: str
    servers: list[str]
    dropped: int
    wants_tcp: bool


class Trace(TypedDict):
    """How an answer was found, from the root down.

    ``omitted`` counts steps too many to list. ``error_code`` is of an extended error
    (RFC 8914), null if there is nothing to explain. ``limits`` are those that were
    hit.
    """

    steps: list[TraceStep]
    omitted: int
    rcode: str
    answer: list[str]
    error_code: int | None
    error_text: str
    limits: list[str]
    packets: int
    seconds: float


class SightingShape(TypedDict):
    """One query for a watched name, as `query.lookout.Sighting`.

    ``name`` has the letter case it came in; ``transport`` is ``udp``, ``tcp``,
    ``dot`` or ``doh``.
    """

    age_s: float
    client: str
    port: int
    id: int
    transport: str
    name: str
    type: str
    udp_size: int
    edns: bool
    dnssec: bool
    cookie: bool


class SightingList(TypedDict):
    """What was seen of watched names, by time; ``omitted`` counts what had no room.

    ``left_s`` is how long they are watched yet, 0 when they are not.
    """

    sightings: list[SightingShape]
    omitted: int
    left_s: float
