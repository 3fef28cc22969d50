"""The two system calls on real loopback sockets: nothing else shows their layouts right."""

import contextlib
import ctypes
import errno
import socket

import pytest
from fakes.datagrams import wait_for_datagrams

from dnsd.net import mmsg
from dnsd.net.mmsg import IP_PKTINFO, RECEIVE_OCTETS, DatagramVectors

SLOTS = 4


@contextlib.contextmanager
def server(family, address, *, wildcard=False):
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        if wildcard and family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, int(wildcard))
        try:
            sock.bind((address, 0))
        except OSError:
            pytest.skip("no IPv6 on this machine")
        yield sock


@contextlib.contextmanager
def client(family, address, port):
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(5)
        sock.connect((address, port))
        yield sock


def echo(vectors, count):
    """Send each slot's octets back in upper case, as a server would reply."""
    for i in range(count):
        length = vectors.received[i * 16 + 14]
        octets = vectors.inbox[i * RECEIVE_OCTETS : i * RECEIVE_OCTETS + length]
        start = i * vectors.send_octets
        vectors.outbox[start : start + length] = octets.upper()
        vectors.to_send[i * 2 + 1] = length
    return vectors.send(0, count)


FAMILIES = [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]


@pytest.mark.parametrize(("family", "address"), FAMILIES, ids=["IPv4", "IPv6"])
def test_each_reply_goes_to_whoever_sent_that_slot(family, address):
    with server(family, address) as sock:
        vectors = DatagramVectors(sock, SLOTS, 512)
        port = sock.getsockname()[1]
        with client(family, address, port) as one, client(family, address, port) as two:
            for _ in range(3):  # the kernel rewrites lengths: later turns must work alike
                one.send(b"first")
                two.send(b"second one")
                wait_for_datagrams(sock, 2)
                assert vectors.receive() == 2
                assert echo(vectors, 2) == 0
                assert one.recv(99) == b"FIRST"
                assert two.recv(99) == b"SECOND ONE"


def test_nothing_waiting_is_no_datagram():
    with server(*FAMILIES[0]) as sock:
        assert DatagramVectors(sock, SLOTS, 512).receive() == 0


def test_a_turn_reads_at_most_its_slots():
    with server(*FAMILIES[0]) as sock:
        vectors = DatagramVectors(sock, SLOTS, 512)
        with client(*FAMILIES[0], sock.getsockname()[1]) as one:
            for _ in range(SLOTS + 1):
                one.send(b"x")
        wait_for_datagrams(sock, SLOTS + 1)
        assert [vectors.receive(), vectors.receive(), vectors.receive()] == [SLOTS, 1, 0]


def test_a_datagram_longer_than_a_slot_says_that_it_was_cut():
    with server(*FAMILIES[0]) as sock:
        vectors = DatagramVectors(sock, SLOTS, 512)
        with client(*FAMILIES[0], sock.getsockname()[1]) as one:
            one.send(bytes(RECEIVE_OCTETS + 1))
        wait_for_datagrams(sock, 1)
        assert vectors.receive() == 1
        assert vectors.received[12] & socket.MSG_TRUNC


def test_a_slot_that_cannot_be_sent_does_not_hold_up_the_others():
    with server(*FAMILIES[0]) as sock:
        vectors = DatagramVectors(sock, SLOTS, 512)
        with client(*FAMILIES[0], sock.getsockname()[1]) as one:
            for octet in (b"a", b"b", b"c"):
                one.send(octet)
            wait_for_datagrams(sock, 3)
            assert vectors.receive() == 3
            vectors.names[32 + 2 : 32 + 4] = b"\0\0"  # port 0: the kernel refuses it
            assert echo(vectors, 3) == 1
            assert [one.recv(9), one.recv(9)] == [b"A", b"C"]
            assert vectors.full_sends == 0


def test_a_full_buffer_loses_what_is_left_of_a_batch(monkeypatch):
    class Kernel:
        def __init__(self):
            self.calls = []

        def sendmmsg(self, _descriptor, _address, count, _flags):
            self.calls.append(count)
            if len(self.calls) == 1:
                return 1
            ctypes.set_errno(errno.EAGAIN)
            return -1

    with server(*FAMILIES[0]) as sock:
        vectors = DatagramVectors(sock, SLOTS, 512)
        kernel = Kernel()
        monkeypatch.setattr(mmsg, "_libc", kernel)
        assert vectors.send(0, 4) == 3
        assert (kernel.calls, vectors.full_sends) == ([4, 3], 1)


@pytest.mark.parametrize(
    ("family", "wildcard", "asked", "where"),
    [
        (socket.AF_INET, "0.0.0.0", "127.0.0.7", slice(24, 28)),
        (socket.AF_INET6, "::", "::1", slice(16, 32)),
    ],
    ids=["IPv4", "IPv6"],
)
def test_a_wildcard_socket_replies_from_the_address_that_was_asked(family, wildcard, asked, where):
    with server(family, wildcard, wildcard=True) as sock:
        vectors = DatagramVectors(sock, SLOTS, 512)
        assert vectors.learns_local_address
        # A connected client hears only the address it sent to.
        with client(family, asked, sock.getsockname()[1]) as one:
            for _ in range(2):
                one.send(b"x")
                wait_for_datagrams(sock, 1)
                assert vectors.receive() == 1
                assert vectors.control[where] == socket.inet_pton(family, asked)
                assert echo(vectors, 1) == 0
                assert one.recv(9) == b"X"
