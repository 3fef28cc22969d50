"""An Internet as people keep it: zones below a root, in all the ways that one meets.

Nobody attacks. What is unusual is what mistakes, age and size make: servers whose
names lie in other zones, without glue, lame, dead, slow or older than EDNS; parents
that know other servers than the zone itself; chains of aliases through content
networks; answers that need TCP; names of many labels; servers that deny empty
non-terminals or keep silent about types they do not know.

Where no other share is said, shares are rounder and larger than those measured on
the Internet: every kind is to be asked often.
"""

from dataclasses import dataclass, field

from dnsd.lab.authority import Authority, Manners, Sent
from dnsd.lab.internet import Internet, Route
from dnsd.lab.zone import rrsets_from_text, zone
from dnsd.resolver.delegation import Delegation
from dnsd.wire import names
from dnsd.wire.message import parse_query

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, HTTPS = 1, 2, 5, 6, 12, 15, 16, 28, 65
NOERROR, NXDOMAIN = 0, 3

# Kind of a zone → how many of 100 are of it.
KINDS = {
    "glue": 18, "hosted": 33, "hosted by several": 10, "sibling": 5, "sibling of a sibling": 3,
    "lame": 5, "dead": 5, "without EDNS": 3, "EDNS is an error": 2, "13 servers": 2,
    "large": 3, "wildcard": 3, "denies empty names": 2, "drops types": 1, "renumbered": 2,
    "server that is not": 2, "slow": 1,
}  # fmt: skip
# Links of the chain at a zone's www, none for an address, and how often.
CHAINS = (0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6)
TLDS = ("test", "example", "invalid")
HOSTERS = 24
NETWORKS = 8  # of content
REVERSE = "8.b.d.0.1.0.0.2.ip6.arpa"
UNKNOWN_TYPES = {AAAA, HTTPS}


class DeniesEmptyNames:
    """A server that says NXDOMAIN to a name that only has names below it (RFC 8020 §1)."""

    def __init__(self, authority):
        self.authority = authority

    def receive(self, query, transport, now):
        return [Sent(self._denied(query, octets), delay_s)
                for octets, delay_s in self.authority.receive(query, transport, now)]  # fmt: skip

    def _denied(self, query, octets):
        asked = parse_query(query)
        found = self.authority.zones.closest(None, asked.qname)
        is_empty = found is not None and found.nodes.get(asked.qname) is None
        if is_empty and asked.qname in found.nodes.existing:
            return octets[:3] + bytes((octets[3] & 0xF0 | NXDOMAIN,)) + octets[4:]
        return octets


class DropsTypes:
    """A load balancer that says nothing to types it does not know."""

    def __init__(self, authority):
        self.authority = authority

    def receive(self, query, transport, now):
        if parse_query(query).qtype in UNKNOWN_TYPES:
            return ()
        return self.authority.receive(query, transport, now)


@dataclass
class Site:
    """A zone in the making.

    Attributes:
        origin: text, no dot at the end.
        kind: one of KINDS, or what the infrastructure is.
        lines: its records.
        servers: names of its servers.
        addresses: where it is served.
        manners: of its servers.
        wrap: what its servers are made into.
    """

    origin: str
    kind: str = "glue"
    lines: list = field(default_factory=list)
    servers: list = field(default_factory=list)
    addresses: list = field(default_factory=list)
    manners: Manners = field(default_factory=Manners)
    wrap: object = None

    @property
    def parent(self):
        return self.origin.partition(".")[2]


@dataclass
class Ordinary:
    """An ordinary Internet, and what one asks there.

    Attributes:
        internet: who stands where.
        hints: the root's servers.
        sites: zones that people ask for, the most popular first.
        questions: of each of them: list of (name, type, rcode), and their weights;
            the rcode is what its owner would say, ``None`` where nobody will say.
    """

    internet: Internet
    hints: Delegation
    sites: list
    questions: list


