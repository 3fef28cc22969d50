"""Every answer equals that of a slow reference, over zones made to confuse.

Few labels, so that wildcards, empty non-terminals, cuts, DNAMEs, chains and
zones inside zones meet at the same names.
"""

import struct

import pytest
from fakes import reference
from hypothesis import given, note
from hypothesis import strategies as st

from dnsd.authority.answer import answer
from dnsd.authority.build.nodes import nodes
from dnsd.authority.build.sorted_zone import SortedZone
from dnsd.authority.store import ZoneRow, open_store
from dnsd.authority.zonefile.draft import Record
from dnsd.authority.zones import Zones
from dnsd.source.problems import Where
from dnsd.wire import names
from dnsd.wire.iana import Rcode, RRType

ORIGINS = [(), (b"t",), (b"a", b"t"), (b"b", b"a", b"t"), (b"*", b"t")]
OUTSIDE = (b"o",)
TALL = [b"l" * 63] * 3 + [b"m" * 40]  # no further long label fits below it
LABELS = st.sampled_from([b"a", b"b", b"*", b"n", b"\x00", b"\x01"])
TYPES = ["A", "AAAA", "NS", "CNAME", "DNAME", "SOA", "MX", "TXT", "DS", "RRSIG", "ANY"]
PLACE = Where("test")

TTLS = st.sampled_from([0, 30, 300])
VALUES = {
    "A": st.binary(min_size=4, max_size=4),
    "AAAA": st.binary(min_size=16, max_size=16),
    "TXT": st.sampled_from([b"\x01x", b"\x00"]),
    "DS": st.just(b"\x00\x01\x08\x09\x00"),
}
# Those that make the zone's shape come often.
RECORD_TYPES = ["A"] * 4 + ["CNAME"] * 4 + ["NS", "DNAME", "MX"] * 2 + ["AAAA", "TXT", "DS"]


def name(labels, origin):
    return tuple(label.lower() for label in labels) + origin


@st.composite
def worlds(draw):
    """Draw zones that a check would let pass, or that a transfer may bring."""
    origins = sorted(draw(st.sets(st.sampled_from(ORIGINS), min_size=1, max_size=3)))
    # Owners and targets come from one small pool, so that they meet.
    stems = draw(st.lists(st.lists(LABELS, max_size=3), min_size=1, max_size=5))
    owners = st.sampled_from([[*more, *stem] for stem in stems for more in ([], [b"*"], [b"a"])])
    targets = st.builds(
        name,
        owners | owners | st.lists(LABELS, max_size=3) | st.just(TALL),
        st.sampled_from(origins * 3 + [*ORIGINS, OUTSIDE]),
    )
    values = VALUES | dict.fromkeys(("NS", "CNAME", "DNAME"), targets)
    values["MX"] = st.tuples(st.integers(0, 2), targets)
    records = st.sampled_from(RECORD_TYPES).flatmap(
        lambda rrtype: st.tuples(owners, st.just(rrtype), TTLS, values[rrtype])
    )
    return {
        origin: zone_of(origin, draw(TTLS), draw(targets), draw(st.lists(records, max_size=14)))
        for origin in origins
    }


def zone_of(origin, soa_ttl, server, records):
    """Make a zone of records, leaving out what no zone may have."""
    zone = {origin: {"SOA": (soa_ttl, [60]), "NS": (300, [server])}}
    for labels, rrtype, ttl, value in records:
        owner = name(labels, origin)
        node = zone.get(owner, {})
        # One CNAME and nothing beside it; one DNAME.
        if node and ("CNAME" in node or rrtype == "CNAME"):
            continue
        if rrtype in node and (rrtype == "DNAME" or value in node[rrtype][1]):
            continue
        zone.setdefault(owner, {}).setdefault(rrtype, (ttl, []))[1].append(value)
    return zone


def questions(world):
    """Every owner, what is above it and what could be below it, and targets."""
    asked = set(ORIGINS)
    for zone in world.values():
        for owner, node in zone.items():
            asked |= {owner[i:] for i in range(len(owner) + 1)}
            asked |= {(b"*", *owner), (b"q", *owner), (b"q" * 63, b"b", *owner)}
            for rrtype in ("NS", "CNAME", "DNAME"):
                asked |= set(node.get(rrtype, (0, []))[1])
    return sorted(name for name in asked if sum(1 + len(label) for label in name) < 255)


def wire_name(name):
    return names.from_labels(list(name))


def rdata(rrtype, value, origin):
    if rrtype in ("NS", "CNAME", "DNAME"):
        return wire_name(value)
    if rrtype == "MX":
        return struct.pack(">H", value[0]) + wire_name(value[1])
    if rrtype == "SOA":
        return wire_name(origin) * 2 + struct.pack(">5I", 1, 2, 3, 4, value)
    return value


def rrset_key(owner, rrtype, ttl, values, origin):
    octets = frozenset(rdata(rrtype, value, origin) for value in values)
    return wire_name(owner), int(RRType[rrtype]), ttl, octets


def keys(rrsets):
    return [(rrset.owner, rrset.type, rrset.ttl, frozenset(rrset.rdatas)) for rrset in rrsets]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = open_store(tmp_path_factory.mktemp("reference") / "zones")
    yield store
    store.close()


def serve(store, world):
    """Publish the zones of a world in place of all others."""
    rows = dict.fromkeys(map(wire_name, ORIGINS))
    for origin, zone in world.items():
        records = [
            Record(wire_name(owner), int(RRType[rrtype]), ttl, rdata(rrtype, value, origin), PLACE)
            for owner, node in zone.items()
            for rrtype, (ttl, values) in node.items()
            for value in values
        ]
        apex = wire_name(origin)
        version = store.build(apex, nodes(SortedZone(apex, records), 1))
        rows[apex] = ZoneRow(version, 1)
    store.publish(rows)
    store.collect()


def compare(reply, expected):
    """Compare a reply with the reference's, section by section."""
    if expected is None or reply is None:
        assert reply is expected
        return

    def section(rrsets):
        return [rrset_key(*rrset, rrset[0]) for rrset in rrsets]

    assert reply.rcode == Rcode[expected["rcode"]]
    assert reply.authoritative == expected["aa"]
    chain = section(expected["answer"])
    assert keys(reply.answer)[: len(chain)] == chain
    rest = keys(reply.answer)[len(chain) :]
    if expected["any"] is None:
        assert rest == []
    elif expected["every_type"]:
        assert sorted(rest, key=repr) == sorted(section(expected["any"]), key=repr)
    else:
        assert len(rest) == 1
        assert rest[0] in section(expected["any"])
    assert keys(reply.authority) == section(expected["authority"])
    assert sorted(keys(reply.additional), key=repr) == sorted(
        section(expected["additional"]), key=repr
    )
    assert sorted(keys(reply.required_glue), key=repr) == sorted(
        section(expected["required"]), key=repr
    )


@given(
    world=worlds(),
    types=st.lists(st.sampled_from(TYPES), min_size=3, max_size=4, unique=True),
    every_type=st.booleans(),
)
def test_every_answer_is_that_of_the_reference(store, world, types, every_type):
    serve(store, world)
    zones = Zones(store)
    note(repr(world))
    for qname in questions(world):
        for qtype in types:
            expected = reference.respond(world, qname, qtype)
            if expected is not None:
                expected["every_type"] = every_type
            reply = answer(zones, wire_name(qname), int(RRType[qtype]), every_type=every_type)
            try:
                compare(reply, expected)
            except AssertionError:
                note(f"question: {qname} {qtype}\nreference: {expected}\nreply: {reply}")
                raise
