"""Values of every type that octoDNS has, in each way it lets them be written."""

import pytest

from dnsd.authority.zonefile.octodns import NOT_IN_DNS, record_type, type_hint
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType


@pytest.mark.parametrize(
    ("rrtype", "written", "text"),
    [
        ("A", "[192.0.2.1, '192.0.2.2']", "192.0.2.1 | 192.0.2.2"),
        ("AAAA", "['2001:db8::1', 2001:DB8:0:0::2]", "2001:db8::1 | 2001:db8::2"),
        ("CNAME", "[Www.Example.Test.]", "www.example.test."),
        ("DNAME", "[example.org.]", "example.org."),
        ("NS", "[ns1.example.test., ns2.example.net.]", "ns1.example.test. | ns2.example.net."),
        ("PTR", "[café.example.]", "xn--caf-dma.example."),
        ("SPF", "[v=spf1 -all]", '"v=spf1 -all"'),
        ("MX", "[{preference: 10, exchange: mx1.example.test.}, {preference: 0, exchange: .}]", "10 mx1.example.test. | 0 ."),
        ("MX", "[{priority: 10, value: mx1.example.test.}]", "10 mx1.example.test."),
        ("MX", "[{priority: 10, exchange: mx1.example.test.}]", "10 mx1.example.test."),
        ("SRV", "[{priority: 0, weight: 1, port: 993, target: mx1.example.test.}]", "0 1 993 mx1.example.test."),
        ("CAA", "[{flags: 128, tag: issue, value: ca.example}, {tag: iodef, value: 'mailto:a@example.test'}]", '128 issue "ca.example" | 0 iodef "mailto:a@example.test"'),
        ("CAA", r"[{tag: issue, value: 'ca.example\; a=b'}, {tag: issue, value: ;}]", '0 issue "ca.example; a=b" | 0 issue ";"'),
        ("DS", f"[{{key_tag: 1, algorithm: 8, digest_type: 2, digest: {'0' * 64}}}]", f"1 8 2 {'0' * 64}"),
        ("DS", f"[{{flags: 1, protocol: 8, algorithm: 2, public_key: {'AB' * 32}}}]", f"1 8 2 {'ab' * 32}"),
        ("TLSA", "[{certificate_usage: 3, selector: 1, matching_type: 0, certificate_association_data: 0123456789}]", "3 1 0 0123456789"),
        ("TLSA", "[{certificate_association_data: ab}]", "0 0 0 ab"),
        ("SSHFP", f"[{{algorithm: 4, fingerprint_type: 2, fingerprint: {'12' * 32}}}]", f"4 2 {'12' * 32}"),
        ("NAPTR", "[{order: 10, preference: 100, flags: S, service: SIP+D2U, regexp: '', replacement: _sip._udp.example.test.}]", '10 100 "S" "SIP+D2U" "" _sip._udp.example.test.'),
        ("NAPTR", r"[{order: 1, preference: 1, flags: u, service: E2U+sip, regexp: '!^(.*)$!sip:\\1@example.test!', replacement: .}]", r'1 1 "u" "E2U+sip" "!^(.*)$!sip:\\1@example.test!" .'),
        ("URI", "[{priority: 10, weight: 1, target: 'https://example.test/?a=b'}]", '10 1 "https://example.test/?a=b"'),
        ("LOC", "[{lat_degrees: 31, lat_minutes: 58, lat_seconds: 52.1, lat_direction: S, long_degrees: 115, long_minutes: 49, long_seconds: 11.7, long_direction: E, altitude: 20, size: 10, precision_horz: 10, precision_vert: 2}]", "31 58 52.100 S 115 49 11.700 E 20.00m 10.00m 10.00m 2.00m"),
        ("LOC", "[{lat_degrees: 0, lat_minutes: 0, lat_seconds: 0, lat_direction: n, long_degrees: 1, long_minutes: 0, long_seconds: 0, long_direction: w, altitude: -5.5}]", "0 0 0.000 N 1 0 0.000 W -5.50m"),
        ("SVCB", "[{svcpriority: 1, targetname: foo.example.test., svcparams: {port: 53, alpn: [dot, h2], ipv4hint: [192.0.2.1, 192.0.2.2]}}]", '1 foo.example.test. alpn="dot,h2" port="53" ipv4hint="192.0.2.1,192.0.2.2"'),
        ("SVCB", "[{svcpriority: 0, targetname: foo.example.test.}]", "0 foo.example.test."),
        ("HTTPS", "[{svcpriority: 1, targetname: ., svcparams: {alpn: [h2], no-default-alpn: null, mandatory: [alpn], key65000: abc}}]", '1 . mandatory="alpn" alpn="h2" no-default-alpn key65000="abc"'),
        ("HTTPS", "[{svcpriority: 1, targetname: ., svcparams: null}]", "1 ."),
        ("OPENPGPKEY", "[AAEC Aw==]", "AAECAw=="),
        # Not octoDNS's, the same way.
        ("CDS", f"[{{key_tag: 1, algorithm: 8, digest_type: 2, digest: {'0' * 64}}}]", f"1 8 2 {'0' * 64}"),
        ("SMIMEA", "[{certificate_usage: 3, selector: 0, matching_type: 0, certificate_association_data: ab}]", "3 0 0 ab"),
    ],
)  # fmt: skip
def test_a_value_of_fields_or_text_is_read(value, rrtype, written, text):
    assert value(rrtype, written) == text


