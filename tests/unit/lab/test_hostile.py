"""A server that lies: its forgeries work on the honest reply, one after the other."""

import itertools

import dns.message
import pytest
from fakes.octets import opt, option, query

from dnsd.lab.authority import SERVER_COOKIE, Sent
from dnsd.lab.hostile import Aim, Hostile, only_for, sometimes
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.commands import Transport
from dnsd.wire import names

OWN = names.from_text("evil.test.")
AIM = Aim(OWN, (names.from_text("ns.evil.test."),), (b"\xcb\0\x71\x42", bytes(16)))
ZONE = zone_from_text("evil.test.", "www A 192.0.2.66")


def ask(server, name="www.evil.test.", transport=Transport.UDP):
    edns = opt(option(10, b"8 octets"))
    return server.receive(query(name, 1, edns=edns), transport, 0.0)


def test_without_forgeries_it_answers_as_any_server_and_nobody_elses_name():
    server = Hostile([ZONE])
    (sent,) = ask(server)
    reply = dns.message.from_wire(sent.octets)
    assert [rrset.to_text() for rrset in reply.answer] == ["www.evil.test. 300 IN A 192.0.2.66"]
    assert reply.options[0].to_wire() == b"8 octets" + SERVER_COOKIE
    ((other, _),) = ask(server, "www.bank.test.")
    assert other[6:10] == bytes(4)
    assert server.received == 2


def test_forgeries_are_applied_in_their_order_and_octets_replace_the_message():
    def add_flag(forgery):
        forgery.message.flags |= 0x80

    def send_flags(forgery):
        forgery.sent = [Sent(forgery.octets()[2:4], 0.5)]
        forgery.delay_s = 1.0

    assert ask(Hostile([ZONE], [add_flag, send_flags])) == [Sent(b"\x84\x80", 1.5)]


def test_a_cleared_reply_keeps_the_question_only():
    def clear(forgery):
        forgery.clear()

    ((octets, _),) = ask(Hostile([ZONE], [clear]))
    assert octets[4:12] == b"\0\1\0\0\0\0\0\1"


def test_a_share_of_the_replies_and_some_names_can_be_chosen():
    asked = []
    numbers = itertools.cycle([0.1, 0.9])
    server = Hostile(
        [ZONE],
        [
            sometimes(0.5, lambda: next(numbers), lambda forgery: asked.append("half")),
            only_for([OWN], lambda forgery: asked.append("own")),
        ],
    )
    for name in ("www.evil.test.", "www.evil.test.", "evil.test."):
        ask(server, name)
    assert asked == ["half", "half", "own"]


def test_what_is_no_query_gets_silence():
    assert Hostile([ZONE]).receive(b"\x12\x34", Transport.UDP, 0.0) == ()


def test_an_aim_says_where_forged_names_lead():
    assert AIM.address_rrset(OWN).rdatas == (b"\xcb\0\x71\x42",)
    assert AIM.address_rrset(OWN, 5).ttl == 5
    assert AIM.name_servers(names.ROOT).rdatas == AIM.servers


@pytest.mark.parametrize(("transport", "octets"), [(Transport.UDP, 1232), (Transport.TCP, 65535)])
def test_what_is_too_long_for_a_datagram_is_cut(transport, octets):
    def fill(forgery):
        for number in range(200):
            forgery.message.answer.append(AIM.address_rrset(names.from_labels([b"%d" % number])))

    ((reply, _),) = ask(Hostile([ZONE], [fill]), transport=transport)
    assert len(reply) <= octets
    assert bool(reply[2] & 2) is (transport is Transport.UDP)
