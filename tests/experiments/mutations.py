"""Hostile DNS messages: vectors made by hand, valid queries, and seeded damage to both."""

from __future__ import annotations

import random
import struct

from fakes.octets import message, opt, option, query, question, tsig

# Octets that mean something in a message: pointers, lengths, counts, types, classes.
_TELLING = (0, 1, 2, 3, 4, 11, 12, 16, 34, 41, 63, 64, 0x7F, 0x80, 0xBF, 0xC0, 0xFA, 0xFF)

_NAMES = (
    ".", "test.", "example.test.", "www.example.test.", "WwW.eXaMpLe.TeSt.", "a.wild.example.test.",
    "b.c.wild.example.test.", "*.wild.example.test.", "alias.example.test.", "loop1.example.test.",
    "below.dname.example.test.", "ent.example.test.", "www.sub.example.test.", "big.example.test.",
    "none.example.test.", "mx.example.test.", "version.bind.", "id.server.", "elsewhere.example.",
    "1.2.0.192.in-addr.arpa.", ".".join(["a"] * 127) + ".", ".".join(["x" * 63] * 3) + "." + "y" * 61 + ".",
)  # fmt: skip
_TYPES = (1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 41, 43, 46, 47, 48, 50, 64, 65, 99, 249, 250, 251, 252, 253, 254, 255, 256, 65280, 0)  # fmt: skip

ZONE = """
soa: {primary: ns1.example.test., hostmaster: hostmaster@example.test}
records:
  '':
    - {type: NS, values: [ns1.example.test., ns2.example.test.]}
    - {type: MX, values: [{preference: 10, exchange: mx.example.test.}]}
    - {type: TXT, value: v=spf1 mx -all}
  ns1: [{type: A, value: 192.0.2.53}, {type: AAAA, value: '2001:db8::53'}]
  ns2: {type: A, value: 198.51.100.53}
  mx: {type: A, value: 192.0.2.25}
  www: [{type: A, value: 192.0.2.80}, {type: AAAA, value: '2001:db8::80'}]
  '*.wild': {type: TXT, value: wild}
  alias: {type: CNAME, value: www.example.test.}
  loop1: {type: CNAME, value: loop2.example.test.}
  loop2: {type: CNAME, value: loop1.example.test.}
  dname: {type: DNAME, value: www.example.test.}
  deep.ent: {type: A, value: 192.0.2.81}
  sub: {type: NS, values: [ns1.sub.example.test., ns2.sub.example.test.]}
  ns1.sub: {type: A, value: 192.0.2.54}
  ns2.sub: {type: AAAA, value: '2001:db8::54'}
  big: {type: TXT, values: [BIG]}
""".replace("BIG", ", ".join(f"{'x' * 200} {i}" for i in range(20)))


def pointer(offset):
    """A compression pointer."""
    return struct.pack("!H", 0xC000 | offset)


