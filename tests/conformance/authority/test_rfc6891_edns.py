"""RFC 6891: EDNS, with the tests of the ISC compliance list (RFC 8906 §8.2)."""

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

DO = dns.flags.DO


def option(code, value=b""):
    return dns.edns.GenericOption(code, value)


@pytest.mark.rfc("6891", "7")
def test_no_opt_comes_back_that_was_not_sent(subject):
    assert subject.ask("example.test.", "SOA").edns == -1


@pytest.mark.rfc("8906", "8.2.1")
def test_plain_edns(subject):
    reply = subject.ask("example.test.", "SOA", payload=4096)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.edns == 0
    assert reply.flags & dns.flags.AA
    assert reply.answer[0].rdtype == dns.rdatatype.SOA


@pytest.mark.rfc("8906", "8.2.2")
def test_an_unknown_version_is_badvers_without_an_answer(subject):
    reply = subject.ask("example.test.", "SOA", edns=1)
    assert reply.rcode() == dns.rcode.BADVERS
    assert reply.edns == 0
    assert not reply.answer


@pytest.mark.rfc("8906", "8.2.3")
def test_an_unknown_option_is_ignored(subject):
    reply = subject.ask("example.test.", "SOA", options=[option(100)])
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.edns == 0
    assert not reply.options
    assert reply.answer


@pytest.mark.rfc("8906", "8.2.4")
def test_unknown_flags_are_ignored_and_clear_in_the_reply(subject):
    reply = subject.ask("example.test.", "SOA", ednsflags=0x0040)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.ednsflags & 0x7FFF == 0
    assert reply.answer


@pytest.mark.rfc("8906", "8.2.5")
def test_an_unknown_version_with_an_unknown_option_is_badvers(subject):
    reply = subject.ask("example.test.", "SOA", edns=1, options=[option(100)])
    assert reply.rcode() == dns.rcode.BADVERS
    assert reply.edns == 0
    assert not reply.options
    assert not reply.answer


@pytest.mark.rfc("8906", "8.2.6")
def test_a_reply_that_needs_truncation_has_opt(subject):
    reply = subject.ask("big.example.test.", "TXT", payload=512)
    assert reply.edns == 0
    assert reply.flags & dns.flags.TC


@pytest.mark.rfc("8906", "8.2.7")
def test_dnssec_ok_comes_back(subject):
    reply = subject.ask("example.test.", "SOA", ednsflags=DO)
    assert reply.edns == 0
    assert reply.ednsflags & DO
    assert reply.answer


@pytest.mark.rfc("8906", "8.2.8")
def test_dnssec_ok_with_an_unknown_version_is_badvers(subject):
    reply = subject.ask("example.test.", "SOA", edns=1, ednsflags=DO)
    assert reply.rcode() == dns.rcode.BADVERS
    assert reply.edns == 0
    assert not reply.answer


@pytest.mark.rfc("8906", "8.2.9")
@pytest.mark.parametrize(
    "options",
    [
        pytest.param([option(3)], id="NSID"),
        pytest.param([option(10, b"12345678")], id="COOKIE"),
        pytest.param([option(9)], id="EXPIRE"),
        pytest.param([option(8, b"\0\1\0\0")], id="client subnet"),
        pytest.param(
            [option(3), option(8, b"\0\1\0\0"), option(9), option(10, b"12345678")],
            id="all of them",
        ),
    ],
)
def test_known_options_do_no_harm(subject, options):
    reply = subject.ask("example.test.", "SOA", options=options)
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.edns == 0
    assert reply.answer


@pytest.mark.rfc("8906", "8.2.6")
def test_edns_over_tcp(subject):
    reply = subject.ask("example.test.", "SOA", payload=512, tcp=True)
    assert reply.edns == 0
    assert reply.answer
    assert not reply.flags & dns.flags.TC


@pytest.mark.rfc("6891", "6.1.1")
def test_two_opt_records_are_formerr(subject):
    query = dns.message.make_query("example.test.", "SOA", use_edns=0)
    octets = bytearray(query.to_wire())
    octets[11] = 2
    reply = dns.message.from_wire(subject.raw(bytes(octets + octets[-11:])))
    assert reply.rcode() == dns.rcode.FORMERR


@pytest.mark.rfc("6891", "6.2.5")
def test_a_size_below_512_means_512(subject):
    reply = subject.ask("example.test.", "MX", payload=10)
    assert not reply.flags & dns.flags.TC
    assert reply.answer
