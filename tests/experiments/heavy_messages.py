"""Messages and files that are made to cost their reader more than their octets.

Each kind is (sizes, maker): rising sizes, and what makes it of such a size.
"""

from __future__ import annotations

import struct
from itertools import pairwise

from fakes.octets import opt, option, query, question

from dnsd.wire import names
from dnsd.wire.message import AA, QR, Message, Question
from dnsd.wire.rrset import RRset

A, NS, CNAME, SOA, TXT, AAAA, DNAME, NSEC = 1, 2, 5, 6, 16, 28, 39, 47
OPAQUE = 65280
WWW = names.from_text("www.test.")
TEST = names.from_text("test.")
_MAX_OCTETS = 65_535
_POINTER_LIMIT = 0x4000


def name(*labels, under=TEST):
    return names.from_labels([label.encode() for label in labels], under)


# -- to be written ------------------------------------------------------------


def different_names(count):
    """Many short names, owners and servers, none the suffix of another."""
    found = [RRset(name(f"o{n:05}"), NS, 60, (name(f"s{n:05}"),)) for n in range(count)]
    return Message(1, QR | AA, [Question(WWW, A, 1)], found)


def long_names(count):
    """Names of 127 labels that share all but the first."""
    tail = b"\1a" * 125 + b"\0"
    found = [
        RRset(WWW, CNAME, 60, (bytes((2, n >> 8, n & 0xFF)) + tail,)) for n in range(1, count + 1)
    ]
    return Message(1, QR | AA, [Question(WWW, A, 1)], found)


def one_set_of_names(count):
    """One RRset of many names."""
    servers = tuple(name(f"s{n:05}", f"t{n:05}") for n in range(count))
    return Message(1, QR | AA, [Question(WWW, NS, 1)], [RRset(WWW, NS, 60, servers)])


WRITTEN = {
    "records, all names different": ((190, 380, 760, 1520), different_names),
    "names of 127 labels": ((30, 60, 120, 240), long_names),
    "names of one RRset": ((240, 480, 960, 1920), one_set_of_names),
}


# -- to be read ---------------------------------------------------------------


def _record(owner, rrtype, rdata):
    return owner + struct.pack("!HHIH", rrtype, 1, 60, len(rdata)) + rdata


def _pointer(offset):
    return struct.pack("!H", 0xC000 | offset)


def _message(records):
    """Make a reply of functions that take their offset."""
    octets = bytearray(
        struct.pack("!6H", 1, QR | AA, 1, len(records), 0, 0) + question("www.test.")
    )
    for record in records:
        octets += record(len(octets))
    assert len(octets) <= _MAX_OCTETS
    return bytes(octets)


def chained_pointers(count):
    """Servers whose name is a pointer to the server's name before, all the way down."""
    last = 12

    def record(offset):
        nonlocal last
        made = _record(_pointer(last), NS, _pointer(last))
        if offset + 12 < _POINTER_LIMIT:
            last = offset + 12
        return made

    return _message([record] * count)


def hidden_chain(count):
    """A chain of pointers in opaque rdata, and a name that leads to its end."""
    last = 12

    def blob(offset):
        nonlocal last
        rdata = b""
        for n in range(count):
            rdata += _pointer(last)
            last = offset + 12 + 2 * n
        return _record(_pointer(12), OPAQUE, rdata)

    return _message([blob, lambda _: _record(_pointer(last), NS, _pointer(last))])


def hidden_chains(count):
    """Many names that lead each to another place of hidden chains of 900."""
    places = [12]

    def blob(offset):
        rdata = b""
        for n in range(900):
            rdata += _pointer(places[-1])
            places.append(offset + 12 + 2 * n)
        return _record(_pointer(12), OPAQUE, rdata)

    def end(n):
        return lambda _: _record(_pointer(places[n % 900]), A, bytes(4))

    return _message([blob, *map(end, range(count))])


