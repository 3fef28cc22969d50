"""The numbers that IANA assigns: types, classes, opcodes, rcodes, EDNS codes.

Hot paths use plain integers, which these enumerations equal; the enumerations
are for reading, for text and for tables made once. A number without a name is
legal everywhere: text for it is ``TYPE65280`` and the like (RFC 3597 §5).

Source: https://www.iana.org/assignments/dns-parameters
"""

from __future__ import annotations

import enum

from dnsd.wire.errors import FormError


class RRType(enum.IntEnum):
    """RR types and QTYPEs (RFC 1035 §3.2.2 and the registry)."""

    A = 1
    NS = 2
    MD = 3
    MF = 4
    CNAME = 5
    SOA = 6
    MB = 7
    MG = 8
    MR = 9
    NULL = 10
    WKS = 11
    PTR = 12
    HINFO = 13
    MINFO = 14
    MX = 15
    TXT = 16
    RP = 17
    AFSDB = 18
    X25 = 19
    ISDN = 20
    RT = 21
    NSAP = 22
    NSAP_PTR = 23
    SIG = 24
    KEY = 25
    PX = 26
    GPOS = 27
    AAAA = 28
    LOC = 29
    NXT = 30
    SRV = 33
    NAPTR = 35
    KX = 36
    CERT = 37
    A6 = 38
    DNAME = 39
    OPT = 41
    APL = 42
    DS = 43
    SSHFP = 44
    IPSECKEY = 45
    RRSIG = 46
    NSEC = 47
    DNSKEY = 48
    DHCID = 49
    NSEC3 = 50
    NSEC3PARAM = 51
    TLSA = 52
    SMIMEA = 53
    HIP = 55
    NINFO = 56
    CDS = 59
    CDNSKEY = 60
    OPENPGPKEY = 61
    CSYNC = 62
    ZONEMD = 63
    SVCB = 64
    HTTPS = 65
    DSYNC = 66
    HHIT = 67
    BRID = 68
    SPF = 99
    UNSPEC = 103
    NID = 104
    L32 = 105
    L64 = 106
    LP = 107
    EUI48 = 108
    EUI64 = 109
    NXNAME = 128
    TKEY = 249
    TSIG = 250
    IXFR = 251
    AXFR = 252
    MAILB = 253
    MAILA = 254
    ANY = 255
    URI = 256
    CAA = 257
    AVC = 258
    AMTRELAY = 260
    RESINFO = 261
    WALLET = 262
    TA = 32768
    DLV = 32769
    # Of the private range (RFC 6895 §3.1), as other servers number it; only in zones.
    ALIAS = 65401


class RRClass(enum.IntEnum):
    """RR classes and QCLASSes (RFC 1035 §3.2.4)."""

    IN = 1
    CH = 3
    HS = 4
    NONE = 254
    ANY = 255


class Opcode(enum.IntEnum):
    """Kinds of message (RFC 1035 §4.1.1; DSO is RFC 8490)."""

    QUERY = 0
    IQUERY = 1
    STATUS = 2
    NOTIFY = 4
    UPDATE = 5
    DSO = 6


class Rcode(enum.IntEnum):
    """Response codes; above 15 they need EDNS, or stand in a TSIG (RFC 6895 §2.3).

    16 is BADVERS in EDNS and BADSIG in TSIG.
    """

    NOERROR = 0
    FORMERR = 1
    SERVFAIL = 2
    NXDOMAIN = 3
    NOTIMP = 4
    REFUSED = 5
    YXDOMAIN = 6
    YXRRSET = 7
    NXRRSET = 8
    NOTAUTH = 9
    NOTZONE = 10
    DSOTYPENI = 11
    BADVERS = 16
    BADKEY = 17
    BADTIME = 18
    BADMODE = 19
    BADNAME = 20
    BADALG = 21
    BADTRUNC = 22
    BADCOOKIE = 23


