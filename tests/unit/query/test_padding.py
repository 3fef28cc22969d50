"""The size of an encrypted reply tells little, and nobody else pays for that."""

import dns.edns
import dns.message
import dns.rcode
import pytest
from fakes.octets import opt, option, query

from dnsd.query.answer_cache import see
from dnsd.query.padding import BLOCK_OCTETS, padded
from dnsd.query.request import Transport

PADDED = opt(option(12, bytes(20)))
ENCRYPTED = [Transport.TLS, Transport.HTTPS]
PLAIN = [Transport.UDP, Transport.TCP]


def padding_of(reply):
    parsed = dns.message.from_wire(reply.octets)
    return [o for o in parsed.options if o.otype == dns.edns.OptionType.PADDING]


@pytest.mark.parametrize("transport", ENCRYPTED)
@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(query(edns=PADDED), id="data"),
        pytest.param(query("nope.example.test.", edns=PADDED), id="no such name"),
        pytest.param(query("www.foreign.test.", edns=PADDED), id="no zone of ours"),
        pytest.param(query(edns=opt(option(12, b""))), id="padding of no octets"),
        pytest.param(
            query(edns=opt(option(10, b"abcdefgh"), option(12, bytes(9)))), id="with a cookie"
        ),
    ],
)
def test_a_reply_to_a_padded_query_is_whole_blocks_long(world, octets, transport):
    reply = world.ask(octets, transport=transport)
    assert len(reply.octets) == BLOCK_OCTETS
    assert len(padding_of(reply)) == 1
    assert see(octets, datagram=False, max_udp=1232) is None, "never in the answer cache"


def test_the_cookie_is_in_a_padded_reply_too(world):
    octets = query(edns=opt(option(10, b"abcdefgh"), option(12, bytes(9))))
    parsed = dns.message.from_wire(world.ask(octets, transport=Transport.TLS).octets)
    assert {o.otype for o in parsed.options} == {10, 12}
    assert parsed.answer


@pytest.mark.parametrize("transport", PLAIN)
def test_nothing_is_padded_that_can_be_read_anyway(world, transport):
    assert not padding_of(world.ask(query(edns=PADDED), transport=transport))


@pytest.mark.parametrize("transport", ENCRYPTED)
@pytest.mark.parametrize("edns", [None, opt(), opt(option(3, b""))], ids=["none", "bare", "NSID"])
def test_a_query_without_padding_gets_none(world, transport, edns):
    reply = world.ask(query(edns=edns), transport=transport)
    assert not padding_of(reply)
    assert reply.cacheable


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param(100, 468, id="one block"),
        pytest.param(464, 468, id="an option of no octets fills it"),
        pytest.param(465, 936, id="no room for the option in the first block"),
        pytest.param(468, 936, id="a whole block has no room"),
        pytest.param(65531, 65535, id="only the option fits"),
        pytest.param(65520, 65535, id="the last block is not whole"),
        pytest.param(65532, 65532, id="no room at all"),
    ],
)
def test_the_size_is_the_next_block(size, expected):
    record = b"\0\0\x29\x04\xd0" + bytes(6)
    reply = bytes(size - len(record)) + record
    octets = padded(reply, len(record))
    assert len(octets) == expected
    if expected != size:
        length = expected - size
        assert octets[size - 2 :] == length.to_bytes(2, "big") + b"\0\x0c" + (length - 4).to_bytes(
            2, "big"
        ) + bytes(length - 4)
