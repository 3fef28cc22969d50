"""Of a reply nothing is kept but what its sender may say, whatever it sends."""

import pytest
from fuzz.octets import RDATA, damaged
from fuzz.targets.scrub import NAMES, TYPES, one_input
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from dnsd.resolver.scrub import Meaning, scrub
from dnsd.wire import names
from dnsd.wire.message import AA, QR, RA, TC, Message, Question, parse_message, render_message
from dnsd.wire.rrset import RRset

owners = st.sampled_from(NAMES)
NAMED = {2, 5, 39}  # types whose rdata is one name
# Of a referral, of a denial, and anything.
AUTHORITIES = [(2, 2, 43, 47), (6, 47, 50), (2, 2, 6, 43, 47, 50, 1, 15)]


@st.composite
def rrsets(draw, types, near):
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
    return RRset(draw(near), rrtype, ttl, tuple(rdatas), (), rdclass)


def section(near, *types):
    return st.lists(rrsets(st.sampled_from(types), near), max_size=3)


@st.composite
def replies(draw):
    """A question, its sender, and a reply that is made to be believed."""
    name = draw(st.integers(0, len(NAMES) - 1))
    # Nearly always a sender that may speak for the name.
    above = [i for i, each in enumerate(NAMES) if names.is_subdomain(NAMES[name], each)]
    zone = draw(st.sampled_from(above * 3 + list(range(len(NAMES)))))
    rrtype = draw(st.integers(0, len(TYPES) - 1))
    question = bytes((name, rrtype, zone, draw(st.integers(0, 3))))
    flags = draw(st.sampled_from([QR | AA] * 4 + [QR, QR, QR | RA, QR | AA | TC]))
    rcode = draw(st.sampled_from([0] * 6 + [3, 3, 2, 6]))
    message = Message(0x1234, flags | rcode, [Question(NAMES[name], TYPES[rrtype], 1)])
    near = st.sampled_from([NAMES[i] for i in above] * 2 + [NAMES[name]] * 3 + NAMES)
    if draw(st.booleans()):
        message.answer = draw(section(near, 1, 5, 5, 39, TYPES[rrtype] if rrtype < 11 else 1))
    message.authority = draw(section(near, *draw(st.sampled_from(AUTHORITIES))))
    message.additional = draw(section(owners, 1, 1, 28, 5))
    return question, message


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
    quick = settings(max_examples=5000, database=None, phases=[Phase.generate], derandomize=True)
    assert find(replies(), lambda case: meant(*case) is meaning, settings=quick)


def meant(question, message):
    name, rrtype, zone = NAMES[question[0]], TYPES[question[1]], NAMES[question[2]]
    read = parse_message(render_message(message))
    return scrub(read, name, rrtype, zone, trusted_transport=True).meaning


def test_of_two_dnames_that_redirect_in_turn_the_closest_counts_each_time():
    root, test, example = NAMES[0], NAMES[1], NAMES[8]
    message = Message(0x1234, QR | AA, [Question(example, 1, 1)])
    message.answer = [RRset(root, 39, 60, (NAMES[2],)), RRset(test, 39, 60, (NAMES[7],))]
    one_input(bytes((8, 0, 0, 1)) + render_message(message))


def test_one_dname_may_redirect_and_then_make_too_long_a_name():
    target = names.from_text(f"{'y' * 63}.bank.example.")
    message = Message(0x1234, QR | AA, [Question(NAMES[6], 39, 1)])
    message.answer = [RRset(NAMES[0], 39, 0, (target,))]
    assert one_input(bytes((6, TYPES.index(39), 0, 1)) + render_message(message)).name == "YXDOMAIN"
