"""Rdata of every type: octets and text survive each other, canonical form is dnspython's.

Run: ``python tests/fuzz/targets/rdata.py [libFuzzer options]``

The first octet says whether the rest is octets or text, the next two the type.
"""

import sys

import dns.exception
import dns.rdata
import dns.rdatatype

from dnsd.wire import names, rdata
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType

TYPES = [*map(int, RRType), 65280]
ORIGIN = b"\x07example\x04test\x00"


def one_input(octets):
    """Take the octets for rdata, or for text, of the type they say."""
    rrtype = TYPES[int.from_bytes(octets[1:3], "big") % len(TYPES)]
    if octets[:1] < b"\x80":
        one_rdata(rrtype, octets[3:])
    else:
        one_text(rrtype, octets[3:].decode("utf-8", "surrogateescape"))


def one_rdata(rrtype, octets):
    """Hold what is said of rdata."""
    for origin in (None, ORIGIN):
        text = rdata.to_text(rrtype, octets, origin)
        assert text.isascii()
        assert text.isprintable()
    try:
        rdata.check(rrtype, octets)
    except FormError:
        assert text.startswith("\\# ")
        return
    canonical = rdata.canonical(rrtype, octets)
    assert rdata.canonical(rrtype, canonical) == canonical
    assert len(canonical) == len(octets)
    for name in rdata.names_in(rrtype, octets):
        assert names.from_text(names.to_text(name)) == name
        assert name in octets.lower()
    if not rdata.is_meta(rrtype):
        assert rdata.from_text(rrtype, text, ORIGIN) == canonical
        assert rdata.from_text(rrtype, rdata.to_text(rrtype, octets)) == canonical
    theirs = dnspython_canonical(rrtype, octets)
    assert theirs in (None, canonical)


def one_text(rrtype, text):
    """Whatever text is read is rdata that checks, and reads back."""
    try:
        octets, reason = rdata.from_text(rrtype, text, ORIGIN), ""
    except FormError as error:
        octets, reason = None, error.reason
    if octets is not None:
        one_rdata(rrtype, octets)
        rdata.check(rrtype, octets)
    else:
        assert reason.isascii()
        assert reason.isprintable()
        assert 0 < len(reason) < 500


def dnspython_canonical(rrtype, octets):
    """The canonical form after dnspython; None when it has no opinion.

    It has none of types that it does not know, MINFO and NXT among them, nor of
    rdata that it writes in another form than it read, as a LOC with a size of
    10 x 10^0.
    """
    try:
        kind = dns.rdatatype.RdataType.make(rrtype)
        theirs = dns.rdata.from_wire("IN", kind, octets, 0, len(octets))
        if isinstance(theirs, dns.rdata.GenericRdata) or theirs.to_wire() != octets:
            return None
        return theirs.to_digestable()
    except dns.exception.DNSException:
        return None


if __name__ == "__main__":
    try:
        import atheris
    except ImportError:
        print("skipped: pip install 'dnsd[fuzz]' brings atheris")
        sys.exit()
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
