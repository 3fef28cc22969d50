r"""The record types of octoDNS: how the value of each is written.

Field names are octoDNS's, those of its older versions included. A type that is
not in the table takes presentation text, whether it has a name or is written
as ``TYPE65280`` (RFC 3597 §5).
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from dnsd.authority.zonefile.fields import (
    decimal,
    hexadecimal,
    integer,
    letter,
    name,
    rest,
    string,
    tag,
)
from dnsd.authority.zonefile.values import (
    RecordType,
    read_fields,
    read_ipv4,
    read_ipv6,
    read_loc,
    read_name,
    read_presentation,
    read_svcb,
    read_text,
)
from dnsd.source.nearest import did_you_mean
from dnsd.wire import rdata
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType, rrtype_from_text, rrtype_to_text

if TYPE_CHECKING:
    from dnsd.authority.zonefile.fields import Field
    from dnsd.authority.zonefile.values import Reader

# Types of octoDNS that DNS does not have, with what they are there.
NOT_IN_DNS = {
    "URLFWD": "a web redirection, which is not DNS",
}

_PREFERENCE_HINT = "lower numbers are tried first"
_DS = (
    integer("key_tag", 2),
    integer("algorithm", 1),
    integer("digest_type", 1),
    hexadecimal("digest"),
)
# octoDNS up to 0.9.21 named the fields of DS as those of DNSKEY.
_OLD_DS = (
    integer("flags", 2),
    integer("protocol", 1),
    integer("algorithm", 1),
    hexadecimal("public_key"),
)
_TLSA = (
    integer("certificate_usage", 1, default="0"),
    integer("selector", 1, default="0"),
    integer("matching_type", 1, default="0"),
    hexadecimal("certificate_association_data"),
)
_SVCB = (integer("svcpriority", 2), name("targetname"))


def _kind(rrtype: RRType, source: str, read: Reader, fields: tuple[Field, ...] = ()) -> RecordType:
    return RecordType(int(rrtype), rrtype.name, source, read, fields)


def _ds(rrtype: RRType, source: str) -> RecordType:
    marks = frozenset(("flags", "public_key"))
    return RecordType(int(rrtype), rrtype.name, source, read_fields, _DS, _OLD_DS, marks)


_TABLE = (
    _kind(RRType.A, "RFC 1035 §3.4.1", read_ipv4),
    _kind(RRType.AAAA, "RFC 3596 §2.2", read_ipv6),
    _kind(RRType.CNAME, "RFC 1035 §3.3.1", read_name),
    _kind(RRType.DNAME, "RFC 6672 §2.1", read_name),
    _kind(RRType.ALIAS, "octoDNS", read_name),
    _kind(RRType.NS, "RFC 1035 §3.3.11", read_name),
    _kind(RRType.PTR, "RFC 1035 §3.3.12", read_name),
    _kind(RRType.TXT, "RFC 1035 §3.3.14", read_text),
    _kind(RRType.SPF, "RFC 7208 §3.1", read_text),
    _kind(
        RRType.MX,
        "RFC 1035 §3.3.9",
        read_fields,
        (
            integer("preference", 2, ("priority",), hint=_PREFERENCE_HINT),
            name("exchange", ("value",)),
        ),
    ),
    _kind(
        RRType.SRV,
        "RFC 2782",
        read_fields,
        (
            integer("priority", 2, hint=_PREFERENCE_HINT),
            integer("weight", 2),
            integer("port", 2),
            name("target"),
        ),
    ),
    _kind(
        RRType.CAA,
        "RFC 8659 §4.1",
        read_fields,
        (integer("flags", 1, default="0"), tag("tag"), rest("value")),
    ),
    _ds(RRType.DS, "RFC 4034 §5.1"),
    _ds(RRType.CDS, "RFC 7344 §3.1"),
    _kind(RRType.TLSA, "RFC 6698 §2.1", read_fields, _TLSA),
    _kind(RRType.SMIMEA, "RFC 8162 §2", read_fields, _TLSA),
    _kind(
        RRType.SSHFP,
        "RFC 4255 §3.1",
        read_fields,
        (integer("algorithm", 1), integer("fingerprint_type", 1), hexadecimal("fingerprint")),
    ),
    _kind(
        RRType.NAPTR,
        "RFC 3403 §4.1",
        read_fields,
        (
            integer("order", 2),
            integer("preference", 2),
            string("flags"),
            string("service"),
            string("regexp"),
            name("replacement"),
        ),
    ),
    _kind(
        RRType.URI,
        "RFC 7553 §4.5",
        read_fields,
        (integer("priority", 2), integer("weight", 2), rest("target")),
    ),
    _kind(
        RRType.LOC,
        "RFC 1876 §2",
        read_loc,
        (
            decimal("lat_degrees"),
            decimal("lat_minutes"),
            decimal("lat_seconds"),
            letter("lat_direction", "NS"),
            decimal("long_degrees"),
            decimal("long_minutes"),
            decimal("long_seconds"),
            letter("long_direction", "EW"),
            decimal("altitude"),
            decimal("size", "1"),
            decimal("precision_horz", "10000"),
            decimal("precision_vert", "10"),
        ),
    ),
    _kind(RRType.SVCB, "RFC 9460 §2", read_svcb, _SVCB),
    _kind(RRType.HTTPS, "RFC 9460 §9", read_svcb, _SVCB),
)

_BY_TEXT = {kind.text: kind for kind in _TABLE}


@functools.lru_cache(maxsize=1024)
def record_type(text: str) -> RecordType:
    """Find the type that a file names, letter case ignored.

    Raises:
        FormError: there is no such type, or it cannot be in a zone.
    """
    rrtype = rrtype_from_text(text)
    if rdata.is_meta(rrtype):
        raise FormError(f"{text!r} is not a type of zone data")
    known = rrtype_to_text(rrtype)
    return _BY_TEXT.get(known) or RecordType(rrtype, known, "", read_presentation)


def type_hint(text: str) -> str:
    """Ask for the type that was probably meant; empty when none is near."""
    candidates = [member.name.replace("_", "-") for member in RRType if not rdata.is_meta(member)]
    return did_you_mean(text, candidates)
