"""Name servers on loopback addresses; whatever comes to them is seen."""

import asyncio
import threading
from dataclasses import dataclass

from dnsd.resolver.commands import Transport
from dnsd.wire import names
from dnsd.wire.message import parse_query

IDLE_S = 30


@dataclass(frozen=True)
class Seen:
    """One query as it came.

    Attributes:
        address: where, as text.
        transport: how.
        port: it came from.
        query: as it was read.
    """

    address: str
    transport: Transport
    port: int
    query: object

    @property
    def name(self):
        return names.to_text(self.query.qname)


class Loopback:
    """Servers of the lab on real sockets, run by a thread of their own."""

    def __init__(self, servers, port):
        """Prepare.

        Args:
            servers: by address, as text.
            port: of all of them.
        """
        self.servers = servers
        self.port = port
        self.seen = []
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(IDLE_S), "the servers did not start"
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()

    def about(self, zone, *, at=None):
        """What was asked about names in a zone, perhaps at one address only."""
        apex = names.from_text(zone)
        return [
            each
            for each in list(self.seen)
            if names.is_subdomain(each.query.qname, apex) and at in (None, each.address)
        ]

    def receive(self, address, octets, transport, port):
        """Note a query and return what is sent back."""
        self.seen.append(Seen(address, transport, port, parse_query(octets)))
        return [octets for octets, _ in self.servers[address].receive(octets, transport, 0.0)]

    def _run(self):
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self):
        opened, streams = [], []
        for address in self.servers:
            transport, _ = await self._loop.create_datagram_endpoint(
                lambda address=address: _Datagrams(self, address), local_addr=(address, self.port)
            )
            opened.append(transport)
            streams.append(await asyncio.start_server(self._answerer(address), address, self.port))
        self._ready.set()
        await self._ended.wait()
        for each in (*opened, *streams):
            each.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        # One turn for what is closed and cancelled to end.
        await asyncio.sleep(0)

    def _answerer(self, address):
        async def answer(reader, writer):
            port = writer.get_extra_info("peername")[1]
            try:
                while True:
                    size = int.from_bytes(await reader.readexactly(2), "big")
                    query = await reader.readexactly(size)
                    for octets in self.receive(address, query, Transport.TCP, port):
                        writer.write(len(octets).to_bytes(2, "big") + octets)
            except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                writer.close()

        return answer


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, owner, address):
        self.owner, self.address = owner, address

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        for octets in self.owner.receive(self.address, data, Transport.UDP, addr[1]):
            self.transport.sendto(octets, addr)
