"""The shortcut for common replies says what the long way says, or nothing."""

import hypothesis.strategies as st
import pytest
from fakes.octets import message, opt, option, question
from hypothesis import given

from dnsd.resolver.plain_reply import read_plain
from dnsd.resolver.scrub import Meaning, scrub
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.message import parse_message

NAME = names.from_text("www.example.test.")
ZONE = names.from_text("example.test.")
OWNER = b"\xc0\x0c"
A, AAAA, CNAME = b"\0\x01", b"\0\x1c", b"\0\x05"


def record(owner=OWNER, rrtype=A, ttl=300, rdata=b"\xc0\0\2\1", rdclass=b"\0\x01"):
    return owner + rrtype + rdclass + ttl.to_bytes(4, "big") + len(rdata).to_bytes(2, "big") + rdata


def reply(*answer, flags=0x8400, authority=(), additional=(), qtype=1, counts=None):
    return message(
        question(qtype=qtype), flags=flags, answer=answer, authority=authority,
        additional=additional, counts=counts,
    )  # fmt: skip


def test_an_address_is_read():
    cookie = option(10, bytes(16))
    octets = reply(record(), record(rdata=b"\xc0\0\2\2", ttl=200), additional=[opt(cookie)])
    plain = read_plain(octets, NAME, 1, forwarder=False)
    assert (plain.rrset.owner, plain.rrset.type, plain.rrset.ttl) == (NAME, 1, 200)
    assert plain.rrset.rdatas == (b"\xc0\0\2\1", b"\xc0\0\2\2")
    assert plain.edns.option(10) == bytes(16)
    assert plain.authoritative


LEFT = {
    "another type": (reply(record(), qtype=16), 16),
    "truncated": (reply(record(), flags=0x8600), 1),
    "an error": (reply(record(), flags=0x8403), 1),
    "an error by EDNS": (reply(record(), additional=[opt(rcode=1)]), 1),
    "no authority": (reply(record(), flags=0x8000), 1),
    "not a query's opcode": (reply(record(), flags=0xA400), 1),
    "no answer": (reply(), 1),
    "an alias": (reply(record(rrtype=CNAME, rdata=b"\xc0\x10")), 1),
    "another owner": (reply(record(owner=b"\xc0\x10")), 1),
    "another class": (reply(record(rdclass=b"\0\x03")), 1),
    "a second type": (reply(record(), record(rrtype=AAAA, rdata=bytes(16))), 1),
    "five octets": (reply(record(rdata=bytes(5))), 1),
    "no TTL": (reply(record(ttl=0x80000001)), 1),
    "authority": (reply(record(), authority=[record(rrtype=b"\0\x02", rdata=b"\xc0\x0c")]), 1),
    "additional": (reply(record(), additional=[record()]), 1),
    "octets behind": (reply(record()) + b"\0", 1),
    "cut": (reply(record())[:-1], 1),
    "cut in the OPT record": (reply(record(), additional=[opt()])[:-1], 1),
    "two questions": (reply(record(), counts=[2, 1, 0, 0]), 1),
}


@pytest.mark.parametrize(("octets", "rrtype"), LEFT.values(), ids=LEFT)
def test_whatever_is_not_plain_is_left_to_the_long_way(octets, rrtype):
    assert read_plain(octets, NAME, rrtype, forwarder=False) is None


def test_a_forwarder_needs_no_authority():
    plain = read_plain(reply(record(), flags=0x8180), NAME, 1, forwarder=True)
    assert not plain.authoritative


RECORDS = st.builds(
    record,
    owner=st.sampled_from([OWNER] * 6 + [b"\xc0\x10", b"\0"]),
    rrtype=st.sampled_from([A] * 6 + [AAAA, CNAME]),
    ttl=st.sampled_from([0, 300, 200, 0x7FFFFFFF, 0x80000000]),
    rdata=st.sampled_from([b"\xc0\0\2\1"] * 4 + [b"\xc0\0\2\2", bytes(16), b"\xc0\x10"]),
    rdclass=st.sampled_from([b"\0\x01"] * 6 + [b"\0\x03"]),
)
OPTS = st.sampled_from([opt(), opt(option(10, bytes(16))), opt(rcode=1), opt(option(10)), b"\0"])


@given(
    answer=st.lists(RECORDS, max_size=4),
    flags=st.sampled_from([0x8400] * 5 + [0x8480, 0x8180, 0x8600, 0x8403, 0x0400, 0xA400]),
    additional=st.lists(OPTS, max_size=2),
    authority=st.lists(RECORDS, max_size=1),
    qtype=st.sampled_from([1, 1, 1, 28, 5]),
    mutation=st.tuples(st.integers(33, 200), st.integers(0, 255)) | st.none(),
    forwarder=st.booleans(),
)
def test_it_says_what_scrub_says(answer, flags, additional, authority, qtype, mutation, forwarder):
    octets = reply(*answer, flags=flags, additional=additional, authority=authority, qtype=qtype)
    if mutation is not None and mutation[0] < len(octets):
        changed = bytearray(octets)
        changed[mutation[0]] = mutation[1]
        octets = bytes(changed)
    try:
        plain = read_plain(octets, NAME, qtype, forwarder=forwarder)
    except FormError:
        with pytest.raises(FormError):
            parse_message(octets)
        return
    if plain is None:
        return
    parsed = parse_message(octets)
    said = scrub(parsed, NAME, qtype, ZONE, trusted_transport=False, forwarder=forwarder)
    assert (said.meaning, said.rcode, said.end) == (Meaning.ANSWER, 0, NAME)
    assert (said.dropped, said.proof, said.wants_tcp) == (0, [], False)
    assert said.authoritative == plain.authoritative
    assert said.chain == [plain.rrset]
    assert parsed.edns == plain.edns
