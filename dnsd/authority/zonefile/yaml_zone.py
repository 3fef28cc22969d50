r"""Zone files in YAML: octoDNS files as they are, and the wrapped form.

The **bare** form is octoDNS's: names with their records, nothing else. The
**wrapped** form has the records under ``records:`` and settings beside them
(:mod:`.settings`). A file is wrapped when it has a top-level ``records:`` among
its first 32 keys and that is not a record set, so a bare file may have a host
called ``records``.

The origin is the file's name without ``.yaml``: ``example.com.yaml``. It may be
international, escaped (``0\0474.2.0.192.in-addr.arpa.yaml`` has a slash), or
in mixed case; ``..yaml`` is the root. ``zone:`` in the wrapped form overrides
it. octoDNS's split form is a directory ``example.com./`` whose ``*.yaml`` files
are read one after the other, whatever their names; hidden ones are not.

A file of 10⁶ records is read entry by entry and needs some 0.4 GiB, most of it
for the records. The caller switches the garbage collector off.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from dnsd.authority.zonefile import settings
from dnsd.authority.zonefile.draft import DEFAULT_TTL, SoaSettings, ZoneDraft
from dnsd.authority.zonefile.file_names import SUFFIX, split_files
from dnsd.authority.zonefile.owners import Owners
from dnsd.authority.zonefile.record_sets import Claims, RecordSets
from dnsd.authority.zonefile.values import Reading
from dnsd.source.entry_stream import EntryStream
from dnsd.source.nodes import Broken, Mapping, Policy, Scalar, Sequence, where, zone_policy
from dnsd.source.problems import Problem, Report, Severity, Where, errors, quoted
from dnsd.wire import names
from dnsd.wire.errors import FormError

if TYPE_CHECKING:
    from pathlib import Path

    from dnsd.source.entry_stream import Entries
    from dnsd.source.nodes import Node

_WRAPPED_KEYS_LOOKED_AT = 32
_RECORD_SET_KEYS = 7  # a record set has at most so many keys, a zone may have more
_DUPLICATE_HINT = "several types at one name are a list: [{type: A, ...}, {type: MX, ...}]"


def origin_of(path: Path) -> bytes:
    """Read the origin from the name of a zone file or split directory.

    Raises:
        FormError: the name is not that of a zone.
    """
    text = path.name.removesuffix(SUFFIX)
    return settings.origin_from_text(text)


def read_zone(path: Path, zone_directory: Path) -> ZoneDraft:
    """Read a zone file, or a split directory of them.

    Args:
        path: the file or directory.
        zone_directory: what ``!include`` may read.

    Returns:
        The draft. Everything wrong is in its ``problems``; nothing is raised.
    """
    policy = zone_policy(zone_directory)
    known = _Known(None, DEFAULT_TTL)
    try:
        known = _Known(origin_of(path), DEFAULT_TTL)
        misnamed = None
    except FormError as error:
        misnamed = _misnamed(path, error)
    if path.is_dir():
        draft = _read_split(path, policy, known)
    else:
        draft, known = _read_single(path, policy, known)
    if misnamed is not None and (path.is_dir() or known.origin is None):
        draft.problems.append(misnamed)
        draft.is_named = False
    draft.problems = [
        problem
        for problem in draft.problems
        if problem.severity is Severity.ERROR or problem.id not in draft.silenced
    ]
    return draft


def read_octets(octets: bytes, path: Path, origin: bytes) -> ZoneDraft:
    """Read what a zone file would hold, with nothing included.

    Args:
        octets: instead of what it holds.
        path: of the file, for its places.
        origin: of the zone unless ``zone:`` says else.
    """
    policy = zone_policy(path.parent)
    draft, _ = _read_text(octets, path, policy, _Known(origin, DEFAULT_TTL))
    draft.problems = [one for one in draft.problems if one.id not in draft.silenced]
    return draft


class _Known(NamedTuple):
    """What must be known before the first record can be read."""

    origin: bytes | None
    ttl: int


class _Seen(NamedTuple):
    """What was known when the records came, and at the end of the file."""

    at_records: _Known
    after: _Known


def _misnamed(path: Path, error: FormError) -> Problem:
    return Problem(
        Where(str(path)),
        "zone-file-name",
        f"{quoted(path.name)} is not named after a zone: {error.reason}",
        "example.com.yaml, or zone: in the file",
    )


def _new_draft(path: Path, origin: bytes | None) -> ZoneDraft:
    file = str(path)
    return ZoneDraft(origin or names.ROOT, SoaSettings(Where(file)), files=(file,))


def _octets(path: Path, limit: int, draft: ZoneDraft) -> bytes | None:
    """Read a file up to a limit; ``None`` when it was reported."""
    try:
        if path.exists() and not path.is_file():  # opening a FIFO would wait for ever
            message = "the file cannot be read: it is not a plain file"
            draft.problems.append(Problem(Where(str(path)), "zone-file-unreadable", message))
            return None
        with path.open("rb") as file:
            octets = file.read(limit + 1)
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        draft.problems.append(Problem(Where(str(path)), "zone-file-unreadable", message))
        return None
    if len(octets) > limit:
        message = f"more than {limit} octets in one zone"
        draft.problems.append(Problem(Where(str(path)), "yaml-size", message))
        return None
    return octets


def _read_single(path: Path, policy: Policy, known: _Known) -> tuple[ZoneDraft, _Known]:
    """Read one file."""
    draft = _new_draft(path, known.origin)
    octets = _octets(path, policy.limits.octets, draft)
    if octets is None:
        return draft, known
    return _read_text(octets, path, policy, known)


def _read_text(
    octets: bytes, path: Path, policy: Policy, known: _Known
) -> tuple[ZoneDraft, _Known]:
    """Read what a file holds; once more if a setting behind the records changes them."""
    file = str(path)
    wrapped = _is_wrapped(octets, file, policy)
    for _ in range(2):
        seen = _Seen(known, known)
        draft = _new_draft(path, known.origin)
        with EntryStream(octets, file, policy, draft.problems) as stream:
            if not wrapped:
                _read_names(stream.mapping(duplicate_hint=_DUPLICATE_HINT), draft, known, stream)
            else:
                seen = _read_wrapped(stream, draft, known)
        draft.files = tuple(stream.files) or draft.files
        known = seen.after
        if seen.at_records == seen.after:
            break
    return draft, known


def _read_split(path: Path, policy: Policy, known: _Known) -> ZoneDraft:
    """Read every ``*.yaml`` of a directory into one draft."""
    draft = _new_draft(path, known.origin)
    limits = policy.limits
    left = limits.octets
    claims: Claims = {}
    files: list[str] = []
    try:
        children = split_files(path)
    except OSError as error:
        message = f"the directory cannot be read: {error.strerror}"
        draft.problems.append(Problem(Where(str(path)), "zone-file-unreadable", message))
        return draft
    if not children:
        message = f"the directory has no file that ends with {SUFFIX}"
        draft.problems.append(Problem(Where(str(path)), "zone-file-missing", message))
    for child in children:
        octets = _octets(child, left, draft)
        if octets is None or len(errors(draft.problems)) > limits.problems:
            continue
        left -= len(octets)
        with EntryStream(octets, str(child), policy, draft.problems) as stream:
            entries = stream.mapping(duplicate_hint=_DUPLICATE_HINT)
            _read_names(entries, draft, known, stream, claims)
        files += [file for file in stream.files if file not in files]
    draft.files = (str(path), *files)
    return draft


def _read_names(
    entries: Entries,
    draft: ZoneDraft,
    known: _Known,
    stream: EntryStream,
    claims: Claims | None = None,
) -> None:
    """Read names with their records."""
    origin = known.origin or names.ROOT
    owners = Owners(origin, stream.report)
    reading = Reading(stream.report, names.to_text(origin))
    record_sets = RecordSets(draft, known.ttl, reading, claims)
    for key, node in entries:
        owner = owners.owner(key)
        if owner is None or node is None:
            continue
        if owners.has_variants:
            record_sets.expect_repeated_owners()
        record_sets.read(owner, node)


def _is_wrapped(octets: bytes, file: str, policy: Policy) -> bool:
    """Look for the top-level ``records:`` of the wrapped form."""
    if settings.RECORDS.encode() not in octets:
        return False
    with EntryStream(octets, file, policy, []) as stream:
        entries = stream.mapping(apart=settings.RECORDS)
        for key, node in islice(entries, _WRAPPED_KEYS_LOOKED_AT):
            if key.value != settings.RECORDS:
                continue
            if node is not None:
                return not isinstance(node, Sequence)
            if stream.is_list():
                return False
            inner = list(islice(stream.mapping(), _RECORD_SET_KEYS + 1))
            return not (
                len(inner) <= _RECORD_SET_KEYS
                and any(key.value == "type" and isinstance(node, Scalar) for key, node in inner)
            )
    return False


def _read_wrapped(stream: EntryStream, draft: ZoneDraft, known: _Known) -> _Seen:
    """Read settings and records."""
    report = stream.report
    at_records = None
    for key, node in stream.mapping(apart=settings.RECORDS):
        if key.value == settings.RECORDS:
            at_records = known
            _read_names(_records_of(node, stream), draft, known, stream)
        elif node is not None:
            known = _read_setting(key, node, draft, known, report)
    return _Seen(at_records or known, known)


def _records_of(node: Node | None, stream: EntryStream) -> Entries:
    """Yield the names under ``records:``, which is read already if it was merged."""
    if node is None:
        yield from stream.mapping(duplicate_hint=_DUPLICATE_HINT)
    elif isinstance(node, Mapping):
        yield from node.fields.values()
    elif not isinstance(node, Broken):
        expected = "names with their records"
        stream.report(Problem(where(node), "yaml-kind", "records is not a mapping", expected))


def _read_setting(
    key: Scalar, node: Node, draft: ZoneDraft, known: _Known, report: Report
) -> _Known:
    match key.value:
        case "zone":
            origin = settings.read_origin(node, report)
            if origin is not None:
                draft.origin = origin
                return known._replace(origin=origin)
        case "ttl":
            ttl = settings.read_ttl(node, report)
            if ttl is not None:
                return known._replace(ttl=ttl)
        case "soa":
            draft.soa = settings.read_soa(node, report)
        case "reverse":
            draft.reverse = settings.read_reverse(node, report)
        case "dnssec":
            draft.dnssec = settings.read_dnssec(node, report)
        case "silence":
            draft.silenced = settings.read_silence(node, report)
        case _:
            settings.report_unknown_key(key, report)
    return known
