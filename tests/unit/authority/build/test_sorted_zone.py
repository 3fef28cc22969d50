import hypothesis.strategies as st
from fakes.zones import PLACE, records
from hypothesis import given

from dnsd.authority.build import sorted_zone
from dnsd.authority.build.sorted_zone import SortedZone, rrsets
from dnsd.authority.zonefile.draft import Record
from dnsd.wire import names

EXAMPLE = names.from_text("example.test.")

LINES = """\
@ NS ns1
@ SOA ns1 h 1 2 3 4 5
www A 192.0.2.1
www A 192.0.2.2
a.b.c TXT x
*.w TXT x
sub NS ns1.sub
sub DS 1 8 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
ns1.sub A 192.0.2.3
x.y.sub TXT x
alias CNAME www
old DNAME new.test.
ns1 AAAA 2001:db8::1
"""


def _zone(text, origin="example.test."):
    return SortedZone(names.from_text(origin), records(origin, text))


def _marks(zone, name):
    return zone.marks[names.from_text(name, zone.origin)]


def test_records_are_sorted_by_owner_type_and_rdata():
    zone = _zone("b A 192.0.2.2\nb A 192.0.2.1\n@ NS b\na.b A 192.0.2.3\n*.b TXT x\na MX 1 b\n")
    found = [(names.to_text(r.owner), r.type, r.rdata[-1]) for r in zone.records]
    assert found == [
        ("example.test.", 2, 0),
        ("a.example.test.", 15, 0),
        ("b.example.test.", 1, 1),
        ("b.example.test.", 1, 2),
        ("*.b.example.test.", 16, ord("x")),
        ("a.b.example.test.", 1, 3),
    ]


octets = st.integers(0, 3) | st.sampled_from(b"a*A\x7f\xff")
labels = st.lists(octets, min_size=1, max_size=3).map(bytes)
owners = st.lists(labels, max_size=4).map(names.from_labels)


@given(st.lists(st.tuples(owners, st.sampled_from([1, 16]), st.binary(max_size=2)), max_size=20))
def test_the_order_is_the_canonical_one_whatever_the_labels_hold(rows):
    zone = SortedZone(names.ROOT, [Record(o, t, 0, r, PLACE) for o, t, r in rows])
    found = [(r.owner, r.type, r.rdata) for r in zone.records]
    assert found == sorted(set(rows), key=lambda row: (names.order_key(row[0]), *row[1:]))


def test_names_know_what_they_are():
    zone = _zone(LINES)
    assert _marks(zone, "www") == sorted_zone.ADDRESS
    assert _marks(zone, "alias") == sorted_zone.ALIAS
    assert _marks(zone, "old") == sorted_zone.DNAME
    assert _marks(zone, "ns1") == sorted_zone.ADDRESS
    assert _marks(zone, "sub") == sorted_zone.CUT | sorted_zone.NAME_SERVERS | sorted_zone.OTHER
    assert _marks(zone, "@") == sorted_zone.NAME_SERVERS | sorted_zone.OTHER
    assert _marks(zone, "ns1.sub") == sorted_zone.ADDRESS | sorted_zone.OCCLUDED


def test_names_between_others_are_empty_non_terminals():
    zone = _zone(LINES)
    for name in ("b.c", "c", "w"):
        assert _marks(zone, name) == sorted_zone.EMPTY
    assert _marks(zone, "y.sub") == sorted_zone.EMPTY | sorted_zone.OCCLUDED
    assert names.from_text("test.") not in zone.marks


def test_what_is_below_a_redirection_is_marked_as_such_but_below_a_cut_it_is_not():
    zone = _zone("@ DNAME x.test.\na TXT x\n")
    assert _marks(zone, "a") & sorted_zone.BELOW_DNAME
    zone = _zone("sub NS ns.test.\nd.sub DNAME x.test.\na.d.sub TXT x\n")
    assert _marks(zone, "a.d.sub") == sorted_zone.OTHER | sorted_zone.OCCLUDED


def test_a_cut_below_a_cut_is_none():
    zone = _zone("sub NS ns.test.\nsub.sub NS ns.test.\n")
    assert _marks(zone, "sub.sub") == sorted_zone.NAME_SERVERS | sorted_zone.OCCLUDED


def test_a_name_that_only_looks_as_if_below_a_cut_is_not_occluded():
    zone = _zone("sub NS ns.test.\nxsub TXT x\n\\003sub TXT x\n")
    assert _marks(zone, "xsub") == sorted_zone.OTHER
    assert _marks(zone, "\\003sub") == sorted_zone.OTHER


def test_a_record_said_again_is_put_aside():
    zone = _zone("a A 192.0.2.1\na 60 A 192.0.2.1\na A 192.0.2.2\n")
    assert [r.rdata[-1] for r in zone.records] == [1, 2]
    assert [r.ttl for r in zone.repeated] == [60]


def test_owners_outside_the_zone_are_put_aside():
    zone = _zone("a A 192.0.2.1\nexample.net. A 192.0.2.2\nxexample.test. A 192.0.2.3\n")
    assert [names.to_text(r.owner) for r in zone.outside] == ["example.net.", "xexample.test."]
    assert len(zone.records) == 1


def test_records_of_signing_are_put_aside():
    zone = _zone("a A 192.0.2.1\na NSEC b A NSEC\n@ NSEC3PARAM 1 0 0 -\n")
    assert sorted(r.type for r in zone.signing) == [47, 51]
    assert len(zone.records) == 1


def test_find_takes_the_wildcard_that_stands_for_a_name():
    zone = _zone(LINES)
    for name, mark in (
        ("www", sorted_zone.ADDRESS),
        ("x.w", sorted_zone.OTHER),
        ("x.y.w", sorted_zone.OTHER),
        ("nothing", 0),
        ("x.www", 0),
        ("b.c", sorted_zone.EMPTY),
        ("other.sub", sorted_zone.OCCLUDED),
        ("other.old", sorted_zone.OCCLUDED),
        ("example.net.", 0),
    ):
        assert zone.find(names.from_text(name, EXAMPLE)) == mark, name


def test_find_works_in_the_root_zone_and_for_the_longest_names():
    zone = _zone("* TXT x\n", ".")
    assert zone.find(names.from_text("a.b.")) == sorted_zone.OTHER
    longest = names.from_labels([b"a" * 63] * 3 + [b"a" * 61])
    assert zone.find(longest) == sorted_zone.OTHER
    assert zone.find(names.ROOT) == sorted_zone.OTHER


def test_is_inside_is_exact():
    zone = _zone("")
    assert zone.is_inside(EXAMPLE)
    assert zone.is_inside(names.from_text("a.example.test."))
    assert not zone.is_inside(names.from_text("aexample.test."))
    assert not zone.is_inside(names.from_text("test."))


def test_owners_and_rrsets_group_what_belongs_together():
    zone = _zone(LINES)
    groups = {names.to_text(owner): group for owner, group in zone.owners()}
    assert len(groups["www.example.test."]) == 2
    assert [[r.type for r in rrset] for rrset in rrsets(groups["sub.example.test."])] == [[2], [43]]
    assert [r.type for r in zone.apex(6)] == [6]
    assert zone.apex(1) == []
    assert list(rrsets([])) == []
