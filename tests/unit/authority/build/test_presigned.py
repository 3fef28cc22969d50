"""Zones signed elsewhere: what of their signing is served."""

import pytest
from fakes.zones import records

from dnsd.authority.answer import answer
from dnsd.authority.build.compilation import compile_zones
from dnsd.authority.build.nodes import nodes
from dnsd.authority.build.presigned import Presigned
from dnsd.authority.build.report import CompileRequest
from dnsd.authority.build.soa import content_digest
from dnsd.authority.build.sorted_zone import SortedZone
from dnsd.authority.node import Node
from dnsd.authority.serials import Serials
from dnsd.authority.signing_keys import SigningKeys
from dnsd.authority.store import open_store
from dnsd.authority.zones import Zones
from dnsd.source.problems import errors
from dnsd.wire import names

ORIGIN = "example.test."
APEX = names.from_text(ORIGIN)
A, SOA, NSEC, DNSKEY, NSEC3, NSEC3PARAM = 1, 6, 47, 48, 50, 51
HASH = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"
LINES = f"""
@ SOA ns hostmaster 7 3600 900 604800 60
@ DNSKEY 257 3 13 AAAA
@ RRSIG SOA 13 2 300 20300101000000 20200101000000 1 example.test. AAAA
@ RRSIG DNSKEY 13 2 300 20300101000000 20200101000000 1 example.test. AAAA
@ NSEC3PARAM 1 0 0 -
www A 192.0.2.1
www RRSIG A 13 3 300 20300101000000 20200101000000 1 example.test. AAAA
www RRSIG A 13 3 300 20300101000000 20200101000000 2 example.test. AAAA
www RRSIG TXT 13 3 300 20300101000000 20200101000000 1 example.test. AAAA
www NSEC example.test. A RRSIG NSEC
{HASH} NSEC3 1 0 0 - {HASH} A RRSIG
{HASH} RRSIG NSEC3 13 3 300 20300101000000 20200101000000 1 example.test. AAAA
nohash NSEC3 1 0 0 - {HASH} A RRSIG
a.{HASH} NSEC3 1 0 0 - {HASH} A RRSIG
"""


def sorted_zone(text):
    return SortedZone(APEX, records(ORIGIN, text))


def without(word):
    return "\n".join(line for line in LINES.splitlines() if word not in line)


def test_a_zone_is_signed_if_its_soa_and_a_key_are():
    assert sorted_zone(LINES).is_signed
    assert not sorted_zone(without("RRSIG SOA")).is_signed
    assert not sorted_zone(without("DNSKEY 257")).is_signed
    # The server's own SOA has no serial before it is served: what signed another is void.
    assert not sorted_zone(LINES.replace("hostmaster 7", "hostmaster 0")).is_signed


def test_signatures_stand_with_their_rrsets_and_denials_with_their_owners():
    built = {name: Node(octets) for name, octets in nodes(sorted_zone(LINES), 7)}
    www = names.from_text("www", APEX)
    assert set(built) == {APEX, www}
    assert built[APEX].types == (SOA, DNSKEY, NSEC3PARAM)
    assert [len(x.signatures) for x in built[APEX].rrsets(APEX)] == [1, 1, 0]
    assert built[www].types == (A, NSEC)
    assert [len(x.signatures) for x in built[www].rrsets(www)] == [2, 0]


def test_nsec3_records_are_hashes_and_others_are_left_out():
    ((chain, digest, octets),) = Presigned(sorted_zone(LINES)).hashes()
    assert (chain, len(digest)) == (b"\0\0\0", 20)
    owner = names.from_text(HASH, APEX)
    (rrset,) = Node(octets).rrsets(owner)
    assert (rrset.type, len(rrset.signatures)) == (NSEC3, 1)


def test_nothing_is_taken_from_a_zone_that_is_not_signed():
    zone = sorted_zone(without("RRSIG SOA"))
    assert list(Presigned(zone).hashes()) == []
    for name, octets in nodes(zone, 7):
        node = Node(octets)
        assert not set(node.types) & {NSEC, NSEC3PARAM}
        assert not any(rrset.signatures for rrset in node.rrsets(name))


def test_other_signatures_are_other_content_where_they_are_served():
    again = LINES.replace("20300101000000", "20310101000000")
    assert content_digest(sorted_zone(LINES)) != content_digest(sorted_zone(again))
    unsigned, other = without("RRSIG SOA"), without("RRSIG SOA").replace("2030", "2031")
    assert content_digest(sorted_zone(unsigned)) == content_digest(sorted_zone(other))


def test_more_signatures_than_a_message_carries_are_left_out():
    large = "A" * 60000
    more = "\n".join(
        f"www RRSIG A 13 3 300 20300101000000 20200101000000 {tag} example.test. {large}"
        for tag in (3, 4)
    )
    built = dict(nodes(sorted_zone(f"{LINES}{more}\n"), 7))
    www = names.from_text("www", APEX)
    assert Node(built[www]).rrset(www, A).signatures == ()


@pytest.mark.parametrize("dnssec", ["", "dnssec: {policy: default}"])
def test_a_zone_is_signed_once_elsewhere_or_here(tmp_path, dnssec):
    file = tmp_path / "zones" / "example.test.yaml"
    file.parent.mkdir()
    file.write_text(f"""
zone: example.test
{dnssec}
records:
  '':
  - {{type: SOA, value: ns1.example.net. host.example.net. 7 3600 900 604800 60}}
  - {{type: NS, value: ns1.example.net.}}
  - {{type: DNSKEY, value: 257 3 13 AAAA}}
  - {{type: NSEC3PARAM, value: 1 0 0 -}}
  - {{type: RRSIG, value: SOA 13 2 300 20300101000000 20200101000000 1 example.test. AAAA}}
  {HASH}:
  - {{type: NSEC3, value: 1 0 0 - {HASH} A RRSIG}}
""")
    store = open_store(tmp_path / "store", map_size=16 << 20)
    serials = Serials(tmp_path / "serials.db")
    keys = SigningKeys(tmp_path / "keys")
    request = CompileRequest(directories=(file.parent,))
    (report,) = compile_zones(request, store, serials, 1772323200, keys).zones
    if dnssec:
        assert [problem.id for problem in errors(report.problems)] == ["dnssec-twice"]
    else:
        assert report.problems == ()
        name = names.from_text("none", APEX)
        reply = answer(Zones(store), name, A, dnssec_ok=True)
        assert [(x.type, len(x.signatures)) for x in reply.authority] == [(SOA, 1), (NSEC3, 0)]
    store.close()
    serials.close()
