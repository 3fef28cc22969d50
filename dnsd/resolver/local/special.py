"""Names that the standards keep out of the DNS: answered here, never asked for.

Two registries say which: Special-Use Domain Names (RFC 6761) and Locally-Served
DNS Zones (RFC 6303), whose queries would else end at the AS112 servers (RFC 7534).
What they get:

    localhost and below               127.0.0.1 and ::1 (RFC 6761 §6.3)
    invalid, test, onion, alt, local  NXDOMAIN (RFC 6761, RFC 7686, RFC 9476, RFC 6762)
    ipv4only.arpa                     192.0.0.170 and 192.0.0.171 (RFC 8880)
    resolver.arpa and below           no data (RFC 9462 §6.4)
    reverse zones of private and      empty zones: a SOA and a NS record at the apex
    reserved networks, home.arpa,     (RFC 6303 §3), NXDOMAIN below; the names of
    service.arpa                      loopback addresses are localhost

A DS record at the apex of an empty zone is its parent's to deny, and whoever
validates needs that denial (RFC 8375 §4): it is asked for.

Zones of ours and zones under ``forward`` stand above all this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.resolver.local.answer import LocalAnswer, Source
from dnsd.resolver.local.reverse import reverse_name
from dnsd.resolver.outcome import Explanation
from dnsd.wire import names
from dnsd.wire.iana import ExtendedError, Rcode, RRType
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOERROR = int(Rcode.NOERROR)
_NXDOMAIN = int(Rcode.NXDOMAIN)
_A = int(RRType.A)
_NS = int(RRType.NS)
_SOA = int(RRType.SOA)
_PTR = int(RRType.PTR)
_AAAA = int(RRType.AAAA)
_DS = int(RRType.DS)
_ANY = int(RRType.ANY)

#: TTL of everything here, as RFC 6303 §3 has it in its example zone.
TTL: Final = 10_800

_LOCALHOST = names.from_text("localhost")
_IPV4ONLY = names.from_text("ipv4only.arpa")
_RESOLVER = names.from_text("resolver.arpa")
_ABSENT = tuple(map(names.from_text, ("invalid", "test", "onion", "alt", "local")))
_LOOPBACK = (bytes((127, 0, 0, 1)), bytes(15) + b"\x01")
_WELL_KNOWN = (bytes((192, 0, 0, 170)), bytes((192, 0, 0, 171)))  # RFC 7050 §8.2

# The registry's order: RFC 1918, RFC 7793, RFC 6890's, documentation, IPv6.
_EMPTY: Final = (
    "10.in-addr.arpa",
    *(f"{i}.172.in-addr.arpa" for i in range(16, 32)),
    "168.192.in-addr.arpa",
    *(f"{i}.100.in-addr.arpa" for i in range(64, 128)),
    "0.in-addr.arpa",
    "127.in-addr.arpa",
    "254.169.in-addr.arpa",
    "2.0.192.in-addr.arpa",
    "100.51.198.in-addr.arpa",
    "113.0.203.in-addr.arpa",
    "255.255.255.255.in-addr.arpa",
    "0." * 32 + "ip6.arpa",
    "1." + "0." * 31 + "ip6.arpa",
    "8.b.d.0.1.0.0.2.ip6.arpa",
    "c.f.ip6.arpa",
    "d.f.ip6.arpa",
    "8.e.f.ip6.arpa",
    "9.e.f.ip6.arpa",
    "a.e.f.ip6.arpa",
    "b.e.f.ip6.arpa",
    "empty.as112.arpa",  # RFC 7535
    "home.arpa",  # RFC 8375
    "service.arpa",  # RFC 9665
)

_EXPLANATION = Explanation(int(ExtendedError.NOT_SUPPORTED), "special-use name")

_Records = dict[int, tuple[bytes, ...]]


class SpecialNames:
    """The special names of one server.

    Attributes:
        zones: apexes of all zones that are answered here.
    """

    __slots__ = ("_ends", "_forwarded", "_records", "zones")

    def __init__(
        self, *, builtin: bool, more: Iterable[bytes] = (), forwarded: Iterable[bytes] = ()
    ) -> None:
        """Choose what is answered here.

        Args:
            builtin: all that the registries list.
            more: apexes of further empty zones, in canonical form.
            forwarded: apexes of zones for which certain servers are asked.
        """
        zones: set[bytes] = set(more)
        self._records: dict[bytes, _Records] = {}
        if builtin:
            zones |= {names.from_text(text) for text in _EMPTY}
            zones |= {_LOCALHOST, _IPV4ONLY, _RESOLVER, *_ABSENT}
            self._records[_IPV4ONLY] = {_A: _WELL_KNOWN}
            self._records |= {reverse_name(each): {_PTR: (_LOCALHOST,)} for each in _LOOPBACK}
            for each in _WELL_KNOWN:  # RFC 8880 §7.2
                zones.add(reverse_name(each))
                self._records[reverse_name(each)] = {_PTR: (_IPV4ONLY,)}
        self._forwarded = frozenset(forwarded) - {names.ROOT}
        self.zones = frozenset(zones - self._forwarded)
        # A name whose last label is none of these is not special: most names.
        self._ends = frozenset(zone[_last_label(zone) :] for zone in self.zones)

    def zone_of(self, name: bytes) -> bytes | None:
        """Return the apex of the special zone that a name lies in, if any."""
        # Written out: this runs for every name that somebody asks for.
        offset = last = 0
        while length := name[offset]:
            last = offset
            offset += 1 + length
        if name[last:] not in self._ends:
            return None
        while name != names.ROOT:
            if name in self.zones:
                return name
            if name in self._forwarded:
                return None
            name = name[1 + name[0] :]
        return None

    def find(self, name: bytes, rrtype: int) -> LocalAnswer | None:
        """Answer a question about a special name; ``None`` for any other.

        Args:
            name: in canonical form.
            rrtype: type asked for.
        """
        zone = self.zone_of(name)
        if zone is None:
            return None
        return self._answer(name, rrtype, zone)

    def _answer(self, name: bytes, rrtype: int, zone: bytes) -> LocalAnswer | None:
        if rrtype == _DS and name == zone and names.label_count(zone) > 1:
            return None
        records = self._at(name, zone)
        if records is None:
            return LocalAnswer(_NXDOMAIN, Source.SPECIAL, [], [soa_of(zone)], _EXPLANATION)
        wanted = records if rrtype == _ANY else {rrtype: records.get(rrtype, ())}
        found = [RRset(name, each, TTL, rdatas) for each, rdatas in wanted.items() if rdatas]
        denial = [] if found else [soa_of(zone)]
        return LocalAnswer(_NOERROR, Source.SPECIAL, found, denial)

    def _at(self, name: bytes, zone: bytes) -> _Records | None:
        """Return the records at a name; ``None`` where there is no such name."""
        records = dict(self._records.get(name, ()))
        if zone == _LOCALHOST:
            records |= {_A: _LOOPBACK[:1], _AAAA: _LOOPBACK[1:]}
        if name == zone:
            if zone not in _ABSENT:
                return {_SOA: soa_of(zone).rdatas, _NS: (zone,), **records}
            return None
        if records or zone == _RESOLVER:
            return records
        # An empty non-terminal exists (RFC 8020 §2).
        if any(each.endswith(name) and names.is_subdomain(each, name) for each in self._records):
            return {}
        return None


def soa_of(zone: bytes, ttl: int = TTL) -> RRset:
    """Make the SOA RRset of an empty zone (RFC 6303 §3).

    Args:
        zone: its apex.
        ttl: seconds for which a denial may be kept, too.
    """
    rdata = zone + b"\x06nobody\x07invalid\x00" + _SOA_TIMES + ttl.to_bytes(4, "big")
    return RRset(zone, _SOA, ttl, (rdata,))


# Serial, refresh, retry and expire.
_SOA_TIMES = b"".join(number.to_bytes(4, "big") for number in (1, 3600, 1200, 604_800))


def _last_label(name: bytes) -> int:
    """Return the offset of a name's last label; 0 for the root."""
    offset = last = 0
    while length := name[offset]:
        last = offset
        offset += 1 + length
    return last
