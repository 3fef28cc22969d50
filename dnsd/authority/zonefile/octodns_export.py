"""Records as an octoDNS file, which octoDNS and our own reader take.

Names and keys stand in octoDNS's natural order, TTLs only where they are not
its default, fields under its current names. What octoDNS has no form for (SOA,
DNSKEY, odd strings) is written in presentation form, which our reader takes.

Records of one name and type with several TTLs get the least of them
(RFC 2181 §5.2 forbids the difference).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from dnsd.authority.zonefile.draft import DEFAULT_TTL
from dnsd.wire import names, rdata
from dnsd.wire.iana import RRType, rrtype_to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from dnsd.authority.zonefile.draft import Record

try:
    from yaml import CSafeDumper as _Dumper
except ImportError:  # PyYAML without libyaml
    from yaml import SafeDumper as _Dumper  # type: ignore[assignment]

_DIGITS = re.compile(r"([0-9]+)")
_WORD = re.compile(r'(?:[^\s"\\]|\\.|"(?:[^"\\]|\\.)*")+', re.DOTALL)
_GENERIC = "\\#"
# SvcParams that octoDNS has as lists, and one that it has no name for.
_LISTS = ("mandatory", "alpn", "ipv4hint", "ipv6hint")
_NUMBERED = {"dohpath": "key7"}


def write_octodns(origin: bytes, records: Iterable[Record]) -> str:
    """Write records as an octoDNS file.

    Args:
        origin: the zone; owners are written relative to it.
        records: in any order, all of the zone.
    """
    owners: dict[str, dict[int, list[Record]]] = {}
    for record in records:
        owner = names.relative_text(record.owner, origin)
        owners.setdefault(owner, {}).setdefault(record.type, []).append(record)
    return "---\n" + "".join(_entries(owners))


def _entries(owners: dict[str, dict[int, list[Record]]]) -> Iterator[str]:
    if not owners:
        yield "{}\n"
    for owner in sorted(owners, key=natural_key):
        sets = [_record_set(group) for _, group in sorted(owners[owner].items())]
        entry = {owner: sets if len(sets) > 1 else sets[0]}
        yield yaml.dump(entry, Dumper=_Dumper, allow_unicode=True, width=1 << 20, sort_keys=False)


def natural_key(text: str) -> list[str | int]:
    """Make a key that sorts ``host2`` before ``host10``, as octoDNS wants it."""
    return [int(part) if i % 2 else part for i, part in enumerate(_DIGITS.split(text))]


def _record_set(group: list[Record]) -> dict[str, Any]:
    ttl = min(record.ttl for record in group)
    values = [_value(record.type, record.rdata) for record in group]
    record_set: dict[str, Any] = {} if ttl == DEFAULT_TTL else {"ttl": ttl}
    record_set["type"] = rrtype_to_text(group[0].type)
    if len(values) > 1:
        record_set["values"] = values
    else:
        record_set["value"] = values[0]
    return record_set


def _value(rrtype: int, octets: bytes) -> Any:
    """Write rdata as octoDNS does, or in presentation form."""
    if rrtype in (RRType.TXT, RRType.SPF):
        return _strings(octets)
    text = rdata.to_text(rrtype, octets)
    if text.startswith(_GENERIC):
        return text
    writer = _WRITERS.get(rrtype)
    if writer is None:
        return text
    return _sorted(writer(_WORD.findall(text)))


def _sorted(value: dict[str, Any]) -> dict[str, Any]:
    return {key: value[key] for key in sorted(value, key=natural_key)}


def _strings(octets: bytes) -> str:
    """Write TXT: the whole string when it reads back to the same octets."""
    whole = b"".join(rdata.to_strings(octets))
    generic = f"{_GENERIC} {len(octets)} {octets.hex()}"
    try:
        text = whole.decode()
    except UnicodeDecodeError:
        return generic
    if rdata.from_strings([whole]) != octets or not text.isprintable():
        return generic
    if text.startswith(_GENERIC) or '" "' in text:
        return generic
    text = text.replace(";", "\\;")
    return f'"{text}"' if text.startswith('"') else text


def _inside(token: str) -> str:
    """Take the quotes off: octoDNS keeps what is between them."""
    return token[1:-1] if token.startswith('"') else token


def _fields(pattern: str) -> Callable[[list[str]], dict[str, Any]]:
    """Make a writer of fields; a name with ``:`` in front is not a number."""
    keys = pattern.split()

    def write(tokens: list[str]) -> dict[str, Any]:
        # The last field takes what is left: long hexadecimal has spaces.
        parts = [*tokens[: len(keys) - 1], "".join(tokens[len(keys) - 1 :])]
        return {
            key.lstrip(":"): _inside(part) if key.startswith(":") else int(part)
            for key, part in zip(keys, parts, strict=True)
        }

    return write


def _location(tokens: list[str]) -> dict[str, Any]:
    """Write LOC; sizes that the text leaves out have the defaults of RFC 1876 §3."""
    keys = ["degrees", "minutes", "seconds", "direction"]
    value: dict[str, Any] = {}
    for half, start in (("lat", 0), ("long", 4)):
        degrees, minutes, seconds, direction = tokens[start : start + 4]
        parts = int(degrees), int(minutes), float(seconds), direction
        value |= {f"{half}_{key}": part for key, part in zip(keys, parts, strict=True)}
    sizes = [float(token.removesuffix("m")) for token in tokens[8:]]
    sizes += [1.0, 10000.0, 10.0][len(sizes) - 1 :]
    return value | dict(
        zip(("altitude", "size", "precision_horz", "precision_vert"), sizes, strict=True)
    )


def _service(tokens: list[str]) -> dict[str, Any]:
    """Write SVCB and HTTPS."""
    parameters: dict[str, Any] = {}
    for token in tokens[2:]:
        key, equals, written = token.partition("=")
        key = _NUMBERED.get(key, key)
        text = _inside(written)
        if not equals:
            parameters[key] = None
        elif key in _LISTS:
            parameters[key] = [
                _NUMBERED.get(item, item) if key == "mandatory" else item
                for item in text.split(",")
            ]
        else:
            parameters[key] = int(text) if key == "port" else text
    value: dict[str, Any] = {"svcpriority": int(tokens[0]), "targetname": tokens[1]}
    return value | ({"svcparams": _sorted(parameters)} if parameters else {})


_DS = _fields("key_tag algorithm digest_type :digest")
_TLSA = _fields("certificate_usage selector matching_type :certificate_association_data")
_WRITERS: dict[int, Callable[[list[str]], dict[str, Any]]] = {
    RRType.MX: _fields("preference :exchange"),
    RRType.SRV: _fields("priority weight port :target"),
    RRType.CAA: _fields("flags :tag :value"),
    RRType.DS: _DS,
    RRType.CDS: _DS,
    RRType.TLSA: _TLSA,
    RRType.SMIMEA: _TLSA,
    RRType.SSHFP: _fields("algorithm fingerprint_type :fingerprint"),
    RRType.NAPTR: _fields("order preference :flags :service :regexp :replacement"),
    RRType.URI: _fields("priority weight :target"),
    RRType.LOC: _location,
    RRType.SVCB: _service,
    RRType.HTTPS: _service,
}
