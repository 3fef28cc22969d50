"""Zones in memory: the lookup of the daemon finds in them what it finds in the store."""

import pytest

from dnsd.authority.lookup import Kind, lookup
from dnsd.lab.zone import MemoryZones, rrsets_from_text, zone, zone_from_text
from dnsd.wire import names
from dnsd.wire.errors import FormError

TEXT = """
; owners are relative to the origin
@       NS      ns1
ns1     A       192.0.2.1
www     60 A    192.0.2.2
www     A       192.0.2.3
alias   CNAME   www
*.wild  TXT     "any"
a.b.c   A       192.0.2.4
sub     NS      ns.sub
ns.sub  A       192.0.2.5
old     DNAME   new.example.
"""


def name(text):
    return names.from_text(text, names.from_text("example.test."))


@pytest.fixture(scope="module")
def example():
    return zone_from_text("example.test.", TEXT)


@pytest.mark.parametrize(
    ("owner", "qtype", "kind"),
    [
        pytest.param("www", 1, Kind.ANSWER, id="data"),
        pytest.param("@", 6, Kind.ANSWER, id="an SOA is made"),
        pytest.param("alias", 1, Kind.ALIAS, id="alias"),
        pytest.param("x.wild", 16, Kind.ANSWER, id="wildcard"),
        pytest.param("x.wild", 1, Kind.NO_DATA, id="wildcard without the type"),
        pytest.param("b.c", 1, Kind.NO_DATA, id="empty non-terminal"),
        pytest.param("none", 1, Kind.NAME_ERROR, id="absent"),
        pytest.param("x.www", 1, Kind.NAME_ERROR, id="absent below data"),
        pytest.param("sub", 1, Kind.REFERRAL, id="cut"),
        pytest.param("x.sub", 1, Kind.REFERRAL, id="below a cut"),
        pytest.param("ns.sub", 1, Kind.REFERRAL, id="glue"),
        pytest.param("sub", 43, Kind.NO_DATA, id="DS at a cut"),
        pytest.param("x.old", 1, Kind.DNAME, id="below a DNAME"),
        pytest.param("old", 39, Kind.ANSWER, id="the DNAME itself"),
    ],
)
def test_the_lookup_of_the_daemon_works_on_a_zone_in_memory(example, owner, qtype, kind):
    assert lookup(example, name(owner), qtype).kind is kind


def test_records_of_one_owner_and_type_are_one_rrset_with_the_first_ttl():
    found = rrsets_from_text(names.from_text("example.test."), TEXT)
    (www,) = [rrset for rrset in found if rrset.owner == name("www")]
    assert (www.ttl, www.rdatas) == (60, (b"\xc0\0\2\2", b"\xc0\0\2\3"))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("www A", "not a record"),
        ("www NOTYPE x", "NOTYPE"),
        ("www.other.example. A 192.0.2.1", "is not in example.test."),
    ],
)
def test_what_is_no_zone_says_why(line, reason):
    with pytest.raises(FormError, match=reason):
        zone_from_text("example.test.", line)


def test_of_the_zones_of_a_server_the_closest_answers_and_ds_stands_in_the_parent():
    apex, child = names.from_text("test."), names.from_text("example.test.")
    served = MemoryZones([zone(apex, []), zone(child, [])])
    with served.snapshot() as snapshot:
        assert served.closest(snapshot, name("www")).nodes.origin == child
        assert served.closest_parent_side(snapshot, child).nodes.origin == apex
        assert served.closest_parent_side(snapshot, apex).nodes.origin == apex
        assert served.closest(snapshot, names.from_text("other.")) is None
