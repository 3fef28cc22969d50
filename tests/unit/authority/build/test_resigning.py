"""Signatures that are due are made again in place, and no others."""

import pytest

from dnsd.authority.build.resigning import resign
from dnsd.authority.build.signer import CHAIN, Signer
from dnsd.authority.node import FLAG_APEX, Node, encode_node, signature_times
from dnsd.authority.signing_keys import ACTIVE, CSK, KeyRow
from dnsd.authority.store import StoreError, open_store
from dnsd.authority.zone_row import ZoneRow
from dnsd.dnssec.policy import SigningPolicy
from dnsd.dnssec.signing import make_key
from dnsd.wire import names
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

APEX = names.from_text("example.test.")
NOW = 1772323200
KEY = make_key(15)
ROW = KeyRow(APEX, KEY.key.tag, 15, CSK, ACTIVE, NOW, KEY.dnskey)
SOA = names.ROOT * 2 + b"".join(n.to_bytes(4, "big") for n in (1, 2, 3, 4, 60))


def unsigned_nodes(count):
    apex = [RRset(APEX, RRType.SOA, 300, (SOA,)), RRset(APEX, RRType.NS, 300, (names.ROOT,))]
    yield APEX, encode_node(FLAG_APEX, apex)
    for owner in sorted(names.from_text(f"h{n}", APEX) for n in range(count)):
        yield owner, encode_node(0, [RRset(owner, RRType.A, 300, (bytes(4),))])


class Zone:
    def __init__(self, path, policy, count=3000):
        self.policy = policy
        self.store = open_store(path / "store", map_size=64 << 20)
        nodes, signer = list(unsigned_nodes(count)), self.signer(NOW)
        version = self.store.build(APEX, signer.nodes(nodes, None), signer.hashes(nodes, None))
        self.row = ZoneRow(version, 1)
        self.store.publish({APEX: self.row})

    def signer(self, now):
        return Signer(APEX, [(ROW, KEY)], self.policy, now)

    def held(self):
        with self.store.snapshot() as snapshot:
            version = snapshot.version(self.row, APEX)
            return dict(version.scan()) | dict(version.hashes(CHAIN))

    def first(self):
        return min(end for octets in self.held().values() for end, _ in signature_times(octets))

    def resign(self, now, serial):
        signer = self.signer(now)
        amended = resign(self.store, self.row, APEX, signer, serial)
        self.store.publish({APEX: self.row}, amended.items(self.row.version, APEX))
        return signer


@pytest.fixture(params=[False, True], ids=["nsec", "nsec3"])
def zone(tmp_path, request):
    found = Zone(tmp_path, SigningPolicy(algorithm=15, nsec3=request.param))
    yield found
    found.store.close()


def test_what_is_due_is_signed_again_and_nothing_else(zone):
    before, policy = zone.held(), zone.policy
    now = zone.first() - policy.renewal_s
    signer = zone.resign(now, 7)
    after = zone.held()
    assert signer.first_expiration == zone.first() > now + policy.renewal_s
    changed = {key for key in after if after[key] != before[key]}
    assert 1 < len(changed) < len(after) / 5
    assert signer.made <= 2 * len(changed)
    soa = Node(after[APEX]).rrset(APEX, RRType.SOA)
    assert soa.rdatas[0][-20:-16] == (7).to_bytes(4, "big")
    for key in after.keys() - {APEX}:
        old, new = Node(before[key]).rrsets(APEX), Node(after[key]).rrsets(APEX)
        assert [(r.type, r.ttl, r.rdatas) for r in old] == [(r.type, r.ttl, r.rdatas) for r in new]
    again = zone.resign(now, 8)
    assert again.made == 1, "the SOA with its serial"


def test_with_all_due_all_is_signed_again(zone):
    now = NOW + 30 * 86400
    zone.resign(now, 2)
    assert zone.first() > now


def test_a_run_that_ends_between_is_gone_on_with(zone, monkeypatch):
    now, amend, calls = NOW + 30 * 86400, zone.store.amend, []

    def end(amended):
        calls.append(1)
        if len(calls) == 3:
            raise StoreError("full")
        amend(amended)

    with monkeypatch.context() as patch:
        patch.setattr(zone.store, "amend", end)
        with pytest.raises(StoreError):
            zone.resign(now, 2)
    assert zone.first() < now
    total = sum(1 for octets in zone.held().values() for _ in signature_times(octets))
    signer = zone.resign(now, 2)
    assert signer.made <= total - 2000, "two transactions of a thousand nodes are done"
    assert zone.first() > now
