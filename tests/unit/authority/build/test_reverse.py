import ipaddress

import hypothesis.strategies as st
import pytest
from fakes.zones import records
from hypothesis import given

from dnsd.authority.build import reverse
from dnsd.authority.build.findings import Findings
from dnsd.authority.build.nodes import nodes
from dnsd.authority.build.sorted_zone import SortedZone
from dnsd.authority.zonefile.draft import SoaSettings, ZoneDraft
from dnsd.source.problems import Where
from dnsd.wire import names, rdata

WHERE = Where("zones/example.test.yaml", 2, 10)
EVERY = reverse.Networks(())

LINES = """\
@ SOA ns1 h 1 2 3 4 5
@ NS ns1
@ A 192.0.2.1
ns1 60 A 192.0.2.53
both A 192.0.2.2
both AAAA 2001:db8::2
*.wild A 192.0.2.3
sub NS ns.sub
sub A 192.0.2.4
ns.sub A 192.0.2.5
text TXT x
"""


def _sorted(text=LINES):
    return SortedZone(names.from_text("example.test."), records("example.test.", text))


def _texts(pointers):
    return sorted((names.to_text(p.owner), names.to_text(p.target), p.ttl) for p in pointers)


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("192.0.2.1", "1.2.0.192.in-addr.arpa."),
        ("0.0.0.255", "255.0.0.0.in-addr.arpa."),
        ("2001:db8::1", "1." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa."),
        ("2001:db8:1234:5678:9abc:def0:0fed:cba9",
         "9.a.b.c.d.e.f.0.0.f.e.d.c.b.a.9.8.7.6.5.4.3.2.1.8.b.d.0.1.0.0.2.ip6.arpa."),
    ],
)  # fmt: skip
def test_the_name_of_an_address(address, name):
    assert names.to_text(reverse.owner_of(ipaddress.ip_address(address).packed)) == name


@given(st.ip_addresses())
def test_the_name_of_any_address_is_what_the_standard_library_says(address):
    expected = address.reverse_pointer + "."
    assert names.to_text(reverse.owner_of(address.packed)) == expected


@pytest.mark.parametrize(
    ("origin", "is_reverse"),
    [
        ("2.0.192.in-addr.arpa.", True),
        ("in-addr.arpa.", True),
        ("8.b.d.0.1.0.0.2.ip6.arpa.", True),
        ("arpa.", False),
        ("xin-addr.arpa.", False),
        ("example.test.", False),
        (".", False),
    ],
)
def test_which_zones_are_for_addresses(origin, is_reverse):
    assert reverse.is_reverse(names.from_text(origin)) is is_reverse


@given(st.ip_addresses(), st.lists(st.ip_addresses(), max_size=3), st.integers(0, 32))
def test_networks_contain_what_the_standard_library_says(address, bases, length):
    networks = [ipaddress.ip_network(f"{base}/{length}", strict=False) for base in bases]
    expected = not networks or any(
        address in network for network in networks if network.version == address.version
    )
    assert reverse.Networks(networks).contains(address.packed) == expected
    text = reverse.Networks(networks).text
    assert reverse.Networks.from_text(text).contains(address.packed) == expected


def test_pointers_leave_out_wildcards_and_what_another_zone_answers_for():
    assert _texts(reverse.pointers_of_zone(_sorted(), EVERY, WHERE)) == [
        ("1.2.0.192.in-addr.arpa.", "example.test.", 300),
        ("2." + "0." * 23 + "8.b.d.0.1.0.0.2.ip6.arpa.", "both.example.test.", 300),
        ("2.2.0.192.in-addr.arpa.", "both.example.test.", 300),
        ("53.2.0.192.in-addr.arpa.", "ns1.example.test.", 60),
    ]


def test_pointers_are_only_of_the_networks_asked_for():
    networks = reverse.Networks([ipaddress.ip_network("2001:db8::/64")])
    found = reverse.pointers_of_zone(_sorted(), networks, WHERE)
    assert [target for _, target, _ in _texts(found)] == ["both.example.test."]


def test_a_served_zone_gives_the_same_pointers_as_when_it_was_read():
    zone = _sorted()
    read = reverse.pointers_of_zone(zone, EVERY, WHERE)
    served = reverse.pointers_of_nodes(nodes(zone, 1), EVERY, WHERE)
    assert sorted(read) == sorted(served)


def test_a_pointer_goes_to_the_closest_zone_with_a_file():
    origins = {names.from_text(text) for text in ("192.in-addr.arpa.", "2.0.192.in-addr.arpa.")}
    for address, origin in (
        ("192.0.2.1", "2.0.192.in-addr.arpa."),
        ("192.1.2.1", "192.in-addr.arpa."),
        ("193.0.2.1", None),
        ("2001:db8::1", None),
    ):
        owner = reverse.owner_of(ipaddress.ip_address(address).packed)
        found = reverse.closest_zone(owner, origins)
        assert (names.to_text(found) if found else None) == origin


