"""What a new version of a zone changes, record by record.

Both versions are walked in canonical order side by side; nodes whose octets
are equal cost one comparison. Two counts matter: records *removed* are in the
old version only, records *deleted* are those whose RRset has fewer records
afterwards. Renumbering a host removes and adds one and deletes none, so only
the second count asks for force.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dnsd.authority.build.sorted_zone import SIGNING_TYPES
from dnsd.authority.node import Node
from dnsd.wire import names, rdata
from dnsd.wire.iana import rrtype_to_text

if TYPE_CHECKING:
    from collections.abc import Iterable

# As many lines as somebody may still read.
MAX_LINES = 1000

# A rule of shares says nothing about a handful of records, as in octoDNS.
SMALLEST_SHARED_TOTAL = 10


@dataclass(slots=True)
class Difference:
    """Changes between two versions.

    Attributes:
        added: records in the new version only.
        removed: records in the old version only.
        deleted: records by which RRsets became smaller.
        lines: ``+ record`` and ``- record``, at most :data:`MAX_LINES`.
        omitted: how many lines were left out.
    """

    added: int = 0
    removed: int = 0
    deleted: int = 0
    lines: list[str] = field(default_factory=list)
    omitted: int = 0

    def note(self, mark: str, owner: bytes, rrtype: int, value: tuple[int, bytes]) -> None:
        """Add a line for one record, if there is room."""
        if len(self.lines) >= MAX_LINES:
            self.omitted += 1
            return
        ttl, octets = value
        text = f"{names.to_text(owner)} {ttl} IN {rrtype_to_text(rrtype)}"
        self.lines.append(f"{mark} {text} {rdata.to_text(rrtype, octets)}")


def compare(
    old: Iterable[tuple[bytes, bytes]], new: Iterable[tuple[bytes, bytes]], *, with_lines: bool
) -> Difference:
    """Compare two versions.

    Args:
        old: names and node octets of the served version, in canonical order.
        new: the same of the version to be.
        with_lines: write every change as text.
    """
    difference = Difference()
    olds, news = iter(old), iter(new)
    before, after = next(olds, None), next(news, None)
    while before is not None or after is not None:
        order = _order(before, after)
        if order < 0:
            assert before is not None
            _compare_nodes(difference, before[0], before[1], None, with_lines=with_lines)
            before = next(olds, None)
        elif order > 0:
            assert after is not None
            _compare_nodes(difference, after[0], None, after[1], with_lines=with_lines)
            after = next(news, None)
        else:
            assert before is not None
            assert after is not None
            if before[1] != after[1]:
                _compare_nodes(difference, before[0], before[1], after[1], with_lines=with_lines)
            before, after = next(olds, None), next(news, None)
    return difference


def may_delete(deleted: int, total: int, max_share: float) -> bool:
    """Tell whether a part may go away without being asked for twice."""
    return total < SMALLEST_SHARED_TOTAL or deleted <= total * max_share


def _order(before: tuple[bytes, bytes] | None, after: tuple[bytes, bytes] | None) -> int:
    if before is None:
        return 1
    if after is None or before[0] == after[0]:
        return -1 if after is None else 0
    return -1 if names.order_key(before[0]) < names.order_key(after[0]) else 1


def _compare_nodes(
    difference: Difference,
    owner: bytes,
    old: bytes | None,
    new: bytes | None,
    *,
    with_lines: bool,
) -> None:
    before, after = _records(owner, old), _records(owner, new)
    for rrtype in sorted(before.keys() | after.keys()):
        left, right = before.get(rrtype, set()), after.get(rrtype, set())
        gone, come = sorted(left - right), sorted(right - left)
        difference.removed += len(gone)
        difference.added += len(come)
        difference.deleted += max(0, len(left) - len(right))
        if with_lines:
            for value in gone:
                difference.note("-", owner, rrtype, value)
            for value in come:
                difference.note("+", owner, rrtype, value)


def _records(owner: bytes, octets: bytes | None) -> dict[int, set[tuple[int, bytes]]]:
    """Return the records of a node by type, TTL and rdata; not those that signing makes."""
    if octets is None:
        return {}
    return {
        rrset.type: {(rrset.ttl, value) for value in rrset.rdatas}
        for rrset in Node(octets).rrsets(owner)
        if rrset.type not in SIGNING_TYPES
    }
