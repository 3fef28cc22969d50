"""Rows are one RRset each; whole reports are in test_checks."""

import pytest
from fakes.zones import records

from dnsd.authority.build.findings import Findings
from dnsd.authority.build.rrset_checks import check_rrset

HEX = "00" * 32


def _check(text):
    findings = Findings()
    check_rrset(records("example.test.", text), findings)
    return findings.problems


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a A 192.0.2.1\na A 192.0.2.2", []),
        ("a 60 A 192.0.2.1\na A 192.0.2.2", ["ttl-differs"]),
        ("a MX 0 .", []),
        ("a MX 1 .", ["null-mx-preference"]),
        ("a MX 0 .\na MX 1 b", ["null-mx-not-alone"]),
        ("_a._tcp SRV 0 0 0 .", []),
        ("_a._tcp SRV 0 0 0 .\n_a._tcp SRV 0 0 0 b", ["null-srv-not-alone"]),
        (f"a DS 1 13 2 {HEX}\na DS 1 13 1 {HEX[:40]}", []),
        (f"a DS 1 13 1 {HEX[:40]}", ["ds-sha1-only"]),
        ("@ CDS 0 0 0 00", []),
        (f"@ CDS 0 0 0 00\n@ CDS 1 13 2 {HEX}", ["cds-delete-not-alone"]),
        ("a HTTPS 0 b.", []),
        ("a HTTPS 1 b.\na HTTPS 2 c.", []),
        ("a HTTPS 0 b.\na HTTPS 0 c.", ["svcb-alias-mixed"] * 2),
        ('a TXT "v=spf1 -all"\na TXT "v=spf10 -all"', []),
        ("a ALIAS www.example.\na ALIAS web.example.", ["alias-twice"]),
        ('a TXT "v=SPF1 -all"\na TXT v=spf1', ["spf-twice"]),
        ('a TXT "v=DMARC1;p=none"\na TXT "v=DMARC1; p=reject"', []),
        ('_dmarc TXT "v=DMARC1;p=none"\n_dmarc TXT "v=DMARC1; p=reject"', ["dmarc-twice"]),
    ],
)
def test_records_of_one_type(text, found):
    assert [problem.id for problem in _check(text)] == found


def test_different_ttls_are_said_with_the_one_that_is_served():
    (problem,) = _check("a A 192.0.2.1\na 900 A 192.0.2.2\na 60 A 192.0.2.3")
    assert str(problem) == (
        "test: warning: ttl-differs: a.example.test. A has TTL 900 here and 300 elsewhere\n"
        "    expected: one TTL for all records of an RRset (RFC 2181 §5.2)\n"
        "    hint: the lowest, 60, is served for all"
    )


def test_an_rrset_must_fit_a_message():
    def text(count):
        return "".join(f'a TXT "{i:04}{"x" * 239}"\n' for i in range(count))

    assert _check(text(255)) == []
    (problem,) = _check(text(256))
    assert str(problem) == (
        "test: rrset-too-large: a.example.test. TXT takes 65536 octets of a message, 65364 are left\n"
        "    expected: an RRset that fits a message (RFC 1035 §4.2.2)"
    )


def test_one_record_must_fit_as_well():
    (problem,) = _check("a TYPE65280 \\# 65400 " + "00" * 65400)
    assert problem.id == "rrset-too-large"
