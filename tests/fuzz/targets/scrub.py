"""Scrubbing: nothing is kept that was not sent, and nothing but what the list allows.

The first four octets choose the question and its sender, the rest is the reply.

Run: ``python tests/fuzz/targets/scrub.py [libFuzzer options]``
"""

import sys

from dnsd.resolver.acceptance import Verdict, judge
from dnsd.resolver.options import ResolverOptions
from dnsd.resolver.referral import delegation_of
from dnsd.resolver.scrub import Meaning, scrub
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.message import AA, RA, TC, parse_message

NAMES = [
    names.from_text(text)
    for text in (
        ".", "test.", "a.test.", "www.a.test.", "x.www.a.test.", "b.a.test.", "xa.test.",
        "b.test.", "example.", "bank.example.", "www.bank.example.",
        # A DNAME from above the first to the second makes too long a name.
        ".".join(["x" * 63] * 3) + ".a.test.", "y" * 63 + ".bank.example.",
    )
]  # fmt: skip
TYPES = [1, 2, 5, 6, 15, 28, 39, 43, 46, 47, 50, 255]
A, NS, CNAME, SOA, AAAA, DNAME, DS, RRSIG, NSEC, NSEC3, ANY = (
    1,
    2,
    5,
    6,
    28,
    39,
    43,
    46,
    47,
    50,
    255,
)

# What a proof may take of a reply: RFC 5155 §8 needs three, named keeps eight.
MAX_DENIALS = 8
QUERY = b"\x12\x34\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x01a\x04test\x00\x00\x01\x00\x01"


def labels(name):
    """Split a name by itself: the oracle shares no code for names with what it judges."""
    found = []
    while name[0]:
        found.append(name[1 : 1 + name[0]].lower())
        name = name[1 + name[0] :]
    return found


def is_inside(name, zone):
    """Whether a name is a zone's apex or below it."""
    above = labels(zone)
    return not above or labels(name)[-len(above) :] == above


def one_input(octets):
    """Scrub a reply, and hold what is kept against what was sent; returns what it means."""
    assert judge(QUERY, octets) in Verdict
    if len(octets) < 4:
        return None
    name = NAMES[octets[0] % len(NAMES)]
    rrtype = TYPES[octets[1] % len(TYPES)]
    zone = NAMES[octets[2] % len(NAMES)]
    trusted, forwarder = bool(octets[3] & 1), bool(octets[3] & 2)
    try:
        message = parse_message(octets[4:])
    except FormError:
        return None
    found = scrub(message, name, rrtype, zone, trusted_transport=trusted, forwarder=forwarder)
    assert found.dropped >= 0
    if found.meaning in (Meaning.LAME, Meaning.ERROR) or found.wants_tcp:
        assert found.meaning in (Meaning.LAME, Meaning.ERROR)
        assert (found.chain, found.proof) == ([], [])
        assert found.end == name
    else:
        assert is_inside(name, zone)
        assert message.rcode in ((0, 3, 6) if found.meaning is Meaning.YXDOMAIN else (0, 3))
        assert not message.flags & TC
        # Who offers recursion and claims no authority answers from a cache.
        assert message.flags & (AA | RA) != RA or forwarder or found.meaning is Meaning.REFERRAL
    check_chain(found, message, name, rrtype, zone)
    assert trusted or found.meaning is not Meaning.YXDOMAIN
    assert trusted or DNAME not in [each.type for each in found.chain]
    check_proof(found, message, rrtype, zone)
    check_referral(found, message, name, rrtype, zone)
    assert not forwarder or found.meaning is not Meaning.REFERRAL
    check_times(found, message)
    return found.meaning


def sent(section):
    """Every record of a section as owner, type and rdata; signatures like others."""
    return {
        (rrset.owner, rrtype, rdata)
        for rrset in section
        if rrset.rdclass == 1
        for rrtype, rdatas in ((rrset.type, rrset.rdatas), (RRSIG, rrset.signatures))
        for rdata in rdatas
    }


