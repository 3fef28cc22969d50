"""From drafts to versions: checks, serial, comparison, and building or amending.

A version that is built is one that nobody sees yet. A small change is an amendment
of the version that is served (``amender``), and so are newer signatures of it
(``resigning``); both are published with the rows of the run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dnsd.authority.build import (
    difference,
    kept_text,
    resigning,
    reverse,
    run_problems,
    signer,
    soa,
)
from dnsd.authority.build.amender import Amender
from dnsd.authority.build.checks import check_zone
from dnsd.authority.build.findings import Findings
from dnsd.authority.build.nodes import nodes
from dnsd.authority.build.presigned import Presigned
from dnsd.authority.build.report import Status
from dnsd.authority.build.row_notes import RowNotes
from dnsd.authority.build.sorted_zone import SortedZone
from dnsd.authority.build.zone_signing import ZoneSigning
from dnsd.authority.serials import LastSerial
from dnsd.authority.store import StoreError
from dnsd.source.problems import errors
from dnsd.wire import serial
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from dnsd.authority.build.candidate import Candidate, Served
    from dnsd.authority.build.difference import Difference
    from dnsd.authority.build.report import CompileRequest
    from dnsd.authority.build.sources import ZoneSource
    from dnsd.authority.build.zone_signing import SignedVersion
    from dnsd.authority.serials import Serials
    from dnsd.authority.signing_keys import SigningKeys
    from dnsd.authority.store import ZoneStore
    from dnsd.authority.zone_row import ZoneRow
    from dnsd.authority.zonefile.draft import ZoneDraft


@dataclass(frozen=True, slots=True)
class _ServedVersion:
    """The version that is served, as :class:`signer.Previous`.

    It takes a snapshot for every look: none may be open when the map grows.
    """

    store: ZoneStore
    served: ZoneRow
    origin: bytes

    def node(self, name: bytes) -> bytes | None:
        with self.store.snapshot() as snapshot:
            return snapshot.version(self.served, self.origin).get(name)

    def hashed(self, chain: bytes, digest: bytes) -> bytes | None:
        with self.store.snapshot() as snapshot:
            version = snapshot.version(self.served, self.origin)
            found = version.hash_at_or_before(chain, digest)
        return found[1] if found is not None and found[0] == digest else None


class ZoneMaker:
    """Takes drafts to versions. Writes nothing when ``store`` is ``None`` or on a dry run."""

    def __init__(
        self,
        request: CompileRequest,
        store: ZoneStore | None,
        serials: Serials | None,
        wall_now: int,
        signing_keys: SigningKeys | None = None,
    ) -> None:
        self._signing = ZoneSigning(request.policies, signing_keys, wall_now)
        self._request = request
        self._store = store
        self._serials = serials
        self._wall_now = wall_now

    def make(
        self,
        candidate: Candidate,
        draft: ZoneDraft,
        signature: dict[str, str],
        *,
        may_shrink: bool = False,
    ) -> None:
        """Check a draft and build its version, unless its content is served already.

        Args:
            candidate: takes status, problems, notes, version and changes.
            draft: of the candidate's zone; used up.
            signature: of the files it was read from.
            may_shrink: what goes away is nobody's decision in this file.
        """
        kept = soa.kept_soa(draft)
        candidate.names = self._names_of(draft) if kept is not None else 0
        if kept is not None:
            draft.records.append(kept)
        before = candidate.served.notes if candidate.served else None
        candidate.problems += self._signing.check(draft, before)
        if errors(candidate.problems):
            candidate.fail()
            return
        try:
            if draft.dnssec is not None:
                draft.records += self._signing.key_records(
                    draft, before, make_keys=not self._request.dry_run
                )
            zone = SortedZone(draft.origin, draft.records)
            draft.records = []
            candidate.problems += check_zone(draft, zone)
            candidate.problems += self._signing.check_records(draft, zone)
            if errors(candidate.problems):
                candidate.fail()
                return
            notes = self._notes(candidate, draft, zone, is_kept=kept is not None)
            notes.signature = signature
            policy = draft.dnssec.policy if draft.dnssec else ""
            self._build(candidate, zone, notes, policy=policy, may_shrink=may_shrink)
        except StoreError as error:
            candidate.fail(run_problems.store_failed(candidate.file, error))

    def amend(self, candidate: Candidate, source: ZoneSource) -> bool:
        """Amend what is served of a zone whose file changed, if that is a small change.

        Args:
            candidate: of the zone; as it was if this is not possible.
            source: its file.

        Returns:
            Whether that is done; else :meth:`make` is the way.
        """
        served, store = candidate.served, self._store
        if served is None or store is None or self._request.dry_run:
            return False
        amender = Amender(self._request, store, self._signing, self._serial_after)
        try:
            return amender.amend(candidate, served, source)
        except StoreError:
            return False  # and then the long way says what is wrong

    def _serial_after(self, candidate: Candidate, digest: bytes) -> int:
        """Choose the serial of a zone whose file has none."""
        last = self._last_serial(candidate)
        if last is not None and last.digest == digest:
            return last.serial
        return soa.next_serial(last.serial if last else None, self._wall_now)

    def _names_of(self, draft: ZoneDraft) -> int:
        """Count the names of a file in whose text changes can be told, else 0."""
        if draft.reverse is not None or reverse.is_reverse(draft.origin) or len(draft.files) != 1:
            return 0
        found = len({record.owner for record in draft.records})
        return found if found >= kept_text.LEAST_NAMES else 0

    def _notes(
        self, candidate: Candidate, draft: ZoneDraft, zone: SortedZone, *, is_kept: bool
    ) -> RowNotes:
        digest = soa.content_digest(zone)
        last = self._last_serial(candidate)
        written = zone.apex(RRType.SOA)[0]
        if not is_kept:
            number = soa.serial_of(written.rdata)
            if draft.dnssec is not None:
                number = self._serial_of_signed(number, last, digest)
            problem = soa.check_written_serial(written, last, digest)
            if draft.dnssec is None and problem and problem.id not in draft.silenced:
                candidate.problems.append(problem)
        else:
            number = self._serial_after(candidate, digest)
        notes = RowNotes(
            file=candidate.file, serial=number, digest=digest.hex(), records=len(zone.records)
        )
        if draft.reverse is not None and not reverse.is_reverse(zone.origin):
            _note_pointers(candidate, draft, zone, notes)
        return notes

    def _serial_of_signed(self, written: int, last: LastSerial | None, digest: bytes) -> int:
        """Choose the serial of a signed zone whose file has one: re-signing raises it, too."""
        if last is None or serial.is_newer(written, last.serial):
            return written
        return last.serial if last.digest == digest else serial.add(last.serial, 1)

    def _last_serial(self, candidate: Candidate) -> LastSerial | None:
        """Return the last serial; the store knows it as well and may be ahead."""
        last = self._serials.last(candidate.origin) if self._serials else None
        if candidate.served is None or not candidate.served.notes.digest:
            return last
        notes = candidate.served.notes
        served = LastSerial(notes.serial, bytes.fromhex(notes.digest))
        if last is None or serial.is_newer(served.serial, last.serial):
            return served
        return last

    def renew(self, candidate: Candidate) -> None:
        """Sign what is served again, where it is due and nothing newer was built.

        The file has no part in it: it may be broken for longer than signatures last.

        Args:
            candidate: unchanged or kept; takes version, notes and problems.
        """
        served, store = candidate.served, self._store
        if served is None or store is None or self._request.dry_run:
            return
        try:
            if self._signing.is_due(candidate.origin, served.notes):
                self._renew(candidate, served, store)
        except StoreError as error:
            candidate.fail(run_problems.store_failed(candidate.file, error))

    def _renew(self, candidate: Candidate, served: Served, store: ZoneStore) -> None:
        origin = candidate.origin
        last = self._last_serial(candidate)
        number = soa.next_serial(last.serial if last else None, self._wall_now)
        assert served.notes.signing is not None
        policy = served.notes.signing[0]
        same = self._signing.signer_as_before(origin, policy, served.notes)
        if same is not None:
            amended = resigning.resign(store, served.row, origin, same, number)
            candidate.amendment = list(amended.items(served.row.version, origin))
            notes = replace(candidate.notes or served.notes, serial=number)
            candidate.notes = self._signing.noted_anew(notes, same)
            candidate.renewed = True
            if candidate.status is Status.UNCHANGED:
                candidate.status = Status.LOADED
            return
        with store.snapshot() as snapshot:
            scan = snapshot.version(served.row, origin).scan()
            nodes_now = list(
                signer.unsigned(scan, origin, lambda rdata: soa.with_serial(rdata, number))
            )
        version = self._sign(candidate, policy, nodes_now)
        candidate.version = store.build(origin, version.nodes(), version.hashes())
        notes = replace(candidate.notes or served.notes, serial=number)
        candidate.notes = version.noted(notes)
        candidate.renewed = True
        if candidate.status is Status.UNCHANGED:
            candidate.status = Status.LOADED

    def _sign(
        self, candidate: Candidate, policy: str, unsigned: list[tuple[bytes, bytes]]
    ) -> SignedVersion:
        """Prepare to sign a version, with what may be taken over from the served one."""
        store, served, origin = self._store, candidate.served, candidate.origin
        assert store is not None
        notes = served.notes if served else None
        previous = _ServedVersion(store, served.row, origin) if served else None
        return self._signing.signed(origin, (policy, unsigned), notes, previous)

    def _build(
        self,
        candidate: Candidate,
        zone: SortedZone,
        notes: RowNotes,
        *,
        policy: str,
        may_shrink: bool,
    ) -> None:
        served = candidate.served
        candidate.notes = notes
        if served is not None and served.notes.digest == notes.digest:
            notes.serial = served.notes.serial
            notes.signing = served.notes.signing
            if policy and notes.signing is not None:  # renewed when it is another one
                notes.signing = [policy, *notes.signing[1:]]
            candidate.status = Status.UNCHANGED
            return
        candidate.changes = self._compare(candidate, zone, notes)
        total = served.notes.records if served else 0
        deleted = candidate.changes.deleted
        share = self._request.max_deletion_share
        if not (may_shrink or self._request.force or difference.may_delete(deleted, total, share)):
            candidate.fail(run_problems.deletion_share(candidate.file, deleted, total, share))
            return
        if self._store is not None and not self._request.dry_run:
            made = nodes(zone, notes.serial)
            if policy:
                version = self._sign(candidate, policy, list(made))
                candidate.version = self._store.build(
                    zone.origin, version.nodes(), version.hashes()
                )
                candidate.notes = version.noted(notes)
            else:
                hashes = Presigned(zone).hashes()
                candidate.version = self._store.build(zone.origin, made, hashes)
        candidate.status = Status.LOADED

    def _compare(self, candidate: Candidate, zone: SortedZone, notes: RowNotes) -> Difference:
        with_lines = self._request.dry_run
        served = candidate.served
        if served is None or self._store is None:
            if not with_lines:
                return difference.Difference(added=len(zone.records))
            return difference.compare((), nodes(zone, notes.serial), with_lines=True)
        with self._store.snapshot() as snapshot:
            before = snapshot.version(served.row, zone.origin).scan()
            return difference.compare(before, nodes(zone, notes.serial), with_lines=with_lines)


def _note_pointers(
    candidate: Candidate, draft: ZoneDraft, zone: SortedZone, notes: RowNotes
) -> None:
    assert draft.reverse is not None
    networks = reverse.Networks(draft.reverse.networks)
    where = draft.reverse.where
    candidate.pointers = reverse.pointers_of_zone(zone, networks, where)
    kept, name_servers = zone.apex(RRType.SOA)[0], zone.apex(RRType.NS)
    ns_ttl = min(record.ttl for record in name_servers)
    hosts = [record.rdata for record in name_servers]
    candidate.donor = reverse.donor_of(kept.rdata, kept.ttl, hosts, ns_ttl, where)
    findings = Findings(draft.silenced)
    reverse.check_pointers(candidate.pointers, findings)
    candidate.problems += findings.problems
    notes.reverse = networks.text
    if candidate.pointers:
        notes.pointers = reverse.digest(candidate.pointers, candidate.donor)
