"""What stands under a name: one record mapping, or a list of them.

The keys are octoDNS's: ``type``, ``ttl``, ``value`` or ``values``, and what it
keeps there for itself: ``octodns``, ``dynamic``, ``geo``. Records that steer by
health or place keep their plain values. What octoDNS knows and DNS does not is
named in a warning and left out.
"""

from __future__ import annotations

from typing import TypeAlias

from dnsd.authority.zonefile.draft import Record, ZoneDraft
from dnsd.authority.zonefile.octodns import NOT_IN_DNS, record_type, type_hint
from dnsd.authority.zonefile.settings import read_ttl
from dnsd.authority.zonefile.values import Reading, RecordType, address_type
from dnsd.source.nearest import did_you_mean, nearest
from dnsd.source.nodes import Broken, Mapping, Node, Scalar, Sequence, is_null, where
from dnsd.source.problems import Problem, Severity, Where, quoted
from dnsd.wire import names
from dnsd.wire.errors import FormError

Claims: TypeAlias = dict[tuple[bytes, int], Where]

_KEYS = ("type", "ttl", "value", "values", "octodns", "dynamic", "geo")
_STEERING = {"dynamic": "health and place", "geo": "place"}
_FORM = "{type: A, value: 192.0.2.1}, or a list of such"


