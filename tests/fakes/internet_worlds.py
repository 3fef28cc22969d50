"""Whole small Internets, made by a seed: honest zones, and one server that lies.

``generate`` draws a world from any source of numbers with the methods of
``random.Random``, so a seed gives it fast and hypothesis can shrink it. What a name
truly has, ``World.honest`` finds by the slow reference, which shares no code with
the servers. A zone is *tainted* when its resolution depends on the liar by right: it
lies in the liar's subtree, or one of its servers has a name there.
"""

from dataclasses import dataclass, field

from fakes import reference

from dnsd.lab import exhaustion, forgeries
from dnsd.lab.authority import Authority, Manners, Sent
from dnsd.lab.hostile import Aim, Hostile, sometimes
from dnsd.lab.internet import Internet, Route
from dnsd.lab.zone import zone
from dnsd.resolver.delegation import Delegation
from dnsd.wire import names
from dnsd.wire.iana import Rcode, rrtype_to_text
from dnsd.wire.rrset import RRset

A, NS, CNAME, SOA, MX, TXT, AAAA, DNAME, DS, HTTPS = 1, 2, 5, 6, 15, 16, 28, 39, 43, 65
TYPES = (A, A, A, A, AAAA, MX, TXT, NS, SOA, CNAME, DS, DNAME, HTTPS)
TLDS = ("test", "example", "invalid")
LABELS = ("alfa", "bank", "city", "dorm", "east", "farm", "golf", "hill", "isle")
SOA_NUMBERS = b"".join(number.to_bytes(4, "big") for number in (1, 3600, 900, 604800, 60))
TTLS = (1, 60, 300, 300, 3600, 86400)
MAX_DEPTH = 3  # of zones whose servers have names in other zones


def name(*labels, under=names.ROOT):
    return names.from_labels([label.encode() for label in labels], under)


def labels_of(octets):
    return tuple(names.to_labels(octets))


@dataclass
class Draft:
    """A zone in the making.

    Attributes:
        origin: its apex.
        parent: the draft of the zone above; None for the root.
        servers: names of its servers.
        addresses: of its servers.
        depth: how many zones without glue stand before an answer.
        tainted: the liar has a say in it by right.
        found: (owner, type) → RRset.
    """

    origin: bytes
    parent: "Draft | None"
    servers: list = field(default_factory=list)
    addresses: list = field(default_factory=list)
    depth: int = 0
    tainted: bool = False
    found: dict = field(default_factory=dict)

    def add(self, owner, rrtype, *rdatas, ttl=300):
        rrset = self.found.setdefault((owner, rrtype), RRset(owner, rrtype, ttl, ()))
        rrset.rdatas += tuple(rdata for rdata in rdatas if rdata not in rrset.rdatas)

    def has(self, owner):
        return any(each == owner for each, _ in self.found)


@dataclass
class World:
    """A small Internet and what is true in it.

    Attributes:
        internet: who stands where.
        hints: the root's servers.
        drafts: all honest zones, the root first.
        hostile: apex of the liar's subtree.
        hostile_addresses: where the liar listens.
        hostile_server: the liar.
        questions: (name, type) to ask, in this order.
        calm: nothing is lost and nobody throws datagrams in.
        configured: sometimes the liar's subtree, as a forward or a stub zone.
    """

    internet: Internet
    hints: Delegation
    drafts: list
    hostile: bytes
    hostile_addresses: set
    hostile_server: Hostile
    questions: list
    calm: bool
    configured: dict
    _reference: dict | None = None

    def is_honest_name(self, owner):
        """Tell whether the liar has no say about a name."""
        return not names.is_subdomain(owner, self.hostile) and not self.zone_of(owner).tainted

    def zone_of(self, owner):
        """Return the draft of the honest zone that a name lies in."""
        above = [draft for draft in self.drafts if names.is_subdomain(owner, draft.origin)]
        return max(above, key=lambda draft: len(draft.origin))

    def reference(self):
        """Return the untainted zones as the reference wants them."""
        if self._reference is None:
            self._reference = {
                labels_of(draft.origin): as_reference(draft.found.values())
                for draft in self.drafts
                if not draft.tainted
            }
        return self._reference

    def honest(self, owner, rrtype):
        """Return what is true: rcode, RRsets of the answer, and whether that is all.

        An RRset is (owner, type, values); the answer ends where the liar has a say.
        """
        reply = reference.respond(self.reference(), labels_of(owner), rrtype_to_text(rrtype))
        complete = not any(rrset[1] == "NS" for rrset in reply["authority"])
        answer = [plain(*rrset) for rrset in reply["answer"]]
        return int(Rcode[reply["rcode"]]), answer, complete


