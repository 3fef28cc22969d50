"""What a check is, and where checks put what they found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnsd.source.problems import Problem, Severity
from dnsd.wire import names
from dnsd.wire.iana import rrtype_to_text

if TYPE_CHECKING:
    from dnsd.authority.zonefile.draft import Record
    from dnsd.source.problems import Where

# A generated zone can be wrong a million times in one way; the first ones of
# each kind say it all, and the report stays readable.
MAX_FINDINGS_OF_ONE_CHECK = 100


@dataclass(frozen=True, slots=True)
class Check:
    """One rule that a zone is held to.

    Attributes:
        id: stable kebab-case id, by which a zone may silence a warning.
        severity: an error keeps the zone from being served.
        rule: what is right, one clause.
        source: where that is written.
    """

    id: str
    severity: Severity
    rule: str
    source: str

    @property
    def expected(self) -> str:
        """The rule with its source, as a report shows it."""
        return f"{self.rule} ({self.source})" if self.source else self.rule


CHECKS: dict[str, Check] = {}


def error(check_id: str, source: str, rule: str) -> Check:
    """Register a rule whose breach forbids serving the zone."""
    return _register(Check(check_id, Severity.ERROR, rule, source))


def warning(check_id: str, source: str, rule: str) -> Check:
    """Register a rule whose breach is only said."""
    return _register(Check(check_id, Severity.WARNING, rule, source))


def _register(check: Check) -> Check:
    assert check.id not in CHECKS, check.id
    CHECKS[check.id] = check
    return check


class Findings:
    """The problems of one zone, at most so many of a kind."""

    __slots__ = ("_counts", "_silenced", "problems")

    def __init__(self, silenced: frozenset[str] = frozenset()) -> None:
        self.problems: list[Problem] = []
        self._silenced = silenced
        self._counts: dict[str, int] = {}

    def add(self, check: Check, where: Where, message: str, hint: str = "") -> None:
        """Note a breach, unless the zone silences this warning."""
        if check.severity is Severity.WARNING and check.id in self._silenced:
            return
        count = self._counts.get(check.id, 0) + 1
        self._counts[check.id] = count
        if count <= MAX_FINDINGS_OF_ONE_CHECK:
            self.problems.append(
                Problem(where, check.id, message, check.expected, hint, check.severity)
            )
        elif count == MAX_FINDINGS_OF_ONE_CHECK + 1:
            message = f"and more of this kind; the first {MAX_FINDINGS_OF_ONE_CHECK} are listed"
            self.problems.append(Problem(where, check.id, message, severity=check.severity))


def place(record: Record) -> str:
    """Name a record in a message: owner and type."""
    return f"{names.to_text(record.owner)} {rrtype_to_text(record.type)}"
