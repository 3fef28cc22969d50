"""What a reply may mean: the records its sender has the authority to say.

A server was asked as a server of one zone cut, and may speak for names at and
below it. Everything else in a reply is as if it had not been sent, and nothing of
it is kept. What may be kept is a closed list::

    section     kept                                             becomes
    answer      the chain of aliases from the question on, as    chain
                far as its owners lie in the zone, and the
                data at its end
    authority   NS of one zone cut strictly below the zone and   servers, of a
                at or above the question's name, in a reply      REFERRAL only
                without answer, SOA and error; DS beside them
                SOA of a zone in the zone that the denied name   proof
                lies in; NSEC and NSEC3 in the zone
    additional  A and AAAA of those NS, owners in the zone       addresses, of a
                                                                 REFERRAL only

So no reply can change whom we ask about another zone, or about its own zone from
inside; NS records beside answers and denials are left alone, and addresses beside
anything but a referral (CVE-2025-11411, CVE-2025-40778, CVE-2026-42960).

AA is not asked of answers, as named and Unbound take them without; but a server
that offers recursion (RA) and does not claim authority answers from a cache, and is
lame (Unbound calls it "recursion lame"). Of forwarders neither is asked. A denial
without SOA needs AA; it proves nothing and is not to be kept (RFC 2308 §5).

Source: RFC 1034 §5.3.3, RFC 2181 §5.4.1, RFC 2308 §2, RFC 5452 §6, RFC 6672 §3.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from dnsd.dnssec.claims import DENIAL_TYPES
from dnsd.resolver.alias_chain import Asked, ChainEnd, follow, the_one
from dnsd.wire.iana import Rcode, RRClass, RRType
from dnsd.wire.message import AA, RA, TC
from dnsd.wire.names import ROOT, is_subdomain

if TYPE_CHECKING:
    from dnsd.wire.message import Message
    from dnsd.wire.rrset import RRset

#: NSEC and NSEC3 RRsets kept of one reply. A proof of RFC 5155 §8.4 to §8.8 needs
#: at most three, an NSEC proof two; the rest only fills caches (CVE-2026-33258).
MAX_DENIALS: Final = 8

_NOERROR = int(Rcode.NOERROR)
_NXDOMAIN = int(Rcode.NXDOMAIN)
_YXDOMAIN = int(Rcode.YXDOMAIN)
_IN = int(RRClass.IN)
_A = int(RRType.A)
_AAAA = int(RRType.AAAA)
_NS = int(RRType.NS)
_SOA = int(RRType.SOA)
_DS = int(RRType.DS)

_RCODES_OF_ANSWERS = frozenset((_NOERROR, _NXDOMAIN, _YXDOMAIN))
_ADDRESSES = (_A, _AAAA)


class Meaning(enum.IntEnum):
    """What a reply says about the question."""

    ANSWER = 0  # data at the end of the chain
    ALIAS = 1  # the chain goes on at a name that is to be asked for
    NODATA = 2  # the end of the chain has nothing of the type
    NXDOMAIN = 3  # the end of the chain does not exist
    REFERRAL = 4  # ask the servers of a zone cut further down
    LAME = 5  # its sender does not serve the zone
    ERROR = 6  # an error, or nothing that may be used
    YXDOMAIN = 7  # a DNAME at the end of the chain makes too long a name (RFC 6672 §2.2)


_NEED_NO_AUTHORITY = frozenset((Meaning.REFERRAL, Meaning.ERROR))


@dataclass(slots=True)
class Scrubbed:
    """What is left of a reply.

    Attributes:
        meaning: which of the other fields count.
        rcode: of the reply, 12 bits; NOERROR and NXDOMAIN speak of ``end`` only
            when ``meaning`` says so; with the meaning YXDOMAIN always that.
        authoritative: AA was set.
        chain: RRsets of the answer in the order of the chain: DNAME with the CNAME
            made of it, CNAME, and of an ANSWER the data (all that the name has,
            when asked for ANY); of a YXDOMAIN the DNAME that makes no CNAME.
        end: last name of the chain: of the data or the denial, or where an ALIAS
            goes on.
        proof: of a denial the SOA first, or nothing when it has none that counts;
            then NSEC and NSEC3 in the zone, which answers and referrals may have
            as well.
        cut: of a REFERRAL, the name of the zone cut.
        servers: of a REFERRAL, names of its servers, all and in order, each once.
        addresses: of a REFERRAL: name of a server → addresses, 4 octets before 16.
        ttl: of a REFERRAL, seconds; the lowest of NS and DS.
        ds: of a REFERRAL, rdata of the DS RRset.
        dropped: RRsets of the answer and authority sections, and addresses of a
            referral, that its sender had no authority to say.
        wants_tcp: not usable, and may be when it comes over TCP.
    """

    meaning: Meaning
    rcode: int
    authoritative: bool
    chain: list[RRset] = field(default_factory=list)
    end: bytes = b""
    proof: list[RRset] = field(default_factory=list)
    cut: bytes = b""
    servers: tuple[bytes, ...] = ()
    addresses: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    ttl: int = 0
    ds: tuple[bytes, ...] = ()
    dropped: int = 0
    wants_tcp: bool = False


def scrub(  # noqa: PLR0913 - the reply, the question, and two facts about the sender
    message: Message,
    name: bytes,
    rrtype: int,
    zone: bytes,
    *,
    trusted_transport: bool,
    forwarder: bool = False,
) -> Scrubbed:
    """Keep of a reply what its sender may say, and tell what it means.

    Args:
        message: that acceptance took for the reply.
        name: that was asked for, shortened or not, in canonical form.
        rrtype: that was asked for.
        zone: the zone cut as whose server the sender was asked; of a forwarder
            the name from which on it is used.
        trusted_transport: a forger off the path cannot have sent this: TCP, TLS,
            or a cookie that proves it.
        forwarder: the sender was asked to recurse.
    """
    asked = Asked(name, rrtype, zone, trusted_transport, forwarder)
    flags = message.flags
    scrubbed = Scrubbed(Meaning.ERROR, message.rcode, bool(flags & AA), end=name)
    if flags & TC:
        # RFC 2181 §9: a truncated reply is not to be used.
        scrubbed.wants_tcp = True
    elif scrubbed.rcode not in _RCODES_OF_ANSWERS:
        pass
    elif not asked.is_of_sender(name):
        scrubbed.meaning = Meaning.LAME
    else:
        _conclude(message, asked, scrubbed)
        if flags & (AA | RA) == RA and not forwarder and scrubbed.meaning not in _NEED_NO_AUTHORITY:
            return Scrubbed(Meaning.LAME, scrubbed.rcode, authoritative=False, end=name)
    return scrubbed


def _conclude(message: Message, asked: Asked, scrubbed: Scrubbed) -> None:
    """Find out what a reply without error means, and keep what belongs to that."""
    end = ChainEnd.OPEN
    if message.answer:
        chain = follow(message.answer, asked)
        end = chain.end
        scrubbed.chain = chain.rrsets
        scrubbed.end = chain.name
        scrubbed.dropped = len(message.answer) - chain.used
    if end == ChainEnd.UNTRUSTED:
        scrubbed.wants_tcp = True
        return
    if end == ChainEnd.TOO_LONG:
        # RFC 6672 §2.2: what a server says, or should have said.
        scrubbed.meaning = Meaning.YXDOMAIN
        scrubbed.rcode = _YXDOMAIN
        return
    if scrubbed.rcode == _YXDOMAIN:
        scrubbed.chain, scrubbed.end = [], asked.name
        return  # without the DNAME that shows it, a server's error
    soas, cuts = _read_authority(message.authority, asked, scrubbed)
    if end == ChainEnd.DATA:
        scrubbed.meaning = Meaning.ANSWER
    elif end == ChainEnd.AWAY or (scrubbed.chain and not soas):
        scrubbed.meaning = Meaning.ALIAS
    elif soas:
        _deny(soas, asked, scrubbed)
    elif message.answer:
        scrubbed.proof = []  # an answer to some other question
    elif scrubbed.rcode or not _refer(message, cuts, asked, scrubbed):
        _deny_without_soa(cuts, asked, scrubbed)


def _read_authority(
    authority: list[RRset], asked: Asked, scrubbed: Scrubbed
) -> tuple[list[RRset], list[RRset]]:
    """Sort the authority section.

    Returns:
        SOA and NS RRsets, wherever they are; NSEC and NSEC3 are put into the proof.
    """
    soas: list[RRset] = []
    cuts: list[RRset] = []
    zone = asked.zone
    for rrset in authority:
        rrtype = rrset.type
        is_inside = rrset.owner == zone or is_subdomain(rrset.owner, zone)
        if not is_inside or rrset.rdclass != _IN:
            scrubbed.dropped += 1
        if rrset.rdclass != _IN:
            continue
        if rrtype == _NS:
            cuts.append(rrset)
        elif rrtype == _SOA:
            soas.append(rrset)
        elif rrtype in DENIAL_TYPES and is_inside and len(scrubbed.proof) < MAX_DENIALS:
            scrubbed.proof.append(rrset)
    return soas, cuts


def _deny(soas: list[RRset], asked: Asked, scrubbed: Scrubbed) -> None:
    """Take a reply with SOA for a denial, if the SOA is of a zone that can deny it."""
    end = scrubbed.end
    for soa in soas:
        # A zone does not deny its own DS.
        if (
            is_subdomain(soa.owner, asked.zone)
            and is_subdomain(end, soa.owner)
            and not (asked.type == _DS and soa.owner == end != ROOT)
        ):
            scrubbed.proof.insert(0, the_one(soa))
            scrubbed.meaning = Meaning.NXDOMAIN if scrubbed.rcode else Meaning.NODATA
            return
    scrubbed.proof = []
    if scrubbed.chain:
        scrubbed.meaning = Meaning.ALIAS
    elif asked.forwarder:
        # It may serve or forward for a name further up; its denial is kept by nobody.
        scrubbed.meaning = Meaning.NXDOMAIN if scrubbed.rcode else Meaning.NODATA
    else:
        scrubbed.meaning = Meaning.LAME


def _deny_without_soa(cuts: list[RRset], asked: Asked, scrubbed: Scrubbed) -> None:
    """Take an empty reply for a denial, if it claims the authority (RFC 2308 §2.1, §2.2)."""
    scrubbed.proof = []
    if not scrubbed.rcode and any(asked.forwarder or cut.owner != asked.zone for cut in cuts):
        scrubbed.meaning = Meaning.LAME  # a referral upwards, sideways or by a forwarder
    elif scrubbed.authoritative or asked.forwarder:
        scrubbed.meaning = Meaning.NXDOMAIN if scrubbed.rcode else Meaning.NODATA
    else:
        scrubbed.meaning = Meaning.LAME


def _refer(message: Message, cuts: list[RRset], asked: Asked, scrubbed: Scrubbed) -> bool:
    """Take a reply without answer, SOA and error for a referral, if it is one."""
    zone, name = asked.zone, asked.name
    below = [
        cut
        for cut in cuts
        # Of two ancestors of a name the longer lies below the other.
        if len(cut.owner) > len(zone) and is_subdomain(name, cut.owner)
    ]
    if not below or asked.forwarder:
        return False
    # Of several the highest: what lies below it is for its own servers to say.
    cut = below[0] if len(below) == 1 else min(below, key=lambda each: len(each.owner))
    if asked.type == _DS and cut.owner == name:
        # A parent that knows no DS refers to the child, who must not be asked.
        scrubbed.meaning = Meaning.NODATA
        scrubbed.proof = []
        return True
    scrubbed.meaning = Meaning.REFERRAL
    scrubbed.cut = cut.owner
    scrubbed.ttl = cut.ttl
    servers = dict.fromkeys([rdata.lower() for rdata in cut.rdatas])
    servers.pop(ROOT, None)
    scrubbed.servers = tuple(servers)
    for rrset in message.authority:
        if rrset.type == _DS and rrset.owner == cut.owner and rrset.rdclass == _IN:
            scrubbed.ds = rrset.rdatas
            scrubbed.ttl = min(scrubbed.ttl, rrset.ttl)
            scrubbed.proof.insert(0, rrset)
            break
    _take_glue(message.additional, servers, zone, scrubbed)
    return True


def _take_glue(
    additional: list[RRset], servers: dict[bytes, None], zone: bytes, scrubbed: Scrubbed
) -> None:
    """Keep the addresses of a referral's name servers that lie in the sender's zone."""
    addresses = scrubbed.addresses
    for kind in _ADDRESSES:
        for rrset in additional:
            if rrset.type != kind:
                continue
            owner = rrset.owner
            if rrset.rdclass != _IN or owner not in servers or not is_subdomain(owner, zone):
                scrubbed.dropped += 1
            else:
                addresses[owner] = addresses.get(owner, ()) + rrset.rdatas
