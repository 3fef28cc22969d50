import pytest

from dnsd.resolver.local.special import SpecialNames, soa_of
from dnsd.wire import names, rdata
from dnsd.wire.iana import Rcode, RRType

N = names.from_text
SPECIAL = SpecialNames(builtin=True)


def _answer(name, rrtype, special=SPECIAL):
    found = special.find(N(name), RRType[rrtype])
    if found is None:
        return "asked"
    if found.answer:
        return [rdata.to_text(rrset.type, each) for rrset in found.answer for each in rrset.rdatas]
    return f"{Rcode(found.rcode).name} {names.to_text(found.authority[0].owner)}"


@pytest.mark.parametrize(
    ("name", "rrtype", "answer"),
    [
        ("localhost", "A", ["127.0.0.1"]),
        ("localhost", "AAAA", ["::1"]),
        ("a.b.localhost", "A", ["127.0.0.1"]),
        ("localhost", "MX", "NOERROR localhost."),
        ("localhost", "DS", "NOERROR localhost."),
        ("invalid", "A", "NXDOMAIN invalid."),
        ("www.invalid", "A", "NXDOMAIN invalid."),
        ("www.test", "A", "NXDOMAIN test."),
        ("abc.onion", "A", "NXDOMAIN onion."),
        ("abc.alt", "A", "NXDOMAIN alt."),
        ("printer.local", "A", "NXDOMAIN local."),
        ("ipv4only.arpa", "A", ["192.0.0.170", "192.0.0.171"]),
        ("ipv4only.arpa", "AAAA", "NOERROR ipv4only.arpa."),
        ("170.0.0.192.in-addr.arpa", "PTR", ["ipv4only.arpa."]),
        ("_dns.resolver.arpa", "SVCB", "NOERROR resolver.arpa."),
        ("anything.resolver.arpa", "A", "NOERROR resolver.arpa."),
        ("1.0.0.127.in-addr.arpa", "PTR", ["localhost."]),
        ("0.0.127.in-addr.arpa", "PTR", "NOERROR 127.in-addr.arpa."),
        ("2.0.0.127.in-addr.arpa", "PTR", "NXDOMAIN 127.in-addr.arpa."),
        ("1" + ".0" * 31 + ".ip6.arpa", "PTR", ["localhost."]),
        ("0" + ".0" * 31 + ".ip6.arpa", "PTR", "NOERROR " + "0." * 32 + "ip6.arpa."),
        ("5.1.168.192.in-addr.arpa", "PTR", "NXDOMAIN 168.192.in-addr.arpa."),
        ("1.31.172.in-addr.arpa", "PTR", "NXDOMAIN 31.172.in-addr.arpa."),
        ("1.32.172.in-addr.arpa", "PTR", "asked"),
        ("1.64.100.in-addr.arpa", "PTR", "NXDOMAIN 64.100.in-addr.arpa."),
        ("1.128.100.in-addr.arpa", "PTR", "asked"),
        ("1.b.e.f.ip6.arpa", "PTR", "NXDOMAIN b.e.f.ip6.arpa."),
        ("1.c.e.f.ip6.arpa", "PTR", "asked"),
        ("home.arpa", "SOA", ["home.arpa. nobody.invalid. 1 3600 1200 604800 10800"]),
        ("home.arpa", "NS", ["home.arpa."]),
        ("home.arpa", "A", "NOERROR home.arpa."),
        ("x.home.arpa", "A", "NXDOMAIN home.arpa."),
        ("arpa", "A", "asked"),
        (".", "NS", "asked"),
        ("www.example.com", "A", "asked"),
        ("example", "A", "asked"),
        ("nolocalhost", "A", "asked"),
        ("xlocal.example", "A", "asked"),
    ],
)
def test_what_is_answered_here(name, rrtype, answer):
    assert _answer(name, rrtype) == answer


@pytest.mark.parametrize("zone", ["home.arpa", "10.in-addr.arpa", "d.f.ip6.arpa"])
def test_the_denial_of_an_empty_zones_ds_record_is_asked_for(zone):
    assert _answer(zone, "DS") == "asked"
    assert _answer(f"x.{zone}", "DS") == f"NXDOMAIN {zone}."


def test_every_zone_has_its_apex_records():
    for zone in SPECIAL.zones - set(map(N, ("invalid", "test", "onion", "alt", "local"))):
        found = SPECIAL.find(zone, RRType.SOA)
        assert found.answer == [soa_of(zone)]
        rdata.check(RRType.SOA, found.answer[0].rdatas[0])


def test_a_denial_says_why():
    assert SPECIAL.find(N("www.onion"), RRType.A).explanation.text == "special-use name"


@pytest.mark.parametrize(
    ("forwarded", "name", "answer"),
    [
        pytest.param("168.192.in-addr.arpa", "1.1.168.192.in-addr.arpa", "asked", id="the zone"),
        pytest.param("1.168.192.in-addr.arpa", "9.1.168.192.in-addr.arpa", "asked", id="a part"),
        pytest.param("1.168.192.in-addr.arpa", "9.2.168.192.in-addr.arpa",
                     "NXDOMAIN 168.192.in-addr.arpa.", id="the other part"),
        pytest.param(".", "9.2.168.192.in-addr.arpa", "NXDOMAIN 168.192.in-addr.arpa.",
                     id="everything is forwarded"),
        pytest.param("arpa", "x.home.arpa", "NXDOMAIN home.arpa.", id="a zone above"),
        pytest.param("corp.test", "www.corp.test", "asked", id="below a special top level"),
    ],
)  # fmt: skip
def test_forwarded_zones_stand_above_special_names(forwarded, name, answer):
    special = SpecialNames(builtin=True, forwarded=[N(forwarded)])
    assert _answer(name, "PTR", special) == answer


def test_more_zones_can_be_answered_and_none_at_all():
    special = SpecialNames(builtin=False, more=[N("lan")])
    assert _answer("x.lan", "A", special) == "NXDOMAIN lan."
    assert _answer("lan", "NS", special) == ["lan."]
    assert _answer("localhost", "A", special) == "asked"
    assert _answer("localhost", "A", SpecialNames(builtin=False)) == "asked"
