"""Whole answers: rcode, AA, and every record of every section."""

import pytest
from fakes.zones import build, lines, publish

from dnsd.authority.answer import MAX_LINKS, answer, leads_away
from dnsd.authority.store import ZoneRow, open_store
from dnsd.authority.zones import Zones
from dnsd.wire import names
from dnsd.wire.iana import RRType, rrtype_from_text

LONG = ".".join(["l" * 60] * 3)

ZONES = {
    "example.test.": f"""
@ NS ns1
ns1 A 192.0.2.1
www A 192.0.2.2
mixed A 192.0.2.3
mixed MX 10 www
mixed TXT "a text that is longer than the others"
mx MX 10 www
c1 CNAME www
c2 120 CNAME C1
empty CNAME b.ent
a.b.ent A 192.0.2.4
lost CNAME nope
out CNAME www.outside.example.
away CNAME www.other.test.
lent 90 ALIAS C2
lent MX 10 www
lent-away ALIAS www.other.test.
lent-lost ALIAS nope
lent-out ALIAS www.outside.example.
lent-cut ALIAS x.sub
lent-self ALIAS lent-self
tolent CNAME lent
tolent-out CNAME lent-out
*.lentwild ALIAS www
away-lost CNAME nope.other.test.
into CNAME x.sub
tochild CNAME www.child
toboth CNAME child
self CNAME self
loop1 CNAME loop2
loop2 CNAME loop1
*.wloop CNAME a.wloop
*.wild CNAME www
sub NS ns.sub
sub NS ns.sib
sub DS 1 8 9 00
ns.sub A 192.0.2.5
sib NS ns.sib
ns.sib A 192.0.2.6
child NS ns.child
child DS 2 8 9 00
ns.child A 192.0.2.7
mid NS ns.mid
ns.mid A 192.0.2.8
tree 77 DNAME t.branch
x.t.branch A 192.0.2.9
chained DNAME tree
grow DNAME a.grow
round DNAME round
tall DNAME {LONG}
viatall CNAME {"k" * 60}.tall
"""
    + "\n".join(f"l{i} CNAME l{i + 1}" for i in range(1, 20))
    + "\nl20 A 192.0.2.20\n"
    + "\n".join(f"many MX 1 l{i}" for i in range(1, 20)),
    "child.example.test.": """
@ NS ns
ns A 192.0.2.31
www A 192.0.2.32
back CNAME www.example.test.
""",
    "far.mid.example.test.": "@ NS ns\ntop CNAME @",
    "other.test.": """
@ 30 NS ns
www A 192.0.2.41
""",
    "1.test.": "@ NS ns\nwww DNAME example.test.",
}


@pytest.fixture(scope="module")
def zones(tmp_path_factory):
    store = open_store(tmp_path_factory.mktemp("answer") / "zones")
    publish(store, ZONES)
    yield Zones(store)
    store.close()


def short(rrsets):
    return [line.replace(".example.test.", "").replace(" 300 ", " ") for line in lines(rrsets)]


def ask(zones, qname, rrtype="A", *, every_type=False):
    qname = names.from_text(qname, names.from_text("example.test."))
    return answer(zones, qname, int(RRType[rrtype]), every_type=every_type)


SOA = "example.test. 60 SOA ns1 hostmaster 1 3600 900 604800 60"
TREE = "tree 77 DNAME t.branch"
SUB = ["sub NS ns.sib", "sub NS ns.sub"]


