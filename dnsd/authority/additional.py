"""What goes into the additional section beside an answer or a referral.

Only addresses (and SVCB of an alias) that the same zone holds, for the first
:data:`MAX_TARGETS` targets: a set of a thousand MX costs no more look-ups than
one of thirteen.

Source: RFC 1034 §4.3.2 step 6, RFC 1035 §3.3.9, RFC 9460 §4.1, RFC 9471.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dnsd.authority.lookup import Kind, lookup
from dnsd.authority.node import FLAG_CUT, FLAG_OCCLUDED, Node
from dnsd.wire import names
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dnsd.authority.lookup import Zone
    from dnsd.wire.rrset import RRset

# The largest set of name servers that anybody needs, as the root has; BIND
# stops there as well (CVE-2024-11187).
MAX_TARGETS = 13

_A = int(RRType.A)
_AAAA = int(RRType.AAAA)
_NS = int(RRType.NS)
# Where the target begins in the rdata. It is the rest, but for SVCB and HTTPS.
_TARGET_OFFSETS = {
    _NS: 0,
    int(RRType.MX): 2,
    int(RRType.AFSDB): 2,
    int(RRType.RT): 2,
    int(RRType.KX): 2,
    int(RRType.SRV): 6,
    int(RRType.SVCB): 2,
    int(RRType.HTTPS): 2,
}
_SERVICE_BINDINGS = frozenset({int(RRType.SVCB), int(RRType.HTTPS)})
TYPES_WITH_TARGETS = frozenset(_TARGET_OFFSETS)


@dataclass(slots=True)
class Additional:
    """What goes into the additional section.

    Attributes:
        required: addresses of name servers inside the delegated zone, without
            which nobody gets there (RFC 9471 §3.1).
        optional: all others.
        is_cut: there were more targets than :data:`MAX_TARGETS`.
    """

    required: list[RRset] = field(default_factory=list)
    optional: list[RRset] = field(default_factory=list)
    is_cut: bool = False


def for_answer(zone: Zone, rrset: RRset) -> Additional:
    """Return what the targets of an RRset in the answer section have.

    Args:
        zone: where the RRset was found.
        rrset: of one of TYPES_WITH_TARGETS.
    """
    types = (_A, _AAAA, rrset.type) if rrset.type in _SERVICE_BINDINGS else (_A, _AAAA)
    targets = _possible(_targets(rrset), zone)
    found = Additional(is_cut=len(targets) > MAX_TARGETS)
    for target in targets[:MAX_TARGETS]:
        if target == rrset.owner:
            found.optional += _records(zone, target, (_A, _AAAA), glue=False)
        else:
            found.optional += _records(zone, target, types, glue=rrset.type == _NS)
    return found


def for_referral(zone: Zone, name_servers: RRset) -> Additional:
    """Return addresses of the name servers that a zone is delegated to.

    Args:
        zone: the parent.
        name_servers: the NS RRset at the cut.
    """
    cut = name_servers.owner
    inside: list[bytes] = []
    outside: list[bytes] = []
    for target in _targets(name_servers):
        (inside if names.is_subdomain(target, cut) else outside).append(target)
    outside = _possible(outside, zone)
    found = Additional(is_cut=len(inside) + len(outside) > MAX_TARGETS)
    for target in inside[:MAX_TARGETS]:
        octets = zone.get(target)
        if octets is not None:
            found.required += _of_types(Node(octets), target, (_A, _AAAA))
    for target in outside[: max(0, MAX_TARGETS - len(inside))]:
        found.optional += _records(zone, target, (_A, _AAAA), glue=True)
    return found


def _targets(rrset: RRset) -> list[bytes]:
    """Return the names an RRset points to, each once, in order."""
    offset = _TARGET_OFFSETS[rrset.type]
    if rrset.type not in _SERVICE_BINDINGS:
        return list(dict.fromkeys(names.lower(rdata[offset:]) for rdata in rrset.rdatas))
    return list(dict.fromkeys(_service_target(rrset.owner, rdata) for rdata in rrset.rdatas))


def _service_target(owner: bytes, rdata: bytes) -> bytes:
    """Return the target of a SVCB or HTTPS record.

    In service mode (priority above 0) the root stands for the owner
    (RFC 9460 §2.5.2).
    """
    end = 2
    while rdata[end]:
        end += 1 + rdata[end]
    target = names.lower(rdata[2 : end + 1])
    return owner if target == names.ROOT and rdata[:2] != b"\x00\x00" else target


def _possible(targets: Iterable[bytes], zone: Zone) -> list[bytes]:
    """Pick the targets that the zone could hold."""
    # The root as a target means that there is none (RFC 7505, RFC 2782).
    return [
        target
        for target in targets
        if target != names.ROOT and names.is_subdomain(target, zone.origin)
    ]


def _records(zone: Zone, target: bytes, types: tuple[int, ...], *, glue: bool) -> list[RRset]:
    """Return RRsets of a target, made from a wildcard if need be.

    Args:
        zone: holds the target or the delegation above it.
        target: a name in or below the zone.
        types: those wanted.
        glue: whether addresses at and below a zone cut will do.
    """
    octets = zone.get(target)
    if octets is None or octets[0] & FLAG_OCCLUDED:
        found = lookup(zone, target, _A)
        if found.wildcard is not None and found.node is not None:
            return _of_types(found.node, target, types)
        # Below a DNAME, or absent.
        if octets is None or not glue or found.kind is not Kind.REFERRAL:
            return []
    elif octets[0] & FLAG_CUT and not glue:
        return []
    return _of_types(Node(octets), target, types)


def _of_types(node: Node, owner: bytes, types: tuple[int, ...]) -> list[RRset]:
    return [rrset for rrtype in types if (rrset := node.rrset(owner, rrtype)) is not None]