def deep_names(count):
    """A name of 127 labels, one label before a pointer each, and many that lead to it."""
    last, depth = 12, 1

    def record(_offset):
        nonlocal last, depth
        if depth < 120:
            made = _record(b"\1a" + _pointer(last), A, bytes(4))
            last, depth = _offset, depth + 1
            return made
        return _record(b"\1b" + _pointer(last), A, bytes(4))

    return _message([record] * count)


def too_long_names(count):
    """Names one label longer than the one before, until one is too long."""
    last = 12

    def record(offset):
        nonlocal last
        made = _record(b"\1a" + _pointer(last), A, bytes(4))
        last = min(offset, _POINTER_LIMIT - 1)
        return made

    return _message([record] * count)


def plain_records(count):
    """Different names without any trick, to compare with."""
    return _message(
        [lambda offset: _record(b"\2" + offset.to_bytes(2, "big") + _pointer(12), A, bytes(4))]
        * count
    )


def forward_pointers(count):
    """Names that lead forwards, and so nowhere."""
    return _message(
        [lambda offset: _record(_pointer(min(offset + 16, 0x3FFF)), A, bytes(4))] * count
    )


# The last number: seconds of CPU time.
MESSAGES = {
    "records, all names different": ((425, 850, 1700, 3400), plain_records, 0.02),
    "pointers, each to the one before": ((120, 240, 480, 960), chained_pointers, 0.005),
    "more of them than are followed": ((1160, 2320, 4640), chained_pointers, 0.005),
    "pointers of a hidden chain": ((1000, 2000, 4000, 8000), hidden_chain, 0.005),
    "names into a hidden chain of 900": ((490, 980, 1960, 3900), hidden_chains, 0.005),
    "names that end with one of 120 labels": ((440, 880, 1760, 3500), deep_names, 0.005),
    "names that grow for ever": ((440, 880, 1760, 3500), too_long_names, 0.005),
    "pointers forwards": ((510, 1020, 2040, 4050), forward_pointers, 0.005),
}


# -- to be believed -----------------------------------------------------------


def _reply(answer=(), authority=(), additional=(), flags=QR | AA):
    return (
        Message(1, flags, [Question(WWW, A, 1)], list(answer), list(authority), list(additional)),
        WWW,
    )


def aliases(count):
    """A chain of aliases, its last link first."""
    owners = [WWW, *(name(f"c{n:05}") for n in range(count))]
    links = [RRset(o, CNAME, 60, (t,)) for o, t in pairwise(owners)]
    return _reply(reversed(links))


def redirections(count):
    """DNAMEs of many names, none of them above the one asked for, and the root's."""
    found = [RRset(name(f"d{n:05}"), DNAME, 60, (TEST,)) for n in range(count)]
    return _reply([*found, RRset(WWW, CNAME, 60, (name("x"),))])


def zone_cuts(count):
    """Referrals to many zones at once."""
    return _reply(
        authority=[RRset(name(f"z{n:05}"), NS, 60, (name(f"s{n:05}"),)) for n in range(count)],
        flags=QR,
    )


