"""Denials of zones for tests of what keeps them; nobody signed them."""

from dnsd.dnssec import nsec_chain
from dnsd.dnssec.zone_names import ZoneName
from dnsd.resolver.cache.contract import Denier, Kept
from dnsd.wire import names
from dnsd.wire.rrset import RRset

SOA, NSEC, NSEC3 = 6, 47, 50
TRUST = b"anchors1"
HASHED = b"\x00\x00\x00"
N = names.from_text


def soa(zone, expiry=300.0):
    return Kept(RRset(N(zone), SOA, 300, (bytes(22),), (b"signature",)), expiry)


def denier(zone, *, chain=b"", trust=TRUST, with_soa=True):
    return Denier(chain, soa(zone) if with_soa else None, trust)


def place(name, zone):
    return names.order_key(N(name))[len(names.order_key(N(zone))) :]


def record(name, following="z.test.", expiry=300.0):
    """An NSEC record."""
    ((_, octets),) = nsec_chain.chain([ZoneName(N(name), frozenset((1,)))])
    end = octets.index(b"\0") + 1
    rrset = RRset(N(name), NSEC, 60, (N(following) + octets[end:],), (b"signature",))
    return Kept(rrset, expiry)


def put(cache, name, zone="test.", *, now=0.0, expiry=300.0, **options):
    return cache.put(
        N(zone), denier(zone, **options), place(name, zone), record(name, expiry=expiry), now
    )


def hashed(digest, zone="test.", expiry=300.0):
    """A record that stands under a hash."""
    owner = bytes((len(digest),)) + digest + N(zone)
    return Kept(RRset(owner, NSEC3, 60, (b"\1\0" + HASHED + b"\x14" + digest,)), expiry)


def before(cache, name, zone="test.", now=0.0):
    """The owner of the record at or before a name."""
    found = cache.before(N(zone), place(name, zone), now)
    return None if found is None else names.to_text(found.rrset.owner)
