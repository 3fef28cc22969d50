"""Many datagrams a system call: ``recvmmsg`` and ``sendmmsg`` on fixed buffers.

Everything the two calls need is laid out once, in anonymous mappings whose
slices are ``bytes``, so that a turn allocates nothing but the octets it looks
at. Entry *i* of the outgoing vector always points to the peer address (and,
on a wildcard socket, the local address) that entry *i* of the incoming vector
was filled with: a reply in slot *i* goes to whoever sent slot *i*.

Layout of ``struct mmsghdr`` on 64-bit Linux, 64 octets, offsets in octets::

     0 msg_name      8 msg_namelen(4)   16 msg_iov       24 msg_iovlen
    32 msg_control  40 msg_controllen   48 msg_flags(4)  56 msg_len(4)
"""

from __future__ import annotations

import ctypes
import mmap
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_libc = ctypes.CDLL(None, use_errno=True)

_HEADER = 64
_NAME = 32  # sockaddr_in6 is 28 octets
_CONTROL = 64  # one struct in6_pktinfo with its cmsghdr is 40 octets
_IOVEC = 16

MSG_DONTWAIT = int(socket.MSG_DONTWAIT)

# Receive slots are larger than any sensible query; a longer one arrives cut,
# which MSG_TRUNC in its flags tells.
RECEIVE_OCTETS = 4096


class DatagramVectors:
    """The buffers of one socket, and the two calls on them.

    Attributes:
        slots: datagrams a call.
        inbox: received octets, slot *i* at ``i * RECEIVE_OCTETS``.
        outbox: octets to send, slot *i* at ``i * send_octets``.
        send_octets: size of an outgoing slot.
        names: peer socket addresses, slot *i* at ``i * 32``.
        control: ancillary octets, slot *i* at ``i * 64``.
        received: native 32-bit view; ``received[i * 16 + 14]`` is the length
            of datagram *i*, ``received[i * 16 + 12]`` its flags.
        to_send: native 64-bit view; ``to_send[i * 2 + 1]`` is the length of
            outgoing slot *i*.
        learns_local_address: whether control slots are filled.
        full_sends: calls of :meth:`send` that ended at a full buffer.
    """

    def __init__(self, sock: socket.socket, slots: int, send_octets: int) -> None:
        self.slots = slots
        self.full_sends = 0
        self.send_octets = send_octets
        self._descriptor = ctypes.c_int(sock.fileno())
        self.inbox = mmap.mmap(-1, slots * RECEIVE_OCTETS)
        self.outbox = mmap.mmap(-1, slots * send_octets)
        self.names = mmap.mmap(-1, slots * _NAME)
        self.control = mmap.mmap(-1, slots * _CONTROL)
        incoming, outgoing = mmap.mmap(-1, slots * _HEADER), mmap.mmap(-1, slots * _HEADER)
        scatter, gather = mmap.mmap(-1, slots * _IOVEC), mmap.mmap(-1, slots * _IOVEC)
        self.received = memoryview(incoming).cast("I")
        self.to_send = memoryview(gather).cast("Q")
        self._incoming = _address(incoming)
        self._outgoing = _address(outgoing)
        # The kernel follows their addresses; Python would unmap them.
        self._kept = (incoming, outgoing, scatter, gather)
        name_octets = 16 if sock.family == socket.AF_INET else 28
        self.learns_local_address = _learns_local_address(sock)
        control_octets = _CONTROL if self.learns_local_address else 0
        _fill(incoming, scatter, self, (name_octets, control_octets), (self.inbox, RECEIVE_OCTETS))
        control_octets = _pktinfo_octets(sock) if control_octets else 0
        _fill(outgoing, gather, self, (name_octets, control_octets), (self.outbox, send_octets))

    def receive(self) -> int:
        """Fill the incoming slots; how many were filled, 0 for none or an error."""
        count: int = _libc.recvmmsg(
            self._descriptor, ctypes.c_void_p(self._incoming), self.slots, MSG_DONTWAIT, None
        )
        return max(count, 0)

    def send(self, start: int, end: int) -> int:
        """Send the outgoing slots ``start`` to ``end - 1``.

        Returns:
            How many could not be sent: a full buffer ends the call, for UDP
            loses replies rather than wait; a single bad address is skipped.
        """
        lost = 0
        while start < end:
            address = ctypes.c_void_p(self._outgoing + start * _HEADER)
            count = _libc.sendmmsg(self._descriptor, address, end - start, MSG_DONTWAIT)
            if count > 0:
                start += count
            elif ctypes.get_errno() in _FULL:
                self.full_sends += 1
                return lost + end - start
            else:
                lost += 1
                start += 1
        return lost


_FULL = frozenset((11, 105))  # EAGAIN, ENOBUFS


def _fill(
    vector: mmap.mmap,
    iovecs: mmap.mmap,
    shared: DatagramVectors,
    octets: tuple[int, int],
    buffer: tuple[mmap.mmap, int],
) -> None:
    """Write the pointers and sizes of every header of a vector."""
    headers, pieces = memoryview(vector).cast("Q"), memoryview(iovecs).cast("Q")
    names, control, iovec = _address(shared.names), _address(shared.control), _address(iovecs)
    name_octets, control_octets = octets
    area, size = buffer
    start = _address(area)
    for i in range(shared.slots):
        fields: Iterable[int] = (
            names + i * _NAME,
            name_octets,
            iovec + i * _IOVEC,
            1,
            control + i * _CONTROL if control_octets else 0,
            control_octets,
        )
        for j, value in enumerate(fields):
            headers[i * 8 + j] = value
        pieces[i * 2] = start + i * size
        pieces[i * 2 + 1] = size


def _address(area: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(area))


def _learns_local_address(sock: socket.socket) -> bool:
    """Tell whether the kernel was asked for the address each datagram came to."""
    if sock.family == socket.AF_INET:
        return bool(sock.getsockopt(socket.IPPROTO_IP, IP_PKTINFO))
    return bool(sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO))


def _pktinfo_octets(sock: socket.socket) -> int:
    """Size of the one control message that both directions use."""
    return 32 if sock.family == socket.AF_INET else 40


IP_PKTINFO = 8  # absent from the socket module before Python 3.12