@pytest.mark.parametrize(
    ("qname", "rrtype", "rcode", "expected", "authority"),
    [
        # Data and its absence.
        ("www", "A", 0, ["www A 192.0.2.2"], []),
        ("www", "AAAA", 0, [], [SOA]),
        ("nope", "A", 3, [], [SOA]),
        ("x.y.nope", "A", 3, [], [SOA]),
        ("b.ent", "A", 0, [], [SOA]),
        ("example.test.", "NS", 0, ["example.test. NS ns1"], []),
        ("example.test.", "DS", 0, [], [SOA]),
        # Chains end with the rcode and the section of their end.
        ("c1", "CNAME", 0, ["c1 CNAME www"], []),
        ("c2", "A", 0, ["c2 120 CNAME C1", "c1 CNAME www", "www A 192.0.2.2"], []),
        ("c2", "MX", 0, ["c2 120 CNAME C1", "c1 CNAME www"], [SOA]),
        ("empty", "A", 0, ["empty CNAME b.ent"], [SOA]),
        ("lost", "A", 3, ["lost CNAME nope"], [SOA]),
        ("out", "A", 0, ["out CNAME www.outside.example."], []),
        ("x.y.wild", "A", 0, ["x.y.wild CNAME www", "www A 192.0.2.2"], []),
        ("into", "A", 0, ["into CNAME x.sub"], SUB),
        # Into other zones of ours.
        ("away", "A", 0, ["away CNAME www.other.test.", "www.other.test. A 192.0.2.41"], []),
        (
            "away-lost",
            "A",
            3,
            ["away-lost CNAME nope.other.test."],
            ["other.test. 60 SOA ns1.other.test. hostmaster.other.test. 1 3600 900 604800 60"],
        ),
        ("tochild", "A", 0, ["tochild CNAME www.child", "www.child A 192.0.2.32"], []),
        ("back.child", "A", 0, ["back.child CNAME www", "www A 192.0.2.2"], []),
        # Loops end with what there was.
        ("self", "A", 0, ["self CNAME self"], []),
        ("loop1", "A", 0, ["loop1 CNAME loop2", "loop2 CNAME loop1"], []),
        ("b.wloop", "A", 0, ["b.wloop CNAME a.wloop", "a.wloop CNAME a.wloop"], []),
        ("x.round", "A", 0, ["round DNAME round", "x.round CNAME x.round"], []),
        # DNAME.
        ("tree", "DNAME", 0, [TREE], []),
        ("tree", "A", 0, [], [SOA]),
        ("x.tree", "A", 0, [TREE, "x.tree 77 CNAME x.t.branch", "x.t.branch A 192.0.2.9"], []),
        ("x.tree", "CNAME", 0, [TREE, "x.tree 77 CNAME x.t.branch"], []),
        (
            "x.tree",
            "ANY",
            0,
            [TREE, "x.tree 77 CNAME x.t.branch", "x.t.branch A 192.0.2.9"],
            [],
        ),
        ("y.tree", "A", 3, [TREE, "y.tree 77 CNAME y.t.branch"], [SOA]),
        (
            "x.chained",
            "A",
            0,
            [
                "chained DNAME tree",
                "x.chained CNAME x.tree",
                TREE,
                "x.tree 77 CNAME x.t.branch",
                "x.t.branch A 192.0.2.9",
            ],
            [],
        ),
        (
            "www.www.1.test.",
            "A",
            0,
            [
                "www.1.test. DNAME example.test.",
                "www.www.1.test. CNAME www",
                "www A 192.0.2.2",
            ],
            [],
        ),
        ("k" * 60 + ".tall", "A", 6, [f"tall DNAME {LONG}"], []),
        (
            "viatall",
            "A",
            6,
            [f"viatall CNAME {'k' * 60}.tall", f"tall DNAME {LONG}"],
            [],
        ),
        # DS stands in the parent.
        ("sub", "DS", 0, ["sub DS 1 8 9 00"], []),
        ("child", "DS", 0, ["child DS 2 8 9 00"], []),
        ("toboth", "DS", 0, ["toboth CNAME child", "child DS 2 8 9 00"], []),
        # A chain that comes back to its apex stays below: the parent does not know far.mid.
        (
            "top.far.mid",
            "DS",
            0,
            ["top.far.mid CNAME far.mid"],
            ["far.mid 60 SOA ns1.far.mid hostmaster.far.mid 1 3600 900 604800 60"],
        ),
        ("sib", "DS", 0, [], [SOA]),
        ("other.test.", "DS", 0, [], ["other.test. 60 SOA ns1.other.test. hostmaster.other.test. 1 3600 900 604800 60"]),
        # ANY.
        ("mixed", "ANY", 0, ["mixed A 192.0.2.3"], []),
        ("c1", "ANY", 0, ["c1 CNAME www"], []),
        ("b.ent", "ANY", 0, [], [SOA]),
    ],
)  # fmt: skip
def test_an_authoritative_answer(zones, qname, rrtype, rcode, expected, authority):
    reply = ask(zones, qname, rrtype)
    assert (reply.rcode, reply.authoritative) == (rcode, True)
    assert short(reply.answer) == expected
    assert sorted(short(reply.authority)) == authority


