"""Zones of the lab that are signed: keys, signatures, and a chain of denials.

Signed once, in memory, by the parts of ``dnsd.dnssec``; what renews signatures and
takes over old ones is the daemon's and not needed here.

Source: RFC 4035 §2, RFC 5155 §7.1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.dnssec import nsec3_chain, nsec_chain
from dnsd.dnssec.signing import SigningKey, Validity, make_key
from dnsd.dnssec.zone_names import authoritative_names
from dnsd.lab.zone import rrsets_from_text, zone
from dnsd.wire import names
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from dnsd.dnssec.nsec3_chain import Nsec3Policy

DAY_S: Final = 86_400
_TTL: Final = 3600
_SOA: Final = int(RRType.SOA)
_DS: Final = int(RRType.DS)
_DNSKEY: Final = int(RRType.DNSKEY)
_NSEC: Final = int(RRType.NSEC)
_NSEC3: Final = int(RRType.NSEC3)
_NSEC3PARAM: Final = int(RRType.NSEC3PARAM)


class ZoneKeys(NamedTuple):
    """The keys of a zone, which may be the same one.

    Attributes:
        entry: that the DS names; signs the keys.
        zone: signs all else.
    """

    entry: SigningKey
    zone: SigningKey


def one_key() -> ZoneKeys:
    """Make a key that signs everything."""
    key = make_key()
    return ZoneKeys(key, key)


def two_keys() -> ZoneKeys:
    """Make a key for the keys and one for the zone."""
    return ZoneKeys(make_key(), make_key(is_entry_point=False))


def usual_validity(now: int) -> Validity:
    """Return when signatures hold that are made at a time, in Unix seconds."""
    return Validity(now - DAY_S, now + 28 * DAY_S)


@dataclass(slots=True)
class SignedZone:
    """A zone and what it is signed with; may be changed, and signed again.

    Attributes:
        origin: the apex, in canonical form.
        rrsets: what it holds but for keys, signatures and denials.
        validity: of its signatures.
        keys: of the zone.
        nsec3: how names are denied by hashes; by NSEC if ``None``.
    """

    origin: bytes
    rrsets: list[RRset]
    validity: Validity
    keys: ZoneKeys = field(default_factory=one_key)
    nsec3: Nsec3Policy | None = None

    @property
    def ds(self) -> bytes:
        """The DS rdata for the zone above."""
        return self.keys.entry.ds(self.origin)

    def delegate(self, child: bytes, *ds: bytes) -> None:
        """Publish DS rdata of a child, in the place of what was there."""
        self.rrsets = [each for each in self.rrsets if (each.owner, each.type) != (child, _DS)]
        if ds:
            self.rrsets.append(RRset(child, _DS, _TTL, ds))

    def signed(self) -> list[RRset]:
        """Make keys, denials and signatures; all RRsets of the zone, new ones each time."""
        apex, keys = self.origin, self.keys
        given = [RRset(each.owner, each.type, each.ttl, each.rdatas) for each in self.rrsets]
        rrsets = zone(apex, given).rrsets
        dnskeys = tuple(dict.fromkeys(key.dnskey for key in keys))
        rrsets.append(RRset(apex, _DNSKEY, _TTL, dnskeys))
        if self.nsec3 is not None:
            rdata = nsec3_chain.param_rdata(self.nsec3.parameters)
            rrsets.append(RRset(apex, _NSEC3PARAM, 0, (rdata,)))
        is_cut = self._deny(rrsets)
        for rrset in rrsets:
            if _is_signed(rrset, is_cut.get(rrset.owner)):
                key = keys.entry if rrset.type == _DNSKEY else keys.zone
                rrset.signatures = (key.sign(rrset, apex, self.validity),)
        return rrsets

    def _deny(self, rrsets: list[RRset]) -> dict[bytes, bool]:
        """Add the chain of denials; the names of the zone, and whether each is a cut."""
        contents: dict[bytes, set[int]] = {}
        for rrset in rrsets:
            contents.setdefault(rrset.owner, set()).add(rrset.type)
        listed = authoritative_names(self.origin, contents.items())
        soa = next(each for each in rrsets if each.type == _SOA)
        # RFC 9077 §3
        ttl = min(soa.ttl, int.from_bytes(soa.rdatas[0][-4:], "big"))
        if self.nsec3 is None:
            chain, rrtype = list(nsec_chain.chain(listed)), _NSEC
        else:
            chain, rrtype = nsec3_chain.chain(listed, self.nsec3), _NSEC3
        rrsets += [RRset(owner, rrtype, ttl, (rdata,)) for owner, rdata in chain]
        return {each.name: each.is_cut for each in listed}


def signed_zone(origin: str, text: str, now: int) -> SignedZone:
    """Begin a zone of lines that is signed with one key and denies by NSEC.

    Raises:
        FormError: not a zone.
    """
    apex = names.from_text(origin)
    return SignedZone(apex, rrsets_from_text(apex, text), usual_validity(now))


def _is_signed(rrset: RRset, is_cut: bool | None) -> bool:  # noqa: FBT001 - one of three
    """Tell whether an RRset is the zone's own (RFC 4035 §2.2).

    Args:
        rrset: any.
        is_cut: of its owner; ``None`` if that is no name of the zone's own.
    """
    if rrset.type == _NSEC3:
        return True
    return is_cut is not None and (not is_cut or rrset.type in (_DS, _NSEC))
