"""RFC 2181: whole RRsets, truncation, names of any octets; RFC 4343 and RFC 3597 beside it."""

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from conformance.conftest import records

pytestmark = pytest.mark.peers("knotd")


@pytest.mark.rfc("2181", "9")
def test_an_rrset_that_does_not_fit_sets_tc_and_is_not_sent_in_part(subject):
    reply = subject.ask("big.example.test.", "TXT")
    assert reply.flags & dns.flags.TC
    assert not reply.answer
    whole = subject.ask("big.example.test.", "TXT", tcp=True)
    assert not whole.flags & dns.flags.TC
    assert len(whole.answer[0]) == 3


@pytest.mark.rfc("2181", "9")
def test_a_reply_that_fits_the_client_is_whole(subject):
    reply = subject.ask("big.example.test.", "TXT", payload=1232)
    assert not reply.flags & dns.flags.TC
    assert len(reply.answer[0]) == 3


@pytest.mark.rfc("4343", "4.1")
def test_letter_case_makes_no_difference_and_comes_back_as_sent(subject):
    query = dns.message.make_query("wWw.ExAmPlE.tEsT.", "AAAA", use_edns=False)
    octets = subject.raw(query.to_wire())
    assert octets[12:30] == query.to_wire()[12:30]
    reply = dns.message.from_wire(octets)
    assert records(reply.answer)[0].lower() == "www.example.test. 300 in aaaa 2001:db8::80"


@pytest.mark.rfc("3597", "5")
def test_an_unknown_type_is_served_as_it_is(subject):
    reply = subject.ask("unknown.example.test.", "TYPE65280")
    assert reply.answer[0][0].to_text() == "\\# 4 0a000001"


@pytest.mark.rfc("1035", "3.3.9")
def test_an_mx_brings_the_addresses_that_we_have(subject):
    reply = subject.ask("example.test.", "MX")
    assert len(reply.answer[0]) == 2
    assert records(reply.additional) == ["mail.example.test. 600 IN A 192.0.2.25"]


@pytest.mark.rfc("1035", "4.1.1")
def test_rd_is_copied_and_ra_is_not_set(subject):
    reply = subject.ask("www.example.test.", flags=dns.flags.RD)
    assert reply.flags & dns.flags.RD
    assert not reply.flags & dns.flags.RA
    assert not subject.ask("www.example.test.").flags & dns.flags.RD
