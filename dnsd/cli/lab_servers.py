"""Servers of the simulated Internet on real sockets: loopback addresses, one port."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from dnsd.resolver.commands import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dnsd.cli.lab_world import Place

    # Told of every query: where it came, how, and its octets.
    Seen = Callable[[Place, Transport, bytes], None]

_IDLE_S = 10.0


async def serve(places: Iterable[Place], port: int, seen: Seen) -> AsyncExitStack:
    """Put servers on their addresses; closing the result takes them away.

    Args:
        places: the servers.
        port: of all of them.
        seen: told of every query.

    Raises:
        OSError: an address and port cannot be had.
    """
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        for place in places:
            transport, _ = await loop.create_datagram_endpoint(
                lambda place=place: _Datagrams(place, seen),  # type: ignore[misc]
                local_addr=(place.address, port),
            )
            stack.callback(transport.close)
            stack.push_async_callback(_Streams(place, port, seen).end)
        return stack.pop_all()
    raise AssertionError("the stack is handed on")


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, place: Place, seen: Seen) -> None:
        self._place = place
        self._seen = seen
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        loop = asyncio.get_running_loop()
        self._seen(self._place, Transport.UDP, data)
        for octets, delay_s in self._place.server.receive(data, Transport.UDP, loop.time()):
            if octets:
                loop.call_later(delay_s, self._send, octets, addr)

    def _send(self, octets: bytes, address: tuple[str, int]) -> None:
        if not self._transport.is_closing():
            self._transport.sendto(octets, address)


class _Streams:
    """Answers over TCP; every connection has ended when ``end`` has."""

    def __init__(self, place: Place, port: int, seen: Seen) -> None:
        self._place = place
        self._seen = seen
        self._loop = asyncio.get_running_loop()
        self._connections: set[asyncio.Task[None]] = set()
        family = socket.AF_INET6 if ":" in place.address else socket.AF_INET
        self._listener = socket.create_server((place.address, port), family=family)
        self._listener.settimeout(0)
        self._loop.add_reader(self._listener, self._accept)

    async def end(self) -> None:
        """Take no more connections and end all there are."""
        self._loop.remove_reader(self._listener)
        self._listener.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self) -> None:
        try:
            opened, _ = self._listener.accept()
        except OSError:
            return  # whoever wanted to come has gone again
        opened.settimeout(0)
        task = self._loop.create_task(self._answer(opened))
        self._connections.add(task)
        # A task that is cancelled early runs no line of its own.
        task.add_done_callback(lambda _: opened.close())
        task.add_done_callback(self._connections.discard)

    async def _answer(self, opened: socket.socket) -> None:
        """Answer messages one after another until the client goes or is silent."""
        with contextlib.suppress(TimeoutError, OSError):
            while True:
                async with asyncio.timeout(_IDLE_S):
                    size = int.from_bytes(await self._read(opened, 2), "big")
                    query = await self._read(opened, size)
                self._seen(self._place, Transport.TCP, query)
                now = self._loop.time()
                for octets, delay_s in self._place.server.receive(query, Transport.TCP, now):
                    await asyncio.sleep(delay_s)
                    if not octets:
                        return
                    message = len(octets).to_bytes(2, "big") + octets
                    await self._loop.sock_sendall(opened, message)

    async def _read(self, opened: socket.socket, size: int) -> bytes:
        """Read exactly so many octets; OSError if the client goes before."""
        octets = bytearray()
        while len(octets) < size:
            piece = await self._loop.sock_recv(opened, size - len(octets))
            if not piece:
                raise ConnectionError("the client has gone")
            octets += piece
        return bytes(octets)