class OptionCode(enum.IntEnum):
    """EDNS options (RFC 6891 §9 and the registry)."""

    LLQ = 1
    UPDATE_LEASE = 2
    NSID = 3
    DAU = 5
    DHU = 6
    N3U = 7
    ECS = 8
    EXPIRE = 9
    COOKIE = 10
    KEEPALIVE = 11
    PADDING = 12
    CHAIN = 13
    KEY_TAG = 14
    EDE = 15
    CLIENT_TAG = 16
    SERVER_TAG = 17
    REPORTCHANNEL = 18
    ZONEVERSION = 19
    EDE_EXTRA_TEXT_LANGUAGE = 22
    FILTERING_CONTACT = 23
    FILTERING_ORGANIZATION = 24
    FILTERING_DB = 25


class ExtendedError(enum.IntEnum):
    """Extended DNS errors (RFC 8914 §4 and the registry)."""

    OTHER = 0
    UNSUPPORTED_DNSKEY_ALGORITHM = 1
    UNSUPPORTED_DS_DIGEST_TYPE = 2
    STALE_ANSWER = 3
    FORGED_ANSWER = 4
    DNSSEC_INDETERMINATE = 5
    DNSSEC_BOGUS = 6
    SIGNATURE_EXPIRED = 7
    SIGNATURE_NOT_YET_VALID = 8
    DNSKEY_MISSING = 9
    RRSIGS_MISSING = 10
    NO_ZONE_KEY_BIT_SET = 11
    NSEC_MISSING = 12
    CACHED_ERROR = 13
    NOT_READY = 14
    BLOCKED = 15
    CENSORED = 16
    FILTERED = 17
    PROHIBITED = 18
    STALE_NXDOMAIN_ANSWER = 19
    NOT_AUTHORITATIVE = 20
    NOT_SUPPORTED = 21
    NO_REACHABLE_AUTHORITY = 22
    NETWORK_ERROR = 23
    INVALID_DATA = 24
    SIGNATURE_EXPIRED_BEFORE_VALID = 25
    TOO_EARLY = 26
    UNSUPPORTED_NSEC3_ITERATIONS = 27
    UNABLE_TO_CONFORM_TO_POLICY = 28
    SYNTHESIZED = 29
    INVALID_QUERY_TYPE = 30
    RATE_LIMITED = 31
    OVER_QUOTA = 32
    NEGATIVE_TRUST_ANCHOR = 33


_RRTYPE_TEXT = {member.value: name.replace("_", "-") for name, member in RRType.__members__.items()}
_RRTYPE_VALUE = {text: value for value, text in _RRTYPE_TEXT.items()}
_RRCLASS_TEXT = {member.value: name for name, member in RRClass.__members__.items()}
_RRCLASS_VALUE = {text: value for value, text in _RRCLASS_TEXT.items()}
_RCODE_TEXT = {member.value: name for name, member in Rcode.__members__.items()}


def rrtype_from_text(text: str) -> int:
    """Read a type by name or as ``TYPE65280``, in any case (RFC 3597 §5).

    Raises:
        FormError: no type has that name.
    """
    return _from_text(text, "type", _RRTYPE_VALUE)


def rrtype_to_text(rrtype: int) -> str:
    """Write a type by name, or as ``TYPE65280`` when it has none."""
    return _RRTYPE_TEXT.get(rrtype) or f"TYPE{rrtype}"


def rrclass_from_text(text: str) -> int:
    """Read a class by name or as ``CLASS32``, in any case (RFC 3597 §5).

    Raises:
        FormError: no class has that name.
    """
    return _from_text(text, "class", _RRCLASS_VALUE)


def rrclass_to_text(rrclass: int) -> str:
    """Write a class by name, or as ``CLASS32`` when it has none."""
    return _RRCLASS_TEXT.get(rrclass) or f"CLASS{rrclass}"


def rcode_to_text(rcode: int) -> str:
    """Write a response code of a header or OPT by name, or as ``RCODE12``."""
    return _RCODE_TEXT.get(rcode) or f"RCODE{rcode}"


def _from_text(text: str, kind: str, values: dict[str, int]) -> int:
    upper = text.upper()
    value = values.get(upper)
    if value is not None:
        return value
    prefix = kind.upper()
    digits = upper.removeprefix(prefix)
    # Not more digits than 65535 has: int() of a long string is slow.
    if digits != upper and len(digits) <= 5 and digits.isascii() and digits.isdigit():
        number = int(digits)
        if number <= 0xFFFF:
            return number
    raise FormError(f"{text[:32]!r} is not a {kind}")
