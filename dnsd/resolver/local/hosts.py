r"""Hosts files: an address and its names on each line (hosts(5)).

    192.0.2.10   nas.home.arpa nas   # the first name is the one of the PTR record

Promise: any octets give a list of names; a line that cannot be read is counted and
passed over, and no line costs more than its length.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from dnsd.wire import names
from dnsd.wire.errors import FormError

_MAX_LINE_OCTETS = 8192
_HOST = re.compile(rb"[A-Za-z0-9_.-]{1,254}")


@dataclass(slots=True)
class HostEntries:
    """What a hosts or lease file says.

    Attributes:
        entries: name in canonical form and address of 4 or 16 octets, in the order
            of the file; of each line the first name is the canonical one.
        unreadable: lines passed over.
        first_unreadable: the number of the first of them, from 1; 0 if there is none.
        full: there were more names than were taken.
    """

    entries: list[tuple[bytes, bytes]] = field(default_factory=list)
    unreadable: int = 0
    first_unreadable: int = 0
    full: bool = False

    def passed_over(self, number: int) -> None:
        """Count a line that could not be read."""
        self.unreadable += 1
        self.first_unreadable = self.first_unreadable or number


def read_hosts(octets: bytes, max_names: int) -> HostEntries:
    """Read a hosts file.

    Args:
        octets: the whole file.
        max_names: names taken at most.
    """
    found = HostEntries()
    for number, line in enumerate(octets.split(b"\n"), 1):
        words = line.partition(b"#")[0].split()
        if not words:
            continue
        read = read_host_line(words) if len(line) <= _MAX_LINE_OCTETS else None
        if read is None:
            found.passed_over(number)
            continue
        address, hosts = read
        room = max_names - len(found.entries)
        found.full = found.full or len(hosts) > room
        found.entries += [(name, address) for name in hosts[:room]]
    return found


def read_host_line(words: list[bytes]) -> tuple[bytes, list[bytes]] | None:
    """Read the words of a line; ``None`` if they are no address and its names.

    Returns:
        The address, 4 or 16 octets, and at least one name.
    """
    address = read_address(words[0])
    hosts = [name for word in words[1:] if (name := read_host(word))]
    if address is None or not hosts or len(hosts) + 1 < len(words):
        return None
    return address, hosts


def read_address(word: bytes) -> bytes | None:
    """Read an address; an IPv6 address may have a zone index, which is dropped."""
    try:
        return ipaddress.ip_address(word.partition(b"%")[0].decode("ascii")).packed
    except ValueError:
        return None


def read_host(word: bytes) -> bytes | None:
    """Read a host name, with or without its last dot; ``None`` if it is none.

    Underscores are let through: they are in names that people give hosts.
    """
    if not _HOST.fullmatch(word):
        return None
    try:
        name = names.from_text(word.decode("ascii"))
    except FormError:
        return None
    return None if name == names.ROOT else name
