"""Rows are one zone each; whole reports are in test_checks."""

import pytest
from fakes.zones import records

from dnsd.authority.build.findings import Findings
from dnsd.authority.build.owner_checks import check_owner
from dnsd.authority.build.sorted_zone import SortedZone
from dnsd.wire import names

DS = "DS 1 13 2 " + "00" * 32


def _found(text, origin="example.test.", glue=()):
    zone = SortedZone(names.from_text(origin), records(origin, text))
    findings = Findings()
    hosts = {names.from_text(name, zone.origin) for name in glue}
    for _, group in zone.owners():
        check_owner(zone, group, hosts, findings)
    return [problem.id for problem in findings.problems]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a CNAME b", []),
        ("a CNAME b\na CNAME c", ["cname-twice"]),
        ("a CNAME b\na CNAME c\na TXT x", ["cname-twice", "cname-and-other"]),
        ("@ CNAME b\n@ NS c", ["cname-at-apex"]),
        ("@ DNAME b.\n@ NS c", []),
        ("a DNAME b.\na A 192.0.2.1", []),
        ("a DNAME b.\nb.a TXT x\nc.b.a TXT x", ["dname-below", "dname-below"]),
        ("a DNAME b.\na NS c", ["dname-at-cut"]),
        (f"a {DS}\na NS b", []),
        (f"a {DS}", ["ds-without-ns"]),
        (f"a NS b\nc.a {DS}", ["record-below-cut"]),
        ("a SOA b c 1 2 3 4 5", ["soa-not-at-apex"]),
        ("a DNSKEY 0 3 13 AwEAAQ==", []),
        ("a DNSKEY 257 3 13 AwEAAQ==", ["dnskey-not-at-apex"]),
        ("@ DNSKEY 257 3 13 AwEAAQ==\n@ CDNSKEY 257 3 13 AwEAAQ==", []),
        ("* A 192.0.2.1\n* MX 10 a", []),
        ("*.a TXT x\na.* TXT x", ["wildcard-inside"]),
        ("\\001*a TXT x", []),
        ("a-b A 192.0.2.1\n3com A 192.0.2.1\nx--y AAAA ::1", []),
        ("-a A 192.0.2.1", ["host-name"]),
        ("a.b_c MX 10 d", ["host-name"]),
        ("a\\.b A 192.0.2.1", ["host-name"]),
        ("_a TXT x", []),
    ],
)
def test_records_of_one_name(text, found):
    assert _found(text) == found


def test_glue_is_what_a_delegation_names():
    text = "sub NS ns1.sub\nns1.sub A 192.0.2.1\nns2.sub A 192.0.2.2\nsub A 192.0.2.3"
    assert _found(text, glue=["ns1.sub"]) == ["record-below-cut"] * 2
    assert _found(text, glue=["ns1.sub", "ns2.sub", "sub"]) == []


def test_the_names_above_a_host_inside_the_zone_count_and_those_of_the_zone_do_not():
    assert _found("1 A 192.0.2.1", "0/25.2.0.192.in-addr.arpa.") == []
    assert _found("1.0/25 A 192.0.2.1", "2.0.192.in-addr.arpa.") == ["host-name"]
