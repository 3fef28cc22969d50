r"""Master files (RFC 1035 §5), read into a draft and written from records.

Read are ``$ORIGIN``, ``$TTL`` (RFC 2308 §4), ``$GENERATE`` as BIND has it,
parentheses, comments, TTLs like ``1h30m``, and rdata of every type. Every
defect of the file is reported with its line and column.

Not read: ``$INCLUDE`` (the included file is imported by itself), and classes
other than IN.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.authority.zonefile.draft import Record, SoaSettings, ZoneDraft
from dnsd.authority.zonefile.generate import generate
from dnsd.authority.zonefile.master_tokens import Entry, entries
from dnsd.authority.zonefile.settings import MAX_TTL_S
from dnsd.source.problems import Problem, Where, quoted
from dnsd.source.units import DURATION_FORM, duration_s
from dnsd.wire import names, rdata
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType, rrclass_from_text, rrtype_from_text, rrtype_to_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dnsd.authority.zonefile.master_tokens import Token

MAX_PROBLEMS = 1_000


def read_master(text: str, origin: bytes | None, file: str) -> ZoneDraft:
    """Read a master file.

    Args:
        text: the whole file.
        origin: the zone; ``None`` takes the owner of the first SOA.
        file: its name for reports.

    Returns:
        The draft. Everything wrong is in its ``problems``; nothing is raised.
        Without an origin and a SOA its origin is the root.
    """
    draft = ZoneDraft(origin or names.ROOT, SoaSettings(Where(file)), files=(file,))
    reader = _Reader(draft, origin, file)
    for entry in entries(text, reader.report):
        reader.read(entry)
        if len(draft.problems) >= MAX_PROBLEMS:
            place = draft.problems[-1].where
            message = f"{MAX_PROBLEMS} problems, the rest was not read"
            draft.problems.append(Problem(place, "too-many-problems", message))
            break
    reader.finish()
    return draft


class _Reader:
    """State that entries of a master file share."""

    def __init__(self, draft: ZoneDraft, origin: bytes | None, file: str) -> None:
        self._draft = draft
        self._file = file
        self._zone = origin
        self._origin = origin
        self._owner: bytes | None = None
        self._default_ttl: int | None = None
        self._last_ttl: int | None = None
        self._seen: set[tuple[bytes, int, bytes]] = set()

    def report(
        self, token: Token, problem_id: str, message: str, expected: str = "", hint: str = ""
    ) -> None:
        """Add a problem at a token."""
        where = Where(self._file, token.line, token.column)
        self._draft.problems.append(Problem(where, problem_id, message, expected, hint))

    def read(self, entry: Entry) -> None:
        """Read a directive or a record."""
        first = entry.tokens[0]
        if first.text.startswith("$") and not entry.is_indented:
            self._directive(entry.tokens)
            return
        tokens = entry.tokens
        if not entry.is_indented:
            self._owner = self._name(first)
            tokens = tokens[1:]
            if not tokens:
                self.report(first, "master-type", "a name and nothing else", "a type and rdata")
                return
            if self._owner is None:
                return
        elif self._owner is None:
            self.report(first, "master-owner", "no owner: no record with one stands before")
            return
        self._record(self._owner, tokens)

    def _name(self, token: Token) -> bytes | None:
        try:
            if token.text.startswith('"'):
                raise FormError("it has quotes")  # noqa: TRY301 - reported as the others
            return names.from_text(token.text, self._origin)
        except FormError as error:
            message = f"{quoted(token.text)} is not a name: {error.reason}"
            self.report(token, "master-name", message)
            return None

    def _record(self, owner: bytes, tokens: list[Token]) -> None:
        """Read TTL and class in either order, type and rdata."""
        ttl: int | None = None
        rest = list(tokens)
        while rest and not _is_type(rest[0].text):
            token = rest.pop(0)
            if token.text[:1].isdigit() and ttl is None:
                ttl = self._ttl(token)
                if ttl is None:
                    return
            elif not self._is_class(token):
                return
        if not rest:
            self.report(tokens[-1], "master-type", "no type", "a type and rdata")
            return
        rrtype = rrtype_from_text(rest[0].text)
        if rdata.is_meta(rrtype):
            message = f"{rest[0].text} is not a type of zone data"
            self.report(rest[0], "master-type", message)
            return
        try:
            octets = rdata.from_text(rrtype, " ".join([t.text for t in rest[1:]]), self._origin)
        except FormError as error:
            place = rest[1] if len(rest) > 1 else rest[0]
            self.report(place, f"{rrtype_to_text(rrtype).lower()}-value", error.reason)
            return
        ttl = self._ttl_of(rest[0], rrtype, octets, ttl)
        if ttl is not None:
            self._add(owner, Record(owner, rrtype, ttl, octets, self._where(rest[0])))

    def _where(self, token: Token) -> Where:
        return Where(self._file, token.line, token.column)

    def _add(self, owner: bytes, record: Record) -> None:
        if record.type == RRType.SOA and self._zone is None:
            self._zone = self._draft.origin = owner
            self._origin = self._origin or owner
        if self._zone is not None and not names.is_subdomain(owner, self._zone):
            zone = names.to_text(self._zone)
            message = f"{names.to_text(owner)} is not in the zone {zone}"
            self._draft.problems.append(Problem(record.where, "owner-outside", message))
            return
        # RFC 2181 §5: the same record twice is one record.
        key = owner, record.type, record.rdata
        if key not in self._seen:
            self._seen.add(key)
            self._draft.records.append(record)

    def _ttl(self, token: Token) -> int | None:
        try:
            seconds = duration_s(token.text.lower())
        except ValueError:
            message = f"{quoted(token.text)} is not a TTL, class or type"
            self.report(token, "ttl-form", message, DURATION_FORM)
            return None
        if seconds > MAX_TTL_S or seconds != int(seconds):
            message = f"ttl {token.text} is out of range"
            expected = f"an integer from 0 to {MAX_TTL_S} (RFC 2181 §8)"
            self.report(token, "ttl-range", message, expected)
            return None
        return int(seconds)

    def _is_class(self, token: Token) -> bool:
        try:
            rrclass = rrclass_from_text(token.text)
        except FormError:
            message = f"{quoted(token.text)} is not a TTL, class or type"
            self.report(token, "master-type", message, "as in: www 3600 IN A 192.0.2.1")
            return False
        if rrclass != 1:
            self.report(token, "master-class", f"the class {token.text}", "IN")
        return rrclass == 1

    def _ttl_of(self, token: Token, rrtype: int, octets: bytes, ttl: int | None) -> int | None:
        """Find the TTL of a record that may not say.

        Source: RFC 2308 §4 for ``$TTL``, RFC 1035 §5.1 for the last one
        stated; before either, that of a SOA is its MINIMUM.
        """
        if ttl is None:
            ttl = self._default_ttl if self._default_ttl is not None else self._last_ttl
        if ttl is None and rrtype == RRType.SOA:
            ttl = min(int.from_bytes(octets[-4:], "big"), MAX_TTL_S)
        if ttl is None:
            self.report(token, "ttl-missing", "no TTL", "a TTL, or $TTL above", "$TTL 3600")
        self._last_ttl = ttl
        return ttl

    def _directive(self, tokens: list[Token]) -> None:
        first = tokens[0]
        match first.text.upper(), len(tokens):
            case "$ORIGIN", 2:
                origin = self._name(tokens[1])
                if origin is not None:
                    self._origin = origin
            case "$TTL", 2:
                ttl = self._ttl(tokens[1])
                if ttl is not None:
                    self._default_ttl = ttl
            case "$GENERATE", count if count >= 5:
                self._generate(tokens)
            case "$INCLUDE", _:
                hint = "import that file by itself"
                self.report(first, "master-include", "$INCLUDE is not read", "", hint)
            case _:
                expected = "$ORIGIN NAME, $TTL SECONDS, or $GENERATE RANGE OWNER TYPE RDATA"
                self.report(first, "master-directive", f"{quoted(first.text)}", expected)

    def _generate(self, tokens: list[Token]) -> None:
        try:
            for texts in generate([token.text for token in tokens[1:]]):
                made = [t._replace(text=text) for t, text in zip(tokens[2:], texts, strict=True)]
                self.read(Entry(made, is_indented=False))
        except FormError as error:
            self.report(tokens[1], "master-generate", error.reason)

    def finish(self) -> None:
        """Report what only the end of the file can tell."""
        if self._zone is None:
            message = "no origin: it is not given, and there is no SOA"
            self._draft.problems.append(Problem(Where(self._file), "master-origin", message))


def _is_type(text: str) -> bool:
    if text[:1].isdigit():
        return False
    try:
        rrtype_from_text(text)
    except FormError:
        return False
    return True


def write_master(origin: bytes, records: Iterable[Record]) -> str:
    """Write records as a master file that any name server reads.

    Args:
        origin: the zone; owners are written relative to it.
        records: in any order; SOA comes first, then the canonical order.
    """
    ordered = sorted(
        records,
        key=lambda record: (
            record.type != RRType.SOA,
            names.order_key(record.owner),
            record.type,
            record.rdata,
        ),
    )
    lines = [f"$ORIGIN {names.to_text(origin)}"]
    for record in ordered:
        owner = names.relative_text(record.owner, origin) or "@"
        rrtype = rrtype_to_text(record.type)
        text = rdata.to_text(record.type, record.rdata)
        lines.append(f"{owner:<24} {record.ttl:<7} IN {rrtype:<8} {text}".rstrip())
    return "\n".join(lines) + "\n"
