"""Names of the operator's machines, as one table.

Three sources, each hiding what a later one says of the same name: the configuration,
hosts files, leases. A name of one label is found under the local domain too. From
every address a PTR record is made, for the first name that has it; PTR records that
a source has itself stand.

A name that is here is answered here whatever type is asked for, so that no query for
its AAAA or HTTPS records goes out. But a name of one label stands beside the top-level
domains: what makes a zone (NS, DS and the like) is asked of the root.

A client of a DHCP server chooses its own name. So a lease gives names under the local
domain only, never somebody else's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.resolver.local.answer import LocalAnswer, Source
from dnsd.resolver.local.reverse import reverse_name
from dnsd.resolver.local.special import soa_of
from dnsd.wire import names
from dnsd.wire.iana import Rcode, RRType
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dnsd.resolver.local.special import SpecialNames

_NOERROR = int(Rcode.NOERROR)
_CNAME = int(RRType.CNAME)
_PTR = int(RRType.PTR)
_ANY = int(RRType.ANY)
_ADDRESS_TYPES: Final = {4: int(RRType.A), 16: int(RRType.AAAA)}
_ADDRESSES: Final = frozenset(_ADDRESS_TYPES.values())
_OF_ZONES: Final = frozenset((int(RRType.NS), int(RRType.SOA), int(RRType.DS), int(RRType.DNSKEY)))
# In a hosts file these stand for the machine that it is on.
_THIS_MACHINE: Final = frozenset(
    (bytes((127, 0, 0, 1)), bytes((127, 0, 1, 1)), bytes(15) + b"\x01")
)

#: Type and rdata.
Record = tuple[int, bytes]


class LocalNames:
    """One version of the table, filled in the order of precedence, then asked.

    Attributes:
        special: the special names, which come after these.
    """

    __slots__ = ("_above", "_domain", "_records", "_ttl", "special")

    def __init__(self, special: SpecialNames, *, domain: bytes, ttl: int) -> None:
        """Begin with no names.

        Args:
            special: the zones that the names may lie in.
            domain: under which names of one label are found too; the root for none.
            ttl: seconds.
        """
        self.special = special
        self._ttl = ttl
        self._domain = domain
        self._records: dict[bytes, tuple[Source, tuple[Record, ...]]] = {}
        # Names without records above those with some, inside special zones, which
        # would else deny them with all below (RFC 8020 §2).
        self._above: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, name: bytes) -> bool:
        return name in self._records

    def add(self, source: Source, records: Iterable[tuple[bytes, int, bytes]]) -> None:
        """Add what one source says; names that are there already are left alone.

        Args:
            source: where it comes from.
            records: name in canonical form, type and rdata of each; of several names
                with one address the first gets the PTR record.
        """
        found: dict[bytes, list[Record]] = {}
        reverse: dict[bytes, list[Record]] = {}
        for name, rrtype, rdata in records:
            whole = self._whole(name)
            for each in {name: None, whole: None}:
                if each not in self._records:
                    found.setdefault(each, []).append((rrtype, rdata))
            if rrtype in _ADDRESSES and whole not in self._records:
                reverse.setdefault(reverse_name(rdata), [(_PTR, whole)])
        for name, made in reverse.items():
            if name not in self._records:
                found.setdefault(name, made)
        for name, several in found.items():
            self._records[name] = (source, tuple(dict.fromkeys(several)))
            self._note_above(name)

    def add_addresses(self, source: Source, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Add the names and addresses of 4 or 16 octets that a file has."""
        self.add(
            source,
            (
                (name, _ADDRESS_TYPES[len(address)], address)
                for name, address in entries
                if address not in _THIS_MACHINE
                and (source is not Source.LEASE or self._may_be_leased(name))
            ),
        )

    def find(self, name: bytes, rrtype: int) -> LocalAnswer | None:
        """Answer a question about a local or special name; ``None`` for any other.

        Args:
            name: in canonical form.
            rrtype: type asked for.
        """
        found = self._records.get(name)
        if found is not None:
            if rrtype in _OF_ZONES and not name[1 + name[0]]:
                return self.special.find(name, rrtype)
            return self._answer(name, rrtype, *found)
        if name in self._above:
            return self._answer(name, rrtype, Source.NAMES, ())
        return self.special.find(name, rrtype)

    def _answer(
        self, name: bytes, rrtype: int, source: Source, records: tuple[Record, ...]
    ) -> LocalAnswer:
        types: dict[int, list[bytes]] = {}
        for each, rdata in records:
            if rrtype == _ANY or each in (rrtype, _CNAME):
                types.setdefault(each, []).append(rdata)
        answer = [RRset(name, each, self._ttl, tuple(found)) for each, found in types.items()]
        if answer:
            is_alias = _CNAME in types and rrtype not in (_CNAME, _ANY)
            target = types[_CNAME][0] if is_alias else b""
            return LocalAnswer(_NOERROR, source, answer, unfinished=target)
        zone = self.special.zone_of(name)
        return LocalAnswer(_NOERROR, source, [], [soa_of(zone)] if zone else [])

    def _whole(self, name: bytes) -> bytes:
        """Return a name under the local domain if it has one label."""
        if name[1 + name[0]] or len(name) + len(self._domain) - 1 > names.MAX_NAME_OCTETS:
            return name
        return name[:-1] + self._domain

    def _may_be_leased(self, name: bytes) -> bool:
        if self._whole(name) != name or not name[1 + name[0]]:
            return True
        domain = self._domain
        return domain not in (names.ROOT, name) and names.is_subdomain(name, domain)

    def _note_above(self, name: bytes) -> None:
        zone = self.special.zone_of(name)
        if zone is None:
            return
        name = names.parent(name)
        while len(name) > len(zone) and name not in self._above:
            self._above.add(name)
            name = names.parent(name)
