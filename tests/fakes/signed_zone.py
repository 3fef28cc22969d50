"""A zone with a chain of denials and signatures that say nothing but how many labels they cover.

For what chooses proofs and never verifies them; the chain is that of ``dnsd.dnssec``.
"""

from dnsd.dnssec import nsec3_chain, nsec_chain
from dnsd.dnssec.claims import Claim, Statement
from dnsd.dnssec.nsec3_chain import Nsec3Policy
from dnsd.dnssec.nsec3_hash import Parameters
from dnsd.dnssec.zone_names import authoritative_names
from dnsd.lab.zone import rrsets_from_text, zone
from dnsd.wire import names
from dnsd.wire.rrset import RRset

NS, CNAME, DS, NSEC, NSEC3, NSEC3PARAM, ANY = 2, 5, 43, 47, 50, 51, 255
POLICIES = {
    "nsec": None,
    "nsec3": Nsec3Policy(),
    "salted": Nsec3Policy(Parameters(3, b"salt")),
    "opt-out": Nsec3Policy(opt_out=True),
}


def signature(rrset):
    """An RRSIG's type, algorithm and labels; then nothing that anybody made."""
    labels = names.label_count(rrset.owner) - rrset.owner.startswith(b"\x01*")
    return rrset.type.to_bytes(2, "big") + bytes((13, labels)) + bytes(20)


def signed_zone(origin, text, kind):
    """A memory zone of lines, signed with a kind of chain of ``POLICIES``."""
    apex = names.from_text(origin)
    rrsets = rrsets_from_text(apex, f"@ SOA ns hostmaster 1 3600 900 604800 60\n{text}")
    policy = POLICIES[kind]
    if policy:
        rdata = nsec3_chain.param_rdata(policy.parameters)
        rrsets.append(RRset(apex, NSEC3PARAM, 0, (rdata,)))
    contents = {}
    for rrset in rrsets:
        contents.setdefault(rrset.owner, []).append(rrset.type)
    listed = authoritative_names(apex, contents.items())
    pairs = nsec3_chain.chain(listed, policy) if policy else nsec_chain.chain(listed)
    rrtype = NSEC3 if policy else NSEC
    rrsets += [RRset(owner, rrtype, 60, (rdata,)) for owner, rdata in pairs]
    served = {each.name: each.is_cut for each in listed}
    for rrset in rrsets:
        at_cut = served.get(rrset.owner)
        is_signed = rrset.type in (DS, NSEC) if at_cut else at_cut is not None
        if is_signed or rrset.type == NSEC3:
            rrset.signatures = (signature(rrset),)
    return zone(apex, rrsets)


def store_nodes(memory_zone):
    """What ``ZoneStore.build`` takes for a memory zone: nodes, and hashes."""
    nodes = [
        (name, memory_zone.get(name)) for name in dict.fromkeys(x.owner for x in memory_zone.rrsets)
    ]
    hashes = [
        (chain, *each) for chain, found in memory_zone.signed_hashes.items() for each in found
    ]
    return nodes, hashes


def statements(apex, name, rrtype, reply):
    """What a reply says of a name, after its aliases, in the zone."""
    found = []
    for rrset in reply.answer:
        labels = names.to_labels(rrset.owner)
        own = len(labels) - (labels[:1] == [b"*"])
        if rrset.signatures and rrset.signatures[0][3] < own:
            wildcard = names.from_labels([b"*", *labels[len(labels) - rrset.signatures[0][3] :]])
            found.append(Statement(Claim.WILDCARD_ANSWER, apex, rrset.owner, wildcard=wildcard))
        if rrset.type == CNAME and rrset.owner == name and rrtype != CNAME:
            name = rrset.rdatas[0]
    if not names.is_subdomain(name, apex):
        return found
    if any(rrset.owner == name and rrtype in (rrset.type, ANY) for rrset in reply.answer):
        return found
    cut = [x.owner for x in reply.authority if x.type == NS]
    if not cut:
        claim = Claim.NXDOMAIN if reply.rcode == 3 else Claim.NODATA
        found.append(Statement(claim, apex, name, rrtype))
    elif not any(x.type == DS for x in reply.authority):
        found.append(Statement(Claim.UNSIGNED_REFERRAL, apex, cut[0]))
    return found
