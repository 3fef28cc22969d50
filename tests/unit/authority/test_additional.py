import pytest
from fakes.zones import build, lines

from dnsd.authority import additional
from dnsd.authority.lookup import lookup
from dnsd.authority.store import ZoneRow, open_store
from dnsd.wire import names
from dnsd.wire.iana import RRType

ORIGIN = names.from_text("example.test.")

ZONE = """
@ NS ns.cut
www A 192.0.2.1
www AAAA 2001:db8::1
text TXT nothing
*.wild A 192.0.2.2
*.alias CNAME www
cut NS ns.cut
cut NS deep.ns.cut
cut NS ns.sibling
cut NS www
cut NS ns.outside.example.
cut NS ns.missing
cut NS ns.wild
cut NS x.tree
ns.cut A 192.0.2.3
deep.ns.cut AAAA 2001:db8::3
sibling NS ns.sibling
ns.sibling A 192.0.2.4
self NS self
self A 192.0.2.5
tree DNAME www
x.tree A 192.0.2.6
mx MX 1 WWW
mx MX 2 www
mx MX 3 ns.cut
mx MX 4 x.wild
mx MX 5 x.alias
mx MX 6 nope
mx MX 7 www.outside.example.
mx MX 8 text
mx MX 9 self
mx MX 10 x.tree
null MX 0 .
srv SRV 1 2 3 www
afs AFSDB 1 www
service SVCB 1 . alpn=h2
service A 192.0.2.7
pointed SVCB 1 www port=853
aliased HTTPS 0 target
target HTTPS 1 . alpn=h3
target A 192.0.2.8
none HTTPS 0 .
none A 192.0.2.9
many NS ns.many
"""
ZONE += "\n".join(f"lots MX 1 h{i}\nh{i} A 192.0.2.{i}\n" for i in range(40))
ZONE += "\n".join(f"wide NS h{i}.wide\nh{i}.wide A 192.0.2.{i}" for i in range(40)) + "\n"
ZONE += r"odd NS ns.x\003odd" + "\n" + r"ns.x\003odd A 192.0.2.10" + "\n"
ZONE += "\n".join(f"full NS h{i}" for i in range(13))
ZONE += "\nover NS ns.over\nns.over A 192.0.2.99\n"
ZONE += "\n".join(f"over NS h{i}" for i in range(13))


class CountingZone:
    """A zone version that counts how often it is read."""

    def __init__(self, version):
        self.origin = version.origin
        self._version = version
        self.reads = 0

    def get(self, name):
        self.reads += 1
        return self._version.get(name)

    def has_below(self, name):
        return self._version.has_below(name)

    def closest_encloser(self, name):
        return self._version.closest_encloser(name)


@pytest.fixture(scope="module")
def zone(tmp_path_factory):
    store = open_store(tmp_path_factory.mktemp("additional") / "zones")
    store.publish({ORIGIN: ZoneRow(build(store, "example.test.", ZONE), 1)})
    with store.snapshot() as snapshot:
        yield snapshot.version(snapshot.row(ORIGIN), ORIGIN)
    store.close()


def short(rrsets):
    """Return the lines of RRsets without what is the same in all of them."""
    return [line.replace(".example.test.", "").replace(" 300 ", " ") for line in lines(rrsets)]


@pytest.mark.parametrize(
    ("owner", "rrtype", "expected"),
    [
        ("mx", "MX", ["www A 192.0.2.1", "www AAAA 2001:db8::1", "x.wild A 192.0.2.2"]),
        ("null", "MX", []),
        ("srv", "SRV", ["www A 192.0.2.1", "www AAAA 2001:db8::1"]),
        ("afs", "AFSDB", ["www A 192.0.2.1", "www AAAA 2001:db8::1"]),
        ("@", "NS", ["ns.cut A 192.0.2.3"]),
        ("service", "SVCB", ["service A 192.0.2.7"]),
        ("pointed", "SVCB", ["www A 192.0.2.1", "www AAAA 2001:db8::1"]),
        ("aliased", "HTTPS", ["target A 192.0.2.8", 'target HTTPS 1 . alpn="h3"']),
        ("none", "HTTPS", []),
    ],
)
def test_targets_bring_the_addresses_that_the_zone_answers_for(zone, owner, rrtype, expected):
    found = lookup(zone, names.from_text(owner, ORIGIN), int(RRType[rrtype]))
    beside = additional.for_answer(zone, found.rrset)
    assert short(beside.optional) == expected
    assert (beside.required, beside.is_cut) == ([], False)


def test_a_thousand_targets_cost_no_more_than_thirteen(zone):
    counting = CountingZone(zone)
    found = lookup(zone, names.from_text("lots", ORIGIN), int(RRType.MX))
    beside = additional.for_answer(counting, found.rrset)
    assert len(beside.optional) == counting.reads == additional.MAX_TARGETS == 13
    assert beside.is_cut


@pytest.mark.parametrize(("owner", "is_cut"), [("full", False), ("over", True)])
def test_name_servers_of_a_delegation_are_cut_behind_the_thirteenth(zone, owner, is_cut):
    found = lookup(zone, names.from_text(owner, ORIGIN), int(RRType.A))
    beside = additional.for_referral(zone, found.rrset)
    assert (len(beside.required) + len(beside.optional), beside.is_cut) == (13, is_cut)


def test_glue_is_bounded_as_well(zone):
    found = lookup(zone, names.from_text("wide", ORIGIN), int(RRType.A))
    beside = additional.for_referral(zone, found.rrset)
    assert (len(beside.required), beside.optional, beside.is_cut) == (13, [], True)


def test_a_server_whose_name_only_ends_like_the_delegated_zone_is_not_inside(zone):
    found = lookup(zone, names.from_text("odd", ORIGIN), int(RRType.A))
    beside = additional.for_referral(zone, found.rrset)
    assert beside.required == []
    assert short(beside.optional) == [r"ns.x\003odd A 192.0.2.10"]


def test_servers_inside_the_delegated_zone_are_required_and_others_are_not(zone):
    found = lookup(zone, names.from_text("cut", ORIGIN), int(RRType.A))
    beside = additional.for_referral(zone, found.rrset)
    assert sorted(short(beside.required)) == ["deep.ns.cut AAAA 2001:db8::3", "ns.cut A 192.0.2.3"]
    assert sorted(short(beside.optional)) == [
        "ns.sibling A 192.0.2.4",
        "ns.wild A 192.0.2.2",
        "www A 192.0.2.1",
        "www AAAA 2001:db8::1",
    ]


def test_a_server_named_as_the_cut_itself_is_inside(zone):
    found = lookup(zone, names.from_text("self", ORIGIN), int(RRType.A))
    assert short(additional.for_referral(zone, found.rrset).required) == ["self A 192.0.2.5"]


def test_a_server_without_an_address_in_the_zone_has_no_glue(zone):
    found = lookup(zone, names.from_text("many", ORIGIN), int(RRType.A))
    assert additional.for_referral(zone, found.rrset) == additional.Additional()
