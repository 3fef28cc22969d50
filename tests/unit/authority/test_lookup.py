"""One zone, every kind of place a name can have in it."""

import pytest
from fakes.zones import publish

from dnsd.authority.lookup import Kind, lookup
from dnsd.authority.node import FLAG_OCCLUDED, encode_node
from dnsd.authority.store import ZoneRow, open_store
from dnsd.wire import names
from dnsd.wire.iana import RRType

ORIGIN = names.from_text("example.test.")

ZONE = """
@ NS ns1
www A 192.0.2.1
alias CNAME www
lent ALIAS www
lent MX 10 www
a.b.c A 192.0.2.2
*.wild A 192.0.2.3
sub.wild TXT deeper
*.calias CNAME www
x.*.hollow TXT below-an-asterisk
sub NS ns.sub
sub DS 1 8 9 00
ns.sub A 192.0.2.4
a.deep.sub A 192.0.2.5
under.sub NS ns.under.sub
gone.sub DNAME other.test.
a.gone.sub A 192.0.2.8
tree DNAME other.test.
tree A 192.0.2.6
fallen.tree A 192.0.2.7
*.nswild NS ns1
*.nswild DS 1 8 9 00
*.dwild DNAME other.test.
"""


@pytest.fixture(scope="module")
def zone(tmp_path_factory):
    store = open_store(tmp_path_factory.mktemp("lookup") / "zones")
    publish(store, {"example.test.": ZONE})
    with store.snapshot() as snapshot:
        yield snapshot.version(snapshot.row(ORIGIN), ORIGIN)
    store.close()


def name(text):
    return names.from_text(text, ORIGIN)


def find(zone, owner, rrtype):
    return lookup(zone, name(owner), int(RRType[rrtype]))


@pytest.mark.parametrize(
    ("owner", "rrtype", "kind"),
    [
        ("www", "A", Kind.ANSWER),
        ("www", "AAAA", Kind.NO_DATA),
        ("www", "ANY", Kind.ANSWER),
        ("www", "RRSIG", Kind.NO_DATA),
        ("@", "SOA", Kind.ANSWER),
        ("@", "NS", Kind.ANSWER),
        ("@", "DS", Kind.NO_DATA),
        ("nope", "A", Kind.NAME_ERROR),
        ("x.www", "A", Kind.NAME_ERROR),
        # Empty non-terminals.
        ("b.c", "A", Kind.NO_DATA),
        ("c", "ANY", Kind.NO_DATA),
        ("x.b.c", "A", Kind.NAME_ERROR),
        # Aliases.
        ("alias", "A", Kind.ALIAS),
        ("alias", "DS", Kind.ALIAS),
        ("alias", "CNAME", Kind.ANSWER),
        ("alias", "ANY", Kind.ANSWER),
        ("alias", "RRSIG", Kind.NO_DATA),
        ("alias", "NSEC", Kind.NO_DATA),
        ("lent", "A", Kind.ADDRESS_ALIAS),
        ("lent", "AAAA", Kind.ADDRESS_ALIAS),
        ("lent", "MX", Kind.ANSWER),
        ("lent", "ANY", Kind.ANSWER),
        ("lent", "TXT", Kind.NO_DATA),
        # Wildcards.
        ("x.wild", "A", Kind.ANSWER),
        ("x.wild", "MX", Kind.NO_DATA),
        ("x.wild", "ANY", Kind.ANSWER),
        ("x.y.wild", "A", Kind.ANSWER),
        ("*.wild", "A", Kind.ANSWER),
        ("x.*.wild", "A", Kind.NAME_ERROR),
        ("sub.wild", "A", Kind.NO_DATA),
        ("x.sub.wild", "A", Kind.NAME_ERROR),
        ("x.calias", "A", Kind.ALIAS),
        ("x.calias", "CNAME", Kind.ANSWER),
        # An asterisk label that is an empty non-terminal.
        ("y.hollow", "TXT", Kind.NO_DATA),
        ("*.hollow", "TXT", Kind.NO_DATA),
        ("x.*.hollow", "TXT", Kind.ANSWER),
        ("y.*.hollow", "TXT", Kind.NAME_ERROR),
        # Zone cuts.
        ("sub", "A", Kind.REFERRAL),
        ("sub", "NS", Kind.REFERRAL),
        ("sub", "ANY", Kind.REFERRAL),
        ("sub", "NSEC", Kind.REFERRAL),
        ("sub", "DS", Kind.ANSWER),
        ("x.sub", "DS", Kind.REFERRAL),
        ("ns.sub", "A", Kind.REFERRAL),
        ("x.ns.sub", "A", Kind.REFERRAL),
        ("deep.sub", "A", Kind.REFERRAL),
        ("x.deep.sub", "A", Kind.REFERRAL),
        ("under.sub", "DS", Kind.REFERRAL),
        ("x.under.sub", "A", Kind.REFERRAL),
        ("gone.sub", "DNAME", Kind.REFERRAL),
        ("a.gone.sub", "A", Kind.REFERRAL),
        ("x.gone.sub", "A", Kind.REFERRAL),
        # DNAME.
        ("tree", "A", Kind.ANSWER),
        ("tree", "DNAME", Kind.ANSWER),
        ("tree", "MX", Kind.NO_DATA),
        ("x.tree", "A", Kind.DNAME),
        ("x.tree", "DNAME", Kind.DNAME),
        ("fallen.tree", "A", Kind.DNAME),
        ("x.fallen.tree", "A", Kind.DNAME),
        # NS and DNAME of a wildcard are data for the names it stands for.
        ("x.nswild", "A", Kind.NO_DATA),
        ("x.nswild", "NS", Kind.ANSWER),
        ("x.nswild", "DS", Kind.ANSWER),
        ("*.nswild", "A", Kind.REFERRAL),
        ("x.*.nswild", "A", Kind.REFERRAL),
        ("x.dwild", "A", Kind.NO_DATA),
        ("x.dwild", "DNAME", Kind.ANSWER),
        ("x.*.dwild", "A", Kind.DNAME),
    ],
)
def test_the_kind_says_what_the_zone_holds(zone, owner, rrtype, kind):
    assert find(zone, owner, rrtype).kind is kind


