"""Where a name stands in a zone, and what the zone says there.

One question, one zone, no chasing: :func:`lookup` finds the closest encloser,
the zone cut or DNAME above the name, the wildcard that stands for it, and says
which of seven things is true (:class:`Kind`). ``answer`` makes sections of it;
proofs of denial need the closest encloser and the wildcard it names.

Cost: one read for a name that owns records; for one that does not, two cursor
steps and one or two reads, whatever the depth of the name.

Where the standards leave a gap we do as NSD, Knot DNS and BIND do, or two of
them: a name that equals a cut answers DS and refers everything else, RRSIG and
NSEC included; an NS or DNAME that a wildcard owns is data for the names it
stands for, and neither delegates nor redirects them (RFC 4592 §4.2, §4.4);
RRSIG and NSEC are not answered through a CNAME (RFC 4035 §2.5).

Source: RFC 1034 §4.3.2, RFC 4592 §3.3.1, RFC 6672 §3.2, RFC 4035 §3.1.4.1.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from dnsd.authority.node import FLAG_CUT, FLAG_DNAME, FLAG_OCCLUDED, FLAG_WILDCARD_CHILD, Node
from dnsd.wire import names
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from dnsd.wire.rrset import RRset

_NS = int(RRType.NS)
_CNAME = int(RRType.CNAME)
_DNAME = int(RRType.DNAME)
_DS = int(RRType.DS)
_ANY = int(RRType.ANY)
_ALIAS = int(RRType.ALIAS)
_RRSIG = int(RRType.RRSIG)
_ADDRESS_TYPES = frozenset({int(RRType.A), int(RRType.AAAA)})
# A CNAME stands beside these (RFC 4035 §2.5), so it does not answer for them.
_BESIDE_CNAME = frozenset({_RRSIG, int(RRType.NSEC)})


class Kind(enum.Enum):
    """What a zone says of a name and a type."""

    ANSWER = enum.auto()
    NO_DATA = enum.auto()
    NAME_ERROR = enum.auto()
    REFERRAL = enum.auto()
    ALIAS = enum.auto()
    DNAME = enum.auto()
    ADDRESS_ALIAS = enum.auto()


class Zone(Protocol):
    """The nodes of one version of a zone; store.ZoneVersion is one."""

    @property
    def origin(self) -> bytes:
        """The apex."""

    def get(self, name: bytes) -> bytes | None:
        """Return the octets of a node, None for a name without records."""

    def has_below(self, name: bytes) -> bool:
        """Tell whether any name below this one owns records."""

    def closest_encloser(self, name: bytes) -> bytes:
        """Return the longest existing ancestor of a name, or the name itself."""

    def neighbours(self, name: bytes) -> tuple[bytes | None, bytes | None]:
        """Return the last name with records before this one, and the first not before."""

    def hash_at_or_before(self, chain: bytes, digest: bytes) -> tuple[bytes, bytes] | None:
        """Return hash and node octets of an NSEC3 record; store.ZoneVersion says which."""


@dataclass(slots=True)
class Lookup:
    """The place of a question in a zone.

    Attributes:
        kind: what is true there.
        rrset: ANSWER: the RRset asked for, None for type ANY. REFERRAL: the NS
            RRset, its owner is the cut. ALIAS: the CNAME RRset. DNAME: the
            DNAME RRset, its owner is above the name. ADDRESS_ALIAS: the ALIAS
            RRset, to whose target an address was asked for. Else None. Wildcards are
            expanded: the owner is the name asked for.
        node: the node that holds ``rrset``; of NO_DATA the node without the
            type, None at an empty non-terminal; of NAME_ERROR the closest
            encloser's, None where that is an empty non-terminal.
        closest_encloser: the name itself where it exists; of REFERRAL and
            DNAME the cut or the owner of the DNAME.
        wildcard: the source of synthesis, where the name does not exist.
    """

    kind: Kind
    rrset: RRset | None
    node: Node | None
    closest_encloser: bytes
    wildcard: bytes | None = None


def lookup(zone: Zone, qname: bytes, qtype: int) -> Lookup:
    """Find what a zone says of a name and a type.

    Args:
        zone: one version of a zone.
        qname: the zone's origin or a name below it.
        qtype: any type; ANY asks for whatever the name owns.
    """
    octets = zone.get(qname)
    if octets is None:
        return _lookup_absent(zone, qname, qtype)
    node = Node(octets)
    flags = node.flags
    if flags & FLAG_OCCLUDED:
        return redirection_above(zone, qname)
    if flags & FLAG_CUT and qtype != _DS:
        return Lookup(Kind.REFERRAL, node.rrset(qname, _NS), node, qname)
    return _match(node, qname, qtype, Lookup(Kind.NO_DATA, None, node, qname))


def _lookup_absent(zone: Zone, qname: bytes, qtype: int) -> Lookup:
    """Find what a zone says of a name that owns no records."""
    encloser = name = zone.closest_encloser(qname)
    octets = zone.get(name)
    while octets is None:  # an empty non-terminal; the apex has a node
        name = names.parent(name)
        octets = zone.get(name)
    flags = octets[0]
    if flags & FLAG_OCCLUDED:
        return redirection_above(zone, name)
    if flags & (FLAG_CUT | FLAG_DNAME):
        return _redirection(Node(octets), name)
    if encloser == qname:
        return Lookup(Kind.NO_DATA, None, None, qname)
    above = Node(octets) if name == encloser else None
    if above is not None and not flags & FLAG_WILDCARD_CHILD:
        return Lookup(Kind.NAME_ERROR, None, above, encloser)
    wildcard = b"\x01*" + encloser
    octets = zone.get(wildcard)
    if octets is not None:
        node = Node(octets)
        return _match(node, qname, qtype, Lookup(Kind.NO_DATA, None, node, encloser, wildcard))
    # The asterisk label may be an empty non-terminal; it still stands for the
    # name, with no data (RFC 4592 §2.2.2).
    if zone.has_below(wildcard):
        return Lookup(Kind.NO_DATA, None, None, encloser, wildcard)
    return Lookup(Kind.NAME_ERROR, None, above, encloser)


def _match(node: Node, owner: bytes, qtype: int, found: Lookup) -> Lookup:
    """Complete a NO_DATA by what the node has for the type, if anything."""
    if qtype == _ALIAS:  # it is an order to us, and nothing that DNS has
        return found
    # One type's RRSIGs do for a question that nobody needs to ask: the rest would
    # only make it longer, as with ANY (RFC 8482 §4.1).
    rrset = node.signatures(owner) if qtype == _RRSIG else node.rrset(owner, qtype)
    if rrset is not None:
        found.kind = Kind.ANSWER
        found.rrset = rrset
    elif qtype == _ANY and node.types not in ((), (_ALIAS,)):
        found.kind = Kind.ANSWER
    elif _CNAME in node.types and qtype not in _BESIDE_CNAME:
        found.kind = Kind.ALIAS
        found.rrset = node.rrset(owner, _CNAME)
    elif _ALIAS in node.types and qtype in _ADDRESS_TYPES:
        found.kind = Kind.ADDRESS_ALIAS
        found.rrset = node.rrset(owner, _ALIAS)
    return found


def redirection_above(zone: Zone, name: bytes) -> Lookup:
    """Find the cut or DNAME that hides an occluded name: REFERRAL or DNAME."""
    while name != zone.origin:
        name = names.parent(name)
        octets = zone.get(name)
        if octets is None or octets[0] & FLAG_OCCLUDED:
            continue
        if octets[0] & (FLAG_CUT | FLAG_DNAME):
            return _redirection(Node(octets), name)
    raise AssertionError("a name is marked occluded and nothing above it occludes")


def _redirection(node: Node, owner: bytes) -> Lookup:
    """Say that names below this node are somebody else's, or elsewhere."""
    if node.flags & FLAG_CUT:
        return Lookup(Kind.REFERRAL, node.rrset(owner, _NS), node, owner)
    return Lookup(Kind.DNAME, node.rrset(owner, _DNAME), node, owner)