class Maker:
    """Makes one."""

    def __init__(self, rng, zones):
        self.rng = rng
        self.count = zones
        self.internet = Internet(rng.random)
        self.internet.route = Route(delay_s=0.02, jitter_s=0.01, loss=0.001)
        self.sites = {}
        self.served = {}  # address → sites
        self.number = 0
        self.reverse_names = []

    def address(self):
        """Return a free address of 198.18.0.0/15, where nobody lives (RFC 6890 §2.2.2)."""
        self.number += 1
        packed = bytes((198, 18 + (self.number >> 16), self.number >> 8 & 0xFF, self.number & 0xFF))
        delay_s = self.rng.choice((0.003, 0.008, 0.015, 0.015, 0.03, 0.03, 0.06, 0.12))
        self.internet.routes[packed] = Route(delay_s=delay_s, jitter_s=delay_s / 2, loss=0.001)
        return packed

    def site(self, origin, kind="glue"):
        made = self.sites[origin] = Site(origin, kind)
        return made

    def serve(self, site, server, address, *, is_listed=True, glue=True):
        """Have a server, whose address record stands in the zone of its name."""
        if is_listed:
            site.servers.append(server)
        self.served.setdefault(address, []).append(site)
        site.addresses.append(address)
        record = f"{server}. 86400 A {text(address)}"
        if glue and server.endswith(f".{site.origin}"):
            site.lines.append(record)
            if site.origin:
                self.sites[site.parent].lines.append(record)

    def own_servers(self, site, count, *, ipv6=False):
        for number in range(count):
            server = f"ns{number + 1}.{site.origin}"
            self.serve(site, server, self.address())
            if ipv6:
                record = f"{server}. 86400 AAAA 2001:db8::{number + 1}"
                site.lines.append(record)
                self.sites[site.parent].lines.append(record)

    def infrastructure(self):
        """Make the root, its top-level zones, those of hosters and content networks."""
        root = self.site("", "root")
        root.lines += [f"{letter}.roots. 86400 AAAA 2001:db8::{letter}" for letter in "abcdef"]
        hints = {}
        for letter in "abcdefghijklm":
            packed = self.address()
            root.servers.append(f"{letter}.roots")
            root.lines.append(f"{letter}.roots. 86400 A {text(packed)}")
            self.served[packed] = [root]
            hints[names.from_text(f"{letter}.roots.")] = (packed,)
        for tld in TLDS:
            self.own_servers(self.site(tld, "registry"), 13 if tld != "invalid" else 4, ipv6=True)
        self.own_servers(self.site("arpa", "registry"), 6)
        for tld in ("test", "example"):
            self.own_servers(self.site(f"co.{tld}", "registry"), 4)
        for number in range(HOSTERS):
            tld = TLDS[number % 3]
            self.own_servers(self.site(f"host{number}.{tld}", "hoster"), self.rng.choice((2, 3, 4)))
        for number in range(NETWORKS):
            for stem in ("cdn", "edge", "balance"):
                site = self.site(f"{stem}{number}.{self.rng.choice(TLDS)}", stem)
                self.own_servers(site, self.rng.choice((2, 4, 6)))
        self.reverse()
        return hints

    def reverse(self):
        """Make a zone of IPv6 addresses, names of 34 labels (RFC 3596 §2.5)."""
        self.sites["ip6.arpa"] = above = Site("ip6.arpa", "registry")
        self.own_servers(above, 6)
        site = Site(REVERSE, "reverse")
        site.servers.append(self.hoster().servers[0])
        self.host(site, self.hoster(), 2)
        above.lines += [f"{REVERSE}. 86400 NS {server}." for server in site.servers]
        for number in range(200):
            labels = ".".join(f"{number:024x}"[::-1])
            site.lines.append(f"{labels}.{REVERSE}. 3600 PTR h{number}.host1.example.")
            self.reverse_names.append(f"{labels}.{REVERSE}")
        self.sites[REVERSE] = site

    def hoster(self):
        return self.sites[self.rng.choice([x for x in self.sites if x.startswith("host")])]

    def host(self, site, hoster, count):
        """Have a zone served by somebody else, under the names of his servers."""
        pairs = [(s, a) for s, a in zip(hoster.servers, hoster.addresses, strict=False)]
        for server, address in pairs[:count]:
            if server not in site.servers:
                site.servers.append(server)
            self.served[address].append(site)
            site.addresses.append(address)

    # -- zones of people ------------------------------------------------------

    def zone_of(self, number, kind):
        tld = self.rng.choice((*TLDS, "test", "example", "co.test", "co.example"))
        site = self.site(f"z{number}.{tld}", kind)
        make = getattr(self, "_" + kind.replace(" ", "_").replace("13", "thirteen"), None)
        (make or self._glue)(site)
        self.fill(site)
        return site

    def _glue(self, site):
        self.own_servers(site, self.rng.choice((2, 2, 2, 3, 4)))

    def _hosted(self, site):
        self.host(site, self.hoster(), self.rng.choice((2, 2, 4)))

    def _hosted_by_several(self, site):
        """Four servers in as many zones, none below the same parent as all others."""
        for _ in range(4):
            self.host(site, self.hoster(), 1)

    def _sibling(self, site):
        """Servers named in another customer's zone, of which the parent has no address."""
        others = [x for x in self.sites.values() if x.kind in ("glue", "hosted")]
        self.named_in(site, self.rng.choice(others) if others else self.hoster())

    def _sibling_of_a_sibling(self, site):
        others = [x for x in self.sites.values() if x.kind == "sibling"]
        if others:
            self.named_in(site, self.rng.choice(others))
        else:
            self._sibling(site)

    def named_in(self, site, other):
        for number in range(2):
            server, packed = (
                f"ns{number}-{site.origin.partition('.')[0]}.{other.origin}",
                self.address(),
            )
            other.lines.append(f"{server}. 86400 A {text(packed)}")
            self.serve(site, server, packed)

    def _lame(self, site):
        self.own_servers(site, 2)
        server, packed = f"ns9.{site.origin}", self.address()
        self.serve(site, server, packed)
        self.served[packed].remove(site)

    def _dead(self, site):
        self.own_servers(site, 2)
        del self.served[site.addresses[1]]

    def _without_EDNS(self, site):  # noqa: N802 - the kind's name
        self.own_servers(site, 2)
        site.manners = Manners(edns=False, udp_octets=512)

    def _EDNS_is_an_error(self, site):  # noqa: N802 - the kind's name
        self.own_servers(site, 2)
        site.manners = Manners(edns=False, edns_is_error=True, udp_octets=512)

    def _thirteen_servers(self, site):
        self.own_servers(site, 13)

    def _denies_empty_names(self, site):
        self.own_servers(site, 2)
        site.wrap = DeniesEmptyNames

    def _drops_types(self, site):
        self.own_servers(site, 2)
        site.wrap = DropsTypes

    def _renumbered(self, site):
        """The parent still names two old servers, of which one does not exist any more."""
        self.own_servers(site, 2)
        old = site.addresses[0]
        del self.served[old]
        self.serve(site, f"new.{site.origin}", self.address(), is_listed=False, glue=False)
        site.lines.append(f"new.{site.origin}. 3600 A {text(site.addresses[-1])}")

    def _server_that_is_not(self, site):
        self.host(site, self.hoster(), 2)
        site.servers.insert(0, f"gone.{self.hoster().origin}")

    def _slow(self, site):
        self.own_servers(site, 2)
        for packed in site.addresses:
            self.internet.routes[packed] = Route(delay_s=self.rng.choice((0.2, 0.35)), loss=0.01)

    # -- what they hold -------------------------------------------------------

    def fill(self, site):
        rng, origin = self.rng, site.origin
        ttl = rng.choice((60, 300, 300, 3600, 14400))
        add = site.lines.append
        for owner in (origin, f"api.{origin}", f"mail.{origin}", f"a.b.c.d.{origin}"):
            for _ in range(rng.choice((1, 1, 1, 2, 4))):
                add(f"{owner}. {ttl} A 203.0.113.{rng.randrange(1, 250)}")
        add(f"{origin}. {ttl} AAAA 2001:db8::{rng.randrange(1, 250)}")
        add(f"{origin}. 3600 MX 10 mail.{origin}.")
        add(f'_dmarc.{origin}. 3600 TXT "v=DMARC1; p=none"')
        records = 30 if site.kind == "large" else rng.choice((1, 3, 6))
        for number in range(records):
            add(f"{origin}. 3600 TXT verification-{number:03}-{'x' * 80}")
        if site.kind == "wildcard":
            add(f"*.{origin}. {ttl} A 203.0.113.9")
        self.alias(site, ttl)

    def alias(self, site, ttl):
        """Give www an address, or lead it through zones of content networks."""
        rng, owner = self.rng, f"www.{site.origin}"
        links = rng.choice(CHAINS)
        stems = ("cdn", "edge", "balance")
        holder = site
        for link in range(links):
            number = rng.randrange(NETWORKS)
            host = next(x for x in self.sites.values()
                        if x.origin.startswith(f"{stems[link % 3]}{number}."))  # fmt: skip
            target = f"{site.origin.replace('.', '-')}-{link}.{host.origin}"
            holder.lines.append(f"{owner}. {ttl} CNAME {target}.")
            owner, holder, ttl = target, host, rng.choice((20, 60, 300))
        for number in range(rng.choice((1, 2, 4, 8))):
            holder.lines.append(f"{owner}. {ttl} A 203.0.113.{number + 1}")
        if rng.random() < 0.6:
            holder.lines.append(f"{owner}. {ttl} AAAA 2001:db8::1")

    def questions(self, site):
        """Return what is asked of a zone: name, type, rcode; and how often each."""
        origin = names.from_text(site.origin + ".")

        def at(*labels):
            return names.from_labels([label.encode() for label in labels], origin)

        www, mail = at("www"), at("mail")
        asked = [
            (www, A, NOERROR, 38), (www, AAAA, NOERROR, 18), (www, HTTPS, NOERROR, 8),
            (origin, A, NOERROR, 7), (origin, AAAA, NOERROR, 3), (origin, MX, NOERROR, 3),
            (origin, TXT, NOERROR, 8 if site.kind == "large" else 2), (origin, NS, NOERROR, 1),
            (origin, SOA, NOERROR, 1), (at("api"), A, NOERROR, 6), (mail, A, NOERROR, 2),
            (mail, AAAA, NOERROR, 1), (at("_dmarc"), TXT, NOERROR, 2),
            (at("a", "b", "c", "d"), A, NOERROR, 3),
        ]  # fmt: skip
        rcode = NOERROR if site.kind == "wildcard" else NXDOMAIN
        weight = 0.6 if site.kind == "wildcard" else 0.1
        asked += [(at(f"user{number}"), A, rcode, weight) for number in range(40)]
        if site.kind == "drops types":
            asked = [(n, t, None if t in UNKNOWN_TYPES else r, w) for n, t, r, w in asked]
        return [each[:3] for each in asked], [each[3] for each in asked]

    def world(self):
        hints = self.infrastructure()
        kinds, weights = list(KINDS), list(KINDS.values())
        drawn = self.rng.choices(kinds, weights, k=self.count)
        # The first ones need none of the others; each kind is there.
        order = sorted([*kinds, *drawn[len(kinds):]], key=lambda kind: "sibling" in kind)  # fmt: skip
        sites = [self.zone_of(number, kind) for number, kind in enumerate(order)]
        self.rng.shuffle(sites)
        self.delegate()
        questions = [self.questions(site) for site in sites]
        reverse = [(names.from_text(each + "."), PTR, NOERROR) for each in self.reverse_names]
        place = len(sites) // 20
        sites.insert(place, self.sites[REVERSE])
        questions.insert(place, (reverse, [1] * len(reverse)))
        first = Delegation(names.ROOT, tuple(hints), hints)
        return Ordinary(self.internet, first, sites, questions)

    def delegate(self):
        for site in self.sites.values():
            site.lines += [f"{site.origin}. 86400 NS {server}." for server in site.servers]
            if site.origin and site.kind != "reverse":
                parent = self.sites[site.parent]
                parent.lines += [f"{site.origin}. 86400 NS {server}." for server in site.servers]
        zones = {}
        for site in self.sites.values():
            origin = names.from_text(site.origin + ".")
            zones[site.origin] = zone(origin, rrsets_from_text(origin, "\n".join(site.lines)))
        for packed, served in self.served.items():
            manners = served[0].manners if served else Manners()
            authority = Authority([zones[site.origin] for site in served], manners)
            wrap = served[0].wrap if served else None
            self.internet.servers[packed] = wrap(authority) if wrap else authority


def text(packed):
    return ".".join(map(str, packed))


def ordinary(rng, zones=1000):
    """Make an ordinary Internet.

    Args:
        rng: has the methods of ``random.Random``.
        zones: that people have, hosters and networks not counted.
    """
    return Maker(rng, zones).world()