@pytest.mark.parametrize(
    ("owner", "encloser", "wildcard"),
    [
        ("www", "www", None),
        ("b.c", "b.c", None),
        ("x.b.c", "b.c", None),
        ("nope", "@", None),
        ("x.y.wild", "wild", "*.wild"),
        ("y.hollow", "hollow", "*.hollow"),
        ("x.*.wild", "*.wild", None),
        ("x.deep.sub", "sub", None),
        ("x.y.tree", "tree", None),
    ],
)
def test_encloser_and_wildcard_are_there_for_a_proof(zone, owner, encloser, wildcard):
    found = find(zone, owner, "A")
    assert found.closest_encloser == name(encloser)
    assert found.wildcard == (None if wildcard is None else name(wildcard))


@pytest.mark.parametrize(
    ("owner", "rrset_owner", "rrtype"),
    [
        ("x.wild", "x.wild", RRType.A),
        ("x.calias", "x.calias", RRType.CNAME),
        ("a.deep.sub", "sub", RRType.NS),
        ("a.gone.sub", "sub", RRType.NS),
        ("x.y.tree", "tree", RRType.DNAME),
    ],
)
def test_the_rrset_says_where_it_stands(zone, owner, rrset_owner, rrtype):
    rrset = find(zone, owner, "A").rrset
    assert (rrset.owner, rrset.type) == (name(rrset_owner), rrtype)


def test_the_node_of_a_denial_is_what_it_denies_from(zone):
    assert find(zone, "www", "MX").node.types == (RRType.A,)
    assert RRType.SOA in find(zone, "nope", "A").node.types
    assert find(zone, "c", "A").node is None
    assert find(zone, "x.b.c", "A").node is None


def test_a_node_marked_occluded_with_nothing_above_is_our_mistake(tmp_path):
    store = open_store(tmp_path / "zones")
    nodes = [(ORIGIN, encode_node(0, [])), (name("a"), encode_node(FLAG_OCCLUDED, []))]
    store.publish({ORIGIN: ZoneRow(store.build(ORIGIN, nodes), 1)})
    with store.snapshot() as snapshot, pytest.raises(AssertionError):
        lookup(snapshot.version(snapshot.row(ORIGIN), ORIGIN), name("a"), 1)
    store.close()
