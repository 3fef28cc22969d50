"""Packets that a machine sends, as a packet socket sees them (packet(7))."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

import dns.message

_ETH_P_ALL = 3
_ETH_P_IP, _ETH_P_IPV6 = 0x0800, 0x86DD
_SO_RCVBUFFORCE = 33
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_FRAGMENT = 44  # as the next header of IPv6


@dataclass(frozen=True)
class Packet:
    """One packet of IP.

    Attributes:
        is_fragment: it is a part of a datagram.
        dont_fragment: no router may split it; always so with IPv6.
        udp: what the datagram carries; None for no UDP.
        source_port: of UDP.
        destination_port: likewise.
    """

    is_fragment: bool
    dont_fragment: bool
    udp: bytes | None = None
    source_port: int = 0
    destination_port: int = 0

    def message(self):
        """The DNS message in it."""
        return dns.message.from_wire(self.udp)


class Capture:
    """Keeps what leaves the machine whose network this thread is in now."""

    def __init__(self):
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
        self._socket.setblocking(False)

    def close(self):
        """Capture no more."""
        self._socket.close()

    def sent(self):
        """What was sent so far, but for loopback; complete, or a failure."""
        found = []
        while True:
            try:
                octets, (device, protocol, kind, *_) = self._socket.recvfrom(65535)
            except BlockingIOError:
                break
            if kind != socket.PACKET_OUTGOING or device == "lo":
                continue
            if protocol in (_ETH_P_IP, _ETH_P_IPV6):
                found.append(_parse_4(octets) if protocol == _ETH_P_IP else _parse_6(octets))
        counts = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        assert struct.unpack("II", counts)[1] == 0, "the capture has gaps"
        return found


def _parse_4(octets):
    flags = int.from_bytes(octets[6:8], "big")
    rest = octets[(octets[0] & 0x0F) * 4 : int.from_bytes(octets[2:4], "big")]
    return _packet(octets[9], rest, bool(flags & 0x3FFF), bool(flags & 0x4000))


def _parse_6(octets):
    length = 40 + int.from_bytes(octets[4:6], "big")
    return _packet(octets[6], octets[40:length], octets[6] == _FRAGMENT, True)


def _packet(protocol, octets, is_fragment, dont_fragment):
    if protocol != socket.IPPROTO_UDP or is_fragment:
        return Packet(is_fragment, dont_fragment)
    source, destination = struct.unpack("!HH", octets[:4])
    return Packet(is_fragment, dont_fragment, octets[8:], source, destination)
