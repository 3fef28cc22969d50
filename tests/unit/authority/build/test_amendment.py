"""A version amended in place is the version that would have been built."""

import random

import pytest

from dnsd.authority.build.amendment import amend
from dnsd.authority.build.node_changes import FarReachingError, NodeChanges
from dnsd.authority.build.nodes import nodes
from dnsd.authority.build.signer import CHAIN, Signer, unsigned_rrsets
from dnsd.authority.build.sorted_zone import SortedZone
from dnsd.authority.node import Node
from dnsd.authority.signing_keys import ACTIVE, CSK, KeyRow
from dnsd.authority.store import open_store
from dnsd.authority.zone_row import ZoneRow
from dnsd.authority.zonefile.draft import Record
from dnsd.dnssec.policy import SigningPolicy
from dnsd.dnssec.signing import make_key
from dnsd.source.problems import Where
from dnsd.wire import names
from dnsd.wire.iana import RRType

NOW = 1772323200
KEY = make_key(15)
POLICIES = {
    "unsigned": None,
    "nsec": SigningPolicy(algorithm=15),
    "nsec3": SigningPolicy(algorithm=15, nsec3=True),
    "opt-out": SigningPolicy(algorithm=15, nsec3=True, opt_out=True),
}
LABELS = ("a", "b", "c", "\\255", "\\000", "x-y")
NAME_SERVER = names.from_text("ns.elsewhere.example.")


def apex_records(apex, serial):
    numbers = b"".join(n.to_bytes(4, "big") for n in (serial, 2, 3, 4, 60))
    for rrtype, rdata in (
        (RRType.SOA, NAME_SERVER * 2 + numbers), (RRType.NS, NAME_SERVER), (RRType.DNSKEY, KEY.dnskey),
    ):  # fmt: skip
        yield Record(apex, rrtype, 300, rdata, Where(""))


def random_owner(chance, apex):
    text = ".".join(chance.choice(LABELS) for _ in range(chance.randint(1, 4)))
    return names.from_text(text, apex)


def random_records(chance, owner):
    kind = chance.choice(("host", "host", "text", "cut", "secure", "both"))
    found = {
        "host": [(RRType.A, bytes((192, 0, 2, chance.randrange(256))))],
        "text": [(RRType.TXT, bytes((1, chance.randrange(97, 123))))],
        "cut": [(RRType.NS, NAME_SERVER)],
        "secure": [(RRType.NS, NAME_SERVER), (RRType.DS, bytes((0, 1, 13, 2)) + bytes(32))],
        "both": [(RRType.A, bytes(4)), (RRType.AAAA, bytes(15) + bytes((chance.randrange(9),)))],
    }[kind]
    return [Record(owner, rrtype, 300, rdata, Where("")) for rrtype, rdata in found]


class Zone:
    """A zone that is built anew, or amended, in one store."""

    def __init__(self, store, apex, policy):
        self.store, self.apex, self.policy = store, apex, policy
        row = KeyRow(apex, KEY.key.tag, 15, CSK, ACTIVE, NOW, KEY.dnskey)
        self.keys = [(row, KEY)]

    def signer(self):
        return Signer(self.apex, self.keys, self.policy, NOW) if self.policy else None

    def unsigned(self, content, serial):
        records = [each for owned in content.values() for each in owned]
        zone = SortedZone(self.apex, [*apex_records(self.apex, serial), *records])
        return list(nodes(zone, serial))

    def build(self, content, serial):
        made, signer = self.unsigned(content, serial), self.signer()
        hashes = signer.hashes(made, None) if signer else ()
        signed = signer.nodes(made, None) if signer else made
        version = self.store.build(self.apex, signed, hashes)
        self.store.publish({self.apex: ZoneRow(version, 1)})
        return version

    def held(self, version):
        with self.store.snapshot() as snapshot:
            found = snapshot.version(ZoneRow(version, 1), self.apex)
            return dict(found.scan()), dict(found.hashes(CHAIN))

    def amend(self, version, content, changed, serial):
        wanted = {}
        for name, octets in self.unsigned(content, serial):
            if name in changed or name == self.apex:
                wanted[name] = unsigned_rrsets(name, Node(octets))
        wanted |= {name: [] for name in changed if name not in wanted}
        with self.store.snapshot() as snapshot:
            changes = NodeChanges(snapshot.version(ZoneRow(version, 1), self.apex), wanted)
            signer = self.signer()
            amendment = amend(changes, signer)
        self.store.publish({self.apex: ZoneRow(version, 1)}, amendment.items(version, self.apex))
        return amendment, signer


@pytest.fixture
def store(tmp_path):
    found = open_store(tmp_path / "store", map_size=64 << 20)
    yield found
    found.close()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("apex", ["example.test.", "."])
def test_random_changes_give_what_building_gives(store, policy, apex):
    chance = random.Random(f"{policy} {apex}")
    zone = Zone(store, names.from_text(apex), POLICIES[policy])
    content, amended = {}, 0
    for _ in range(12):
        owner = random_owner(chance, zone.apex)
        content[owner] = random_records(chance, owner)
    version = zone.build(content, 1)
    for serial in range(2, 120):
        changed = set()
        for _ in range(chance.choice((1, 1, 2, 4))):
            owner = random_owner(chance, zone.apex)
            if content and chance.random() < 0.5:
                owner = chance.choice(sorted(content))
            changed.add(owner)
            if owner in content and chance.random() < 0.6:
                del content[owner]
            else:
                content[owner] = random_records(chance, owner)
        built = zone.build(content, serial)
        try:
            zone.amend(version, content, changed, serial)
        except FarReachingError:
            version = built
            continue
        amended += 1
        assert zone.held(version) == zone.held(built)
    assert amended > 50


def test_a_change_in_a_large_zone_makes_few_signatures(store):
    for policy in ("nsec", "nsec3"):
        zone = Zone(store, names.from_text("example.test."), POLICIES[policy])
        content = {}
        for number in range(1000):
            owner = names.from_text(f"h{number}", zone.apex)
            content[owner] = [Record(owner, RRType.A, 300, bytes(4), Where(""))]
        version = zone.build(content, 1)
        changed = names.from_text("h500", zone.apex)
        content[changed][0].rdata = bytes((1, 2, 3, 4))
        amendment, signer = zone.amend(version, content, {changed}, 2)
        assert signer.made == 2, "the changed RRset and the SOA"
        new = names.from_text("new", zone.apex)
        content[new] = [Record(new, RRType.A, 300, bytes(4), Where(""))]
        amendment, signer = zone.amend(version, content, {new}, 3)
        assert signer.made == 4, "the new RRset, its denial, the one before, and the SOA"
        assert len(amendment) <= 5
