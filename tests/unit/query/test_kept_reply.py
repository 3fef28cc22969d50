"""What is read of replies that we wrote: places of TTLs, owners."""

from fakes.replies import records

from dnsd.query.kept_reply import answer_owners, ttl_places
from dnsd.wire import names
from dnsd.wire.edns import Edns
from dnsd.wire.message import QR, Message, Question, render_message

N = names.from_text


def reply(answer="", authority="", edns=None):
    message = Message(7, QR, [Question(N("www.shop.test."), 1, 1)], edns=edns)
    message.answer.extend(records(answer))
    message.authority.extend(records(authority))
    return render_message(message)


CHAIN = """www.shop.test. CNAME web.hosting.test.
web.hosting.test. A 192.0.2.80
web.hosting.test. A 192.0.2.81"""
SOA = "shop.test. SOA ns.shop.test. host.shop.test. 1 2 3 4 60"


def test_owners_are_those_of_the_answer_section():
    assert answer_owners(reply(CHAIN, SOA)) == {N("www.shop.test."), N("web.hosting.test.")}
    assert answer_owners(reply("", SOA)) == set()


def test_ttls_are_found_in_every_record_but_opt():
    octets = bytearray(reply(CHAIN, SOA, Edns(1232)))
    places = ttl_places(bytes(octets), 12 + len(N("www.shop.test.")) + 4)
    assert len(places) == 2 * 4
    for i in range(0, len(places), 2):
        place = int.from_bytes(places[i : i + 2], "big")
        assert int.from_bytes(octets[place : place + 4], "big") == records(SOA)[0].ttl
