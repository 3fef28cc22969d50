"""Of a reply nothing is kept but what its sender may say, whatever it sends."""

import pytest
from fuzz.octets import RDATA, damaged
from fuzz.targets.scrub import NAMES, TYPES, one_input
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from dnsd.resolver.scrub import Meaning, scrub
from dnsd.wire.message import AA, QR, RA, TC, Message, Question, parse_message, render_message
from dnsd.wire.rrset import RRset

owners = st.sampled_from(NAMES)
NAMED = {2, 5, 39}  # types whose rdata is one name


@st.composite
def rrsets(draw, types):
    """An RRset whose names are those of the question, the zone and their neighbours."""
    rrtype = draw(types)
    if rrtype in NAMED:
        rdata = owners
    elif rrtype == 6:
        rdata = st.tuples(owners, owners).map(lambda pair: b"".join(pair) + bytes(20))
    elif rrtype == 15:
        rdata = owners.map(lambda name: b"\0\1" + name)
    else:
        rdata = RDATA[rrtype]
    rdatas = draw(st.lists(rdata, min_size=1, max_size=2, unique=True))
    rdclass = draw(st.sampled_from([1] * 15 + [3]))
    ttl = draw(st.sampled_from([0, 60, 2**31 - 1]))
    return RRset(draw(owners), rrtype, ttl, tuple(rdatas), (), rdclass)


def section(*types, most=3):
    return st.lists(rrsets(st.sampled_from(types)), max_size=most)


@st.composite
def replies(draw):
    """A question, its sender, and a reply that is made to be believed."""
    question = [
        draw(st.integers(0, count - 1)) for count in (len(NAMES), len(TYPES), len(NAMES), 4)
    ]
    flags = draw(st.sampled_from([QR | AA] * 4 + [QR, QR, QR | RA, QR | AA | TC]))
    rcode = draw(st.sampled_from([0] * 5 + [3, 3, 2, 6]))
    message = Message(0x1234, flags | rcode, [Question(NAMES[question[0]], TYPES[question[1]], 1)])
    if draw(st.booleans()):
        message.answer = draw(section(1, 5, 5, 39, TYPES[question[1]] if question[1] < 11 else 1))
    message.authority = draw(section(2, 2, 2, 6, 43, 47, 50, 1, 15))
    message.additional = draw(section(1, 1, 28, 5))
    return bytes(question), message


@given(replies(), st.booleans(), st.data())
def test_only_what_the_sender_may_say_is_kept(case, is_damaged, data):
    question, message = case
    octets = render_message(message)
    one_input(question + (data.draw(damaged(octets)) if is_damaged else octets))


@given(st.binary(max_size=120))
def test_any_octets(octets):
    one_input(octets)


@pytest.mark.parametrize("meaning", Meaning)
def test_the_replies_made_here_reach_every_meaning(meaning):
    quick = settings(max_examples=20_000, database=None, phases=[Phase.generate])
    assert find(replies(), lambda case: meant(*case) is meaning, settings=quick)


def meant(question, message):
    name, rrtype, zone = NAMES[question[0]], TYPES[question[1]], NAMES[question[2]]
    read = parse_message(render_message(message))
    return scrub(read, name, rrtype, zone, trusted_transport=True).meaning
