"""The names of a zone that changed, checked as the whole zone would be.

What is said of them is what ``checks`` says. What the change means for records
elsewhere is not looked for; those are warnings, but for name servers of the apex.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.authority.build import sorted_zone
from dnsd.authority.build.apex_checks import check_left_out
from dnsd.authority.build.findings import Findings
from dnsd.authority.build.owner_checks import check_owner
from dnsd.authority.build.record_checks import check_record
from dnsd.authority.build.rrset_checks import check_rrset
from dnsd.authority.build.sorted_zone import SortedZone, mark_of, rrsets
from dnsd.authority.build.target_checks import check_target
from dnsd.authority.node import FLAG_APEX, FLAG_CUT, FLAG_DNAME, FLAG_OCCLUDED
from dnsd.wire import names
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from dnsd.authority.build.node_changes import NodeChanges
    from dnsd.authority.zonefile.draft import Record, ZoneDraft
    from dnsd.source.problems import Problem

_ROOFS = sorted_zone.CUT | sorted_zone.DNAME | sorted_zone.OCCLUDED


class PartOfZone(SortedZone):
    """Records of some names of a zone; what else is in it is in the store."""

    __slots__ = ("_changes",)

    def __init__(self, origin: bytes, records: list[Record], changes: NodeChanges) -> None:
        super().__init__(origin, records)
        self._changes = changes
        for owner in {record.owner for record in self.records}:
            self.marks[owner] = self._mark_of(owner)

    def find(self, name: bytes) -> int:
        """Return the marks of the name, or of the wildcard that stands for it."""
        mark = self._mark_of(name)
        if mark or not self.is_inside(name):
            return mark
        closest = name
        while not mark and closest != self.origin:
            closest = names.parent(closest)
            mark = self._mark_of(closest)
        if mark & _ROOFS:
            return sorted_zone.OCCLUDED
        wildcard = b"\x01*" + closest
        return self._mark_of(wildcard) if len(wildcard) <= names.MAX_NAME_OCTETS else 0

    def _mark_of(self, name: bytes) -> int:
        if not self.is_inside(name):
            return 0
        changes = self._changes
        mark = 0
        for rrset in changes.rrsets(name):
            mark |= mark_of(rrset.type)
        if not mark:
            return sorted_zone.EMPTY if changes.has_below(name) else 0
        flags = changes.flags(name)
        if flags & FLAG_OCCLUDED:
            mark |= sorted_zone.OCCLUDED
        elif flags & FLAG_CUT and not flags & FLAG_APEX:
            mark |= sorted_zone.CUT
        return mark | (sorted_zone.DNAME if flags & FLAG_DNAME else 0)


def check_part(draft: ZoneDraft, zone: PartOfZone) -> list[Problem]:
    """Find what is wrong with the names of a part.

    Args:
        draft: as the part was read.
        zone: its records.
    """
    findings = Findings(draft.silenced)
    check_left_out(zone, findings)
    for owner, records in zone.owners():
        check_owner(zone, records, {owner}, findings)
        for rrset in rrsets(records):
            check_rrset(rrset, findings)
            for record in rrset:
                check_record(record, zone.origin, findings)
                check_target(zone, record, findings)
    return [*draft.problems, *findings.problems]


def has_its_servers(changes: NodeChanges) -> bool:
    """Tell whether each name server of the apex inside the zone is a host of its own."""
    for rrset in changes.rrsets(changes.origin):
        for host in rrset.rdatas if rrset.type == RRType.NS else ():
            if names.is_subdomain(host, changes.origin):
                mark = 0
                for own in changes.rrsets(host):
                    mark |= mark_of(own.type)
                if not mark & sorted_zone.ADDRESS or mark & sorted_zone.ALIAS:
                    return False
    return True