@pytest.mark.parametrize(
    ("rrtype", "written", "text"),
    [
        ("MX", "['10 mx1.example.test.']", "10 mx1.example.test."),
        ("SRV", "[0 1 993 mx1.example.test.]", "0 1 993 mx1.example.test."),
        ("CAA", """['0 issue "ca.example; a=b"']""", '0 issue "ca.example; a=b"'),
        ("LOC", "[1 N 2 E 0m]", "1 0 0.000 N 2 0 0.000 E 0.00m"),
        ("HTTPS", "['1 . alpn=h2']", '1 . alpn="h2"'),
        ("SOA", "[ns1.example.test. hostmaster.example.test. 7 1h 5m 7d 60]", "ns1.example.test. hostmaster.example.test. 7 3600 300 604800 60"),
        ("DNSKEY", "[256 3 13 AAEC]", "256 3 13 AAEC"),
        ("HINFO", "['cpu \"an os\"']", '"cpu" "an os"'),
        ("NSAP-PTR", "[host.example.test.]", "host.example.test."),
        ("TYPE65280", r"['\# 2 abcd']", r"\# 2 abcd"),
        ("A", r"['\# 4 c0000201']", "192.0.2.1"),
        ("NS", r"['\# 3 016100']", "a."),
        ("TXT", r"['\# 5 01610162 ff']", r'"a" "b"'),
    ],
)  # fmt: skip
def test_every_type_takes_presentation_text(value, zone, rrtype, written, text):
    if "ff" in written:  # a string that runs over the end
        assert [
            problem.id for problem in zone(f"x: {{type: TXT, values: {written}}}").problems
        ] == ["txt-value"]
    else:
        assert value(rrtype, written) == text


@pytest.mark.parametrize("written", ["TYPE1", "type1", "a", "A"])
def test_a_type_may_be_written_in_any_way(value, zone, written):
    draft = zone(f"x: {{type: {written}, value: 192.0.2.1}}")
    assert [(record.type, record.rdata) for record in draft.records] == [(1, b"\xc0\x00\x02\x01")]
    assert type(draft.records[0].type) is int


def test_every_known_type_that_may_be_in_a_zone_can_be_named():
    for rrtype in RRType:
        name = rrtype.name.replace("_", "-")
        if rrtype in (RRType.OPT, 128) or 128 < rrtype < 256:
            with pytest.raises(FormError):
                record_type(name)
        else:
            assert record_type(name).type == rrtype
            assert record_type(name.lower()) is record_type(name) or record_type(
                name.lower()
            ) == record_type(name)


@pytest.mark.parametrize(
    ("text", "hint"),
    [("AAA", "did you mean AAAA?"), ("cnmae", "did you mean CNAME?"), ("zzzzzz", "")],
)
def test_a_type_that_is_not_is_taken_for_the_nearest(text, hint):
    assert type_hint(text) == hint


def test_types_that_are_not_dns_are_not_types_of_ours():
    for text in NOT_IN_DNS:
        with pytest.raises(FormError):
            record_type(text)
