"""Rows are one record each; whole reports are in test_checks."""

import pytest
from fakes.zones import records

from dnsd.authority.build.findings import Findings
from dnsd.authority.build.record_checks import address_as_name, check_record, target
from dnsd.wire import names

EXAMPLE = names.from_text("example.test.")


def _found(line, origin="example.test."):
    findings = Findings()
    for record in records(origin, line):
        check_record(record, names.from_text(origin), findings)
    return [problem.id for problem in findings.problems]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("a A 0.1.2.3", ["address-not-a-host"]),
        ("a A 1.0.0.0", []),
        ("a A 223.255.255.255", []),
        ("a A 224.0.0.0", ["address-not-a-host"]),
        ("a A 127.0.0.1", []),
        ("a AAAA ::", ["address-not-a-host"]),
        ("a AAAA ::1", []),
        ("a AAAA ff02::1", ["address-not-a-host"]),
        ("a AAAA fe80::1", []),
        ("a AAAA ::ffff:192.0.2.1", ["aaaa-mapped"]),
        ("a NS .", ["ns-is-root"]),
        ("a NS 1.2.3.", []),
        ("a NS 1.2.3.4.", ["ns-is-address"]),
        ("a NS 1.2.3.256.", []),
        ("a NS 1.2.3.4.5.", []),
        ("a NS 1.2.3.4", ["ns-is-address"]),
        ("a CNAME 1.2.3.4.net.", []),
        ("a CNAME a.1.2.3.4.", []),
        ("a PTR 255.255.255.255.", ["ptr-is-address"]),
        ("_a._tcp SRV 1 1 1 host", []),
        ("*._tcp SRV 1 1 1 host", []),
        ("_tcp SRV 1 1 1 host", ["srv-owner"]),
        ("a._tcp SRV 1 1 1 host", ["srv-owner"]),
        ("_443._tcp TLSA 3 1 0 00", []),
        ("*._tcp TLSA 3 1 0 00", []),
        ("443._tcp TLSA 3 1 0 00", ["tlsa-owner"]),
        ("@ DNSKEY 257 3 13 AwEAAQ==", []),
        ("@ DNSKEY 257 2 13 AwEAAQ==", ["dnskey-protocol"]),
        ('@ CAA 0 issue "ca.test"', []),
        ('@ CAA 128 IssueWild "ca.test"', []),
        ('@ CAA 1 issue "ca.test"', ["caa-flags"]),
        ('@ CAA 0 tbs "ca.test"', ["caa-tag-unknown"]),
        ('n NAPTR 1 1 "u" "x" "!a!b!" .', []),
        ('n NAPTR 1 1 "s" "x" "" a.test.', []),
        ('n NAPTR 1 1 "u" "x" "!a!b!" a.test.', ["naptr-both"]),
        ("a TYPE10 \\# 0", ["type-null"]),
        ("a TYPE3 \\# 1 00", ["type-obsolete"]),
        ("a TYPE65280 \\# 0", []),
    ],
)
def test_a_record_on_its_own(line, found):
    assert _found(line) == found


def test_names_of_addresses_in_reverse_zones_are_names():
    assert _found("5 CNAME 5.0/25", "2.0.192.in-addr.arpa.") == []
    assert _found("5 CNAME 5.2.0.192.in-addr.arpa.", "2.0.192.in-addr.arpa.") == []


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("a NS Host", "host.example.test."),
        ("a MX 10 Host", "host.example.test."),
        ("_a._tcp SRV 1 2 3 Host.test.", "host.test."),
        ("a HTTPS 1 . alpn=h2", "."),
        ("a SVCB 1 Host port=1", "host.example.test."),
        ("a CNAME Host", "host.example.test."),
    ],
)
def test_targets_are_canonical_names(line, name):
    (record,) = records("example.test.", line)
    assert names.to_text(target(record)) == name


def test_an_address_as_a_name_is_told():
    (record,) = records("example.test.", "a CNAME 192.0.2.1")
    assert address_as_name(record, EXAMPLE) == "192.0.2.1"
    (record,) = records("example.test.", "a CNAME www")
    assert address_as_name(record, EXAMPLE) == ""
