"""The small Internet that ``dnsd lab`` shows: who stands at which address.

A root, two top-level domains, and domains below them: one in order, one that leads
into it, one that is slow, one whose servers know nothing of it, one whose server is
gone, and one whose server lies. Addresses are in 127.53.0.0/16.

The root, the top-level domains and those in order are signed. Below ``bogus.test.``
is one domain for each way not to be believed, below ``insecure.test.`` one for each
that is believed without being proved, and what dnsd serves is signed by dnsd.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from dnsd.cli import lab_zones
from dnsd.dnssec.digests import from_wire
from dnsd.lab import bogus, forgeries
from dnsd.lab.authority import Authority, Sent
from dnsd.lab.hostile import Aim, Hostile
from dnsd.lab.signed import signed_zone
from dnsd.lab.zone import zone, zone_from_text
from dnsd.wire import names
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dnsd.lab.authority import Server
    from dnsd.lab.bogus import Odd
    from dnsd.lab.signed import SignedZone
    from dnsd.resolver.commands import Transport

RESOLVER: Final = "127.53.53.53"
RESOLVER_TLS: Final = "127.53.53.55"
RESOLVER_HTTPS: Final = "127.53.53.56"
METRICS: Final = "127.53.53.54"
_SLOW_S: Final = 0.3
_NS: Final = int(RRType.NS)
_NSEC: Final = int(RRType.NSEC)

ROOT_HINTS: Final = """\
. 3600000 NS a.root.test.
. 3600000 NS b.root.test.
a.root.test. 3600000 A 127.53.0.1
b.root.test. 3600000 A 127.53.0.2
"""


@dataclass(frozen=True, slots=True)
class Place:
    """One server.

    Attributes:
        address: as text.
        what: it is, in a few words.
        server: that stands there.
    """

    address: str
    what: str
    server: Server


class _Slow:
    """A server that takes its time."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def receive(self, query: bytes, transport: Transport, now: float) -> Sequence[Sent]:
        """Answer as the server does, later."""
        sent = self._server.receive(query, transport, now)
        return [Sent(octets, delay_s + _SLOW_S) for octets, delay_s in sent]


class LabWorld:
    """The servers, and the keys of their zones.

    Attributes:
        places: the servers. At 127.53.14.1, where ``gone.test.`` leads, nobody stands.
        anchor: the trust anchor, as a line of a file of them.
    """

    def __init__(self, now: int) -> None:
        """Sign everything.

        Args:
            now: Unix seconds.
        """
        self._now = now
        self._signed: dict[bytes, SignedZone] = {}
        self._servers: dict[bytes, Authority] = {}
        root = self._authority((".", lab_zones.ROOT), ("2.0.192.in-addr.arpa.", lab_zones.REVERSE))
        test = self._authority(("test.", lab_zones.TEST))
        example = self._authority(("example.", lab_zones.EXAMPLE))
        shop = self._authority(("shop.test.", lab_zones.SHOP), ("blog.example.", lab_zones.BLOG))
        slow = self._authority(("slow.test.", lab_zones.SLOW))
        untrue = self._odd(self._authority(("bogus.test.", lab_zones.BOGUS)), bogus.BOGUS)
        insecure = self._odd(
            self._authority(("insecure.test.", lab_zones.INSECURE)), bogus.INSECURE
        )
        for child, signed in self._signed.items():
            if child != names.ROOT:
                self._above(child).delegate(child, signed.ds)
        for origin in self._signed:
            self._serve(origin)
        ds = from_wire(self._signed[names.ROOT].ds)
        assert ds is not None
        self.anchor = f". DS {ds.tag} {ds.algorithm} {ds.digest_type} {ds.digest.hex()}\n"
        self.places = (
            Place("127.53.0.1", "the root", root),
            Place("127.53.0.2", "the root", root),
            Place("127.53.1.1", "test.", test),
            Place("127.53.2.1", "example.", example),
            Place("127.53.10.1", "shop.test. and blog.example.", shop),
            Place("127.53.10.2", "shop.test. and blog.example.", shop),
            Place("127.53.12.1", "slow.test., which takes its time", _Slow(slow)),
            Place("127.53.13.1", "nothing, although lame.test. leads here", Authority([])),
            Place("127.53.20.1", "bogus.test., with all that must not be believed", untrue),
            Place("127.53.21.1", "insecure.test., with what is not proved", insecure),
            Place("127.53.66.1", "evil.test., which lies about shop.test. and test.", _liar()),
        )

    def delegate(self, child: bytes, ds: tuple[bytes, ...]) -> None:
        """Have the zone above publish DS records of one below.

        Args:
            child: in canonical form; a zone cut that is there already.
            ds: their rdata, in the place of what was there.
        """
        above = self._above(child)
        above.delegate(child, *ds)
        self._serve(above.origin)

    def _authority(self, *zones: tuple[str, str]) -> Authority:
        """Make a server of zones that are signed, before they are."""
        server = Authority([])
        for origin, text in zones:
            signed = signed_zone(origin, text, self._now)
            self._signed[signed.origin] = signed
            self._servers[signed.origin] = server
        return server

    def _odd(self, server: Authority, domains: Iterable[Odd]) -> Authority:
        """Put odd domains below the zone of a server, which serves them too."""
        (parent,) = (each for each, at in self._servers.items() if at is server)
        server_name = names.from_text("ns", parent)
        for odd in domains:
            child = names.from_text(odd.label, parent)
            made = odd.make(parent, f"@ NS {names.to_text(server_name)}\n@ A 192.0.2.90", self._now)
            server.zones.put(made.zone)
            self._signed[parent].rrsets.append(RRset(child, _NS, 300, (server_name,)))
            self._signed[parent].delegate(child, *made.ds)
        return server

    def _above(self, child: bytes) -> SignedZone:
        return next(
            self._signed[each]
            for each in names.ancestors(child, names.ROOT)
            if each in self._signed
        )

    def _serve(self, origin: bytes) -> None:
        """Sign a zone anew and serve that."""
        signed = self._signed[origin]
        unproved = names.from_text(bogus.DOWNGRADED, names.from_text("bogus.test."))
        rrsets = [each for each in signed.signed() if (each.owner, each.type) != (unproved, _NSEC)]
        self._servers[origin].zones.put(zone(origin, rrsets))


def _liar() -> Hostile:
    """Make a server that says with every answer that others' names are its own."""
    victims = [names.from_text(text) for text in ("shop.test.", "test.")]
    server = names.from_text("ns.evil.test.")
    aim = Aim(names.from_text("evil.test."), (server,), (ip_address("127.53.66.1").packed,))
    lies = [forgeries.claim_zone(aim, victim) for victim in victims]
    lies.append(forgeries.claim_address(aim, names.from_text("web.shop.test.")))
    return Hostile([zone_from_text("evil.test.", lab_zones.EVIL)], lies)
