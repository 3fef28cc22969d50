"""The records of one section, read into RRsets.

A resolver reads every reply with this and a message may hold thousands of records, so
the loop does for each no more than its octets ask for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.wire.iana import RRClass, RRType
from dnsd.wire.layouts import rdata_uncompressed
from dnsd.wire.records import FIXED, Record, check_tsig_place, read_opt, read_rdata
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from dnsd.wire.edns import Edns
    from dnsd.wire.reader import Reader

_IN: Final = int(RRClass.IN)
_CLASS_ANY: Final = int(RRClass.ANY)
_OPT: Final = int(RRType.OPT)
_TSIG: Final = int(RRType.TSIG)
_RRSIG: Final = int(RRType.RRSIG)

_MAX_TTL: Final = 0x7FFFFFFF
_FIXED_OCTETS: Final = 10

# What most records of most messages are; their rdata is checked by its length alone.
_ADDRESS_OCTETS: Final = {int(RRType.A): 4, int(RRType.AAAA): 16}

_Key = tuple[bytes, int, int, bytes]  # the last: of an RRSIG, the type it covers


def read_section(
    reader: Reader, section: int, count: int
) -> tuple[list[RRset], Edns | None, RRset | None]:
    """Read the records of one section.

    Args:
        reader: stands at the first of them, and then behind the last.
        section: 0 answer, 1 authority, 2 additional.
        count: how many there are.

    Returns:
        The RRsets in the order of their first records, RRSIGs with the RRset that they
        cover when the section has it; what its OPT record says; and its TSIG record.

    Raises:
        FormError: malformed, or an OPT or TSIG where it must not be.
    """
    octets, unpack = reader.message, FIXED.unpack_from
    found: dict[_Key, RRset] = {}
    several: dict[_Key, dict[bytes, None]] = {}
    edns: Edns | None = None
    tsig: RRset | None = None
    for left in range(count, 0, -1):
        owner = reader.name_as_sent().lower()
        start = reader.offset
        reader.skip(_FIXED_OCTETS)
        rrtype, rdclass, ttl, rdlength = unpack(octets, start)
        covered = b""
        if rdlength == _ADDRESS_OCTETS.get(rrtype) and rdclass == _IN:
            start += _FIXED_OCTETS
            reader.skip(rdlength)
            rdata = octets[start : start + rdlength]
        else:
            record = Record(owner, rrtype, rdclass, ttl, rdlength)
            if rrtype == _OPT:
                edns = read_opt(reader, record, section, edns)
                continue
            if rrtype == _TSIG:
                tsig = _read_tsig(reader, record, section, left)
                continue
            rdata = read_rdata(reader, record)
            if rrtype == _RRSIG:
                # RRSIGs are one RRset for each type that they cover (RFC 4035 §2.2).
                covered = rdata[:2]
        ttl = ttl if ttl <= _MAX_TTL else 0
        key = (owner, rrtype, rdclass, covered)
        rrset = found.get(key)
        if rrset is None:
            found[key] = RRset(owner, rrtype, ttl, (rdata,), (), rdclass)
            continue
        rrset.ttl = min(rrset.ttl, ttl)
        if rdata != rrset.rdatas[0]:
            several.setdefault(key, {rrset.rdatas[0]: None})[rdata] = None
    for key, rdatas in several.items():
        found[key].rdatas = tuple(rdatas)
    return _with_signatures(list(found.values())), edns, tsig


def _read_tsig(reader: Reader, record: Record, section: int, left: int) -> RRset:
    """Read a TSIG record, which is the last of its message or an error."""
    check_tsig_place(record, section, left, reader.offset)
    rdata = rdata_uncompressed(reader, _TSIG, record.rdlength)
    return RRset(record.owner, _TSIG, 0, (rdata,), rdclass=_CLASS_ANY)


def _with_signatures(rrsets: list[RRset]) -> list[RRset]:
    """Move RRSIGs to the RRsets that they cover, and return what stands by itself."""
    if len(rrsets) < 2 or _RRSIG not in [rrset.type for rrset in rrsets]:
        return rrsets
    covered = {(each.owner, each.type, each.rdclass): each for each in rrsets}
    left = []
    for rrset in rrsets:
        if rrset.type == _RRSIG and rrset.rdatas[0]:
            covered_type = int.from_bytes(rrset.rdatas[0][:2], "big")
            target = covered.get((rrset.owner, covered_type, rrset.rdclass))
            if target is not None and target.type != _RRSIG:
                target.signatures = rrset.rdatas
                target.ttl = min(target.ttl, rrset.ttl)
                continue
        left.append(rrset)
    return left
