"""Each forgery that makes work makes the reply that its name says."""

import dns.flags
import dns.message
import dns.rcode
import pytest
from fakes.octets import opt, query

from dnsd.lab import exhaustion
from dnsd.lab.authority import Sent
from dnsd.lab.hostile import Aim, Hostile
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.commands import Transport
from dnsd.wire import names

ZONE = zone_from_text("evil.test.", "@ NS ns\nns A 203.0.113.66\nwww A 192.0.2.66")


def name(text):
    return names.from_text(text, names.from_text("test."))


AIM = Aim(name("evil"), (name("ns.evil"),), (b"\xcb\0\x71\x42",), ttl=99)


def receive(server, qname="www.evil.test.", transport=Transport.TCP):
    return server.receive(query(qname, 1, edns=opt()), transport, 0.0)


def ask(forgery, qname="www.evil.test."):
    ((octets, _),) = receive(Hostile([ZONE], [forgery]), qname)
    return dns.message.from_wire(octets)


def test_many_name_servers_without_address_differ_from_name_to_name():
    forgery = exhaustion.refer_to_many(AIM, 135, name("bank"))
    first, second = ask(forgery).authority[0], ask(forgery, "b.evil.test.").authority[0]
    assert len(first) == len(second) == 135
    assert all(rdata.target.to_text().endswith(".bank.test.") for rdata in first)
    assert not {rdata.target for rdata in first} & {rdata.target for rdata in second}


def test_two_zones_wait_for_each_other():
    forgery = exhaustion.refer_each_to_other(AIM, name("a.evil"), name("b.evil"))
    found = [ask(forgery, f"x.{zone}.evil.test.").authority[0].to_text() for zone in "ab"]
    assert found == [
        "a.evil.test. 99 IN NS ns.b.evil.test.",
        "b.evil.test. 99 IN NS ns.a.evil.test.",
    ]
    assert ask(forgery).answer


def test_a_question_is_referred_a_label_further_each_time():
    server = Hostile([ZONE], [exhaustion.refer_deeper(AIM)])
    cuts = []
    for _ in range(3):
        ((octets, _),) = receive(server, "a.b.evil.test.")
        cuts.append(dns.message.from_wire(octets).authority[0].name.to_text())
    assert cuts == ["b.evil.test.", "a.b.evil.test.", "a.b.evil.test."]


def test_a_chain_goes_on_with_each_name_that_it_led_to():
    forgery = exhaustion.chain_on(AIM, links=3)
    first = ask(forgery).answer
    assert [rrset.rdtype for rrset in first] == [5, 5, 5]
    last = first[-1][0].target.to_text()
    assert ask(forgery, last).answer[0].name.to_text() == last


def test_many_records_are_one_rrset():
    assert [len(rrset) for rrset in ask(exhaustion.many_records(4000)).answer] == [4000]


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TCP])
def test_truncation_without_end(transport):
    ((octets, _),) = receive(Hostile([ZONE], [exhaustion.truncate()]), transport=transport)
    assert dns.message.from_wire(octets).flags & dns.flags.TC


@pytest.mark.parametrize(
    ("forgery", "rcode"),
    [
        (exhaustion.demand_cookie(), dns.rcode.BADCOOKIE),
        (exhaustion.fail(2), dns.rcode.SERVFAIL),
        (exhaustion.fail(16), dns.rcode.BADVERS),
        (exhaustion.fail_bare(1), dns.rcode.FORMERR),
    ],
)
def test_errors(forgery, rcode):
    reply = ask(forgery)
    assert (reply.rcode(), reply.answer) == (rcode, [])


def test_an_error_as_a_header_alone():
    ((octets, _),) = receive(Hostile([ZONE], [exhaustion.fail_bare(4)]))
    assert octets == b"\x12\x34\x80\x04" + bytes(8)


@pytest.mark.parametrize(
    ("forgery", "octets"),
    [
        pytest.param(
            exhaustion.change_question(name("bank")), b"\x04bank\x04test\0", id="question"
        ),
        pytest.param(exhaustion.lower_question(), b"\x03www\x04evil\x04test\0", id="letter case"),
    ],
)
def test_another_question(forgery, octets):
    ((reply, _),) = receive(Hostile([ZONE], [forgery]), "wWw.EVIL.test.")
    assert reply[12:].startswith(octets)


def test_another_id():
    ((octets, _),) = receive(Hostile([ZONE], [exhaustion.change_id(0xFFFF)]))
    assert octets[:2] == b"\xed\xcb"


def test_garbage_with_and_without_a_right_header():
    ((bare, _),) = receive(Hostile([ZONE], [exhaustion.garbage(bytes)]))
    assert bare == bytes(80)
    ((headed, _),) = receive(Hostile([ZONE], [exhaustion.garbage(bytes, keep_header=True)]))
    asked = query("www.evil.test.", 1)
    assert headed[:2] == asked[:2]
    assert headed[12:] == asked[12:] + bytes(80)


def test_datagrams_come_before_the_reply_but_not_over_tcp():
    server = Hostile([ZONE], [exhaustion.first_this([b"\0\0rest"], 0.05)])
    first, then = receive(server, transport=Transport.UDP)
    assert first == Sent(b"\x12\x34rest")
    assert then.delay_s == 0.05
    assert len(receive(server, transport=Transport.TCP)) == 1


def test_late_silent_closed():
    assert receive(Hostile([ZONE], [exhaustion.wait(3.0)]))[0].delay_s == 3.0
    assert receive(Hostile([ZONE], [exhaustion.keep_silent()])) == []
    assert receive(Hostile([ZONE], [exhaustion.hang_up()])) == [Sent(b"")]
