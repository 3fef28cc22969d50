"""Rows are one zone each; whole reports are in test_checks."""

import pytest
from fakes.zones import records

from dnsd.authority.build.apex_checks import address_hint, check_apex, check_left_out
from dnsd.authority.build.findings import Findings
from dnsd.authority.build.sorted_zone import SortedZone
from dnsd.wire import names

SOA = "@ SOA ns1 h 1 86400 7200 3600000 3600\n"


def _zone(text, origin="example.test."):
    return SortedZone(names.from_text(origin), records(origin, text))


def _found(text, origin="example.test."):
    findings = Findings()
    check_apex(_zone(text, origin), "zones/example.test.yaml", findings)
    return [problem.id for problem in findings.problems]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (SOA + "@ NS ns.test.", []),
        (SOA + "@ NS ns1\nns1 AAAA ::1", []),
        (SOA + "@ NS ns1\n* A 192.0.2.1", []),
        (SOA + "@ NS @\n@ A 192.0.2.1", []),
        (SOA + "@ NS ns1.sub\nsub NS x.\nns1.sub A 192.0.2.1", []),
        (SOA, ["apex-ns-missing"]),
        (SOA + "@ NS ns1", ["ns-address-missing"]),
        (SOA + "@ NS ns1\nns1 TXT x", ["ns-address-missing"]),
        (SOA + "@ NS ns1.sub\nsub NS x.", ["ns-address-missing"]),
        (SOA + "@ NS ns1\nns1 CNAME x.", ["ns-is-alias"]),
        (SOA + "@ NS ns1.sub\nsub NS x.\nns1.sub CNAME x.", ["ns-address-missing"]),
        (SOA + "@ NS x.\n@ DS 1 13 2 " + "00" * 32, ["ds-at-apex"]),
        (SOA + "@ NS x.\n@ SOA ns1 h 2 86400 7200 3600000 3600", ["soa-twice"]),
        ("@ NS x.\n@ SOA ns1 h 1 86400 86400 3600000 3600", ["soa-retry"]),
        ("@ NS x.\n@ SOA ns1 h 1 86400 7200 93600 3600", ["soa-expire"]),
        ("@ NS x.\n@ SOA ns1 h 1 86400 7200 93601 86400", []),
        ("@ NS x.\n@ SOA ns1 h 1 86400 7200 93601 86401", ["soa-minimum"]),
        ("@ NS x.\n@ SOA ns1 h 1 86400 7200 2147483648 1", ["soa-timer-range"]),
        ("@ NS x.\n@ SOA ns1 h 1 86400 7200 2147483647 1", []),
    ],
)
def test_the_top_of_a_zone(text, found):
    assert _found(text) == found


def test_the_root_zone_has_its_name_servers_inside():
    assert _found(SOA + "@ NS a.example.", ".") == ["ns-address-missing"]
    assert _found(SOA + "@ NS a.example.\na.example. A 192.0.2.1", ".") == []


def test_records_that_are_no_part_of_the_zone_are_said():
    zone = _zone("a TXT x\na TXT x\na NSEC b A\nb.test. A 192.0.2.1\n")
    findings = Findings()
    check_left_out(zone, findings)
    assert list(map(str, findings.problems)) == [
        (
            "test: owner-outside-zone: b.test. A is not in the zone example.test.\n"
            "    expected: owners inside the zone (RFC 1034 §4.2.1)"
        ),
        (
            "test: warning: duplicate-record: a.example.test. TXT is written twice\n"
            "    expected: each record once (RFC 2181 §5)"
        ),
        (
            "test: warning: signing-record: a.example.test. NSEC is left out\n"
            "    expected: signatures of a whole zone, its SOA too (RFC 4035 §2)"
        ),
    ]


def test_a_hint_is_text_to_type():
    host = names.from_text("ns\\.1.example.test.")
    assert address_hint(_zone(""), host) == "'ns\\.1': {type: A, value: 192.0.2.1}"
    assert address_hint(_zone(""), names.from_text("example.test.")).startswith("'': ")
