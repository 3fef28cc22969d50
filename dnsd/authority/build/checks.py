"""Hold a zone to every rule: one call from the records to the problems.

The rules themselves are registered by id in ``findings.CHECKS`` by the modules
of each subject: ``record_checks``, ``rrset_checks``, ``owner_checks``,
``target_checks``, ``apex_checks``. A zone may silence a warning by its id;
an error cannot be silenced, and trying is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.authority.build.apex_checks import check_apex, check_left_out
from dnsd.authority.build.findings import CHECKS, Findings, warning
from dnsd.authority.build.owner_checks import check_owner
from dnsd.authority.build.record_checks import check_record, target
from dnsd.authority.build.rrset_checks import check_rrset
from dnsd.authority.build.sorted_zone import CUT, rrsets
from dnsd.authority.build.target_checks import check_chains, check_target
from dnsd.source.nearest import nearest
from dnsd.source.problems import Severity, Where, errors
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from dnsd.authority.build.sorted_zone import SortedZone
    from dnsd.authority.zonefile.draft import Record, ZoneDraft
    from dnsd.source.problems import Problem

SILENCE_ERROR = warning("silence-error", "", "the id of a warning; an error is never silent")
SILENCE_UNKNOWN = warning("silence-unknown", "", "the id of a warning, as a report shows it")


def check_zone(draft: ZoneDraft, zone: SortedZone) -> list[Problem]:
    """Find everything that is wrong with a zone.

    Args:
        draft: as it was read; its own problems are part of the result.
        zone: its records sorted, the SOA that the server keeps included.

    Returns:
        Problems in no order, silenced warnings left out. An empty list or
        warnings alone mean that the zone can be served. Of a draft with errors
        records are missing, so only what is there is judged.
    """
    is_whole = not errors(draft.problems)
    file = draft.files[0] if draft.files else str(draft.soa.where.file)
    findings = Findings(draft.silenced)
    _check_silence(draft, file, findings)
    check_left_out(zone, findings)
    if is_whole:
        check_apex(zone, file, findings)
    glue: set[bytes] = set()
    aliases: dict[bytes, Record] = {}
    for record in zone.records:
        if record.type == RRType.CNAME:
            aliases.setdefault(record.owner, record)
        elif record.type == RRType.NS and zone.marks[record.owner] & CUT:
            glue.add(target(record))
    for _, records in zone.owners():
        check_owner(zone, records, glue, findings)
        for rrset in rrsets(records):
            check_rrset(rrset, findings)
            for record in rrset:
                check_record(record, zone.origin, findings)
                if is_whole:
                    check_target(zone, record, findings)
    if is_whole:
        check_chains(zone, aliases, findings)
    return [*draft.problems, *findings.problems]


def _check_silence(draft: ZoneDraft, file: str, findings: Findings) -> None:
    """Say which ids silence nothing; those of reading are known only by chance."""
    read = {problem.id: problem.severity for problem in draft.problems}
    for check_id in sorted(draft.silenced):
        check = CHECKS.get(check_id)
        severity = check.severity if check else read.get(check_id)
        if severity is Severity.ERROR:
            findings.add(SILENCE_ERROR, Where(file), f"{check_id} is an error")
        elif severity is None:
            near = nearest(check_id, CHECKS)
            if near is not None:
                message = f"nothing is called {check_id!r}"
                findings.add(SILENCE_UNKNOWN, Where(file), message, f"silence: [{near}]")