def test_zones_that_are_made_are_a_24_and_a_64():
    for address, origin in (
        ("192.0.2.1", "2.0.192.in-addr.arpa."),
        ("2001:db8:0:1::1", "1.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa."),
    ):
        owner = reverse.owner_of(ipaddress.ip_address(address).packed)
        assert names.to_text(reverse.generated_origin(owner)) == origin


def _pointer(address, target, ttl=300):
    owner = reverse.owner_of(ipaddress.ip_address(address).packed)
    return reverse.Pointer(owner, names.from_text(target), ttl, WHERE)


def _added(text, *pointers):
    origin = "2.0.192.in-addr.arpa."
    draft = ZoneDraft(names.from_text(origin), SoaSettings(WHERE), records(origin, text))
    before = len(draft.records)
    reverse.add_pointers(draft, pointers)
    return [
        f"{names.relative_text(r.owner, draft.origin)} {r.ttl} {rdata.to_text(12, r.rdata)}"
        for r in draft.records[before:]
    ]


def test_pointers_are_added_where_the_file_says_nothing():
    assert _added("@ NS ns1.test.\n1 TXT x\n", _pointer("192.0.2.1", "a.test.")) == [
        "1 300 a.test."
    ]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("1 PTR other.test.\n", id="a PTR that is written"),
        pytest.param("1 CNAME 1.0/25\n", id="an alias (RFC 2317)"),
        pytest.param("1 NS ns.test.\n", id="a delegation"),
        pytest.param("@ DNAME x.test.\n", id="a redirection of all"),
    ],
)
def test_what_the_file_says_wins(text):
    assert _added(text, _pointer("192.0.2.1", "a.test.")) == []


def test_several_names_of_one_address_are_one_rrset_in_canonical_order():
    pointers = [
        _pointer("192.0.2.1", "b.test."),
        _pointer("192.0.2.1", "a.test.", 60),
        _pointer("192.0.2.1", "b.test."),
    ]
    assert _added("", *pointers) == ["1 60 a.test.", "1 60 b.test."]


def test_so_many_names_get_a_pointer_and_no_more():
    limit = reverse.MAX_NAMES_OF_ADDRESS
    pointers = [_pointer("192.0.2.1", f"h{i:02}.test.") for i in range(limit + 1)]
    assert _added("", *pointers) == [f"1 300 h{i:02}.test." for i in range(limit)]
    findings = Findings()
    reverse.check_pointers(pointers[:limit], findings)
    assert findings.problems == []
    reverse.check_pointers(pointers, findings)
    assert [problem.id for problem in findings.problems] == ["reverse-many-names"]


def _donor(**changes):
    settings = {"ns_ttl": 300, "soa_ttl": 60, "hosts": ("ns1.example.test.", "ns2.example.net.")}
    settings |= changes
    soa = rdata.from_text(6, "ns1.example.test. h.example.test. 7 2 3 4 5")
    hosts = [names.from_text(host) for host in settings["hosts"]]
    return reverse.donor_of(soa, settings["soa_ttl"], hosts, settings["ns_ttl"], WHERE)


def test_a_zone_that_is_made_has_name_servers_and_settings_of_the_forward_zone():
    origin = names.from_text("2.0.192.in-addr.arpa.")
    draft = reverse.generated_draft(origin, [_pointer("192.0.2.1", "a.example.test.")], _donor())
    assert [(r.type, r.ttl, rdata.to_text(r.type, r.rdata)) for r in draft.records] == [
        (2, 300, "ns1.example.test."),
        (2, 300, "ns2.example.net."),
        (12, 300, "a.example.test."),
    ]
    assert draft.soa == SoaSettings(
        WHERE,
        names.from_text("ns1.example.test."),
        names.from_text("h.example.test."),
        refresh=2,
        retry=3,
        expire=4,
        minimum=5,
        ttl=60,
    )
    assert draft.files == ("zones/example.test.yaml",)


def test_the_digest_covers_all_that_a_zone_gives():
    one, two = _pointer("192.0.2.1", "a.test."), _pointer("192.0.2.2", "b.test.")
    same = reverse.digest([one, two], _donor())
    assert (
        reverse.digest([two, one], _donor(hosts=("ns2.example.net.", "ns1.example.test."))) == same
    )
    others = [
        reverse.digest([one], _donor()),
        reverse.digest([one, _pointer("192.0.2.2", "b.test.", 60)], _donor()),
        reverse.digest([one, _pointer("192.0.2.2", "c.test.")], _donor()),
        reverse.digest([one, two], _donor(ns_ttl=1)),
        reverse.digest([one, two], _donor(soa_ttl=1)),
        reverse.digest([one, two], _donor(hosts=("ns1.example.test.",))),
    ]
    assert len({same, *others}) == 7
