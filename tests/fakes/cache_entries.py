"""Cache entries and zone cuts for tests, made from text."""

from dnsd.resolver.cache.contract import NXDOMAIN_TYPE, Entry, Kind, Rank, Security
from dnsd.resolver.delegation import Delegation
from dnsd.wire import names
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

ADDRESS = b"\xc0\x00\x02\x01"


def name(text):
    return names.from_text(text)


def soa(zone):
    rdata = b"\x00\x00" + bytes(16) + (300).to_bytes(4, "big")
    return RRset(name(zone), RRType.SOA, 300, (rdata,))


def _entry(owner, rrtype, kind, rrset, proof, *, zone, now, ttl, rank, security, server):
    return Entry(
        name(owner), rrtype, kind, rank, security, now, now + ttl, rrset, proof, name(zone), server
    )


def positive(
    owner, rrtype=RRType.A, *, rdatas=(ADDRESS,), signatures=(), zone="test.", now=0.0, ttl=300,
    rank=Rank.AUTHORITATIVE, security=Security.INDETERMINATE, server=b"", proof=(),
):  # fmt: skip
    rrset = RRset(name(owner), rrtype, int(ttl), tuple(rdatas), tuple(signatures))
    return _entry(owner, rrtype, Kind.POSITIVE, rrset, tuple(proof), zone=zone, now=now, ttl=ttl,
                  rank=rank, security=security, server=server)  # fmt: skip


def alias(owner, target, **options):
    return positive(owner, RRType.CNAME, rdatas=(name(target),), **options)


def nodata(
    owner, rrtype=RRType.AAAA, *, zone="test.", now=0.0, ttl=300,
    rank=Rank.AUTHORITATIVE, security=Security.INDETERMINATE, server=b"", proof=None,
):  # fmt: skip
    return _entry(owner, rrtype, Kind.NODATA, None, (soa(zone),) if proof is None else proof,
                  zone=zone, now=now, ttl=ttl, rank=rank, security=security,
                  server=server)  # fmt: skip


def nxdomain(owner, *, zone="test.", now=0.0, ttl=300,
             rank=Rank.AUTHORITATIVE, security=Security.INDETERMINATE, server=b""):  # fmt: skip
    return _entry(owner, NXDOMAIN_TYPE, Kind.NXDOMAIN, None, (soa(zone),), zone=zone, now=now,
                  ttl=ttl, rank=rank, security=security, server=server)  # fmt: skip


def cut(zone, *servers, now=0.0, ttl=3600, source=b"", addresses=None):
    found = tuple(map(name, servers or (f"ns.{zone}".replace("..", "."),)))
    return Delegation(
        name(zone), found, {found[0]: (ADDRESS,)} if addresses is None else addresses,
        now + ttl, source,
    )  # fmt: skip
