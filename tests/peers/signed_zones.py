"""Small signed zones of every shape, drawn by a seed, to be spoilt and then judged by validators.

A case is a zone below ``test.`` with a signed zone and an unsigned one below it. The
signatures are ours; who judges them is somebody else's concern.
"""

from __future__ import annotations

import functools
import struct
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dnsd.dnssec import canonical, nsec3_chain, nsec_chain, signing
from dnsd.dnssec.keys import key_tag
from dnsd.dnssec.nsec3_chain import Nsec3Policy
from dnsd.dnssec.nsec3_hash import Parameters
from dnsd.dnssec.zone_names import authoritative_names
from dnsd.lab.zone import rrsets_from_text, zone
from dnsd.wire import names
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.wire.message import Message

A, NS, CNAME, SOA, MX, TXT, DNAME, DS, NSEC, DNSKEY, NSEC3, NSEC3PARAM = (
    1, 2, 5, 6, 15, 16, 39, 43, 47, 48, 50, 51,
)  # fmt: skip
N = names.from_text
TTL = 3600
DAY = 86400
ALGORITHMS = (8, 10, 13, 14, 15, 16)
POLICIES = {
    "nsec": None,
    "nsec3": Nsec3Policy(),
    "salted": Nsec3Policy(Parameters(5, b"salt")),
    "opt-out": Nsec3Policy(opt_out=True),
}
NOW = int(time.time())
VALIDITY = signing.Validity(NOW - 5 * DAY, NOW + 20 * DAY)


@functools.cache
def key_of(algorithm, number):
    """One of a few key pairs of an algorithm; RSA ones take long to make."""
    return signing.make_key(algorithm, is_entry_point=number % 2 == 0)


@dataclass
class Zone:
    """A signed zone, before it is served; whatever is in it may be changed.

    Attributes:
        origin: apex, in canonical form.
        algorithm: of its keys.
        policy: of its NSEC3 chain; ``None`` for NSEC.
        rrsets: by owner and type, with their signatures.
        entry: key that the DS is made of; signs the DNSKEY RRset.
        signer: signs all else; may be the same.
        ds: DS rdata for the zone above.
        tamper: changes a reply, given the name that was asked for; ``None`` for nothing.
        spoilt: types of the RRsets that a fault picked.
    """

    origin: bytes
    algorithm: int
    policy: Nsec3Policy | None
    rrsets: dict[tuple[bytes, int], RRset]
    entry: signing.SigningKey
    signer: signing.SigningKey
    ds: list[bytes] = field(default_factory=list)
    tamper: Callable[[bytes, Message], None] | None = None
    spoilt: list[int] = field(default_factory=list)

    @property
    def same_tag(self):
        """How many keys have the tag of the one that signs."""
        tags = [key_tag(rdata) for rdata in self.rrsets[self.origin, DNSKEY].rdatas]
        return tags.count(self.signer.key.tag)

    def chain(self):
        """Make the NSEC or NSEC3 records of what is in the zone."""
        for place in [each for each in self.rrsets if each[1] in (NSEC, NSEC3)]:
            del self.rrsets[place]
        contents = {}
        for owner, rrtype in self.rrsets:
            contents.setdefault(owner, set()).add(rrtype)
        listed = authoritative_names(self.origin, contents.items())
        made = nsec3_chain.chain(listed, self.policy) if self.policy else nsec_chain.chain(listed)
        rrtype = NSEC3 if self.policy else NSEC
        for owner, rdata in made:
            self.rrsets[owner, rrtype] = RRset(owner, rrtype, 60, (rdata,))

    def signed(self):
        """The RRsets that have signatures."""
        contents = {}
        for owner, rrtype in self.rrsets:
            if rrtype != NSEC3:
                contents.setdefault(owner, set()).add(rrtype)
        own = {each.name: each for each in authoritative_names(self.origin, contents.items())}
        found = []
        for (owner, rrtype), rrset in self.rrsets.items():
            here = own.get(owner)
            in_zone = here is not None and not (here.is_cut and rrtype not in (DS, NSEC))
            if in_zone or rrtype == NSEC3:
                found.append(rrset)
        return found

    def sign(self, rrset, *keys, **fields):
        """Give an RRset its signature, or one by each key, with any fields in it."""
        usual = self.entry if rrset.type == DNSKEY else self.signer
        rrset.signatures = tuple(
            signature(rrset, key, self.origin, **fields) for key in keys or (usual,)
        )

    def sign_all(self, **fields):
        """Sign everything anew."""
        for rrset in self.signed():
            self.sign(rrset, **fields)

    def remake(self, policy):
        """Deny in another way."""
        self.policy = policy
        place = (self.origin, NSEC3PARAM)
        rdata = nsec3_chain.param_rdata(policy.parameters)
        self.rrsets[place] = RRset(self.origin, NSEC3PARAM, 0, (rdata,))
        self.chain()
        self.sign_all()

    def served(self):
        """The zone as servers of the lab have it."""
        return zone(self.origin, list(self.rrsets.values()))


