import pytest
from fakes.zones import records

from dnsd.authority.build.nodes import nodes
from dnsd.authority.build.sorted_zone import SortedZone
from dnsd.authority.node import (
    FLAG_APEX,
    FLAG_CUT,
    FLAG_DNAME,
    FLAG_OCCLUDED,
    FLAG_WILDCARD_CHILD,
    Node,
)
from dnsd.wire import names, rdata

LINES = """\
@ SOA ns1 h 0 2 3 4 5
@ NS ns1
ns1 A 192.0.2.1
* TXT x
a.*.ent TXT x
ent A 192.0.2.7
sub NS ns1.sub
ns1.sub A 192.0.2.2
*.sub TXT x
old DNAME new.test.
www 300 A 192.0.2.3
www 60 A 192.0.2.4
www 90 A 192.0.2.5
www 30 MX 10 mail
"""


@pytest.fixture
def made():
    zone = SortedZone(names.from_text("example.test."), records("example.test.", LINES))
    return {names.to_text(name): Node(octets) for name, octets in nodes(zone, 2026030100)}


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("example.test.", FLAG_APEX | FLAG_WILDCARD_CHILD),
        ("*.example.test.", 0),
        ("ns1.example.test.", 0),
        ("sub.example.test.", FLAG_CUT | FLAG_WILDCARD_CHILD),
        ("ns1.sub.example.test.", FLAG_OCCLUDED),
        ("*.sub.example.test.", FLAG_OCCLUDED),
        ("old.example.test.", FLAG_DNAME),
        ("www.example.test.", 0),
        ("ent.example.test.", FLAG_WILDCARD_CHILD),
    ],
)
def test_flags_say_what_the_lookup_goes_by(made, name, flags):
    assert made[name].flags == flags


def test_every_name_with_records_has_a_node_and_no_other(made):
    assert set(made) == {
        f"{owner}example.test."
        for owner in
        ("", "ns1.", "*.", "a.*.ent.", "ent.", "sub.", "ns1.sub.", "*.sub.", "old.", "www.")
    }  # fmt: skip


def test_nodes_come_in_canonical_order(made):
    keys = [names.order_key(names.from_text(name)) for name in made]
    assert keys == sorted(keys)


def test_an_rrset_has_the_lowest_ttl_of_its_records(made):
    owner = names.from_text("www.example.test.")
    assert [(rrset.type, rrset.ttl) for rrset in made["www.example.test."].rrsets(owner)] == [
        (1, 60),
        (15, 30),
    ]
    assert len(made["www.example.test."].rrset(owner, 1).rdatas) == 3


def test_the_soa_gets_its_serial(made):
    rrset = made["example.test."].rrset(names.from_text("example.test."), 6)
    assert (
        rdata.to_text(6, rrset.rdatas[0]) == "ns1.example.test. h.example.test. 2026030100 2 3 4 5"
    )
