"""The small Internet that resolvers are tried in: a root, two domains, zones with quirks.

Every zone below ``test.`` has an address of its own, ``127.X.N.1``; each resolver has
its own X, so that nobody sees what others ask. Each test asks about a zone that no
other asks about, where what is kept from earlier matters.
"""

from ipaddress import ip_address

from dnsd.lab import forgeries
from dnsd.lab.authority import Authority, Manners, Sent
from dnsd.lab.hostile import Aim, Hostile
from dnsd.lab.zone import zone_from_text
from dnsd.wire import names
from dnsd.wire.iana import OptionCode
from dnsd.wire.message import parse_query

LONG = "www TXT " + " ".join(['"' + "x" * 250 + '"'] * 8)
#: Records of each zone below ``test.``, beside its SOA, its NS and their address.
ZONES = {
    "plain": "www A 192.0.2.80\nalias CNAME www\nout CNAME www.other.test.\n@ MX 10 mail\n"
             "mail A 192.0.2.25\nloop1 CNAME loop2\nloop2 CNAME loop1",
    "other": "www A 192.0.2.81",
    "moving": "old DNAME new\nwww.new A 192.0.2.82\nstay A 192.0.2.83",
    "negative": "www A 192.0.2.80",
    "nodata": "www A 192.0.2.80",
    "brief": "@ 20 SOA ns host 1 3600 900 604800 7200\nwww A 192.0.2.80",
    "glued": "www A 192.0.2.80",
    "second": "www A 192.0.2.80",
    "old": "www A 192.0.2.80",
    "older": "www A 192.0.2.80",
    "long": LONG,
    "cookies": "a A 192.0.2.80\nb A 192.0.2.81\nc A 192.0.2.82",
    "picky": "a A 192.0.2.80\nb A 192.0.2.81",
    "forged": "www A 192.0.2.80",
    "lying": "www A 192.0.2.80\nother A 192.0.2.82",
    "victim": "www A 192.0.2.80",
    "ports": "\n".join(f"n{number} A 192.0.2.80" for number in range(30)),
    "empty": "a.b.c A 192.0.2.80",
    "private": "a.b.c.d TXT found",
    "stale": "www 1 A 192.0.2.80",
    "failing": "www A 192.0.2.80",
    "flags": "www A 192.0.2.80",
    "counted": "www 300 A 192.0.2.80",
    "cached": "www A 192.0.2.80",
}  # fmt: skip
NUMBER = {label: number for number, label in enumerate(ZONES, 1)}
GONE = ("gone", "vanished")


class Switched:
    """A server that can be told to fail: it answers SERVFAIL to everything then."""

    def __init__(self, server):
        self.server = server
        self.fails = False

    def receive(self, query, transport, now):
        if self.fails:
            question = query[: parse_query(query).question_end]
            return [Sent(question[:2] + b"\x84\x02" + question[4:6] + bytes(6) + question[12:])]
        return self.server.receive(query, transport, now)


class Guessed:
    """A server whose every datagram somebody else's comes before, with another ID."""

    def __init__(self, server, forged):
        self.server, self.forged = server, forged

    def receive(self, query, transport, now):
        sent = list(self.server.receive(query, transport, now))
        guess = self.forged.receive(query, transport, now)[0].octets
        wrong = bytes((guess[0] ^ 0x55,)) + guess[1:]
        return sent if transport else [Sent(wrong), *sent]


class Picky:
    """A server that wants its own cookie from who has none (RFC 7873 §5.2.3)."""

    def __init__(self, server):
        self.server = server

    def receive(self, query, transport, now):
        edns = parse_query(query).edns
        cookie = edns.option(int(OptionCode.COOKIE)) if edns is not None else None
        sent = list(self.server.receive(query, transport, now))
        if transport or cookie is None or len(cookie) > 8:
            return sent
        # BADCOOKIE is 23: 7 in the header, 1 above it in the OPT record, which is last.
        octets = bytearray(sent[0].octets)
        end = parse_query(query).question_end
        opt = octets.rindex(b"\0\0\x29")
        octets[3] = octets[3] & 0xF0 | 7
        octets[opt + 5] = 1
        octets[6:10] = bytes(4)
        return [Sent(bytes(octets[:end] + octets[opt:]))]


class Places:
    """Who stands where.

    Attributes:
        net: the first two octets of all addresses, as in ``127.54``.
        root: address of the root's server.
        test: address of the server of ``test.``
        servers: every server by its address.
    """

    def __init__(self, net):
        self.net = net
        self.root, self.test, self.example = (f"{net}.0.{number}" for number in (1, 2, 3))
        self.servers = self._top()
        for label in ZONES:
            self.servers[self.at(label)] = Authority([self.zone_of(label)])
        self._quirks()

    def at(self, label, server=1):
        """The address of a zone's server; nobody stands at those of zones unknown."""
        return f"{self.net}.{NUMBER.get(label, 250)}.{server}"

    def zone_of(self, label):
        """A zone below ``test.``, as it is served."""
        text = ZONES[label]
        more = "" if " SOA " in text else "@ 300 SOA ns host 1 3600 900 604800 60\n"
        # Glue is told from data: the zone itself has another address for its server.
        inside = "192.0.2.53" if label == "glued" else self.at(label)
        return zone_from_text(f"{label}.test.", f"{more}@ NS ns\nns A {inside}\n{text}")

    def _top(self):
        """The root, and the domains below it."""
        root = f"""@ 86400 SOA ns.root.example. host.root.example. 1 3600 900 604800 300
@ 86400 NS ns.root.example.
ns.root.example. 86400 A {self.root}
test. 86400 NS ns.test.
ns.test. 86400 A {self.test}
example. 86400 NS ns.example.
ns.example. 86400 A {self.example}"""
        test = f"@ 3600 SOA ns host 1 3600 900 604800 300\n@ NS ns\nns A {self.test}\n"
        for label in (*ZONES, *GONE):
            test += f"{label} NS ns.{label}\nns.{label} A {self.at(label)}\n"
        test += f"second NS ns2.second\nns2.second A {self.at('second', 2)}\n"
        example = f"@ NS ns\nns A {self.example}\nns.root A {self.root}\nwww A 192.0.2.90"
        return {
            self.root: Authority([zone_from_text(".", root)]),
            self.test: Authority([zone_from_text("test.", test)]),
            self.example: Authority([zone_from_text("example.", example)]),
        }

    def _quirks(self):
        """Replace servers that are not as they should be."""
        made = self.servers
        made[self.at("second", 2)] = made[self.at("second")]
        made[self.at("second")] = Authority([])
        for label, manners in (
            ("old", Manners(edns=False, edns_is_error=True)),
            ("older", Manners(edns=False)),
        ):
            made[self.at(label)] = Authority([self.zone_of(label)], manners)
        for label in ("stale", "failing"):
            made[self.at(label)] = Switched(made[self.at(label)])
        forged = zone_from_text("forged.test.", "@ NS ns\nwww A 192.0.2.66")
        made[self.at("forged")] = Guessed(made[self.at("forged")], Authority([forged]))
        made[self.at("picky")] = Picky(made[self.at("picky")])
        made[self.at("lying")] = self._liar()

    def _liar(self):
        """A server that says with every answer that another zone and its names are its own."""
        server, address = names.from_text("ns.lying.test."), ip_address(self.at("lying")).packed
        aim = Aim(names.from_text("lying.test."), (server,), (address,))
        lies = [
            forgeries.claim_zone(aim, names.from_text("victim.test.")),
            forgeries.claim_address(aim, names.from_text("www.victim.test.")),
        ]
        return Hostile([self.zone_of("lying")], lies)