def signature(rrset, key, zone_name, **fields):
    """Make RRSIG rdata with any fields; what is signed is what they say."""
    given = {
        "type_covered": rrset.type,
        "algorithm": key.key.algorithm,
        "labels": canonical.owner_labels(rrset.owner),
        "original_ttl": rrset.ttl,
        "expiration": VALIDITY.expiration,
        "inception": VALIDITY.inception,
        "key_tag": key.key.tag,
        "signer": zone_name,
    } | fields
    *numbers, signer = given.values()
    prefix = struct.pack("!HBBIIIH", *numbers) + signer
    owner = rrset.owner
    if given["labels"] < canonical.owner_labels(owner):
        owner = canonical.signed_owner(owner, given["labels"])
    rdatas = canonical.sorted_rdatas(rrset)
    return prefix + key._signature(canonical.signed_octets(prefix, owner, rrset, rdatas))


def make(origin, text, algorithm, policy, children=()):
    """Make and sign a zone.

    Args:
        origin: as text.
        text: its lines, the SOA and the NS of the apex too.
        algorithm: of its keys.
        policy: of its NSEC3 chain; ``None`` for NSEC.
        children: signed zones below it.
    """
    apex = N(origin)
    is_pair = policy is not None  # as often as not; NSEC zones have one key
    entry, signer = key_of(algorithm, 0), key_of(algorithm, 1 if is_pair else 0)
    rrsets = {(rrset.owner, rrset.type): rrset for rrset in rrsets_from_text(apex, text)}
    made = Zone(apex, algorithm, policy, rrsets, entry, signer)
    keys = dict.fromkeys((entry.dnskey, signer.dnskey))
    rrsets[apex, DNSKEY] = RRset(apex, DNSKEY, TTL, tuple(keys))
    for child in children:
        if child.ds:
            rrsets[child.origin, DS] = RRset(child.origin, DS, TTL, tuple(child.ds))
    if policy is not None:
        rdata = nsec3_chain.param_rdata(policy.parameters)
        rrsets[apex, NSEC3PARAM] = RRset(apex, NSEC3PARAM, 0, (rdata,))
    made.chain()
    made.sign_all()
    made.ds = [entry.ds(apex)]
    return made


