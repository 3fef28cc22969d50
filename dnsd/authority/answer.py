"""The answer that our zones give to a question: rcode, AA and sections.

Answers are minimal: the authority section holds a referral or the SOA of a
denial, never the NS RRset beside data. A chain of aliases is followed from
zone to zone, as far as we hold them (RFC 1034 §4.3.2 step 3a: "go back to step
1"), at most :data:`MAX_LINKS` times; a loop ends it with what was found so far
and NOERROR. The rcode is that of the chain's end (RFC 6604 §3), AA that of its
beginning (RFC 1035 §4.1.1: "the owner name which matches the query name, or
the first owner name in the answer section").

Everything for one question is read in one snapshot, so from one version of
each zone.

Clients that understand DNSSEC get the proofs of signed zones too, behind the rest
of the authority section (``proofs``). What an ALIAS lends has no signature that
anybody could have made, and no proof.

Not here: EDNS, truncation, and which clients get signatures.

Source: RFC 1034 §4.3.2, RFC 2308 §2, RFC 4035 §3.1, RFC 6672 §3.2, RFC 8482, RFC 9471.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dnsd.authority import additional
from dnsd.authority.additional import TYPES_WITH_TARGETS
from dnsd.authority.address_alias import borrowed_from, resolved
from dnsd.authority.lookup import Kind, lookup
from dnsd.authority.node import FLAG_APEX, Node
from dnsd.authority.proofs import PROVED_KINDS, proofs
from dnsd.wire import names
from dnsd.wire.iana import Rcode, RRType
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from dnsd.authority.additional import Additional
    from dnsd.authority.lookup import Lookup, Zone
    from dnsd.authority.store import Snapshot
    from dnsd.authority.zones import ServedZone, Zones

# BIND follows as many; longer chains are mistakes or attacks.
MAX_LINKS = 11

_CNAME = int(RRType.CNAME)
_SOA = int(RRType.SOA)
_DS = int(RRType.DS)
_NS = int(RRType.NS)
_ALIAS = int(RRType.ALIAS)
_LINKS = frozenset({_CNAME, _ALIAS})
_NOERROR = int(Rcode.NOERROR)
_NXDOMAIN = int(Rcode.NXDOMAIN)
_YXDOMAIN = int(Rcode.YXDOMAIN)


@dataclass(slots=True)
class Answer:
    """What goes into a reply, before its size is known.

    Attributes:
        rcode: NOERROR, NXDOMAIN or YXDOMAIN.
        authoritative: the AA bit.
        answer: in the order of the chain. The chain of an ALIAS that others must be
            asked about stands there with its ALIAS RRset, which is never sent.
        authority: a referral's NS RRset, or the SOA of a denial; then what proves
            the answer.
        additional: may be left out when it does not fit, except for
        required_glue: those of ``additional`` without which the reply is
            truncated (RFC 9471 §3.1).
        slot: generation slot of the zone it depends on; 0 when it depends on
            several, or on a zone not being here.
        generated: the first zone was made by the server.
        wildcard: owner of the wildcard that stands for the name asked for;
            empty when that name exists.
        limits: names of limits that were hit.
        unfinished: where the chain of aliases goes on outside our zones; empty
            if it does not.
    """

    rcode: int
    authoritative: bool
    answer: list[RRset]
    authority: list[RRset]
    additional: list[RRset]
    required_glue: list[RRset] = field(default_factory=list)
    slot: int = 0
    generated: bool = False
    wildcard: bytes = b""
    limits: tuple[str, ...] = ()
    unfinished: bytes = b""


def leads_away(answer: Answer) -> bool:
    """Tell whether an answer of our zones refers to others for the rest."""
    if answer.unfinished:
        return True
    return bool(answer.authority) and answer.authority[0].type == _NS


def answer(
    zones: Zones, qname: bytes, qtype: int, *, every_type: bool = False, dnssec_ok: bool = False
) -> Answer | None:
    """Answer a question of class IN.

    Args:
        zones: what we answer for.
        qname: in canonical form.
        qtype: any but the types of transfers and of the message itself.
        every_type: type ANY gets all RRsets; else the smallest one, since
            whoever asked may not be who receives it (RFC 8482 §4.1).
        dnssec_ok: proofs are wanted (RFC 4035 §3.1).

    Returns:
        The answer, None when no zone of ours holds the name.

    Raises:
        StoreError: the store cannot be read.
    """
    with zones.snapshot() as snapshot:
        zone = _responsible(zones, snapshot, qname, qtype)
        if zone is None:
            return None
        reply = Answer(
            rcode=_NOERROR,
            authoritative=True,
            answer=[],
            authority=[],
            additional=[],
            slot=zone.slot,
            generated=zone.generated,
        )
        denial: RRset | None = None
        proven: list[RRset] = []
        for _ in range(1 + MAX_LINKS):
            found = lookup(zone.nodes, qname, qtype)
            if found.wildcard is not None and not reply.answer:
                reply.wildcard = found.wildcard
            if found.kind is Kind.ADDRESS_ALIAS and not borrowed_from(reply.answer):
                denial = _negative_soa(zone.nodes, found)
            if dnssec_ok and (found.kind in PROVED_KINDS or found.wildcard is not None):
                proven += _proofs(zones, zone, found, qname, proven)
            target = _apply(reply, zone.nodes, found, qname, every_type=every_type)
            # Asked for itself, the CNAME that a DNAME makes ends the chain.
            if target is None or qtype == _CNAME:
                break
            following = _following(zones, snapshot, zone, target, qtype)
            if following is None or following.nodes.origin != zone.nodes.origin:
                reply.slot = 0
                if following is None:
                    reply.unfinished = target
                    break
            zone, qname = following, target
        else:
            reply.limits += ("chain_links",)
        if denial is not None and not leads_away(reply):
            _lend(reply, qtype, denial)
        else:
            reply.authority += proven
        return reply


def _lend(reply: Answer, qtype: int, denial: RRset) -> None:
    """Make the addresses at the end of an ALIAS, or their absence, those of its owner."""
    reply.rcode = _NOERROR
    reply.answer, reply.authority = resolved(
        reply.answer, qtype, denial, reply.authority or [denial]
    )
    reply.additional, reply.required_glue = [], []


def _proofs(
    zones: Zones, zone: ServedZone, found: Lookup, name: bytes, known: list[RRset]
) -> list[RRset]:
    """Return what proves one link of a chain of aliases, less what is known already."""
    chain = zones.chain(zone)
    if chain is None:
        return []
    chosen = proofs(zone.nodes, chain, found, name)
    return [rrset for rrset in chosen if rrset not in known]


def _responsible(zones: Zones, snapshot: Snapshot, qname: bytes, qtype: int) -> ServedZone | None:
    if qtype == _DS:
        return zones.closest_parent_side(snapshot, qname)
    return zones.closest(snapshot, qname)


def _following(
    zones: Zones, snapshot: Snapshot, zone: ServedZone, target: bytes, qtype: int
) -> ServedZone | None:
    """Find the zone in which a chain of aliases goes on.

    A chain that comes back to the apex of its zone stays there, also for DS: what
    named and knotd do, and a parent without a delegation would deny a name that is.
    """
    if target == zone.nodes.origin:
        return zone
    return _responsible(zones, snapshot, target, qtype)


def _apply(
    reply: Answer, zone: Zone, found: Lookup, name: bytes, *, every_type: bool
) -> bytes | None:
    """Put what was found into the sections; return where an alias leads."""
    rrset = found.rrset
    match found.kind:
        case Kind.ANSWER if rrset is not None:
            reply.answer.append(rrset)
            if rrset.type in TYPES_WITH_TARGETS:
                _add(reply, additional.for_answer(zone, rrset))
        case Kind.ANSWER:
            assert found.node is not None
            reply.answer += _any(found.node, name, every_type=every_type)
        case Kind.ALIAS | Kind.ADDRESS_ALIAS:
            assert rrset is not None
            return _follow_cname(reply, rrset)
        case Kind.DNAME:
            assert rrset is not None
            return _follow_dname(reply, rrset, name)
        case Kind.REFERRAL:
            assert rrset is not None
            reply.authoritative = bool(reply.answer)
            reply.authority.append(rrset)
            _add(reply, additional.for_referral(zone, rrset))
        case _:
            if found.kind is Kind.NAME_ERROR:
                reply.rcode = _NXDOMAIN
            reply.authority.append(_negative_soa(zone, found))
    return None


def _add(reply: Answer, found: Additional) -> None:
    reply.required_glue = found.required
    reply.additional = found.required + found.optional
    if found.is_cut:
        reply.limits += ("additional_names",)


def _any(node: Node, owner: bytes, *, every_type: bool) -> list[RRset]:
    if every_type or _ALIAS in node.types:
        found = [rrset for rrset in node.rrsets(owner) if rrset.type != _ALIAS]
        return found if every_type else found[:1]
    smallest = node.smallest_rrset(owner)
    return [] if smallest is None else [smallest]


def _negative_soa(zone: Zone, found: Lookup) -> RRset:
    """Return the SOA RRset with the TTL that a denial may be kept.

    Source: RFC 2308 §3 and §5: the lower of its TTL and its MINIMUM field.
    """
    apex = found.node
    if apex is None or not apex.flags & FLAG_APEX:
        octets = zone.get(zone.origin)
        assert octets is not None
        apex = Node(octets)
    soa = apex.rrset(zone.origin, _SOA)
    assert soa is not None
    soa.ttl = min(soa.ttl, int.from_bytes(soa.rdatas[0][-4:], "big"))
    return soa


def _follow_cname(reply: Answer, cname: RRset) -> bytes | None:
    """Add a CNAME or ALIAS RRset; return its target, or None if the chain has met it."""
    reply.answer.append(cname)
    target = names.lower(cname.rdatas[0])
    return None if _is_met(reply, target) else target


def _follow_dname(reply: Answer, dname: RRset, name: bytes) -> bytes | None:
    """Add a DNAME RRset and the CNAME it makes of a name.

    Returns:
        The target, or None if the chain has met it or it is too long; then the
        rcode says so.

    Source: RFC 6672 §2.2, §3.1.
    """
    # A chain may pass the same DNAME twice; its RRset stands there once.
    if not any(rrset.type == dname.type and rrset.owner == dname.owner for rrset in reply.answer):
        reply.answer.append(dname)
    target = name[: len(name) - len(dname.owner)] + names.lower(dname.rdatas[0])
    if len(target) > names.MAX_NAME_OCTETS:
        reply.rcode = _YXDOMAIN
        return None
    reply.answer.append(RRset(name, _CNAME, dname.ttl, (target,)))
    return None if _is_met(reply, target) else target


def _is_met(reply: Answer, target: bytes) -> bool:
    """Tell whether the chain has an alias at this name already."""
    return any(rrset.owner == target and rrset.type in _LINKS for rrset in reply.answer)
