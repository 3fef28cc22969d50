"""The lease file of dnsmasq's DHCP server.

One lease a line, fields between single spaces (``lease.c`` of dnsmasq writes them)::

    expiry  MAC or DUID part   address        name   client id
    1800000000 52:54:00:12:34:56 192.0.2.20   phone  01:52:54:00:12:34:56
    duid 00:01:00:01:2b:…                            (DHCPv6 leases follow)
    1800000000 11259375          2001:db8::20 phone  00:01:…

The expiry is in Unix seconds, 0 for ever; a name that is not known is ``*``. dnsmasq
writes the file anew while we may read it: a last line without its end is left out.

Promise: as in ``hosts``.
"""

from __future__ import annotations

import re

from dnsd.resolver.local.hosts import HostEntries, read_address, read_host

_MAX_LINE_OCTETS = 4096
# A name that a client chose: a host name's characters only (RFC 1123 §2.1).
_HOST = re.compile(rb"[A-Za-z0-9]([A-Za-z0-9.-]{0,252})")
# Names that a client could choose to catch what is meant for others.
_RESERVED = frozenset((b"\x09localhost\x00", b"\x04wpad\x00", b"\x06isatap\x00"))


def read_leases(octets: bytes, wall_now: int, max_names: int) -> HostEntries:
    """Read a lease file.

    Args:
        octets: the whole file.
        wall_now: Unix seconds; leases that are over are left out.
        max_names: names taken at most.
    """
    found = HostEntries()
    lines = octets.split(b"\n")
    for number, line in enumerate(lines[:-1], 1):
        words = line.split(b" ") if len(line) <= _MAX_LINE_OCTETS else []
        if not line or words[:1] == [b"duid"]:
            continue
        read = _lease(words)
        if read is None:
            found.passed_over(number)
            continue
        expiry, address, word = read
        name = None if word == b"*" or 0 < expiry <= wall_now else read_host(word)
        if name is None or name in _RESERVED:
            continue
        if len(found.entries) < max_names:
            found.entries.append((name, address))
        else:
            found.full = True
    return found


def _lease(words: list[bytes]) -> tuple[int, bytes, bytes] | None:
    """Read expiry, address and name of a line; ``None`` if it is no lease."""
    if len(words) < 4 or not words[0].isdigit() or len(words[0]) > 20:
        return None
    address = read_address(words[2].strip(b"[]"))
    name = words[3]
    if address is None or (name != b"*" and not _HOST.fullmatch(name)):
        return None
    return int(words[0]), address, name