SOA_LINE = f"@ {TTL} SOA ns hostmaster 1 7200 3600 1209600 60\n"
ALWAYS = (
    "www {ttl} A 192.0.2.80\nwww {ttl} A 192.0.2.81\n@ {ttl} MX 10 Mail\nmail {ttl} A 192.0.2.25\n"
)
SOMETIMES = (
    ('*.wild {ttl} TXT "any"\n', (("x.wild", TXT), ("x.wild", MX), ("y.x.wild", TXT), ("*.wild", TXT), ("wild", A))),
    ("host.ent {ttl} A 192.0.2.1\n", (("ent", A), ("x.ent", A), ("host.ent", A))),
    ("alias {ttl} CNAME www\n", (("alias", A), ("alias", CNAME), ("alias", TXT))),
    ("lost {ttl} CNAME nothing.here\n", (("lost", A),)),
    ("*.walias {ttl} CNAME www\n", (("x.walias", A), ("x.walias", CNAME))),
    ("tree {ttl} DNAME branch\nx.branch {ttl} A 192.0.2.2\n", (("x.tree", A), ("tree", DNAME), ("y.tree", A), ("tree", A))),
    ('a.*.w {ttl} TXT "below"\n', (("x.w", A), ("*.w", A))),
    ('t {ttl} TXT "only"\nu {ttl} AAAA 2001:db8::1\n', (("t", TXT), ("t", A), ("u", TXT))),
    ("srv {ttl} SRV 0 0 53 Mail\n", (("srv", 33), ("srv", A))),
)  # fmt: skip
USUAL = (("www", A), ("www", TXT), ("nope", A), ("a.b.nope", MX), ("@", SOA), ("@", DNSKEY), ("@", TXT), ("@", MX))  # fmt: skip
BELOW = (("child", DS), ("child", A), ("plain", DS), ("plain", NS))


@dataclass
class Case:
    """One zone with those below it.

    Attributes:
        origin: of the zone, as text.
        parent: that zone.
        child: the signed one below it.
        plain: lines of the unsigned one.
        fault: name of what was spoilt, and in which zone.
        questions: name as text, and type.
    """

    origin: str
    parent: Zone
    child: Zone
    plain: str
    fault: str = ""
    questions: list[tuple[str, int]] = field(default_factory=list)

    @property
    def spoilt(self):
        """The zone that has the fault."""
        return self.parent if self.fault.startswith("parent") else self.child


def lines_of(draw, address):
    """Draw the lines of a zone; those, and what to ask of it."""
    ttl = draw.choice((60, 300, 3600))
    text = SOA_LINE + f"@ {TTL} NS ns\nns {TTL} A {address}\n" + ALWAYS.format(ttl=ttl)
    asked = list(USUAL)
    for lines, questions in SOMETIMES:
        if draw.random() < 0.5:
            text += lines.format(ttl=ttl)
            asked += questions
    if draw.random() < 0.1:
        text += f'* {ttl} TXT "everything"\n'
        asked.append(("anything", TXT))
    return text, asked


def draw_case(draw, number, addresses, spoil):
    """Draw one case.

    Args:
        draw: a ``random.Random``.
        number: of the case, which makes its name.
        addresses: of the servers of the parent, the child and the unsigned zone.
        spoil: called with draw, a zone and whether it is the parent once that is made,
            returns the name of the fault.
    """
    origin = f"n{number}.test."
    is_parent = draw.random() < 0.6
    text, below = lines_of(draw, addresses[1])
    child = make(f"child.{origin}", text, draw.choice(ALGORITHMS), POLICIES[draw.choice(list(POLICIES))])  # fmt: skip
    fault = "" if is_parent else "child: " + spoil(draw, child)
    text, asked = lines_of(draw, addresses[0])
    text += f"child {TTL} NS ns.child\nns.child {TTL} A {addresses[1]}\n"
    text += f"plain {TTL} NS ns.plain\nns.plain {TTL} A {addresses[2]}\n"
    text += f"only.unsigned {TTL} NS ns.plain\nout {TTL} CNAME www.plain\n"
    parent = make(origin, text, draw.choice(ALGORITHMS), POLICIES[draw.choice(list(POLICIES))], [child])  # fmt: skip
    if is_parent:
        fault = "parent: " + spoil(draw, parent)
    plain = f"{SOA_LINE}@ NS ns\nns A {addresses[2]}\nwww A 192.0.2.90\n"
    asked += [*BELOW, ("unsigned", A), ("out", A), ("www.plain", A), ("nope.plain", A)]
    asked += [(f"{name}.child".removeprefix("@."), rrtype) for name, rrtype in below]
    return Case(origin, parent, child, plain, fault, asked)
