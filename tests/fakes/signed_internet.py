"""Signed zones in the simulated Internet, and name servers that tamper with their answers."""

from dataclasses import replace
from functools import cache

from dnsd.authority.answer import answer
from dnsd.dnssec import nsec_chain
from dnsd.dnssec.algorithms import Algorithm
from dnsd.dnssec.claims import Claim
from dnsd.dnssec.nsec import path_of
from dnsd.dnssec.signing import Validity, make_key
from dnsd.dnssec.zone_names import authoritative_names
from dnsd.lab.authority import Authority
from dnsd.lab.zone import rrsets_from_text, zone
from dnsd.resolver.commands import Transport
from dnsd.wire import names
from dnsd.wire.message import AA, QR, TC, parse_query
from dnsd.wire.rrset import RRset
from dnsd.wire.writer import ADDITIONAL, ANSWER, AUTHORITY, MAX_MESSAGE_OCTETS, MessageWriter

NOW = 1_750_000_000
VALIDITY = Validity(NOW - 86_400, NOW + 86_400)
NS, CNAME, SOA, DNAME, DS, RRSIG, NSEC, DNSKEY = 2, 5, 6, 39, 43, 46, 47, 48
NXDOMAIN = 3


@cache
def key_of(origin, number=0):
    """A key of a zone, the same each time."""
    return make_key(Algorithm.ED25519)


class SignedZone:
    """A zone with its key, its signatures and its NSEC chain.

    Attributes:
        origin: the apex.
        key: signs everything.
        zone: with signatures, as ``lab.authority`` serves it.
        denials: owner → NSEC RRset.
    """

    def __init__(self, origin, text, *, children=(), validity=VALIDITY, key=None):
        """Sign a zone.

        Args:
            origin: as text.
            text: its lines; an SOA is made.
            children: signed zones below it that get a DS.
            validity: of all signatures.
            key: signs; that of the zone's name unless given.
        """
        self.origin = apex = names.from_text(origin)
        self.key = key or key_of(origin)
        rrsets = list(zone(apex, rrsets_from_text(apex, text)).rrsets)
        rrsets.append(RRset(apex, DNSKEY, 3600, (self.key.dnskey,)))
        rrsets += [RRset(each.origin, DS, 3600, (each.key.ds(each.origin),)) for each in children]
        contents = {}
        for rrset in rrsets:
            contents.setdefault(rrset.owner, set()).add(rrset.type)
        listed = authoritative_names(apex, contents.items())
        self.existing = [each.name for each in listed]
        owned = {each.name: each.types for each in listed}
        self.denials = {}
        for owner, octets in nsec_chain.chain(listed):
            self.denials[owner] = RRset(owner, NSEC, 60, (octets,))
            rrsets.append(self.denials[owner])
            owned[owner] |= {NSEC}
        for rrset in rrsets:
            is_cut = rrset.type == NS and rrset.owner != apex
            if rrset.type in owned.get(rrset.owner, ()) and not is_cut:
                rrset.signatures = (self.key.sign(rrset, apex, validity),)
        self.zone = zone(apex, rrsets)
        self.rrsets = {(rrset.owner, rrset.type): rrset for rrset in rrsets}

    def before(self, name):
        """The NSEC RRset of a name, or of the last one before it."""
        path = path_of(name)
        return self.denials[max((n for n in self.existing if path_of(n) <= path), key=path_of)]

    def choose(self, claim, name, encloser):
        """The RRsets that prove what an answer says of a name."""
        return nsec_chain.choose(claim, name, encloser, self.before)

    def prove(self, found, qname):
        """Add to an answer what proves it."""
        authority = list(found.authority)
        if not found.authoritative and authority and authority[0].type == NS:
            cut = authority[0].owner
            ds = self.rrsets.get((cut, DS))
            authority += [ds] if ds else self.choose(Claim.UNSIGNED_REFERRAL, cut, cut)
            return replace(found, authority=authority)
        name = qname
        for rrset in found.answer:
            if rrset.type == CNAME:
                name = rrset.rdatas[0].lower()
            owner_labels = names.label_count(rrset.owner) - rrset.owner.startswith(b"\1*")
            if rrset.signatures and rrset.signatures[0][3] < owner_labels:
                encloser = self.zone.closest_encloser(rrset.owner)
                authority += self.choose(Claim.WILDCARD_ANSWER, rrset.owner, encloser)
        if authority and authority[0].type == SOA:
            encloser = self.zone.closest_encloser(name)
            claim = Claim.NXDOMAIN if found.rcode == NXDOMAIN else Claim.NODATA
            for rrset in self.choose(claim, name, encloser):
                if rrset not in authority:
                    authority.append(rrset)
        return replace(found, authority=authority)


class SignedAuthority(Authority):
    """Answers for signed zones, and for others that are not.

    Attributes:
        tamper: changes an answer before it is sent; takes name, type and answer.
    """

    def __init__(self, zones, tamper=lambda _name, _rrtype, found: found):
        self.signed = [each for each in zones if isinstance(each, SignedZone)]
        super().__init__([each.zone if each in self.signed else each for each in zones])
        self.tamper = tamper

    def reply(self, octets, transport=Transport.UDP):
        """Reply with signatures and proofs to those who want them."""
        query = parse_query(octets)
        do = query.edns is not None and query.edns.do
        found = self.truth(query.qname, query.qtype, do=do)
        if found is not None:
            found = self.tamper(query.qname, query.qtype, found)
        limit = self.manners.udp_octets if transport is Transport.UDP else MAX_MESSAGE_OCTETS
        writer = MessageWriter(limit)
        writer.question(query.qname_as_sent, query.qtype, query.qclass)
        if query.edns is not None:
            writer.opt(self._opt(query))
        if found is None:
            writer.header(query.id, QR | 5)
            return writer.finish()
        writer.header(query.id, QR | (AA if found.authoritative else 0) | found.rcode)
        sections = ((ANSWER, found.answer), (AUTHORITY, found.authority),
                    (ADDITIONAL, found.additional))  # fmt: skip
        for section, rrsets in sections:
            for rrset in rrsets:
                if not writer.rrset(section, rrset, with_signatures=do):
                    writer.flags |= TC
                    return writer.finish()
        return writer.finish()

    def truth(self, qname, qtype, *, do=True):
        """The answer of the zones with its proofs; None where they have none."""
        found = answer(self.zones, qname, qtype)
        if found is None or not do or not self.signed:
            return found
        return self._zone(qname, qtype, found).prove(found, qname)

    def _zone(self, qname, qtype, found):
        """The signed zone that speaks: that of the SOA or of the cut, else of the name."""
        place = found.authority[0].owner if found.authority else qname
        inside = [each for each in self.signed if names.is_subdomain(place, each.origin)]
        if found.authority and found.authority[0].type == NS and not found.authoritative:
            inside = [each for each in inside if each.origin != place]
        if qtype == DS:
            inside = [each for each in inside if each.origin != qname] or inside
        return max(inside, key=lambda each: len(each.origin))
