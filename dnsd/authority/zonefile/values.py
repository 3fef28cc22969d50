r"""Record values to rdata: text, or a mapping of fields.

``octodns`` has the table that says which reader and fields a type has. Text
may be an address, a name, TXT, or any type's presentation form; ``\# 2 abcd``
works for every type (RFC 3597 §5).

TXT is the whole string as octoDNS has it: ``\;`` is ``;``, every other
backslash is itself, ``"one" "two"`` is ``onetwo``, as is ``one" "two``. Strings of 255 octets
are made of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnsd.authority.zonefile.fields import (
    NAME_FORM,
    Field,
    FieldDefect,
    UndottedName,
    target_name,
)
from dnsd.source.nearest import did_you_mean
from dnsd.source.nodes import Broken, Mapping, Node, Scalar, Sequence, is_null, where
from dnsd.source.problems import Problem, Report, Severity, Where, quoted
from dnsd.wire import names, presentation_fields, rdata
from dnsd.wire.errors import FormError

if TYPE_CHECKING:
    from collections.abc import Callable

    Reader = Callable[["RecordType", Node, "Reading"], bytes | None]

_GENERIC = re.compile(r"\\#\s+[0-9]+(\s|$)")
_ESCAPE_OR_QUOTE = re.compile(r'\\.|"', re.DOTALL)
_PARAMETER = re.compile(r"[a-z0-9-]{1,63}")


@dataclass(frozen=True, slots=True)
class Reading:
    """What values are read in.

    Attributes:
        report: takes problems.
        zone: the origin as text, with its dot, for hints.
    """

    report: Report
    zone: str


@dataclass(frozen=True, slots=True)
class RecordType:
    """How values of one type are read.

    Attributes:
        type: RR type.
        text: its name.
        source: the rule that defines the rdata.
        read: value to rdata; ``None`` when problems were reported.
        fields: of a value that is a mapping.
        old_fields: another set of them, taken when one of ``old_marks`` is there.
        old_marks: keys that only the old set has.
    """

    type: int
    text: str
    source: str
    read: Reader
    fields: tuple[Field, ...] = ()
    old_fields: tuple[Field, ...] = ()
    old_marks: frozenset[str] = frozenset()

    def id(self, suffix: str) -> str:
        """Make the id of a problem with a value of this type."""
        return f"{self.text.lower()}-{suffix}"


def _text_of(kind: RecordType, node: Node, reading: Reading, expected: str) -> str | None:
    """Take a value that is text."""
    if isinstance(node, Scalar) and not is_null(node):
        return str(node.value)
    if isinstance(node, Broken):
        return None
    hint = ""
    if isinstance(node, Scalar):
        message = "the value is missing"
        hint = f"if the text is meant, quote it: '{node.value}'" if node.value else ""
    else:
        message = f"{'a list' if isinstance(node, Sequence) else 'a mapping'} instead of text"
    reading.report(Problem(where(node), kind.id("value"), message, expected, hint))
    return None


def read_presentation(kind: RecordType, node: Node, reading: Reading) -> bytes | None:
    """Read a value in presentation form, names in it absolute."""
    text = _text_of(kind, node, reading, "rdata in presentation form")
    return None if text is None else _parsed(kind, text, node, reading)


def _parsed(kind: RecordType, text: str, node: Node, reading: Reading) -> bytes | None:
    try:
        return rdata.from_text(kind.type, text)
    except FormError as error:
        expected = f"rdata in presentation form ({kind.source})" if kind.source else ""
        reading.report(Problem(where(node), kind.id("value"), error.reason, expected))
        return None


def read_ipv4(kind: RecordType, node: Node, reading: Reading) -> bytes | None:
    """Read an address of four octets (RFC 1035 §3.4.1)."""
    try:
        return presentation_fields.read_ipv4(node.value)  # type: ignore[union-attr]
    except (FormError, AttributeError):
        return _odd_address(kind, node, reading, "an IPv4 address")


def read_ipv6(kind: RecordType, node: Node, reading: Reading) -> bytes | None:
    """Read an address of sixteen octets (RFC 3596 §2.2)."""
    try:
        return presentation_fields.read_ipv6(node.value)  # type: ignore[union-attr]
    except (FormError, AttributeError):
        return _odd_address(kind, node, reading, "an IPv6 address")


def _odd_address(kind: RecordType, node: Node, reading: Reading, noun: str) -> bytes | None:
    expected = f"{noun} ({kind.source})"
    text = _text_of(kind, node, reading, expected)
    if text is None:
        return None
    if _GENERIC.match(text):
        return _parsed(kind, text, node, reading)
    hint = f"for this address write type: {other}" if (other := address_type(text)) else ""
    message = f"{quoted(text)} is not {noun}"
    reading.report(Problem(where(node), kind.id("address"), message, expected, hint))
    return None


def address_type(text: str) -> str:
    """Tell which type has a text as its address: ``A``, ``AAAA``, or none."""
    for read, name in (
        (presentation_fields.read_ipv4, "A"),
        (presentation_fields.read_ipv6, "AAAA"),
    ):
        try:
            read(text)
        except FormError:
            continue
        return name
    return ""


def read_name(kind: RecordType, node: Node, reading: Reading) -> bytes | None:
    """Read a value that is one absolute name."""
    expected = f"{NAME_FORM} ({kind.source})"
    text = _text_of(kind, node, reading, expected)
    if text is None:
        return None
    if _GENERIC.match(text):
        return _parsed(kind, text, node, reading)
    return checked(target_name, text, Cause(where(node), kind.text.lower(), "", expected), reading)


def read_text(kind: RecordType, node: Node, reading: Reading) -> bytes | None:
    """Read the whole string of TXT or SPF; see the top of this module."""
    text = _text_of(kind, node, reading, "text")
    if text is None:
        return None
    if _GENERIC.match(text):
        return _parsed(kind, text, node, reading)
    if text[:1] == '"':
        if len(text) < 2 or text[-1] != '"':
            message = f"{quoted(text)} opens a quotation mark and does not close it"
            expected = 'text, or strings in double quotes: "one" "two"'
            reading.report(Problem(where(node), kind.id("quotes"), message, expected))
            return None
        text = text[1:-1]
    octets = text.replace('" "', "").replace("\\;", ";").encode(errors="surrogatepass")
    try:
        return rdata.from_strings([octets])
    except FormError as error:
        reading.report(Problem(where(node), kind.id("value"), error.reason, kind.source))
        return None


@dataclass(frozen=True, slots=True)
class Cause:
    """Where a field stands and how to speak of it: id, name, what is accepted."""

    where: Where
    id: str
    name: str
    expected: str


def checked(
    read: Callable[[str], bytes], text: str, cause: Cause, reading: Reading
) -> bytes | None:
    """Read a field, reporting what is wrong with it."""
    try:
        return read(text)
    except UndottedName as defect:
        octets, severity, hint = defect.octets, Severity.WARNING, defect.hint
        reason = f"{defect.reason}; it is read as if it did"
        suffix = defect.suffix
    except FieldDefect as defect:
        octets, severity, hint = None, Severity.ERROR, defect.hint
        reason, suffix = defect.reason, defect.suffix
        if suffix == "name" and not hint and re.fullmatch(r"[\w-]+", text, re.ASCII):
            hint = f"{text}.{reading.zone.lstrip('.')}"
    message = f"{cause.name} {reason}" if cause.name else reason
    problem_id = f"{cause.id}-{suffix}"
    reading.report(Problem(cause.where, problem_id, message, cause.expected, hint, severity))
    return octets


def read_fields(kind: RecordType, node: Node, reading: Reading) -> bytes | None:
    """Read a value whose fields make the rdata one behind the other."""
    if not isinstance(node, Mapping):
        return read_presentation(kind, node, reading)
    fields = kind.fields
    if kind.old_marks and not kind.old_marks.isdisjoint(node.fields):
        fields = kind.old_fields
    parts = _parts(kind, fields, node, reading)
    if parts is None:
        return None
    octets = b"".join(parts)
    try:
        rdata.check(kind.type, octets)
    except FormError as error:
        expected = f"{kind.text} rdata ({kind.source})"
        reading.report(Problem(where(node), kind.id("value"), error.reason, expected))
        return None
    return octets


def _parts(
    kind: RecordType, fields: tuple[Field, ...], node: Mapping, reading: Reading
) -> list[bytes] | None:
    """Read every field, so that all their problems are reported at once."""
    parts = []
    found = 0
    for field in fields:
        key, value = field.find(node)
        found += key is not None
        cause = Cause(
            where(value or node),
            kind.id(field.name.replace("_", "-")),
            field.name,
            f"{field.expected} ({kind.source})",
        )
        if value is None or is_null(value):
            text = field.default
            if text is None:
                message = f"{field.name} is missing"
                reading.report(Problem(cause.where, f"{cause.id}-missing", message, cause.expected))
        else:
            text = _field_text(value, cause, reading)
        octets = None if text is None else checked(field.read, text, cause, reading)
        if octets is not None:
            parts.append(octets)
    if found < len(node.fields):
        _report_unknown(kind, fields, node, reading)
    return parts if len(parts) == len(fields) and found == len(node.fields) else None


def _field_text(node: Node, cause: Cause, reading: Reading) -> str | None:
    if isinstance(node, Scalar):
        return str(node.value)
    if not isinstance(node, Broken):
        found = "a list" if isinstance(node, Sequence) else "a mapping"
        message = f"{cause.name} is {found}"
        reading.report(Problem(cause.where, f"{cause.id}-kind", message, cause.expected))
    return None


def _report_unknown(
    kind: RecordType, fields: tuple[Field, ...], node: Mapping, reading: Reading
) -> None:
    keys = [field.name for field in fields]
    used = {field.find(node)[0] for field in fields}
    for text, (key, _) in node.fields.items():
        if text in used:
            continue
        reading.report(
            Problem(
                where(key),
                kind.id("field"),
                f"{quoted(text)} is not a field of {kind.text}",
                f"{', '.join(keys)} ({kind.source})",
                did_you_mean(text, keys),
            )
        )


def read_loc(kind: RecordType, node: Node, reading: Reading) -> bytes | None:
    """Read the twelve fields of LOC, written in its presentation form."""
    if not isinstance(node, Mapping):
        return read_presentation(kind, node, reading)
    parts = _parts(kind, kind.fields, node, reading)
    if parts is None:
        return None
    text = [part.decode() for part in parts]
    return _parsed(kind, f"{' '.join(text[:8])} {'m '.join(text[8:])}m", node, reading)


def read_svcb(kind: RecordType, node: Node, reading: Reading) -> bytes | None:
    """Read priority, target and parameters (RFC 9460 §2.2)."""
    if not isinstance(node, Mapping):
        return read_presentation(kind, node, reading)
    parameters = node.fields.get("svcparams")
    others = {key: entry for key, entry in node.fields.items() if key != "svcparams"}
    parts = _parts(kind, kind.fields, Mapping(others, node.start_mark), reading)
    text = _parameters(kind, parameters[1], reading) if parameters else ""
    if parts is None or text is None:
        return None
    priority, target = int.from_bytes(parts[0], "big"), names.to_text(parts[1])
    return _parsed(
        kind, f"{priority} {target}{text}", parameters[1] if parameters else node, reading
    )


def _parameters(kind: RecordType, node: Node, reading: Reading) -> str | None:
    """Write ``svcparams`` in presentation form (RFC 9460 §2.1)."""
    if not isinstance(node, Mapping):
        if is_null(node):
            return ""
        if not isinstance(node, Broken):
            message, expected = (
                "svcparams is not a mapping",
                "keys as alpn and port (RFC 9460 §14.3.2)",
            )
            reading.report(Problem(where(node), kind.id("svcparams-kind"), message, expected))
        return None
    text = ""
    for key, (_, value) in node.fields.items():
        items = value.items if isinstance(value, Sequence) else [value]
        if not all(isinstance(item, Scalar) for item in items) or not _PARAMETER.fullmatch(key):
            message = f"the parameter {quoted(key)} cannot be read"
            expected = "a key in lower case with text or a list of texts (RFC 9460 §2.1)"
            reading.report(Problem(where(value), kind.id("svcparams-kind"), message, expected))
            return None
        text += f" {key}"
        if not is_null(value):
            joined = ",".join(str(item.value) for item in items if isinstance(item, Scalar))
            text += f'="{_ESCAPE_OR_QUOTE.sub(_escaped_quote, joined)}"'
    return text


def _escaped_quote(match: re.Match[str]) -> str:
    return '\\"' if match[0] == '"' else match[0]
