"""Which RRsets of a zone are signed, with what chain, and what is taken over."""

import pytest

from dnsd.authority.build.signer import Signer, unsigned
from dnsd.authority.node import FLAG_APEX, FLAG_CUT, FLAG_OCCLUDED, Node, encode_node
from dnsd.authority.signing_keys import ACTIVE, CSK, KeyRow
from dnsd.dnssec.policy import SigningPolicy
from dnsd.dnssec.signing import make_key
from dnsd.wire import names
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

APEX = names.from_text("example.test.")
NOW = 1772323200
SOA = names.from_text("ns.example.test.") * 2 + b"".join(
    n.to_bytes(4, "big") for n in (1, 2, 3, 4, 60)
)
KEY = make_key()
ROW = KeyRow(APEX, KEY.key.tag, 13, CSK, ACTIVE, NOW, KEY.dnskey)


def node(text, flags, *types):
    name = names.from_text(text)
    rdatas = {RRType.SOA: SOA, RRType.A: bytes(4), RRType.DNSKEY: KEY.dnskey}
    rrsets = [RRset(name, rrtype, 300, (rdatas.get(rrtype, names.ROOT),)) for rrtype in types]
    return name, encode_node(flags, rrsets)


NODES = [
    node("example.test.", FLAG_APEX, RRType.SOA, RRType.NS, RRType.DNSKEY),
    node("a.b.example.test.", 0, RRType.A),
    node("cut.example.test.", FLAG_CUT, RRType.NS, RRType.A),
    node("ns.cut.example.test.", FLAG_OCCLUDED, RRType.A),
    node("safe.example.test.", FLAG_CUT, RRType.NS, RRType.DS),
]


class Before:
    """A version that was signed."""

    def __init__(self, nodes, hashes):
        self.nodes = dict(nodes)
        self.hashes = {(chain, digest): octets for chain, digest, octets in hashes}

    def node(self, name):
        return self.nodes.get(name)

    def hashed(self, chain, digest):
        return self.hashes.get((chain, digest))


def sign(policy, previous=None, now=NOW, nodes=NODES):
    signer = Signer(APEX, [(ROW, KEY)], policy, now)
    made = list(signer.nodes(nodes, previous)), list(signer.hashes(nodes, previous))
    return signer, *made


def signed_types(octets):
    rrsets = Node(octets).rrsets(APEX)
    return {r.type for r in rrsets if r.signatures}, {r.type for r in rrsets if not r.signatures}


def test_with_nsec_all_but_delegations_and_glue_is_signed():
    signer, nodes, hashes = sign(SigningPolicy())
    assert hashes == []
    assert {names.to_text(name): signed_types(octets) for name, octets in nodes} == {
        "example.test.": ({RRType.SOA, RRType.NS, RRType.DNSKEY, RRType.NSEC}, set()),
        "a.b.example.test.": ({RRType.A, RRType.NSEC}, set()),
        "cut.example.test.": ({RRType.NSEC}, {RRType.NS, RRType.A}),
        "ns.cut.example.test.": (set(), {RRType.A}),
        "safe.example.test.": ({RRType.DS, RRType.NSEC}, {RRType.NS}),
    }
    assert signer.made == 9
    ttls = {Node(octets).rrset(APEX, RRType.NSEC).ttl for _, octets in nodes if RRType.NSEC in Node(octets).types}  # fmt: skip
    assert ttls == {60}, "the lower of the SOA's TTL and its last field"


@pytest.mark.parametrize(("opt_out", "count"), [(False, 5), (True, 4)])
def test_with_nsec3_the_chain_stands_apart(opt_out, count):
    _, nodes, hashes = sign(SigningPolicy(nsec3=True, opt_out=opt_out))
    assert signed_types(dict(nodes)[APEX])[0] == {
        RRType.SOA, RRType.NS, RRType.DNSKEY, RRType.NSEC3PARAM,
    }  # fmt: skip
    assert len(hashes) == count
    assert {chain for chain, _, _ in hashes} == {bytes(3)}
    assert [digest for _, digest, _ in hashes] == sorted(digest for _, digest, _ in hashes)
    assert all(signed_types(octets) == ({RRType.NSEC3}, set()) for _, _, octets in hashes)


@pytest.mark.parametrize("policy", [SigningPolicy(), SigningPolicy(nsec3=True)])
def test_what_is_the_same_and_lasts_is_taken_over(policy):
    _, nodes, hashes = sign(policy)
    again, same, same_hashes = sign(policy, Before(nodes, hashes), NOW + 3600)
    assert again.made == 0
    assert (same, same_hashes) == (nodes, hashes)
    late, _, _ = sign(policy, Before(nodes, hashes), NOW + 30 * 86400)
    assert late.made == sign(policy)[0].made
    earlier, _, _ = sign(policy, Before(nodes, hashes), NOW - 30 * 86400)
    assert earlier.made == late.made, "the clock was wrong when they were made"


def test_another_key_or_ttl_takes_nothing_over():
    _, nodes, _ = sign(SigningPolicy())
    other = make_key()
    row = ROW._replace(tag=other.key.tag, dnskey=other.dnskey)
    signer = Signer(APEX, [(row, other)], SigningPolicy(), NOW)
    list(signer.nodes(NODES, Before(nodes, ())))
    assert signer.made == 9
    name, octets = NODES[1]
    (rrset,) = Node(octets).rrsets(name)
    rrset.ttl = 301
    changed = [NODES[0], (name, encode_node(0, [rrset])), *NODES[2:]]
    assert sign(SigningPolicy(), Before(nodes, ()), nodes=changed)[0].made == 1


def test_a_signed_version_without_its_signatures_is_what_was_signed():
    for policy in (SigningPolicy(), SigningPolicy(nsec3=True)):
        _, nodes, _ = sign(policy)
        assert list(unsigned(iter(nodes), APEX, lambda rdata: rdata)) == NODES
    (_, octets), *_ = unsigned(iter(nodes), APEX, lambda rdata: rdata[::-1])
    assert Node(octets).rrset(APEX, RRType.SOA).rdatas == (SOA[::-1],)
