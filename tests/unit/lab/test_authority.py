"""A server of the lab: sections, truncation, and the manners it can have."""

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from fakes.octets import opt, option, query
from fakes.signed_zone import signed_zone

from dnsd.lab.authority import SERVER_COOKIE, Authority, Manners, Sent
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.commands import Transport

TEXT = """
@       NS      ns1
ns1     A       192.0.2.1
www     A       192.0.2.2
alias   CNAME   www
away    CNAME   www.other.example.
sub     NS      ns.sub
ns.sub  A       192.0.2.5
old     DNAME   new.example.
""" + "\n".join(f'big TXT "{"x" * 200}{i}"' for i in range(8))


def ask(name, qtype=1, *, edns=None, transport=Transport.UDP, manners=None):
    server = Authority([zone_from_text("example.test.", TEXT)], manners or Manners())
    return dns.message.from_wire(server.reply(query(name, qtype, edns=edns), transport))


def texts(section):
    return [line for rrset in section for line in rrset.to_text().splitlines()]


def test_data_are_authoritative():
    reply = ask("www.example.test.")
    assert reply.flags & dns.flags.AA
    assert texts(reply.answer) == ["www.example.test. 300 IN A 192.0.2.2"]


def test_a_referral_has_its_glue_and_is_not_authoritative():
    reply = ask("x.sub.example.test.")
    assert not reply.flags & dns.flags.AA
    assert not reply.answer
    assert texts(reply.authority) == ["sub.example.test. 300 IN NS ns.sub.example.test."]
    assert texts(reply.additional) == ["ns.sub.example.test. 300 IN A 192.0.2.5"]


def test_a_denial_has_the_soa_with_the_negative_ttl():
    reply = ask("none.example.test.")
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert [(rrset.rdtype, rrset.ttl) for rrset in reply.authority] == [(6, 60)]


def test_an_alias_is_followed_as_far_as_the_server_knows():
    assert [rrset.rdtype for rrset in ask("alias.example.test.").answer] == [5, 1]
    assert [rrset.rdtype for rrset in ask("away.example.test.").answer] == [5]
    assert [rrset.rdtype for rrset in ask("x.old.example.test.").answer] == [39, 5]


def test_what_is_not_served_is_refused():
    assert ask("www.other.example.").rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize(
    ("edns", "transport", "truncated"),
    [
        pytest.param(None, Transport.UDP, True, id="512 octets"),
        pytest.param(opt(), Transport.UDP, True, id="1232 octets"),
        pytest.param(opt(size=4096), Transport.UDP, True, id="own limit of 1232 octets"),
        pytest.param(None, Transport.TCP, False, id="over TCP"),
    ],
)
def test_what_does_not_fit_is_truncated(edns, transport, truncated):
    reply = ask("big.example.test.", 16, edns=edns, transport=transport)
    assert bool(reply.flags & dns.flags.TC) is truncated


@pytest.mark.parametrize(
    ("manners", "rcode", "edns"),
    [
        pytest.param(Manners(), dns.rcode.NOERROR, 0, id="usual"),
        pytest.param(Manners(edns=False), dns.rcode.NOERROR, -1, id="ignores EDNS"),
        pytest.param(
            Manners(edns=False, edns_is_error=True), dns.rcode.FORMERR, -1, id="refuses EDNS"
        ),
    ],
)
def test_manners_of_edns(manners, rcode, edns):
    reply = ask("www.example.test.", edns=opt(), manners=manners)
    assert (reply.rcode(), reply.edns) == (rcode, edns)


@pytest.mark.parametrize(("cookies", "options"), [(True, 1), (False, 0)])
def test_a_cookie_is_answered_by_who_knows_cookies(cookies, options):
    edns = opt(option(10, b"8 octets"))
    reply = ask("www.example.test.", edns=edns, manners=Manners(cookies=cookies))
    assert len(reply.options) == options
    assert all(each.to_wire() == b"8 octets" + SERVER_COOKIE for each in reply.options)


@pytest.mark.parametrize(
    ("octets", "replies"),
    [
        pytest.param(b"", 0, id="nothing"),
        pytest.param(b"\x12\x34" + bytes(9), 0, id="less than a header"),
        pytest.param(b"\x12\x34" + bytes(10) + b"rest", 1, id="no question: FORMERR"),
        pytest.param(b"\x12\x34\x80" + query("www.example.test.", 1)[3:], 0, id="a response"),
    ],
)
def test_what_is_no_query_gets_at_most_an_error(octets, replies):
    server = Authority([zone_from_text("example.test.", TEXT)])
    sent = server.receive(octets, Transport.UDP, 0.0)
    assert len(sent) == replies
    assert all(isinstance(each, Sent) and each.octets[3] & 15 == 1 for each in sent)


@pytest.mark.parametrize(
    ("edns", "types"),
    [(None, {"SOA"}), (opt(), {"SOA"}), (opt(flags=0x8000), {"SOA", "RRSIG", "NSEC"})],
)
def test_a_signed_zone_proves_what_it_denies_to_who_asks_for_that(edns, types):
    server = Authority(
        [signed_zone("example.test.", "@ NS ns1\nns1 A 192.0.2.1", "nsec")], Manners()
    )
    reply = dns.message.from_wire(
        server.reply(query("none.example.test.", edns=edns), Transport.UDP)
    )
    assert {dns.rdatatype.to_text(rrset.rdtype) for rrset in reply.authority} == types
    assert bool(reply.ednsflags & dns.flags.DO) == ("RRSIG" in types)
