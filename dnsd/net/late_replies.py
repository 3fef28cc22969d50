"""Replies to datagrams of earlier turns, sent together.

Name servers answer many queries in one turn of the reactor, and each answer is a
reply to somebody. These go out in one system call: when `SLOTS` wait, else when all
answers of the turn were read. A reply that has another cause goes out at once.
"""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Final

from dnsd.net.mmsg import IP_PKTINFO, DatagramVectors
from dnsd.observe import metrics

if TYPE_CHECKING:
    from dnsd.net.gathering import Gathering
    from dnsd.query.request import Request

#: Replies sent by one system call.
SLOTS: Final = 32

_IPV4: Final = int(socket.AF_INET)
_SOCKADDR_IN: Final = struct.Struct("=H2s4s")
_SOCKADDR_IN6: Final = struct.Struct("=H2s4x16sI")
# ``struct cmsghdr`` with its only content: in_pktinfo, in6_pktinfo.
_CONTROL_IPV4: Final = struct.Struct("=QII4x4s4x")
_CONTROL_IPV6: Final = struct.Struct("=QII16s4x")
_IPV4_HEADER: Final = (28, int(socket.IPPROTO_IP), IP_PKTINFO)
_IPV6_HEADER: Final = (36, int(socket.IPPROTO_IPV6), int(socket.IPV6_PKTINFO))


class LateReplies:
    """Sends from one listening socket."""

    def __init__(
        self, gathering: Gathering, sock: socket.socket, row: memoryview, octets: int
    ) -> None:
        """Prepare the buffers.

        Args:
            gathering: of the readers whose reading leads to replies.
            sock: bound, non-blocking.
            row: counters of this process.
            octets: of the largest reply.
        """
        self._gathering = gathering
        self._row = row
        self._vectors = DatagramVectors(sock, SLOTS, octets)
        self._is_ipv4 = sock.family == _IPV4
        self._family = int(sock.family)
        self._full_sends = 0
        self._waiting = 0

    def add(self, request: Request, reply: bytes) -> None:
        """Send a reply soon.

        Args:
            request: to whom, and from which of our addresses.
            reply: one octet or more.
        """
        i, vectors = self._waiting, self._vectors
        port = request.client_port.to_bytes(2, "big")
        if self._is_ipv4:
            _SOCKADDR_IN.pack_into(vectors.names, i * 32, _IPV4, port, request.client)
        else:
            _SOCKADDR_IN6.pack_into(
                vectors.names, i * 32, self._family, port, request.client, request.scope
            )
        if vectors.learns_local_address and request.local is not None:
            self._leave_from(i, request.local)
        start = i * vectors.send_octets
        vectors.outbox[start : start + len(reply)] = reply
        vectors.to_send[i * 2 + 1] = len(reply)
        self._waiting = i + 1
        if self._waiting == SLOTS or not self._gathering.is_open:
            self.flush()
        elif not i:
            self._gathering.at_close(self.flush)

    def flush(self) -> None:
        """Send what waits; what cannot be sent at once is lost and counted."""
        count, self._waiting = self._waiting, 0
        if not count:
            return
        vectors = self._vectors
        lost = vectors.send(0, count)
        if lost:
            is_full = vectors.full_sends != self._full_sends
            self._full_sends = vectors.full_sends
            self._row[_LOST_TO_BUFFER if is_full else _LOST] += lost
            self._row[_SEND_BUFFER] += is_full

    def _leave_from(self, i: int, local: bytes) -> None:
        """Let a reply leave from the address that was asked (RFC 2181 §4.1)."""
        control = self._vectors.control
        if self._is_ipv4:
            _CONTROL_IPV4.pack_into(control, i * 64, *_IPV4_HEADER, local)
        else:
            _CONTROL_IPV6.pack_into(control, i * 64, *_IPV6_HEADER, local)


_SEND_BUFFER = metrics.limit_slot("send_buffer")
_LOST_TO_BUFFER = metrics.drop_slot("send_buffer")
_LOST = metrics.drop_slot("send_failed")
