"""Which names of a zone a chain speaks of."""

from dnsd.dnssec.zone_names import authoritative_names, empty_non_terminals
from dnsd.wire import names

APEX = names.from_text("example.test.")
A, NS, SOA, DNAME, DS, RRSIG, NSEC, NSEC3 = 1, 2, 6, 39, 43, 46, 47, 50


def taken(**contents):
    """Names that are taken: text → types, with a star where a zone cut is."""
    contents = {"@": {SOA, NS}} | {name.replace("_", "."): x for name, x in contents.items()}
    listed = [(names.from_text(name, APEX), types) for name, types in contents.items()]
    return [
        (names.relative_text(each.name, APEX) + "*" * each.is_cut, set(each.types))
        for each in authoritative_names(APEX, listed)
    ]


def test_names_come_in_canonical_order():
    found = [name for name, _ in taken(z={A}, a_b={A}, b={A}, yljkjljk_a={A}, z_a={A}, a={A})]
    assert found == ["", "a", "yljkjljk.a", "z.a", "b", "a.b", "z"]


def test_of_a_zone_cut_the_delegation_counts_and_nothing_below():
    assert taken(a={NS, A}, ns_a={A}, b={NS, DS, A}, ab={A}, x_y_b={A}) == [
        ("", {SOA, NS}),
        ("a*", {NS}),
        ("ab", {A}),
        ("b*", {NS, DS}),
    ]


def test_nothing_counts_below_a_dname():
    assert taken(a={DNAME, A}, b_a={A}, b={A}) == [("", {SOA, NS}), ("a", {DNAME, A}), ("b", {A})]


def test_a_dname_at_the_apex_hides_the_zone_below():
    assert taken(a={A}, **{"@": {SOA, NS, DNAME}}) == [("", {SOA, NS, DNAME})]


def test_what_signing_makes_is_left_to_the_chain():
    assert taken(a={A, RRSIG, NSEC}, b={NSEC3, RRSIG}) == [("", {SOA, NS}), ("a", {A})]


def test_names_outside_are_left_out():
    outside = [(names.from_text(text), {A}) for text in ("test.", "xexample.test.", "a.test.")]
    inside = [(APEX, {SOA}), (names.from_text("x.example.test."), {A})]
    assert [each.name for each in authoritative_names(APEX, outside + inside)] == [
        name for name, _ in inside
    ]


def test_only_a_delegation_without_ds_is_unsigned():
    listed = [(APEX, {SOA, NS}), (b"\x01a" + APEX, {NS, A}), (b"\x01b" + APEX, {NS, DS})]
    found = authoritative_names(APEX, listed)
    assert [each.is_unsigned_delegation for each in found] == [False, True, False]


def test_empty_non_terminals_lie_between_a_name_and_the_apex():
    texts = ["@", "a.b.c", "c", "x.a.b.c", "*.w", "q.*.v"]
    listed = [(names.from_text(text, APEX), {A}) for text in texts]
    found = empty_non_terminals(APEX, authoritative_names(APEX, listed))
    assert {names.relative_text(name, APEX) for name in found} == {"b.c", "w", "*.v", "v"}


def test_the_root_zone_has_them_too():
    listed = [(b"\x00", {SOA}), (names.from_text("a.b."), {A})]
    assert empty_non_terminals(b"\x00", authoritative_names(b"\x00", listed)) == {b"\x01b\x00"}