@pytest.mark.parametrize(
    ("qname", "rrtype", "authority"),
    [
        ("sub", "A", SUB),
        ("sub", "ANY", SUB),
        ("ns.sub", "A", SUB),
        ("x.y.sub", "DS", SUB),
        ("far.mid", "DS", ["mid NS ns.mid"]),
    ],
)
def test_a_referral_has_no_aa(zones, qname, rrtype, authority):
    reply = ask(zones, qname, rrtype)
    assert (reply.rcode, reply.authoritative, reply.answer) == (0, False, [])
    assert sorted(short(reply.authority)) == authority


def test_glue_inside_the_delegated_zone_is_required(zones):
    for qname in ("x.sub", "into"):
        reply = ask(zones, qname)
        assert short(reply.required_glue) == ["ns.sub A 192.0.2.5"]
        assert short(reply.additional) == ["ns.sub A 192.0.2.5", "ns.sib A 192.0.2.6"]


def test_targets_bring_their_addresses(zones):
    reply = ask(zones, "mx", "MX")
    assert short(reply.additional) == ["www A 192.0.2.2"]
    assert reply.required_glue == []


def test_any_gets_everything_where_the_asker_is_known(zones):
    reply = ask(zones, "mixed", "ANY", every_type=True)
    assert [rrset.type for rrset in reply.answer] == [RRType.A, RRType.MX, RRType.TXT]


def test_no_zone_of_ours_no_answer(zones):
    assert ask(zones, "www.outside.example.") is None
    assert ask(zones, ".", "NS") is None


def test_the_longest_chain_is_followed_to_its_end(zones):
    first = 20 - MAX_LINKS
    reply = ask(zones, f"l{first}")
    assert short(reply.answer)[-1] == "l20 A 192.0.2.20"
    assert len(reply.answer) == MAX_LINKS + 1
    assert reply.limits == ()


@pytest.mark.parametrize("qname", ["l1", f"l{20 - MAX_LINKS - 1}", "x.grow"])
def test_a_longer_chain_is_left_where_the_limit_is(zones, qname):
    reply = ask(zones, qname)
    aliases = [rrset for rrset in reply.answer if rrset.type == RRType.CNAME]
    assert len(aliases) == MAX_LINKS + 1
    assert all(rrset.type in (RRType.CNAME, RRType.DNAME) for rrset in reply.answer)
    assert (reply.rcode, reply.authority) == (0, [])
    assert reply.limits == ("chain_links",)


@pytest.mark.parametrize("qname", ["self", "loop1", "round"])
def test_a_loop_is_no_long_chain(zones, qname):
    assert ask(zones, qname).limits == ()


def test_targets_beyond_those_that_bring_addresses_are_named_as_a_limit(zones):
    assert ask(zones, "many", "MX").limits == ("additional_names",)
    assert ask(zones, "mx", "MX").limits == ()


def test_a_name_made_by_a_dname_may_be_as_long_as_a_name_and_no_longer(tmp_path):
    store = open_store(tmp_path / "zones")
    target = ".".join(["t" * 63] * 2)  # 128 octets below the root
    publish(store, {"example.test.": f"d DNAME {target}.other.test."})
    zones = Zones(store)
    room = 255 - (128 + len(names.from_text("other.test.")))
    fits, too_long = (".".join(["x" * (octets - 65), "y" * 63]) for octets in (room, room + 1))
    reply = ask(zones, f"{fits}.d.example.test.")
    assert (reply.rcode, [rrset.type for rrset in reply.answer]) == (0, [39, 5])
    assert len(reply.answer[1].rdatas[0]) == 255
    reply = ask(zones, f"{too_long}.d.example.test.")
    assert (reply.rcode, [rrset.type for rrset in reply.answer]) == (6, [39])
    store.close()


def test_a_dname_passed_twice_stands_there_once(zones):
    reply = ask(zones, "x.grow")
    assert [rrset.type for rrset in reply.answer].count(RRType.DNAME) == 1


