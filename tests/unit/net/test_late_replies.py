"""Replies that wait for the end of a turn, over loopback sockets."""

import contextlib
import socket

import pytest

from dnsd.net.gathering import Gathering
from dnsd.net.late_replies import SLOTS, LateReplies
from dnsd.observe import metrics
from dnsd.query.request import Request, Transport


@contextlib.contextmanager
def late_replies(address, *, wildcard=False):
    """A sender on a socket of the address's family, a client of it, and its request."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with (
        socket.socket(family, socket.SOCK_DGRAM) as sock,
        socket.socket(family, socket.SOCK_DGRAM) as client,
    ):
        sock.setblocking(False)
        if wildcard:
            if family == socket.AF_INET:
                sock.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO
            else:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        try:
            sock.bind(("" if wildcard else address, 0))
            client.bind((address, 0))
        except OSError:
            pytest.skip("no IPv6 on this machine")
        client.settimeout(5)
        packed = socket.inet_pton(family, address)
        request = Request(
            b"", packed, client.getsockname()[1], packed if wildcard else None,
            Transport.UDP, 0.0, 0,
        )  # fmt: skip
        gathering, page = Gathering(), metrics.new_page(1)
        sender = LateReplies(gathering, sock, page.row(0), 1232)
        yield sender, gathering, client, request


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_replies_go_out_together_when_all_was_read(address):
    with late_replies(address) as (sender, gathering, client, request):
        gathering.open()
        sender.add(request, b"first")
        sender.add(request, b"second reply")
        client.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.recv(100)
        gathering.close()
        client.settimeout(5)
        assert [client.recv(2000), client.recv(2000)] == [b"first", b"second reply"]


def test_a_reply_to_which_no_reading_led_goes_out_at_once():
    with late_replies("127.0.0.1") as (sender, _, client, request):
        sender.add(request, b"one")
        assert client.recv(100) == b"one"
        sender.add(request, b"other")
        assert client.recv(100) == b"other"


def test_as_many_as_fit_do_not_wait_for_the_end():
    with late_replies("127.0.0.1") as (sender, gathering, client, request):
        gathering.open()
        replies = [b"reply %d" % number for number in range(2 * SLOTS + 1)]
        for reply in replies:
            sender.add(request, reply)
        assert [client.recv(100) for _ in range(2 * SLOTS)] == replies[:-1]
        gathering.close()
        assert client.recv(100) == replies[-1]


@pytest.mark.parametrize("address", ["127.0.0.5", "::1"])
def test_a_reply_leaves_from_the_address_that_was_asked(address):
    with late_replies(address, wildcard=True) as (sender, _, client, request):
        sender.add(request, b"reply")
        reply, peer = client.recvfrom(100)
        assert (reply, peer[0]) == (b"reply", address)


def test_what_the_kernel_refuses_is_counted_and_the_others_are_sent():
    with late_replies("127.0.0.1") as (sender, gathering, client, request):
        bad = Request(b"", b"\xff\xff\xff\xff", 9, None, Transport.UDP, 0.0, 0)
        gathering.open()
        sender.add(bad, b"lost")
        sender.add(request, b"reply")
        gathering.close()
        assert client.recv(100) == b"reply"
        assert sender._row[metrics.drop_slot("send_failed")] == 1
