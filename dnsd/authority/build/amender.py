"""Small changes of big zones: what changed is read, signed and written in place.

A run tries this before it reads a file whole. Whatever is not plain, an error in
what changed above all, goes the long way, which also is the one that says what is
wrong; so there is one judgement of each zone.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.authority.build import difference, kept_text, soa, text_change
from dnsd.authority.build.amendment import amend
from dnsd.authority.build.node_changes import FarReachingError, NodeChanges
from dnsd.authority.build.part_of_zone import PartOfZone, check_part, has_its_servers
from dnsd.authority.build.report import Status
from dnsd.authority.build.signer import unsigned_rrsets
from dnsd.authority.build.sorted_zone import SIGNING_TYPES, SortedZone, rrsets
from dnsd.authority.node import Node
from dnsd.authority.zonefile.yaml_zone import read_octets
from dnsd.source.problems import errors
from dnsd.wire import names
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.authority.build.candidate import Candidate, Served
    from dnsd.authority.build.report import CompileRequest
    from dnsd.authority.build.signer import Signer
    from dnsd.authority.build.sources import ZoneSource
    from dnsd.authority.build.zone_signing import ZoneSigning
    from dnsd.authority.store import ZoneStore, ZoneVersion
    from dnsd.authority.zonefile.draft import Record, ZoneDraft
    from dnsd.source.problems import Problem

# More is built anew.
_MOST_NAMES: Final = 500
# At the apex these are the server's own.
_MADE: Final = frozenset((RRType.SOA, RRType.DNSKEY, RRType.CDS, RRType.CDNSKEY))

_RRsets = dict[bytes, list[RRset]]


class _FarChangeError(Exception):
    """The file has to be read whole."""


class _Change(NamedTuple):
    """What changed in the text of a zone.

    Attributes:
        after: as the part around the change is read now.
        gone: records of that part, before.
        come: records of that part, now.
        rrsets_before: the same by owner.
        rrsets_after: likewise.
        kept: the whole text that is to be kept.
    """

    after: ZoneDraft
    gone: list[Record]
    come: list[Record]
    rrsets_before: _RRsets
    rrsets_after: _RRsets
    kept: kept_text.KeptText


class Amender:
    """Takes small changes to amendments of what is served."""

    def __init__(
        self,
        request: CompileRequest,
        store: ZoneStore,
        signing: ZoneSigning,
        next_serial: Callable[[Candidate, bytes], int],
    ) -> None:
        """Amend versions of a store; ``next_serial`` gives one for other content."""
        self._request = request
        self._store = store
        self._signing = signing
        self._next_serial = next_serial

    def amend(self, candidate: Candidate, served: Served, source: ZoneSource) -> bool:
        """Amend a zone whose file changed, if the change is a plain one.

        Args:
            candidate: takes status, notes, problems, changes and amendment.
            served: what is served of it.
            source: its file.

        Returns:
            Whether that was possible; else the candidate is as it was.

        Raises:
            StoreError: the store cannot be read.
        """
        noted = served.notes.signature
        if noted.keys() != {source.name} or served.row.generated:
            return False
        kept = kept_text.load(self._store.path, candidate.origin, noted[source.name])
        if kept is None:
            return False
        try:
            change = _read(candidate.origin, source, kept)
            with self._store.snapshot() as snapshot:
                version = snapshot.version(served.row, candidate.origin)
                self._take(candidate, served, version, change)
        except (_FarChangeError, FarReachingError):
            return False
        candidate.text = change.kept
        assert candidate.notes is not None
        candidate.notes.signature = {source.name: kept_text.digest_of(change.kept.text)}
        return True

    def _take(
        self, candidate: Candidate, served: Served, version: ZoneVersion, change: _Change
    ) -> None:
        changed = _changed(version, change)
        notes = replace(served.notes, records=served.notes.records)
        digest = soa.changed_digest(bytes.fromhex(notes.digest), change.gone, change.come)
        notes.digest = digest.hex()
        notes.records += len(change.come) - len(change.gone)
        if not changed:
            candidate.notes, candidate.problems = notes, list(change.after.problems)
            return
        signer = self._signer(candidate.origin, served, change.after)
        notes.serial = self._next_serial(candidate, digest)
        changed[version.origin] = _apex(version, changed, notes.serial)
        changes = NodeChanges(version, changed)
        problems = self._check(change, changes)
        amendment = amend(changes, signer)
        names_now = sorted(amendment.nodes, key=names.order_key)
        found = difference.compare(
            [(name, octets) for name in names_now if (octets := version.get(name)) is not None],
            [(name, octets) for name in names_now if (octets := amendment.nodes[name]) is not None],
            with_lines=False,
        )
        share, total = self._request.max_deletion_share, served.notes.records
        if not (self._request.force or difference.may_delete(found.deleted, total, share)):
            raise _FarChangeError
        if signer is not None:
            notes = self._signing.noted_after(notes, signer)
        candidate.notes, candidate.problems, candidate.changes = notes, problems, found
        candidate.amendment = list(amendment.items(served.row.version, version.origin))
        candidate.status = Status.LOADED

    def _signer(self, origin: bytes, served: Served, draft: ZoneDraft) -> Signer | None:
        policy = draft.dnssec.policy if draft.dnssec else ""
        if any(self._signing.check(draft, served.notes)):
            raise _FarChangeError
        if not policy and served.notes.signing is None:
            return None
        signer = self._signing.signer_as_before(origin, policy, served.notes)
        if signer is None:
            raise _FarChangeError
        return signer

    def _check(self, change: _Change, changes: NodeChanges) -> list[Problem]:
        records = [record for record in change.come if record.owner in changes.changed]
        part = PartOfZone(changes.origin, records, changes)
        problems = check_part(change.after, part)
        if errors(problems) or not has_its_servers(changes):
            raise _FarChangeError
        return problems


def _read(origin: bytes, source: ZoneSource, kept: kept_text.KeptText) -> _Change:
    try:
        text = source.path.read_bytes()
    except OSError:
        raise _FarChangeError from None
    excerpts = text_change.compare(kept.text, text, kept.layout)
    if excerpts is None:
        raise _FarChangeError
    drafts = [read_octets(octets, source.path, origin) for octets in excerpts]
    zones = []
    for octets, draft in zip(excerpts, drafts, strict=True):
        owners = {record.owner for record in draft.records}
        is_plain = len(owners) == text_change.count_names(octets, kept.layout)
        if errors(draft.problems) or draft.origin != origin or not is_plain:
            raise _FarChangeError
        zone = SortedZone(origin, draft.records)
        if any(one.type in _MADE | SIGNING_TYPES for one in draft.records) or zone.outside:
            raise _FarChangeError
        zones.append(zone)
    if _name_servers(drafts[0]) != _name_servers(drafts[1]):  # the SOA names the first
        raise _FarChangeError
    return _Change(
        drafts[1],
        zones[0].records,
        zones[1].records,
        _by_owner(zones[0]),
        _by_owner(zones[1]),
        kept_text.KeptText(text, kept.layout),
    )


def _name_servers(draft: ZoneDraft) -> list[bytes]:
    return [
        record.rdata
        for record in draft.records
        if record.type == RRType.NS and record.owner == draft.origin
    ]


def _by_owner(zone: SortedZone) -> _RRsets:
    return {
        owner: [
            RRset(
                owner, each[0].type, min(one.ttl for one in each), tuple(one.rdata for one in each)
            )
            for each in rrsets(records)
        ]
        for owner, records in zone.owners()
    }


def _changed(version: ZoneVersion, change: _Change) -> _RRsets:
    """Return what is to be of each changed name, if before it was as the text says."""
    before, after = change.rrsets_before, change.rrsets_after
    for owner in before.keys() | after.keys():
        octets = version.get(owner)
        held = unsigned_rrsets(owner, Node(octets)) if octets is not None else []
        if [rrset for rrset in held if rrset.type not in _MADE] != before.get(owner, []):
            raise _FarChangeError
    changed = {
        owner: after.get(owner, [])
        for owner in before.keys() | after.keys()
        if before.get(owner) != after.get(owner)
    }
    if len(changed) > _MOST_NAMES:
        raise _FarChangeError
    return changed


def _apex(version: ZoneVersion, changed: _RRsets, serial: int) -> list[RRset]:
    """Return the RRsets of the apex with another serial."""
    origin = version.origin
    octets = version.get(origin)
    assert octets is not None
    found = unsigned_rrsets(origin, Node(octets))
    if origin in changed:
        found = [rrset for rrset in found if rrset.type in _MADE] + changed[origin]
    for rrset in found:
        if rrset.type == RRType.SOA:
            rrset.rdatas = (soa.with_serial(rrset.rdatas[0], serial),)
    return found
