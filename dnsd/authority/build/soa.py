"""The SOA that the server keeps for a zone, and when its serial moves.

A zone file says nothing of a serial. The server makes one of the day, two
digits counting within it (RFC 1912 §2.2), and moves it exactly when the
content of the zone moved: a digest over all records, the serial left out,
stands beside the last serial. With more than a hundred changes a day, or after
a serial that is ahead of the calendar, it goes on by one. It never goes back
in the sense of RFC 1982.

A SOA record in the file overrides all of this, serial included. The server
then only says what secondaries will make of its serial.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING

from dnsd.authority.build.findings import warning
from dnsd.authority.zonefile.draft import Record
from dnsd.source.problems import Problem
from dnsd.wire import names, serial
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dnsd.authority.build.sorted_zone import SortedZone
    from dnsd.authority.zonefile.draft import ZoneDraft

SERIAL_BACK = warning("soa-serial-back", "RFC 1982 §3.2", "a serial above the last one")
SERIAL_SAME = warning("soa-serial-same", "RFC 1912 §2.2", "another serial for other content")

_SERIAL = slice(-20, -16)  # the first of the five numbers behind both names
_HOSTMASTER = b"\x0ahostmaster"
_DIGEST_OCTETS = 16


def kept_soa(draft: ZoneDraft) -> Record | None:
    """Make the SOA of a zone whose file has none, with serial 0.

    The primary is the first name server that the file names at the apex, and
    the hostmaster is ``hostmaster`` in the zone, unless ``soa:`` says else.

    Returns:
        The record; ``None`` if the file has a SOA at the apex.
    """
    origin = draft.origin
    primary = draft.soa.primary
    for record in draft.records:
        if record.owner == origin:
            if record.type == RRType.SOA:
                return None
            if primary is None and record.type == RRType.NS:
                primary = record.rdata
    hostmaster = draft.soa.hostmaster or _hostmaster(origin)
    settings = draft.soa
    timers = (settings.refresh, settings.retry, settings.expire, settings.minimum)
    # A zone without NS is refused by its own check; the root stands in here.
    rdata = (primary or names.ROOT) + hostmaster + struct.pack(">5I", 0, *timers)
    return Record(origin, RRType.SOA, settings.ttl, rdata, settings.where)


def _hostmaster(origin: bytes) -> bytes:
    if len(_HOSTMASTER) + len(origin) > names.MAX_NAME_OCTETS:
        return names.ROOT
    return _HOSTMASTER + origin


def serial_of(soa_rdata: bytes) -> int:
    """Read the serial of a SOA's rdata."""
    return int.from_bytes(soa_rdata[_SERIAL], "big")


def with_serial(soa_rdata: bytes, number: int) -> bytes:
    """Return a SOA's rdata with another serial."""
    return soa_rdata[:-20] + number.to_bytes(4, "big") + soa_rdata[-16:]


def content_digest(zone: SortedZone) -> bytes:
    """Digest all records, in whatever order; a kept SOA has serial 0 here.

    Of a zone signed elsewhere the signatures are part of the content.
    """
    return changed_digest(bytes(_DIGEST_OCTETS), (), chain(zone.records, _signing(zone)))


def changed_digest(digest: bytes, gone: Iterable[Record], come: Iterable[Record]) -> bytes:
    """Digest a content again of which some records changed.

    The digest is the sum of those of the records, so a change costs what changed.

    Args:
        digest: from :func:`content_digest`.
        gone: records that are no longer there, each once.
        come: records that are new, each once.
    """
    total = int.from_bytes(digest, "big") + sum(map(_digest, come)) - sum(map(_digest, gone))
    return (total % (1 << 8 * _DIGEST_OCTETS)).to_bytes(_DIGEST_OCTETS, "big")


def _digest(record: Record) -> int:
    head = struct.pack(">HIH", record.type, record.ttl, len(record.rdata))
    octets = b"".join((record.owner, head, record.rdata))
    return int.from_bytes(blake2b(octets, digest_size=_DIGEST_OCTETS).digest(), "big")


def _signing(zone: SortedZone) -> Iterable[Record]:
    """Return each record of signing once, of a zone that is signed."""
    return {_written(record): record for record in zone.signing if zone.is_signed}.values()


def _written(record: Record) -> tuple[bytes, int, bytes]:
    return record.owner, record.type, record.rdata


def next_serial(last: int | None, wall_now: int) -> int:
    """Choose the serial of changed content.

    Args:
        last: the serial before; ``None`` for a zone never seen.
        wall_now: Unix seconds.

    Returns:
        YYYYMMDD00 of the day (UTC), or the serial after ``last`` when that is
        not newer; never 0, which some programs take for "none".
    """
    day = datetime.fromtimestamp(wall_now, UTC)
    dated = (day.year * 10000 + day.month * 100 + day.day) * 100
    if last is None or serial.is_newer(dated, last):
        return dated
    return serial.add(last, 1) or 1


def check_written_serial(
    soa: Record, last: tuple[int, bytes] | None, digest: bytes
) -> Problem | None:
    """Say what secondaries will make of a serial that the file gives.

    Args:
        soa: the SOA of the file.
        last: serial and digest that were served last.
        digest: of the content now.
    """
    if last is None or last[1] == digest:
        return None
    number = serial_of(soa.rdata)
    if number == last[0]:
        check, message = SERIAL_SAME, f"serial {number} stands for other content already"
    elif not serial.is_newer(number, last[0]):
        check, message = SERIAL_BACK, f"serial {number} is behind {last[0]}, which was served"
    else:
        return None
    hint = f"serial {serial.add(last[0], 1)}, or no SOA record: the server keeps one"
    return Problem(soa.where, check.id, message, check.expected, hint, check.severity)
