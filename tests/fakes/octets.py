"""Queries as octets, well formed or not, field by field."""

import struct

from dnsd.wire import names


def question(name="www.example.test.", qtype=1, qclass=1):
    """The question, its name in the letter case given."""
    labels = name.rstrip(".").encode().split(b".") if name != "." else []
    wire = b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
    return wire + struct.pack("!HH", qtype, qclass)


def option(code, value=b""):
    """An EDNS option."""
    return struct.pack("!HH", code, len(value)) + value


def opt(*options, size=1232, version=0, flags=0, rcode=0):
    """An OPT record."""
    rdata = b"".join(options)
    return b"\0" + struct.pack("!HHBBHH", 41, size, rcode, version, flags, len(rdata)) + rdata


def message(*questions, flags=0, answer=(), authority=(), additional=(), counts=None):
    """A whole message with the ID 0x1234."""
    sections = (questions, answer, authority, additional)
    numbers = counts or [len(section) for section in sections]
    return struct.pack("!6H", 0x1234, flags, *numbers) + b"".join(
        octets for section in sections for octets in section
    )


def query(name="www.example.test.", qtype=1, qclass=1, *, flags=0, edns=None):
    """A query with one question and perhaps an OPT record."""
    return message(
        question(name, qtype, qclass), flags=flags, additional=() if edns is None else (edns,)
    )


def tsig(key="key.test."):
    """A TSIG record whose key nobody knows."""
    rdata = names.from_text("hmac-sha256.") + struct.pack("!HIHH", 0, 1700000000, 300, 32)
    rdata += bytes(32) + struct.pack("!HHH", 0x1234, 0, 0)
    return names.from_text(key) + struct.pack("!HHIH", 250, 255, 0, len(rdata)) + rdata
