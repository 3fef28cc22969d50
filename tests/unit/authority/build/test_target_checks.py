"""Rows are one zone each; whole reports are in test_checks."""

import pytest
from fakes.zones import records

from dnsd.authority.build.findings import Findings
from dnsd.authority.build.sorted_zone import SortedZone
from dnsd.authority.build.target_checks import check_chains, check_target
from dnsd.wire import names


def _found(text):
    zone = SortedZone(names.from_text("example.test."), records("example.test.", text))
    findings = Findings()
    for record in zone.records:
        check_target(zone, record, findings)
    aliases = {record.owner: record for record in zone.records if record.type == 5}
    check_chains(zone, aliases, findings)
    return [problem.id for problem in findings.problems]


CHAIN = "".join(f"c{i} CNAME c{i + 1}\n" for i in range(11))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a MX 10 b\nb A 192.0.2.1", []),
        ("a MX 10 b\nb AAAA ::1", []),
        ("a MX 10 b\nb TXT x", ["mx-address-missing"]),
        ("a MX 10 b", ["mx-address-missing"]),
        ("a MX 10 b.c\n*.c A 192.0.2.1", []),
        ("a MX 10 b.c\n*.c CNAME d.", ["mx-is-alias"]),
        ("a MX 10 b.c\nc.b.c TXT x\n*.c A 192.0.2.1", ["mx-address-missing"]),
        ("a MX 10 b.test.\na MX 0 .", []),
        ("a MX 10 b.c\nc NS d.", []),
        ("a MX 10 b.c\nc DNAME d.", []),
        ("a MX 10 192.0.2.1", []),
        ("a NS b.a\nb.a A 192.0.2.1", []),
        ("a NS a\na A 192.0.2.1", []),
        ("a NS a", ["glue-missing"]),
        ("a NS b.c\nc NS d.", ["sibling-glue-missing"]),
        ("a NS b.c\nc NS d.\nb.c A 192.0.2.1", []),
        ("a NS c\nc CNAME d.", ["cut-ns-is-alias"]),
        ("a NS b.a\nb.a CNAME d.", ["glue-missing"]),
        ("@ NS b", []),
        ("a NS x.\nb.a NS b.a", []),
        ("_a._tcp SRV 1 1 1 b\nb CNAME c.", ["srv-is-alias"]),
        ("a HTTPS 1 b\nb CNAME c.", []),
        ("a HTTPS 1 .", []),
        ("a PTR b", []),
        ("a DNAME b", []),
        ("a DNAME a", ["dname-loop"]),
        ("a DNAME xa", []),
        ("a CNAME b\nb TXT x", []),
        ("a CNAME b\nc.b TXT x", []),
        ("a CNAME b", ["cname-target-missing"]),
        ("a CNAME b.c\nc NS d.", []),
        ("a CNAME a", ["cname-loop"]),
        ("a CNAME *", ["cname-target-missing"]),
        ("* CNAME b.a", []),
        (CHAIN + "c11 TXT x", []),
        (CHAIN + "c11 CNAME c12\nc12 TXT x", ["cname-chain"]),
    ],
)
def test_where_records_lead(text, found):
    assert _found(text) == found
