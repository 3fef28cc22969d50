"""Names anywhere in a message: bounded, and read as two other readers read them.

Run: ``python tests/fuzz/targets/name.py [libFuzzer options]``
"""

import sys

import dns.exception
import dns.name

from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.objects import GuardedBuffer
from dnsd.wire.reader import MAX_POINTER_HOPS, Reader

# What we refuse and dnspython reads.
STRICTER = ("pointer into the header", "pointers to follow")


def one_input(octets):
    """Read the name at an offset that the first two octets say."""
    offset = int.from_bytes(octets[:2], "big") % (len(octets) + 1)
    reader = Reader(octets, offset)
    try:
        name, reason = reader.name_as_sent(), ""
    except FormError as error:
        name, reason = None, error.reason
    if name is None:
        assert dnslib_name(octets, offset) is None
        assert dnspython_name(octets, offset) is None or reason.endswith(STRICTER)
        assert reader.pointer_hops <= MAX_POINTER_HOPS + 1
        return
    assert offset < reader.offset <= len(octets)
    assert reader.pointer_hops <= MAX_POINTER_HOPS
    assert len(name) <= names.MAX_NAME_OCTETS
    assert names.from_labels(names.to_labels(name)) == name.lower()
    assert names.from_text(names.to_text(name)) == name.lower()
    assert dnslib_name(octets, offset) == (name, reader.offset)
    if reader.pointer_hops <= 16:  # dnspython follows no more
        assert dnspython_name(octets, offset) == (name, reader.offset)
    reader.offset = offset
    assert reader.name() == name.lower()


def dnslib_name(octets, offset):
    buffer = GuardedBuffer(octets)
    buffer.offset = offset
    try:
        labels = buffer.decode_name().label
    except Exception:  # noqa: BLE001  # its callers turn them into FormError
        return None
    return b"".join(bytes((len(label),)) + label for label in labels) + b"\x00", buffer.offset


def dnspython_name(octets, offset):
    try:
        name, used = dns.name.from_wire(octets, offset)
    except dns.exception.DNSException:
        return None
    return name.to_wire(), offset + used


if __name__ == "__main__":
    try:
        import atheris
    except ImportError:
        print("skipped: pip install 'dnsd[fuzz]' brings atheris")
        sys.exit()
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