def _vectors():
    """Messages that are each wrong, or odd, in one way that has broken a server."""
    end = struct.pack("!HH", 1, 1)
    yield from (b"", b"\0", b"\0\0\0", bytes(11), bytes(12), b"\xff" * 12, b"\xff" * 512)
    # Names: RFC 9267 and the pointers of RFC 1035 §4.1.4.
    for name in (
        pointer(12), pointer(13), pointer(14), pointer(0), pointer(0x3FFF), b"\1a" + pointer(12),
        b"\1a" + pointer(14), b"\x40a\0", b"\x80a\0", b"\xbfa\0", b"\x41\x01", b"\x3f" + b"a" * 62,
        b"\x3f" * 70, b"\1a" * 127 + b"\0", b"\1a" * 128 + b"\0", b"\1a" * 200, b"\xc0", b"\1", b"",
        (b"\x3f" + b"a" * 63) * 4 + b"\0", b"\7\0\0\0\0\0\0\0\0", b"\4a.b\\\0", b"\3\xff\xfe\xfd\0",
    ):  # fmt: skip
        yield message(name + end)
        yield message(name)
    # A chain of pointers, each to the one before it.
    chain = b"\1a\0" + b"".join(pointer(12 + 3 + 2 * i - (3 if not i else 2)) for i in range(600))
    yield message(chain + end)
    # Counts that lie, sections that must be empty, records that end too early.
    for counts in ((0, 0, 0, 0), (1, 65535, 65535, 65535), (65535, 0, 0, 0), (2, 0, 0, 0),
                   (1, 1, 0, 0), (1, 0, 1, 0), (1, 0, 0, 1), (0, 1, 0, 0), (0, 0, 0, 1)):  # fmt: skip
        yield message(question(), counts=counts)
        yield message(question(), opt(), counts=counts)
    record = pointer(12) + struct.pack("!HHIH", 1, 1, 0, 4) + bytes(4)
    yield message(question(), answer=[record], authority=[record], additional=[record])
    yield message(question(), additional=[record[:-1]])
    yield message(
        question(), additional=[pointer(12) + struct.pack("!HHIH", 5, 1, 0, 2) + pointer(12)]
    )
    yield message(question(), additional=[pointer(12) + struct.pack("!HHIH", 5, 1, 0, 1) + b"\xc0"])
    yield message(question(), question())
    yield query() + b"\0" * 100
    # EDNS (RFC 6891): twice, in the wrong place, at a name, too long, all versions and sizes.
    yield message(question(), additional=[opt(), opt()])
    yield message(question(), answer=[opt()])
    yield message(question(), additional=[b"\1a" + opt()])
    for size in (0, 1, 511, 512, 1232, 4096, 65535):
        yield query(edns=opt(size=size))
    for version in (1, 2, 255):
        yield query(edns=opt(version=version, flags=0xFFFF, rcode=255))
    yield query(edns=opt(*[option(65001)] * 300))
    yield query(edns=opt(*[option(10, bytes(8))] * 40))
    yield query(edns=opt(option(3), option(3), option(12, bytes(400))))
    for length in (0, 1, 7, 8, 9, 15, 16, 24, 40, 41, 100):
        yield query(edns=opt(option(10, bytes(length))))
    for code in range(21):
        yield query(edns=opt(option(code)))
        yield query(edns=opt(option(code, b"\xff" * 13)))
    yield query(edns=opt()[:-1])
    yield query(edns=b"\0" + struct.pack("!HHIH", 41, 1232, 0, 100))
    yield query(edns=b"\0" + struct.pack("!HHIH", 41, 1232, 0, 4) + struct.pack("!HH", 10, 60000))
    # Without a question but with a cookie (RFC 7873 §5.4), TSIG that nobody knows, other opcodes.
    yield message(additional=[opt(option(10, bytes(8)))])
    yield message(question(), additional=[tsig()])
    yield message(question(), additional=[tsig(), opt()])
    yield message(question(), additional=[opt(), tsig()])
    for flags in range(0, 0x10000, 0x0800):
        yield query(flags=flags)
        yield query(qtype=6, flags=flags, edns=opt())


def _queries():
    """Valid queries of many forms."""
    for name in _NAMES:
        for qtype in _TYPES:
            yield query(name, qtype)
        yield query(name, 1, edns=opt())
        yield query(name, 16, edns=opt(flags=0x8000))
        yield query(name, 15, flags=0x0100, edns=opt(option(10, b"12345678"), option(3)))
        for qclass in (0, 2, 3, 4, 254, 255, 65535):
            yield query(name, 16, qclass)


SEEDS = tuple(_vectors()) + tuple(_queries())


def damage(octets, draw):
    """Change, put in, take out or cut a few octets."""
    changed = bytearray(octets)
    for _ in range(draw.choice((1, 1, 1, 2, 2, 3, 8))):
        size = len(changed)
        place = draw.randrange(size + 1)
        kind = draw.randrange(8)
        if kind < 2 and place < size:
            changed[place] = draw.choice(_TELLING)
        elif kind == 2 and place < size:
            changed[place] ^= 1 << draw.randrange(8)
        elif kind == 3:
            changed[place:place] = draw.randbytes(draw.choice((1, 1, 2, 4, 30)))
        elif kind == 4:
            del changed[place : place + draw.choice((1, 1, 2, 4, 30))]
        elif kind == 5:
            changed[place : place + 2] = pointer(draw.randrange(max(1, min(size, 0x3FFF))))
        elif kind == 6 and size > 12:
            struct.pack_into(
                "!H", changed, draw.randrange(2, 11, 2), draw.choice((0, 1, 2, 256, 65535))
            )
        elif kind == 7:
            other = draw.choice(SEEDS)
            changed[place:] = other[draw.randrange(len(other) + 1) :]
    return bytes(changed)


def messages(seed):
    """Every seed as it is, then damaged ones without end."""
    yield from SEEDS
    draw = random.Random(seed)
    while True:
        yield damage(draw.choice(SEEDS), draw)
