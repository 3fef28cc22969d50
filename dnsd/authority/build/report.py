"""What a compile run is asked for and what it says afterwards, JSON both ways.

The run happens in a process of its own, so both cross a pipe::

    {"zones": [{"origin": "example.test.", "file": "zones/example.test.yaml",
                "status": "loaded", "serial": 2026030100, "records": 12,
                "slot": 77, "generated": false, "problems": [...],
                "added": 1, "removed": 0, "changes": [], "omitted": 0}],
     "problems": [...], "catalog_serial": 5, "dry_run": false}

    a problem: {"file": "...", "line": 3, "column": 7, "id": "cname-twice",
                "severity": "error", "message": "...", "expected": "...", "hint": "..."}
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dnsd.dnssec.policy import DEFAULT, SigningPolicy
from dnsd.source.problems import Problem, Severity, Where, errors

if TYPE_CHECKING:
    from collections.abc import Mapping


class Status(enum.StrEnum):
    """What became of one zone."""

    LOADED = "loaded"  # a new version is served, or would be after a dry run
    UNCHANGED = "unchanged"
    KEPT = "kept"  # the version from before is served, see the problems
    REFUSED = "refused"  # nothing is served, see the problems
    REMOVED = "removed"  # no longer served


@dataclass(frozen=True, slots=True)
class CompileRequest:
    """What to compile and how far it may go.

    Attributes:
        directories: every zone file in these is served.
        files: single zone files (or directories of split zones) beside them.
        max_deletion_share: 0..1, of a zone's records, and of the zones, that
            may go away without ``force``; 1 asks never.
        force: let any share go.
        dry_run: say what would change, and change nothing.
        policies: how zones may be signed, by name.
    """

    directories: tuple[Path, ...] = ()
    files: tuple[Path, ...] = ()
    max_deletion_share: float = 1.0
    force: bool = False
    dry_run: bool = False
    policies: Mapping[str, SigningPolicy] = field(
        default_factory=lambda: {DEFAULT: SigningPolicy()}
    )

    def to_json(self) -> dict[str, Any]:
        """Return values that JSON knows."""
        return {
            "directories": [str(path) for path in self.directories],
            "files": [str(path) for path in self.files],
            "max_deletion_share": self.max_deletion_share,
            "force": self.force,
            "dry_run": self.dry_run,
            "policies": {name: policy.to_json() for name, policy in self.policies.items()},
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> CompileRequest:
        """Read what :meth:`to_json` returned."""
        return cls(
            directories=tuple(map(Path, value["directories"])),
            files=tuple(map(Path, value["files"])),
            max_deletion_share=value["max_deletion_share"],
            force=value["force"],
            dry_run=value["dry_run"],
            policies={n: SigningPolicy(**policy) for n, policy in value["policies"].items()},
        )


@dataclass(frozen=True, slots=True)
class ZoneReport:
    """What became of one zone, or of one file that two zones dispute.

    Attributes:
        origin: presentation form; empty when nothing says which zone it is.
        file: the zone's file; of a generated zone the forward zone's.
        status: see :class:`Status`.
        serial: of the version that is served now; ``None`` without one.
        records: number in the version that is served now, SOA included.
        slot: generation slot of the zone, 0 without a version.
        generated: a reverse zone that the server made.
        problems: errors and warnings of this reading; an unchanged zone is
            not read, so its warnings are not repeated.
        added: records that are in the new version only.
        removed: records that were in the old version only.
        changes: of a dry run, ``+ record`` and ``- record`` in canonical order.
        omitted: how many changes were too many to list.
        renewed: only signatures and serial are new; also of a zone that is kept.
    """

    origin: str
    file: str
    status: Status
    serial: int | None = None
    records: int = 0
    slot: int = 0
    generated: bool = False
    problems: tuple[Problem, ...] = ()
    added: int = 0
    removed: int = 0
    changes: tuple[str, ...] = ()
    omitted: int = 0
    renewed: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return values that JSON knows."""
        value = {name: getattr(self, name) for name in self.__slots__}
        value["status"] = self.status.value
        value["problems"] = [problem_to_json(problem) for problem in self.problems]
        value["changes"] = list(self.changes)
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ZoneReport:
        """Read what :meth:`to_json` returned."""
        return replace(
            cls(**value),
            status=Status(value["status"]),
            problems=tuple(map(problem_from_json, value["problems"])),
            changes=tuple(value["changes"]),
        )


@dataclass(frozen=True, slots=True)
class CompileReport:
    """What became of all zones.

    Attributes:
        zones: sorted by origin, then file.
        problems: of the run itself: an unreadable directory, a full disk.
        catalog_serial: of the store after the run.
        dry_run: nothing was changed.
    """

    zones: tuple[ZoneReport, ...]
    problems: tuple[Problem, ...] = ()
    catalog_serial: int = 0
    dry_run: bool = False

    @property
    def all_problems(self) -> list[Problem]:
        """Those of the run and of every zone."""
        return [*self.problems, *(p for zone in self.zones for p in zone.problems)]

    @property
    def is_clean(self) -> bool:
        """Whether no error was found."""
        return not errors(self.all_problems)

    def to_json(self) -> dict[str, Any]:
        """Return values that JSON knows."""
        return {
            "zones": [zone.to_json() for zone in self.zones],
            "problems": [problem_to_json(problem) for problem in self.problems],
            "catalog_serial": self.catalog_serial,
            "dry_run": self.dry_run,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> CompileReport:
        """Read what :meth:`to_json` returned."""
        return cls(
            zones=tuple(map(ZoneReport.from_json, value["zones"])),
            problems=tuple(map(problem_from_json, value["problems"])),
            catalog_serial=value["catalog_serial"],
            dry_run=value["dry_run"],
        )


def problem_to_json(problem: Problem) -> dict[str, Any]:
    """Return values that JSON knows."""
    return {
        **problem.where._asdict(),
        "id": problem.id,
        "severity": problem.severity.value,
        "message": problem.message,
        "expected": problem.expected,
        "hint": problem.hint,
    }


def problem_from_json(value: dict[str, Any]) -> Problem:
    """Read what :func:`problem_to_json` returned."""
    return Problem(
        where=Where(value["file"], value["line"], value["column"]),
        id=value["id"],
        message=value["message"],
        expected=value["expected"],
        hint=value["hint"],
        severity=Severity(value["severity"]),
    )