@pytest.mark.parametrize(
    ("qname", "slot"),
    [("www", 1), ("nope", 1), ("c2", 1), ("www.child", 2), ("www.other.test.", 4),
     ("away", 0), ("tochild", 0), ("out", 0)],
)  # fmt: skip
def test_the_slot_is_that_of_the_only_zone_it_depends_on(zones, qname, slot):
    assert ask(zones, qname).slot == slot


def test_the_root_zone_answers_for_every_name(tmp_path):
    store = open_store(tmp_path / "zones")
    publish(
        store,
        {
            ".": "@ NS ns.\n@ MX 0 .\n@ A 192.0.2.9\nns. A 192.0.2.1\ntest. NS ns.test.\ntest. DS 1 8 9 00"
        },
    )
    zones = Zones(store)
    assert short(ask(zones, ".", "NS").answer) == [". NS ns."]
    assert ask(zones, "nope.").rcode == 3
    assert ask(zones, ".", "MX").additional == []
    assert short(ask(zones, "example.test.").authority) == ["test. NS ns.test."]
    assert short(ask(zones, "test.", "DS").answer) == ["test. DS 1 8 9 00"]
    assert short(ask(zones, ".", "DS").authority) == [
        ". 60 SOA ns1. hostmaster. 1 3600 900 604800 60"
    ]
    store.close()


def test_a_soa_with_a_lower_ttl_than_its_minimum_keeps_it(tmp_path):
    store = open_store(tmp_path / "zones")
    soa = "@ 7 SOA ns1 hostmaster 1 3600 900 604800 60"
    version = build(store, "example.test.", "@ NS ns1", soa=soa)
    store.publish({names.from_text("example.test."): ZoneRow(version, 1, generated=True)})
    reply = ask(Zones(store), "nope")
    assert reply.authority[0].ttl == 7
    assert reply.generated
    store.close()


@pytest.mark.parametrize(
    ("qname", "rrtype", "expected", "authority"),
    [
        pytest.param("lent", "A", ["lent 90 A 192.0.2.2"], [], id="over aliases"),
        pytest.param("lent", "MX", ["lent MX 10 www"], [], id="another type"),
        pytest.param("lent", "ANY", ["lent MX 10 www"], [], id="ANY does not see it"),
        pytest.param("lent", "TYPE65401", [], ["@ 60 SOA"], id="nor does its own number"),
        pytest.param("lent", "AAAA", [], ["@ 60 SOA"], id="a target without the type"),
        pytest.param("lent-away", "A", ["lent-away A 192.0.2.41"], [], id="to another zone"),
        pytest.param("lent-lost", "A", [], ["@ 60 SOA"], id="a target that is not"),
        pytest.param("lent-self", "A", [], ["@ 60 SOA"], id="a circle"),
        pytest.param("tolent", "A", ["tolent CNAME lent", "lent 90 A 192.0.2.2"], [], id="behind"),
        pytest.param("x.lentwild", "A", ["x.lentwild A 192.0.2.2"], [], id="of a wildcard"),
    ],
)  # fmt: skip
def test_an_alias_lends_addresses(zones, qname, rrtype, expected, authority):
    reply = answer(zones, names.from_text(qname, names.from_text("example.test.")),
                   rrtype_from_text(rrtype))  # fmt: skip
    assert (reply.rcode, reply.authoritative) == (0, True)
    assert [_written(rrset) for rrset in reply.answer] == expected
    assert [_written(rrset).split(" SOA")[0] + " SOA" for rrset in reply.authority] == authority
    assert not leads_away(reply)


def _written(rrset):
    """Write a record as the zone above does; a TTL of 300 is left out."""
    (line,) = lines([rrset])
    owner, ttl, *rest = line.replace(".example.test.", "").replace("example.test.", "@").split()
    return " ".join([owner, *([] if ttl == "300" else [ttl]), *rest])


@pytest.mark.parametrize("qname", ["lent-out", "tolent-out", "lent-cut"])
def test_a_target_that_others_have_is_left_to_be_asked_for(zones, qname):
    reply = answer(zones, names.from_text(f"{qname}.example.test."), RRType.A)
    assert leads_away(reply)
    assert reply.answer[-1].type == RRType.ALIAS


def test_an_alias_alone_is_nothing_for_any(zones):
    reply = answer(zones, names.from_text("lent-out.example.test."), RRType.ANY)
    assert (reply.answer, [rrset.type for rrset in reply.authority]) == ([], [RRType.SOA])
