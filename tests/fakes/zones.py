"""Zones written as text in a test, served from a real store.

A line is an owner relative to the origin, perhaps a TTL (300 without one), a
type and rdata in presentation form. A line of only an SOA's four last numbers
is not needed: each zone gets an SOA with TTL 300 and MINIMUM 60.
"""

import dns.name
import dns.rdata
import dns.rdatatype

from dnsd.authority.build.nodes import nodes
from dnsd.authority.build.sorted_zone import SortedZone
from dnsd.authority.store import ZoneRow
from dnsd.authority.zonefile.draft import Record
from dnsd.source.problems import Where
from dnsd.wire import names
from dnsd.wire.iana import rrtype_from_text

SOA = "@ SOA ns1 hostmaster 1 3600 900 604800 60"
PLACE = Where("test")


def rdata(rrtype, text, origin="test."):
    """Return rdata octets of presentation text."""
    value = dns.rdata.from_text("IN", rrtype, text, origin=dns.name.from_text(origin))
    return value.to_wire(origin=dns.name.from_text(origin))


def records(origin, text):
    """Read the lines of a zone."""
    apex = names.from_text(origin)
    found = []
    for line in filter(None, text.splitlines()):
        owner, *rest = line.split(maxsplit=2)
        ttl = 300
        if rest[0].isdigit():
            ttl = int(rest[0])
            rest = rest[1].split(maxsplit=1)
        rrtype, value = rest
        found.append(
            Record(
                names.from_text(owner, apex),
                rrtype_from_text(rrtype),
                ttl,
                # dnspython does not know ALIAS, which is a name.
                rdata("CNAME" if rrtype == "ALIAS" else rrtype, value, origin),
                PLACE,
            )
        )
    return found


def build(store, origin, text, *, soa=SOA):
    """Write a version of a zone; return its id."""
    apex = names.from_text(origin)
    zone = SortedZone(apex, records(origin, soa + "\n" + text))
    return store.build(apex, nodes(zone, 1))


def publish(store, texts):
    """Serve zones: origin to lines, or to None for a zone that ends."""
    rows = {}
    for slot, (origin, text) in enumerate(texts.items(), 1):
        row = None if text is None else ZoneRow(build(store, origin, text), slot)
        rows[names.from_text(origin)] = row
    return store.publish(rows)


def lines(rrsets):
    """Return RRsets as text, one line a record: owner, TTL, type, rdata."""
    found = []
    for rrset in rrsets:
        rrtype = dns.rdatatype.to_text(rrset.type)
        for octets in rrset.rdatas:
            value = dns.rdata.from_wire(rrset.rdclass, rrset.type, octets, 0, len(octets))
            found.append(f"{names.to_text(rrset.owner)} {rrset.ttl} {rrtype} {value}")
    return found