class RecordSets:
    """Read the records of one name after the other into a draft."""

    def __init__(
        self,
        draft: ZoneDraft,
        default_ttl: int,
        reading: Reading,
        claims: Claims | None = None,
    ) -> None:
        """Begin to read into a draft.

        Args:
            draft: takes records.
            default_ttl: seconds, for records that do not say.
            reading: takes problems.
            claims: types and names of other files of the zone, and of this one
                when it is read.
        """
        self._records = draft.records
        self._default_ttl = default_ttl
        self._reading = reading
        self._report = reading.report
        self._claims = claims

    def expect_repeated_owners(self) -> None:
        """From now on look out for the same name and type in another place.

        One file has each key once, so this is for keys that can be spelled in
        several ways. It takes memory for each record.
        """
        if self._claims is None:
            self._claims = {(record.owner, record.type): record.where for record in self._records}

    def read(self, owner: bytes, node: Node) -> None:
        """Read what stands under a name."""
        if node.__class__ is Mapping:
            self._read_set(owner, node)
        elif isinstance(node, Sequence):
            if not node.items:
                self._report(Problem(where(node), "record-missing", "an empty list", _FORM))
            seen: dict[str, Where] = {}
            for item in node.items:
                if isinstance(item, Mapping):
                    self._read_set(owner, item, seen)
                else:
                    self._refuse_text(item)
        else:
            self._refuse_text(node)

    def _refuse_text(self, node: Node) -> None:
        if isinstance(node, Broken):
            return
        hint = ""
        message = "a list inside a list"
        if isinstance(node, Scalar):
            message = "no record" if is_null(node) else f"{quoted(node.value)} instead of a record"
            if node.value:
                hint = f"{{type: {_likely_type(node.value)}, value: {node.value[:80]}}}"
        self._report(Problem(where(node), "record-form", message, _FORM, hint))

    def _read_set(self, owner: bytes, node: Mapping, seen: dict[str, Where] | None = None) -> None:
        """Read the record set of one type; ``seen`` are its neighbors' types."""
        fields = node.fields
        kind = self._kind(node)
        ttl: int | None = self._default_ttl
        known = 1
        if (entry := fields.get("ttl")) is not None:
            known += 1
            ttl = read_ttl(entry[1], self._report)
        values = fields.get("values")
        value = fields.get("value")
        if values is not None and value is not None:
            known += 1
            message = "both value and values; value is left out"
            self._report(
                Problem(where(value[0]), "record-value-twice", message, "", "", Severity.WARNING)
            )
        values = values or value
        known += values is not None
        leave_out = known < len(fields) and self._octodns_keys(node)
        if isinstance(kind, str):
            self._left_out(node, kind)
        if isinstance(kind, str) or kind is None or leave_out:
            return
        if seen is not None or self._claims is not None:
            self._check_repeated(owner, kind, node, seen)
        if values is None:
            if "dynamic" not in fields and "geo" not in fields:
                message = f"the {kind.text} record has no value"
                self._report(
                    Problem(where(node), "record-value-missing", message, "value or values")
                )
            return
        self._add(owner, kind, self._default_ttl if ttl is None else ttl, values[1])

    def _add(self, owner: bytes, kind: RecordType, ttl: int, node: Node) -> None:
        """Read the value or values of a record set."""
        records, reading = self._records, self._reading
        if node.__class__ is not Sequence:
            octets = kind.read(kind, node, reading)
            if octets is not None:
                records.append(Record(owner, kind.type, ttl, octets, where(node)))
            return
        assert isinstance(node, Sequence)
        if not node.items:
            message = f"the {kind.text} record has no values"
            self._report(Problem(where(node), "record-value-missing", message, "at least one"))
        seen = set()
        for item in node.items:
            octets = kind.read(kind, item, reading)
            if octets is None:
                continue
            if octets in seen:
                self._report(
                    Problem(
                        where(item),
                        "record-value-repeated",
                        "the same value again; it is left out",
                        "each value once (RFC 2181 §5)",
                        severity=Severity.WARNING,
                    )
                )
                continue
            seen.add(octets)
            records.append(Record(owner, kind.type, ttl, octets, where(item)))

    def _kind(self, node: Mapping) -> RecordType | str | None:
        """Find the type; its text when it is not DNS, ``None`` when reported."""
        entry = node.fields.get("type")
        if entry is None or is_null(entry[1]):
            near = nearest("type", node.fields) if entry is None else None
            hint = f"did you mean type instead of {near}?" if near else ""
            place = where(node.fields[near][0] if near else node)
            self._report(
                Problem(place, "record-type-missing", "the record has no type", _FORM, hint)
            )
            return None
        value = entry[1]
        if not isinstance(value, Scalar):
            if not isinstance(value, Broken):
                self._report(Problem(where(value), "record-type", "type is not text", "type: A"))
            return None
        text: str = value.value
        if text in NOT_IN_DNS or "/" in text:
            return text
        try:
            return record_type(text)
        except FormError as error:
            expected = "a type of the IANA registry, or TYPE and a number (RFC 3597 §5)"
            self._report(
                Problem(where(value), "record-type", error.reason, expected, type_hint(text))
            )
            return None

    def _octodns_keys(self, node: Mapping) -> bool:
        """Look at the keys that DNS has nothing for; tell if the record is off."""
        for text, (key, value) in node.fields.items():
            if text in _STEERING:
                message = f"{text} is left out; the plain values are answered to everybody"
                self._warn(key, f"record-{text}", message)
            elif text not in _KEYS:
                self._report(
                    Problem(
                        where(key),
                        "record-key",
                        f"{quoted(text)} is not a key of a record",
                        ", ".join(_KEYS),
                        did_you_mean(text, _KEYS),
                    )
                )
            elif text == "octodns" and isinstance(value, Mapping):
                ignored = value.get("ignored")
                if isinstance(ignored, Scalar) and ignored.value.lower() == "true":
                    self._warn(key, "record-ignored", "octodns.ignored: the record is left out")
                    return True
        return False

    def _left_out(self, node: Mapping, text: str) -> None:
        """Name a type that is not DNS."""
        type_node = node.fields["type"][1]
        reason = NOT_IN_DNS.get(text, "a type of one provider of octoDNS")
        self._warn(type_node, "record-not-dns", f"{quoted(text)} is {reason}; it is left out")

    def _check_repeated(
        self, owner: bytes, kind: RecordType, node: Mapping, seen: dict[str, Where] | None
    ) -> None:
        """Report a type that the name has already, in this list or elsewhere."""
        place = where(node.fields["type"][1])
        first = None
        if seen is not None:
            first = seen.setdefault(kind.text, place)
        if self._claims is not None and (first is None or first is place):
            first = self._claims.setdefault((owner, kind.type), place)
        if first is not None and first is not place:
            self._report(
                Problem(
                    place,
                    "record-repeated",
                    f"{kind.text} of {names.to_text(owner)} stands at {first} already",
                    "each type of a name once",
                    "put all values into one list: values: [...]",
                )
            )

    def _warn(self, node: Node, problem_id: str, message: str) -> None:
        self._report(Problem(where(node), problem_id, message, severity=Severity.WARNING))


def _likely_type(text: str) -> str:
    return address_type(text) or ("CNAME" if text.endswith(".") else "TXT")
