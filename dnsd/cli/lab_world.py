"""The small Internet that ``dnsd lab`` shows: who stands at which address.

A root, two top-level domains, and domains below them: one in order, one that leads
into it, one that is slow, one whose servers know nothing of it, one whose server is
gone, and one whose server lies. Addresses are in 127.53.0.0/16.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from dnsd.lab import forgeries
from dnsd.lab.authority import Authority, Sent
from dnsd.lab.hostile import Aim, Hostile
from dnsd.lab.zone import zone_from_text
from dnsd.wire import names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnsd.lab.authority import Server
    from dnsd.resolver.commands import Transport

RESOLVER: Final = "127.53.53.53"
RESOLVER_TLS: Final = "127.53.53.55"
RESOLVER_HTTPS: Final = "127.53.53.56"
METRICS: Final = "127.53.53.54"
_SLOW_S: Final = 0.3

ROOT_HINTS: Final = """\
. 3600000 NS a.root.test.
. 3600000 NS b.root.test.
a.root.test. 3600000 A 127.53.0.1
b.root.test. 3600000 A 127.53.0.2
"""

_ROOT: Final = """
@ 86400 SOA a.root.test. hostmaster.root.test. 1 1800 900 604800 300
@ 86400 NS a.root.test.
@ 86400 NS b.root.test.
a.root.test. 86400 A 127.53.0.1
b.root.test. 86400 A 127.53.0.2
test. 86400 NS ns.test.
ns.test. 86400 A 127.53.1.1
example. 86400 NS ns.example.
ns.example. 86400 A 127.53.2.1
"""

_REVERSE: Final = """
@ 3600 SOA a.root.test. hostmaster.root.test. 1 1800 900 604800 300
@ 3600 NS a.root.test.
80 3600 PTR web.shop.test.
81 3600 PTR blog.example.
"""

_TEST: Final = """
@ 3600 SOA ns.test. hostmaster.test. 1 1800 900 604800 300
@ 3600 NS ns.test.
ns 3600 A 127.53.1.1
a.root 3600 A 127.53.0.1
b.root 3600 A 127.53.0.2
shop 3600 NS ns1.shop
shop 3600 NS ns2.shop
ns1.shop 3600 A 127.53.10.1
ns2.shop 3600 A 127.53.10.2
slow 3600 NS ns.slow
ns.slow 3600 A 127.53.12.1
lame 3600 NS ns.lame
ns.lame 3600 A 127.53.13.1
gone 3600 NS ns.gone
ns.gone 3600 A 127.53.14.1
evil 3600 NS ns.evil
ns.evil 3600 A 127.53.66.1
"""

_EXAMPLE: Final = """
@ 3600 SOA ns.example. hostmaster.example. 1 1800 900 604800 300
@ 3600 NS ns.example.
ns 3600 A 127.53.2.1
blog 3600 NS ns1.shop.test.
"""

_SHOP: Final = f"""
@ 300 SOA ns1 hostmaster 1 1800 900 604800 60
@ 300 NS ns1
@ 300 NS ns2
ns1 300 A 127.53.10.1
ns2 300 A 127.53.10.2
@ 300 MX 10 mail
mail 300 A 192.0.2.25
www 300 CNAME web
web 300 A 192.0.2.80
web 300 AAAA 2001:db8::80
big 300 TXT {" ".join(['"' + "x" * 250 + '"'] * 8)}
"""

_BLOG: Final = """
@ 300 SOA ns1.shop.test. hostmaster 1 1800 900 604800 60
@ 300 NS ns1.shop.test.
@ 300 A 192.0.2.81
www 300 CNAME www.shop.test.
"""

_SLOW: Final = """
@ 60 SOA ns hostmaster 1 1800 900 604800 60
@ 60 NS ns
ns 60 A 127.53.12.1
www 60 A 192.0.2.82
"""

_EVIL: Final = """
@ 60 SOA ns hostmaster 1 1800 900 604800 60
@ 60 NS ns
ns 60 A 127.53.66.1
www 60 A 192.0.2.66
inside 60 A 192.168.1.1
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


def places() -> tuple[Place, ...]:
    """Make the servers. At 127.53.14.1, where ``gone.test.`` leads, nobody stands."""
    root = Authority(
        [zone_from_text(".", _ROOT), zone_from_text("2.0.192.in-addr.arpa.", _REVERSE)]
    )
    shop = Authority([zone_from_text("shop.test.", _SHOP), zone_from_text("blog.example.", _BLOG)])
    return (
        Place("127.53.0.1", "the root", root),
        Place("127.53.0.2", "the root", root),
        Place("127.53.1.1", "test.", Authority([zone_from_text("test.", _TEST)])),
        Place("127.53.2.1", "example.", Authority([zone_from_text("example.", _EXAMPLE)])),
        Place("127.53.10.1", "shop.test. and blog.example.", shop),
        Place("127.53.10.2", "shop.test. and blog.example.", shop),
        Place("127.53.12.1", "slow.test., which takes its time",
              _Slow(Authority([zone_from_text("slow.test.", _SLOW)]))),
        Place("127.53.13.1", "nothing, although lame.test. leads here", Authority([])),
        Place("127.53.66.1", "evil.test., which lies about shop.test. and test.", _liar()),
    )  # fmt: skip


def _liar() -> Hostile:
    """Make a server that says with every answer that others' names are its own."""
    victims = [names.from_text(text) for text in ("shop.test.", "test.")]
    server = names.from_text("ns.evil.test.")
    aim = Aim(names.from_text("evil.test."), (server,), (ip_address("127.53.66.1").packed,))
    lies = [forgeries.claim_zone(aim, victim) for victim in victims]
    lies.append(forgeries.claim_address(aim, names.from_text("web.shop.test.")))
    return Hostile([zone_from_text("evil.test.", _EVIL)], lies)
