"""Rdata of the rarer types, read and written by dnspython.

What goes in and what comes out is narrowed: tokens of ASCII without comments,
names always absolute, octets checked, and :class:`FormError` whatever the
library raises. Its messages are kept, with the fields that the type has.
"""

from __future__ import annotations

import functools
from typing import Final

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType, rrtype_to_text

# dnspython promises its own exceptions; these are what other bad input has
# made it raise.
_RAISED = (dns.exception.DNSException, ValueError, IndexError, KeyError, TypeError, OverflowError)

_SVCB = "priority target key=value..."
_DS = "key-tag algorithm digest-type hex"
_DNSKEY = "flags protocol algorithm base64"
_TLSA = "usage selector matching-type hex"
_RRSIG = "type algorithm labels ttl expiration inception key-tag signer base64"

# How each type is written, for messages about text that is not.
_FORMS: Final[dict[int, str]] = {
    RRType.WKS: "address protocol port...",
    RRType.NSAP: "0x and hex",
    RRType.SIG: _RRSIG,
    RRType.KEY: _DNSKEY,
    RRType.GPOS: "longitude latitude altitude",
    RRType.LOC: "d [m [s]] N|S d [m [s]] E|W altitude [size [horizontal [vertical]]]",
    RRType.CERT: "type key-tag algorithm base64",
    RRType.APL: "[!]family:address/prefix...",
    RRType.DS: _DS,
    RRType.SSHFP: "algorithm fingerprint-type hex",
    RRType.IPSECKEY: "precedence gateway-type algorithm gateway base64",
    RRType.RRSIG: _RRSIG,
    RRType.NSEC: "next-name type...",
    RRType.DNSKEY: _DNSKEY,
    RRType.DHCID: "base64",
    RRType.NSEC3: "algorithm flags iterations salt|- next-hash type...",
    RRType.NSEC3PARAM: "algorithm flags iterations salt|-",
    RRType.TLSA: _TLSA,
    RRType.SMIMEA: _TLSA,
    RRType.HIP: "algorithm hex base64 server...",
    RRType.CDS: _DS,
    RRType.CDNSKEY: _DNSKEY,
    RRType.OPENPGPKEY: "base64",
    RRType.CSYNC: "serial flags type...",
    RRType.ZONEMD: "serial scheme algorithm hex",
    RRType.SVCB: _SVCB,
    RRType.HTTPS: _SVCB,
    RRType.DSYNC: "type scheme port target",
    RRType.HHIT: "base64",
    RRType.BRID: "base64",
    RRType.NID: "preference xxxx:xxxx:xxxx:xxxx",
    RRType.L32: "preference address",
    RRType.L64: "preference xxxx:xxxx:xxxx:xxxx",
    RRType.EUI48: "xx-xx-xx-xx-xx-xx",
    RRType.EUI64: "xx-xx-xx-xx-xx-xx-xx-xx",
    RRType.AMTRELAY: "precedence discovery-optional relay-type relay",
    RRType.DLV: _DS,
}

# dnspython imports a type when it first meets it, and takes a type that it
# cannot import for unknown from then on. A process that has confined itself to
# its own files could not import any: all of them now, or no start.
dns.rdata.load_all_types()  # type: ignore[no-untyped-call]
for _rrtype in _FORMS:
    _kind = dns.rdatatype.RdataType.make(_rrtype)
    _class = dns.rdata.get_rdata_class(dns.rdataclass.IN, _kind)  # type: ignore[no-untyped-call]
    if _class is dns.rdata.GenericRdata:
        raise ImportError(f"dnspython has no class for {rrtype_to_text(_rrtype)}")


def knows(rrtype: int) -> bool:
    """Tell whether dnspython has a class for the type."""
    return rrtype in _FORMS


def read(rrtype: int, text: str, origin: bytes | None) -> bytes:
    """Turn one line of text into rdata; letter case of names as written.

    Raises:
        FormError: says what the library found and how the type is written.
    """
    if not text.isascii():
        raise FormError("not ASCII; write international names in their xn-- form")
    try:
        rdata = dns.rdata.from_text(
            dns.rdataclass.IN,
            dns.rdatatype.RdataType.make(rrtype),
            text,
            None if origin is None else _library_name(origin),
            relativize=False,
        )
        octets = rdata.to_wire()
    except dns.name.NeedAbsoluteNameOrOrigin:
        raise FormError("the name must end with a dot") from None
    except _RAISED as error:
        raise FormError(_reason(rrtype, error)) from None
    assert octets is not None  # without a file, to_wire returns octets
    return octets


def check(rrtype: int, rdata: bytes) -> None:
    """Let the library judge rdata of a type that it knows.

    Raises:
        FormError: malformed.
    """
    try:
        _parsed(rrtype, rdata)
    except _RAISED as error:
        raise FormError(f"not {rrtype_to_text(rrtype)} rdata: {_detail(error)}") from None


def write(rrtype: int, rdata: bytes, origin: bytes | None) -> str:
    """Turn rdata into text.

    Raises:
        FormError: malformed, or the library cannot write it.
    """
    try:
        # The origin is taken off; where it is None, names are absolute.
        return _parsed(rrtype, rdata).to_text(None if origin is None else _library_name(origin))
    except _RAISED as error:
        raise FormError(f"not {rrtype_to_text(rrtype)} rdata: {_detail(error)}") from None


def _parsed(rrtype: int, rdata: bytes) -> dns.rdata.Rdata:
    kind = dns.rdatatype.RdataType.make(rrtype)
    return dns.rdata.from_wire(dns.rdataclass.IN, kind, rdata, 0, len(rdata))


def _reason(rrtype: int, error: Exception) -> str:
    reason = f"not {rrtype_to_text(rrtype)} rdata: {_detail(error)}"
    form = _FORMS.get(rrtype)
    return f"{reason}; it is written: {form}" if form else reason


def _detail(error: Exception) -> str:
    """Make one line of ASCII of what the library says."""
    text = " ".join(ascii(str(error))[1:-1].split())
    return (text[:1].lower() + text[1:200]).rstrip(".") or type(error).__name__


@functools.lru_cache(maxsize=16)
def _library_name(name: bytes) -> dns.name.Name:
    return dns.name.from_wire(name, 0)[0]