def plain(owner, rrtype, _ttl, values):
    return owner, rrtype, frozenset(values)


def as_plain(rrset):
    """Bring an RRset of ours into the form of ``World.honest``."""
    rrtype, values = as_values(rrset)
    return labels_of(rrset.owner), rrtype, frozenset(values)


def as_reference(rrsets):
    found = {}
    for rrset in rrsets:
        rrtype, values = as_values(rrset)
        found.setdefault(labels_of(rrset.owner), {})[rrtype] = (rrset.ttl, values)
    return found


def as_values(rrset):
    rrtype = rrset.type
    # Names may come with the letter case of a question that they were compressed by.
    if rrtype in (NS, CNAME, DNAME):
        values = [labels_of(rdata.lower()) for rdata in rrset.rdatas]
    elif rrtype == MX:
        values = [(rdata[:2], labels_of(rdata[2:].lower())) for rdata in rrset.rdatas]
    elif rrtype == SOA:
        values = [int.from_bytes(rdata[-4:], "big") for rdata in rrset.rdatas]
    else:
        values = list(rrset.rdatas)
    return rrtype_to_text(rrtype), values


class Maker:
    """Draws one world."""

    def __init__(self, rng):
        self.rng = rng
        self.drafts = []
        self.servers = {}  # address → (drafts it serves, manners)
        self.numbers = iter(range(1, 250))
        self.internet = Internet(rng.random)
        self.hostile_names = []
        self.hostile = b""

    def address(self):
        return bytes((192, 0, 2, next(self.numbers)))

    def share(self, share):
        return self.rng.random() < share

    def serve(self, draft, server, address):
        """Have a server answer for a zone."""
        self.servers.setdefault(address, ([], self.manners()))[0].append(draft)
        draft.servers.append(server)
        draft.addresses.append(address)

    def manners(self):
        if self.share(0.8):
            return Manners()
        edns = self.share(0.6)
        return Manners(
            edns=edns, edns_is_error=self.share(0.5), cookies=self.share(0.5),
            udp_octets=1232 if edns else 512,
        )  # fmt: skip

    def root(self):
        draft = Draft(names.ROOT, None)
        for number in range(self.rng.randint(1, 3)):
            server, address = name(f"ns{number}", "roots"), self.address()
            draft.add(server, A, address, ttl=86400)
            self.serve(draft, server, address)
        self.drafts.append(draft)
        return draft

    def delegated(self, origin, parent):
        """Draw a zone and its servers."""
        draft = Draft(origin, parent, tainted=parent.tainted)
        for number in range(self.rng.choice((1, 1, 2, 2, 3))):
            self.server_for(draft, number)
        if self.share(0.1):  # a server that knows nothing of the zone
            server = name("lame", under=draft.origin)
            address = self.address()
            self.servers.setdefault(address, ([], Manners()))
            self.glue(draft, server, address)
            draft.servers.append(server)
        self.drafts.append(draft)
        return draft

    def server_for(self, draft, number):
        """Draw the name and the address of one server of a zone."""
        kind = self.rng.choice(("inside", "inside", "parent", "elsewhere", "hostile"))
        label = f"ns{number}"
        if kind == "elsewhere":
            hosts = [each for each in self.drafts if each.parent and each.depth < MAX_DEPTH]
            if hosts:
                host = self.rng.choice(hosts)
                draft.depth = max(draft.depth, host.depth + 1)
                draft.tainted |= host.tainted
                self.outside(draft, host, label)
                return
        if kind == "parent" and draft.parent.parent is not None:
            self.outside(draft, draft.parent, label)
            return
        if kind == "hostile" and draft.parent.parent is not None and self.share(0.3):
            draft.tainted = True
            draft.servers.append(name(label, under=self.hostile))
            return
        server = name(label, under=draft.origin)
        address = self.shared_address(draft)
        self.glue(draft, server, address)
        self.serve(draft, server, address)

    def outside(self, draft, host, label):
        """Name a server in another zone; an address record of it stands there."""
        server = name(f"{label}-{len(self.drafts)}", under=host.origin)
        address = self.shared_address(draft)
        if (server, A) not in host.found:
            host.add(server, A, address)
            self.serve(draft, server, address)

    def shared_address(self, draft):
        """Draw an address: sometimes that of a server of another zone."""
        others = [a for each in self.drafts[1:] for a in each.addresses if a not in draft.addresses]
        return self.rng.choice(others) if others and self.share(0.15) else self.address()

    def glue(self, draft, server, address):
        draft.add(server, A, address)
        for above in (draft.parent,):
            above.add(server, A, address)

    def fill(self, draft):
        """Draw what a zone holds beside its servers, and delegate it."""
        if draft.parent is not None:
            draft.parent.add(draft.origin, NS, *draft.servers, ttl=self.rng.choice(TTLS))
        draft.add(draft.origin, NS, *draft.servers, ttl=3600)
        draft.add(draft.origin, SOA, draft.origin + draft.origin + SOA_NUMBERS)
        if draft.parent is None:
            return
        www = name("www", under=draft.origin)
        for rrtype, size in ((A, 4), (AAAA, 16), (TXT, 8)):
            for owner in (www, draft.origin, name("a", "b", "c", under=draft.origin)):
                if self.share(0.5):
                    self.data(draft, owner, rrtype, size)
        self.data(draft, www, A, 4)
        if self.share(0.5):
            self.data(draft, name("*", "wild", under=draft.origin), A, 4)
        if self.share(0.2):
            self.data(draft, name("*", under=draft.origin), TXT, 8)
        if self.share(0.4):
            draft.add(draft.origin, MX, b"\x00\x0a" + www)

    def data(self, draft, owner, rrtype, size):
        count = self.rng.choice((1, 1, 2, 3))
        rdatas = [b"\xc6\x33\x64" + bytes((self.rng.randrange(1, 250),)) for _ in range(count)]
        if rrtype == AAAA:
            rdatas = [b"\x20\x01\x0d\xb8" + bytes(8) + rdata for rdata in rdatas]
        elif rrtype == TXT:
            rdatas = [b"\x07genuine"] if size == 8 else rdatas
        draft.add(owner, rrtype, *rdatas, ttl=self.rng.choice(TTLS))

    def aliases(self, draft):
        """Draw aliases from this zone to names anywhere."""
        if draft.parent is None:
            return
        targets = [name("www", under=each.origin) for each in self.drafts[1:]]
        targets += [name("none", under=draft.origin), name("alias", under=draft.origin)]
        targets += self.hostile_names
        for label in ("alias", "other"):
            if self.share(0.5):
                owner = name(label, under=draft.origin)
                if not draft.has(owner):
                    draft.add(owner, CNAME, self.rng.choice(targets), ttl=self.rng.choice(TTLS))
        if self.share(0.3):
            owner = name("moved", under=draft.origin)
            stems = [each.origin for each in self.drafts[1:]] + [self.hostile]
            draft.add(owner, DNAME, self.rng.choice(stems))

    def world(self):
        """Draw everything."""
        rng = self.rng
        root = self.root()
        tlds = [name(label) for label in rng.sample(TLDS, rng.randint(2, 3))]
        labels = rng.sample(LABELS, rng.randint(3, 8))
        # Sometimes the liar sits below an ordinary zone rather than a top-level one.
        is_deep = self.share(0.3)
        above = name(labels[0], under=tlds[0]) if is_deep else tlds[0]
        self.hostile = name("evil", under=above)
        for tld in tlds:
            self.delegated(tld, root)
        for number, label in enumerate(labels):
            parents = self.drafts[1:] if self.share(0.3) else self.drafts[1 : 1 + len(tlds)]
            parent = self.drafts[1] if is_deep and not number else rng.choice(parents)
            self.delegated(name(label, under=parent.origin), parent)
        own_parent = self.drafts[1 + len(tlds)] if is_deep else self.drafts[1]
        self.hostile_names = [name("www", under=self.hostile), name("x", "y", under=self.hostile)]
        for draft in self.drafts:
            self.fill(draft)
        for draft in self.drafts:
            self.aliases(draft)
        hostile, aim = self.liar(own_parent)
        for address, (drafts, manners) in self.servers.items():
            served = [zone(each.origin, each.found.values()) for each in drafts]
            self.internet.servers[address] = Authority(served, manners)
        calm = self.weather()
        hints = Delegation(
            names.ROOT, tuple(root.servers),
            {s: (a,) for s, a in zip(root.servers, root.addresses, strict=True)},
        )  # fmt: skip
        return World(
            self.internet, hints, self.drafts, self.hostile, set(aim.addresses), hostile,
            self.questions(), calm, self.configured(aim),
        )  # fmt: skip

    def configured(self, aim):
        """Draw whether the operator sends questions for the liar's subtree to it."""
        if self.share(0.8):
            return {}
        is_forward = self.share(0.5)
        addresses = {aim.servers[0]: aim.addresses}
        return {
            aim.own: Delegation(
                aim.own, aim.servers[:1], addresses, forward=is_forward, stub=not is_forward
            )
        }

    def liar(self, parent):
        """Draw the server that lies, and delegate its subtree to it."""
        rng = self.rng
        servers = tuple(name(f"ns{n}", under=self.hostile) for n in range(rng.randint(1, 2)))
        addresses = tuple(bytes((203, 0, 113, 66 + n)) for n in range(len(servers)))
        aim = Aim(self.hostile, servers, addresses, rng.choice((60, 86400, 2**31 - 1)))
        parent.add(self.hostile, NS, *servers, ttl=rng.choice(TTLS))
        own = [RRset(self.hostile, NS, 300, servers)]
        for server, address in zip(servers, addresses, strict=True):
            parent.add(server, A, address)
            own.append(RRset(server, A, 300, (address,)))
        victims = self.victims()
        own.append(RRset(name("www", under=self.hostile), A, 300, addresses))
        for number, victim in enumerate(victims[:3]):
            owner = name(f"to{number}", under=self.hostile)
            own.append(RRset(owner, CNAME, 300, (victim,)))
        count = rng.randint(1, 4)
        forges = [
            sometimes(rng.choice((0.2, 0.5, 1.0)), rng.random, arm(rng, aim, victims))
            for _ in range(count)
        ]
        hostile = Hostile([zone(self.hostile, own)], forges)
        for address in addresses:
            self.internet.servers[address] = hostile
        return hostile, aim

    def victims(self):
        """Draw names of others to lie about."""
        found = [names.ROOT, *(each.origin for each in self.drafts[1:])]
        found += [server for each in self.drafts for server in each.servers[:1]]
        found += [name("www", under=each.origin) for each in self.drafts[1:]]
        return self.rng.sample(found, min(6, len(found)))

    def weather(self):
        """Draw loss and datagrams of others; tell whether there is neither."""
        rng = self.rng
        if self.share(0.6):
            return True
        if self.share(0.5):
            self.internet.route = Route(
                jitter_s=rng.choice((0.0, 0.1)), loss=rng.choice((0.0, 0.1, 0.3)),
                duplicates=rng.choice((0.0, 0.5)),
            )  # fmt: skip
        else:
            victims = [name("www", under=each.origin) for each in self.drafts[1:]]
            self.internet.bystanders.append(Thrower(rng, rng.choice(victims)))
        return False

    def questions(self):
        """Draw what is asked: first the liar's names, then those of others."""
        rng = self.rng
        own = [
            self.hostile, name("www", under=self.hostile), name("to0", under=self.hostile),
            name("to1", under=self.hostile), name("x", "y", "z", under=self.hostile),
        ]  # fmt: skip
        asked = [(rng.choice(own), rng.choice(TYPES)) for _ in range(rng.randint(1, 3))]
        for _ in range(rng.randint(3, 6)):
            draft = rng.choice(self.drafts)
            labels = rng.choice(
                ((), ("www",), ("www",), ("alias",), ("other",), ("none",), ("x", "wild"),
                 ("b", "c"), ("a", "b", "c"), ("www", "moved"), ("y", "www"))
            )  # fmt: skip
            asked.append((name(*labels, under=draft.origin), rng.choice(TYPES)))
        if self.share(0.5):  # the liar's turn is not always first
            rng.shuffle(asked)
        return asked