def servers_with_addresses(count):
    """A referral to many servers, the first third with their addresses."""
    servers = tuple(name(f"s{n:04}", under=WWW) for n in range(count))
    return _reply(
        authority=[RRset(WWW, NS, 60, servers)],
        additional=[
            RRset(server, A, 60, ((0xC6120000 + n).to_bytes(4, "big"),))
            for n, server in enumerate(servers[: count // 3])
        ],
        flags=QR,
    )


def addresses_of_one_server(count):
    """A referral to one server with many addresses."""
    server = name("ns", under=WWW)
    addresses = tuple((0xC6120000 + n).to_bytes(4, "big") for n in range(count))
    return _reply(
        authority=[RRset(WWW, NS, 60, (server,))],
        additional=[RRset(server, A, 60, addresses)],
        flags=QR,
    )


def denials(count):
    """A denial with many SOAs of other zones, and proofs of everything."""
    numbers = bytes(20)
    found = [RRset(name(f"z{n:05}"), SOA, 60, (b"\0\0" + numbers,)) for n in range(count // 2)]
    found += [RRset(name(f"p{n:05}"), NSEC, 60, (WWW + b"\0\1\x40",)) for n in range(count // 2)]
    return _reply(authority=[*found, RRset(TEST, SOA, 60, (b"\0\0" + numbers,))])


def unrelated(count):
    """An answer, and as many records as fit of names that were not asked for."""
    found = [RRset(name(f"x{n:05}"), A, 60, (bytes(4),)) for n in range(count)]
    return _reply([RRset(WWW, A, 60, (bytes(4),)), *found], found[: count // 2])


SCRUBBED = {
    "aliases, the last link first": ((190, 380, 760, 1520), aliases),
    "DNAMEs that do not apply": ((250, 500, 1000, 2000), redirections),
    "zone cuts of one referral": ((190, 380, 760, 1520), zone_cuts),
    "servers of one referral": ((188, 375, 750, 1500), servers_with_addresses),
    "addresses of one server": ((500, 1000, 2000, 4000), addresses_of_one_server),
    "SOAs and proofs of one denial": ((180, 360, 720, 1440), denials),
    "records nobody asked for": ((200, 400, 800, 1600), unrelated),
}


def flood_of_options(count):
    """A query with so many empty EDNS options."""
    return query("www.test.", A, flags=0x0100, edns=opt(*[option(65001)] * count))


def referral(count):
    """What a server says that refers to so many servers in the zone, dead ones."""
    return servers_with_addresses(count)[0]


# -- YAML ---------------------------------------------------------------------


def _zone(body):
    return f"zone: bomb.test.\nrecords:\n{body}"


def doubling(count):
    """Each list holds the one before ten times: the known bomb."""
    lines = ["  a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, count)]
    return _zone("\n".join(lines))


def aliases_of_one(count):
    """A long list, and as many aliases of it."""
    body = ", ".join(["x"] * count)
    return _zone(f"  a: &a [{body}]\n  b: [{', '.join(['*a'] * count)}]")


def merges(count):
    """Mappings that merge the one before twice."""
    lines = ["  m0: &m0 {k: v}"]
    lines += [f"  m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}], k{n}: v}}" for n in range(1, count)]
    return _zone("\n".join(lines))


def nested(count):
    """Lists in lists."""
    return _zone(f"  a: {'[' * count}{']' * count}")


def unclosed(count):
    """Lists in lists that never end."""
    return _zone(f"  a: {'[' * count}")


def indented(count):
    """Mappings in mappings, each deeper by one column."""
    return _zone("\n".join(f"{' ' * (n + 2)}k:" for n in range(count)))


def same_key(count):
    """One key again and again."""
    return _zone("\n".join("  www: {type: A, value: 192.0.2.1}" for _ in range(count)))


def tags(count):
    """A tag at every value."""
    return _zone("\n".join(f"  k{n}: !!python/object:x y" for n in range(count)))


def anchors(count):
    """An anchor at every value, each with the name of the last."""
    return _zone("\n".join(f"  k{n}: &a y" for n in range(count)))


def question_marks(count):
    """Keys that are collections."""
    return _zone("\n".join("  ? [a, b]\n  : c" for _ in range(count)))


def long_scalar(count):
    """A quoted scalar over many lines that never ends."""
    return _zone('  a: "' + "x\n    " * count)


YAML_BOMBS = {
    "lists that double": ((5, 10, 20, 40), doubling),
    "a list and as many aliases of it": ((500, 1000, 2000, 4000), aliases_of_one),
    "mappings that merge twice": ((10, 20, 40, 80), merges),
    "lists in lists": ((250, 500, 1000, 2000), nested),
    "lists in lists without end": ((2500, 5000, 10_000, 20_000), unclosed),
    "mappings in mappings": ((50, 100, 200, 400), indented),
    "one key again and again": ((1000, 2000, 4000, 8000), same_key),
    "a tag at every value": ((1000, 2000, 4000, 8000), tags),
    "an anchor at every value": ((1000, 2000, 4000, 8000), anchors),
    "keys that are lists": ((1000, 2000, 4000, 8000), question_marks),
    "a text without end": ((10_000, 20_000, 40_000, 80_000), long_scalar),
}
