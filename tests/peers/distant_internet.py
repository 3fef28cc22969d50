"""A small Internet on a host of its own: far away, and it loses datagrams.

The name servers are those of ``dnsd lab``, on port 53 of documentation addresses of
both families.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading

from dnsd.cli.lab_servers import serve
from dnsd.cli.lab_world import Place
from dnsd.lab.authority import Authority, Sent
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.commands import Transport

DELAY_S = 0.02
#: One datagram of so many is lost, in either direction.
LOST_OF = 7

ROOT_HINTS = """
. 3600000 NS a.root.example.
a.root.example. 3600000 A 198.51.100.1
a.root.example. 3600000 AAAA 2001:db8:1::1
"""

# Addresses of each server; 198.51.100.6 stands nowhere: six.example. has IPv6 only.
PLACES = {
    "root": ("198.51.100.1", "2001:db8:1::1"),
    "example": ("198.51.100.2", "2001:db8:1::2"),
    "shop": ("198.51.100.3", "2001:db8:1::3"),
    "six": ("2001:db8:1::6", "2001:db8:1::7"),
    "long": ("198.51.100.8", "2001:db8:1::8"),
}

ZONES = {
    "root": (".", """
@ 86400 SOA a.root.example. hostmaster.example. 1 1800 900 604800 300
@ 86400 NS a.root.example.
a.root.example. 86400 A 198.51.100.1
a.root.example. 86400 AAAA 2001:db8:1::1
example. 86400 NS ns.example.
ns.example. 86400 A 198.51.100.2
ns.example. 86400 AAAA 2001:db8:1::2
"""),
    "example": ("example.", """
@ 3600 SOA ns hostmaster 1 1800 900 604800 300
@ 3600 NS ns
ns 3600 A 198.51.100.2
ns 3600 AAAA 2001:db8:1::2
a.root 86400 A 198.51.100.1
a.root 86400 AAAA 2001:db8:1::1
shop 3600 NS ns.shop
ns.shop 3600 A 198.51.100.3
ns.shop 3600 AAAA 2001:db8:1::3
six 3600 NS ns1.six
six 3600 NS ns2.six
ns1.six 3600 AAAA 2001:db8:1::6
ns2.six 3600 AAAA 2001:db8:1::7
gone 3600 NS ns.gone
ns.gone 3600 A 198.51.100.9
long 3600 NS ns.long
ns.long 3600 A 198.51.100.8
ns.long 3600 AAAA 2001:db8:1::8
"""),
    "shop": ("shop.example.", f"""
@ 300 SOA ns hostmaster 1 1800 900 604800 60
@ 300 NS ns
ns 300 A 198.51.100.3
ns 300 AAAA 2001:db8:1::3
www 300 CNAME web
web 300 A 203.0.113.80
web 300 AAAA 2001:db8:80::80
inside 300 A 192.168.53.2
inside 300 AAAA fd00:53::2
mixed 300 A 192.168.53.2
mixed 300 A 203.0.113.81
big 300 TXT {" ".join(['"' + "x" * 250 + '"'] * 8)}
*.many 300 A 203.0.113.82
"""),
    "six": ("six.example.", """
@ 300 SOA ns1 hostmaster 1 1800 900 604800 60
@ 300 NS ns1
@ 300 NS ns2
ns1 300 AAAA 2001:db8:1::6
ns2 300 AAAA 2001:db8:1::7
www 300 A 203.0.113.86
www 300 AAAA 2001:db8:80::86
"""),
    "long": ("long.example.", f"""
@ 300 SOA ns hostmaster 1 1800 900 604800 60
@ 300 NS ns
ns 300 A 198.51.100.8
ns 300 AAAA 2001:db8:1::8
www 300 TXT {" ".join(['"' + "y" * 250 + '"'] * 6)}
"""),
}  # fmt: skip


class Overlong(Authority):
    """An authority that does not care how much a resolver can take in a datagram."""

    def reply(self, octets, transport=Transport.UDP):
        """Put everything into one datagram, which then goes in fragments."""
        return super().reply(octets, Transport.TCP)


class Far:
    """A server at the end of a long and bad way.

    Attributes:
        queries: (transport, octets) of those that arrived.
        lost: datagrams that did not arrive, in both directions.
    """

    def __init__(self, server):
        self.server = server
        self.queries = []
        self.lost = 0
        self._datagrams = 0

    def receive(self, query, transport, now):
        """Answer as the server does, later or never."""
        if transport is Transport.UDP and self._is_lost():
            return ()
        self.queries.append((transport, query))
        return [
            Sent(octets, delay_s + 2 * DELAY_S)
            for octets, delay_s in self.server.receive(query, transport, now)
            if transport is not Transport.UDP or not self._is_lost()
        ]

    def _is_lost(self):
        self._datagrams += 1
        lost = self._datagrams % LOST_OF == 0
        self.lost += lost
        return lost


class DistantInternet:
    """All of it, running in a thread.

    Attributes:
        servers: by name, as in ``PLACES``.
    """

    def __init__(self, host):
        self.host = host
        self.servers = {
            name: Far((Overlong if name == "long" else Authority)([zone_from_text(*ZONES[name])]))
            for name in PLACES
        }
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._thread.start()
        if not self._is_up.wait(30):
            raise RuntimeError("no Internet")
        return self

    def __exit__(self, *_):
        with contextlib.suppress(RuntimeError):  # it ended by itself
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def lost(self):
        """Datagrams that were lost so far."""
        return sum(server.lost for server in self.servers.values())

    def _run(self):
        with self.host.entered():
            asyncio.run(self._serve())

    async def _serve(self):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        places = [
            Place(address, name, self.servers[name])
            for name, addresses in PLACES.items()
            for address in addresses
        ]
        async with await serve(places, 53, lambda *_: None):
            self._is_up.set()
            await self._stop.wait()