class Thrower:
    """Somebody off the path who throws forged replies at the port of every query.

    It knows the question, and nothing of the ID.
    """

    def __init__(self, rng, victim):
        self.rng = rng
        self.victim = victim
        self.aim = Aim(victim, (victim,), (b"\xcb\x00\x71\x63",))
        self.forged = Hostile([], [forgeries.answer_anything(self.aim)])

    def throw(self, packet):
        if self.rng.random() < 0.7:
            return ()
        guess = (self.rng.randrange(65536)).to_bytes(2, "big") + packet.query[2:].lower()
        delay_s = self.rng.choice((0.001, 0.015, 0.3))
        return [
            Sent(octets, delay_s) for octets, _ in self.forged.receive(guess, packet.transport, 0)
        ]


def arm(rng, aim, victims):
    """Draw one forgery."""
    victim = rng.choice(victims)
    own = aim.own
    below = name("sub", under=own)
    section = rng.choice(("answer", "authority", "additional"))
    makers = (
        lambda: forgeries.claim_zone(aim, victim, section),
        lambda: forgeries.claim_servers(aim, own, tuple(victims[:3])),
        lambda: forgeries.claim_servers(aim, victim, aim.servers),
        lambda: forgeries.claim_address(aim, victim, section),
        lambda: forgeries.claim_mail_server(aim, victim, section),
        lambda: forgeries.alias_to(aim, victim),
        lambda: forgeries.redirect(aim, own, names.parent(own)),
        lambda: forgeries.redirect(aim, names.parent(own), own),
        lambda: forgeries.redirect(aim, names.ROOT, own),
        lambda: forgeries.add_redirection(aim, victim, own),
        lambda: forgeries.deny(aim, victim, rng.choice((0, 3))),
        lambda: forgeries.deny(aim, names.parent(own), 3),
        lambda: forgeries.refer(aim, victim),
        lambda: forgeries.refer(aim, names.parent(own)),
        lambda: forgeries.refer(aim, own),
        lambda: forgeries.refer(aim, below),
        lambda: forgeries.refer_to(aim, below, tuple(victims[:4]), glue=True),
        lambda: forgeries.refer_to(aim, victim, tuple(victims[:4]), glue=True),
        lambda: forgeries.answer_anything(aim),
        lambda: forgeries.change_class(aim, victim),
        lambda: forgeries.live_on(aim, 604800),
        lambda: exhaustion.refer_to_many(aim, rng.choice((5, 135, 1500)), victim),
        lambda: exhaustion.refer_each_to_other(aim, below, own),
        lambda: exhaustion.refer_deeper(aim),
        lambda: exhaustion.chain_on(aim, rng.choice((1, 5, 20))),
        lambda: exhaustion.many_records(rng.choice((101, 4000))),
        exhaustion.truncate,
        exhaustion.demand_cookie,
        lambda: exhaustion.fail(rng.choice((1, 2, 3, 4, 5, 6, 16))),
        lambda: exhaustion.fail_bare(rng.choice((1, 2, 4))),
        lambda: exhaustion.change_question(victim),
        exhaustion.lower_question,
        exhaustion.change_id,
        lambda: exhaustion.garbage(rng.randbytes, keep_header=rng.random() < 0.5),
        lambda: exhaustion.wait(rng.choice((0.3, 2.0, 30.0))),
        exhaustion.keep_silent,
        exhaustion.hang_up,
    )
    return rng.choice(makers)()


def generate(rng):
    """Draw a world.

    Args:
        rng: has the methods of ``random.Random``.
    """
    return Maker(rng).world()