def check_chain(found, message, name, rrtype, zone):
    """Each link leads to the next, inside the zone, and was sent or made of a DNAME."""
    there = sent(message.answer)
    at, dname = name, None
    for i, rrset in enumerate(found.chain):
        assert rrset.rdclass == 1
        assert is_inside(rrset.owner, zone)
        made = dname is not None and rrset.type == CNAME
        if not made:
            assert sent([rrset]) <= there
        if rrset.type == DNAME and rrset.owner != at:
            assert is_inside(at, rrset.owner)
            dname = rrset
            continue
        assert rrset.owner == at
        if made:
            assert rrset.rdatas == (at[: -len(dname.owner)] + dname.rdatas[0].lower(),)
        # The last ones may be the data asked for; what comes before is an alias.
        is_end = found.meaning is Meaning.ANSWER and all(x.owner == at for x in found.chain[i:])
        if is_end and (rrtype in (ANY, rrset.type)):
            continue
        assert rrset.type == CNAME
        assert len(rrset.rdatas) == 1
        at = rrset.rdatas[0].lower()
        # A DNAME that redirects twice is there once; the closest one does.
        above = [x for x in found.chain if x.type == DNAME and is_below(at, x.owner)]
        dname = max(above, key=lambda x: len(x.owner), default=None)
    assert found.end == at or found.meaning in (Meaning.LAME, Meaning.ERROR)
    if found.meaning is Meaning.ANSWER:
        assert found.chain
    if found.meaning is Meaning.YXDOMAIN:
        assert (found.rcode, is_below(at, dname.owner)) == (6, True)
        assert len(at) - len(dname.owner) + len(dname.rdatas[0]) > names.MAX_NAME_OCTETS
    if found.meaning in (Meaning.NODATA, Meaning.NXDOMAIN):
        assert is_inside(found.end, zone)
        assert (found.meaning is Meaning.NXDOMAIN) == (message.rcode == 3)


def is_below(name, ancestor):
    return name != ancestor and is_inside(name, ancestor)


def check_times(found, message):
    """Nothing is kept for longer than it was sent for, a CNAME made of a DNAME included."""
    there = [rrset for rrset in (*message.answer, *message.authority) if rrset.rdclass == 1]
    for rrset in (*found.chain, *found.proof):
        ttls = [x.ttl for x in there if (x.owner, x.type) == (rrset.owner, rrset.type)]
        if rrset.type == CNAME:
            ttls += [x.ttl for x in found.chain if x.type == DNAME]
        assert rrset.ttl <= max(ttls, default=-1)


def check_proof(found, message, rrtype, zone):
    """A denial is proven by its SOA first, of a zone that may say it."""
    assert sent(found.proof) <= sent(message.authority)
    assert all(is_inside(each.owner, zone) for each in found.proof)
    types = [each.type for each in found.proof]
    assert len(types) <= 1 + MAX_DENIALS
    if types and found.meaning in (Meaning.NODATA, Meaning.NXDOMAIN):
        assert types[0] == SOA
        assert is_inside(found.end, found.proof[0].owner)
        # The DS of a zone is its parent's to deny (RFC 4035 §3.1.4.1).
        assert rrtype != DS or found.proof[0].owner != found.end or not labels(found.end)
        types = types[1:]
    elif types and found.meaning is Meaning.REFERRAL and types[0] == DS:
        types = types[1:]
    assert set(types) <= {NSEC, NSEC3}


def check_referral(found, message, name, rrtype, zone):
    """Servers and addresses come from nothing but a referral that leads down."""
    if found.meaning is not Meaning.REFERRAL:
        assert (found.cut, found.servers, found.addresses, found.ds) == (b"", (), {}, ())
        return
    assert not message.answer
    assert message.rcode == 0
    authority = [each for each in message.authority if each.rdclass == 1]
    assert SOA not in [each.type for each in authority]
    assert is_below(found.cut, zone)
    assert is_inside(name, found.cut)
    assert (rrtype, name) != (DS, found.cut)
    there = sent(message.authority)
    targets = {rdata.lower() for owner, kind, rdata in there if (owner, kind) == (found.cut, NS)}
    assert set(found.servers) <= targets
    assert len(set(found.servers)) == len(found.servers)
    assert {(found.cut, DS, rdata) for rdata in found.ds} <= there
    assert found.ttl <= min(
        each.ttl for each in authority if each.owner == found.cut and each.type == NS
    )
    glue = sent(message.additional)
    for server, addresses in found.addresses.items():
        assert server in found.servers
        assert is_inside(server, zone)
        for address in addresses:
            assert (server, A if len(address) == 4 else AAAA, address) in glue
    check_delegation(found)


def check_delegation(found):
    """What is kept is part of what the referral said, within its bounds."""
    options = ResolverOptions()
    delegation = delegation_of(found, 0.0, b"", options)
    limits = options.limits
    assert delegation.servers == found.servers[: limits.delegation_names]
    assert options.delegation_ttl_min <= delegation.expiry <= options.max_ttl
    different = set()
    for server, addresses in delegation.addresses.items():
        assert server in delegation.servers
        assert 0 < len(addresses) <= limits.name_addresses
        assert set(addresses) <= set(found.addresses[server])
        different.update(addresses)
    assert len(different) <= limits.delegation_addresses


if __name__ == "__main__":
    try:
        import atheris
    except ImportError:
        print("skipped: pip install 'dnsd[fuzz]' brings atheris")
        sys.exit()
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
