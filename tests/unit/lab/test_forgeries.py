"""Each forgery makes the reply that its name says; all are well formed."""

import dns.flags
import dns.message
import dns.rcode
import pytest
from fakes.octets import opt, query

from dnsd.lab import forgeries
from dnsd.lab.hostile import Aim, Hostile
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.commands import Transport
from dnsd.wire import names
from dnsd.wire.message import parse_message

ZONE = zone_from_text("evil.test.", "@ NS ns\nns A 203.0.113.66\nwww A 192.0.2.66")


def name(text):
    return names.from_text(text, names.from_text("test."))


AIM = Aim(name("evil"), (name("ns.evil"),), (b"\xcb\0\x71\x42",), ttl=99)
BANK = name("bank")
WWW = name("www.bank")


def texts(section):
    return [line for rrset in section for line in rrset.to_text().splitlines()]


def ask(forgery, qname="www.evil.test.", qtype=1):
    server = Hostile([ZONE], [forgery])
    ((octets, _),) = server.receive(query(qname, qtype, edns=opt()), Transport.UDP, 0.0)
    reply = dns.message.from_wire(octets)
    assert reply.question[0].name.to_text() == qname
    return reply


FORGED = "www.bank.test. 99 IN A 203.0.113.66"
HONEST = "www.evil.test. 300 IN A 192.0.2.66"
GLUE = "ns.evil.test. 99 IN A 203.0.113.66"
TAKEN = "bank.test. 99 IN NS ns.evil.test."


@pytest.mark.parametrize(
    ("forgery", "answer", "authority", "additional"),
    [
        pytest.param(
            forgeries.claim_zone(AIM, BANK), [HONEST], [TAKEN], [GLUE], id="NS in authority"
        ),
        pytest.param(
            forgeries.claim_zone(AIM, BANK, "answer"), [HONEST, TAKEN], [], [GLUE], id="NS in answer"
        ),
        pytest.param(
            forgeries.claim_servers(AIM, BANK, (WWW,)),
            [HONEST],
            ["bank.test. 99 IN NS www.bank.test."],
            [FORGED],
            id="right NS, wrong glue",
        ),
        pytest.param(
            forgeries.claim_address(AIM, WWW), [HONEST], [], [FORGED], id="address in additional"
        ),
        pytest.param(
            forgeries.claim_address(AIM, WWW, "answer"), [HONEST, FORGED], [], [], id="in answer"
        ),
        pytest.param(
            forgeries.claim_mail_server(AIM, WWW),
            [HONEST],
            ["evil.test. 99 IN MX 10 www.bank.test."],
            [FORGED],
            id="address beside MX",
        ),
        pytest.param(
            forgeries.alias_to(AIM, WWW),
            ["www.evil.test. 99 IN CNAME www.bank.test.", FORGED],
            [],
            [],
            id="alias with its end",
        ),
        pytest.param(
            forgeries.redirect(AIM, AIM.own, BANK),
            [
                "evil.test. 99 IN DNAME bank.test.",
                "www.evil.test. 99 IN CNAME www.bank.test.",
                FORGED,
            ],
            [],
            [],
            id="DNAME",
        ),
        pytest.param(
            forgeries.add_redirection(AIM, BANK, AIM.own),
            [HONEST, "bank.test. 99 IN DNAME evil.test."],
            [],
            [],
            id="DNAME beside",
        ),
        pytest.param(forgeries.refer(AIM, BANK), [], [TAKEN], [GLUE], id="referral sideways"),
        pytest.param(
            forgeries.refer_to(AIM, BANK, (WWW,), glue=True),
            [],
            ["bank.test. 99 IN NS www.bank.test."],
            [FORGED],
            id="referral with glue of others",
        ),
        pytest.param(
            forgeries.live_on(AIM, 604800),
            ["www.evil.test. 604800 IN A 192.0.2.66"],
            ["evil.test. 604800 IN NS ns.evil.test."],
            ["ns.evil.test. 604800 IN A 203.0.113.66"],
            id="living on",
        ),
    ],
)  # fmt: skip
def test_sections(forgery, answer, authority, additional):
    reply = ask(forgery)
    assert texts(reply.answer) == answer
    assert texts(reply.authority) == authority
    assert texts(reply.additional) == additional
    assert reply.rcode() == dns.rcode.NOERROR
    assert bool(reply.flags & dns.flags.AA) is bool(answer)  # referrals are not authoritative


def test_a_denial_has_somebody_elses_soa():
    reply = ask(forgeries.deny(AIM, BANK))
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert [(rrset.name.to_text(), rrset.rdtype) for rrset in reply.authority] == [
        ("bank.test.", 6)
    ]


@pytest.mark.parametrize("qtype", [1, 2, 5, 6, 12, 15, 16, 28, 39, 43, 65])
def test_anything_is_answered_with_authority(qtype):
    reply = ask(forgeries.answer_anything(AIM), "www.bank.test.", qtype)
    assert reply.flags & dns.flags.AA
    assert [rrset.rdtype for rrset in reply.answer] == [qtype]


def test_a_name_that_a_dname_makes_too_long_is_left_alone():
    long = ".".join(["x" * 60] * 4) + ".evil.test."
    forgery = forgeries.redirect(AIM, AIM.own, name("a" * 20))
    assert texts(ask(forgery, long).answer) == []


def test_another_class_stands_in_both_sections():
    server = Hostile([ZONE], [forgeries.change_class(AIM, WWW)])
    ((octets, _),) = server.receive(query("www.evil.test."), Transport.UDP, 0.0)
    reply = parse_message(octets)
    assert [rrset.rdclass for rrset in (*reply.answer, *reply.authority)] == [1, 3, 3]


def test_its_own_name_servers_live_on_in_the_answer_when_they_are_asked_for():
    reply = ask(forgeries.live_on(AIM, 604800), "evil.test.", 2)
    assert texts(reply.answer) == ["evil.test. 604800 IN NS ns.evil.test."]
