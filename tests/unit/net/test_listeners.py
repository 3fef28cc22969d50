"""Binding: options the kernel really has set, and one line for everything that fails."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
from pathlib import Path

import pytest

from dnsd.net import listeners
from dnsd.net.listeners import Endpoint, bind
from dnsd.source.problems import ConfigError


@pytest.fixture
def free_port():
    """A port nobody has on either transport, freed again just before the test."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as stream,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram,
    ):
        stream.bind(("127.0.0.1", 0))
        port = stream.getsockname()[1]
        datagram.bind(("127.0.0.1", port))
    return port


@pytest.fixture
def bound():
    """Bind as the test says and close all of it afterwards."""
    opened = []

    def bind_and_remember(endpoints, shares=1):
        result = bind(endpoints, shares)
        opened.extend(result.listeners)
        return result

    yield bind_and_remember
    for listener in opened:
        listener.socket.close()


def test_every_share_has_its_own_socket_on_the_same_port(bound, free_port):
    endpoints = [Endpoint("127.0.0.1", free_port, transport) for transport in ("udp", "tcp")]
    result = bound(endpoints, 3)
    assert [(one.endpoint, one.share) for one in result.listeners] == [
        (endpoint, share) for endpoint in endpoints for share in range(3)
    ]
    assert {one.socket.getsockname() for one in result.listeners} == {("127.0.0.1", free_port)}
    assert all(
        one.socket.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) for one in result.listeners
    )
    assert not any(one.socket.getblocking() for one in result.listeners)


def test_a_single_share_does_not_let_a_second_server_in(bound, free_port):
    endpoint = Endpoint("127.0.0.1", free_port, "udp")
    bound([endpoint])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        with pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", free_port))


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_several_shares_do_not_join_the_sockets_of_another_server(bound, free_port, transport):
    endpoint = Endpoint("127.0.0.1", free_port, transport)
    bound([endpoint], 2)
    with pytest.raises(ConfigError, match="port-in-use"):
        bind([endpoint], 2)


def test_tcp_accepts_a_connection(bound, free_port):
    (listener,) = bound([Endpoint("127.0.0.1", free_port, "tcp")]).listeners
    with socket.create_connection(("127.0.0.1", free_port)):
        listener.socket.setblocking(True)
        accepted, _ = listener.socket.accept()
        accepted.close()


def test_ipv4_datagrams_are_never_fragmented(bound, free_port):
    (listener,) = bound([Endpoint("127.0.0.1", free_port, "udp")]).listeners
    assert listener.socket.getsockopt(socket.IPPROTO_IP, 10) == 3
    assert listener.socket.getsockopt(socket.IPPROTO_IP, 8) == 0


def test_a_wildcard_socket_learns_the_address_that_was_asked(bound, free_port):
    four, six = bound(
        [Endpoint("0.0.0.0", free_port, "udp"), Endpoint("::", free_port, "udp")]
    ).listeners
    assert four.socket.getsockopt(socket.IPPROTO_IP, 8) == 1
    assert six.socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO) == 1
    assert six.socket.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1
    assert six.socket.getsockopt(socket.IPPROTO_IPV6, 23) == 3


def test_the_receive_buffer_is_as_deep_as_asked_or_a_line_says_why_not(bound, free_port):
    result = bound([Endpoint("127.0.0.1", free_port, "udp")])
    given = result.listeners[0].socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2
    if given >= listeners.RECEIVE_BUFFER_OCTETS:
        assert result.notices == ()
    else:
        (notice,) = result.notices
        assert f"{given // 1024} KiB" in notice
        assert "sysctl -w net.core.rmem_max=4194304" in notice


def test_every_endpoint_that_fails_is_named_and_nothing_stays_bound(free_port):
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with taken:
        taken.bind(("127.0.0.1", free_port))
        with pytest.raises(ConfigError) as caught:
            bind(
                [
                    Endpoint("127.0.0.1", free_port, "tcp"),
                    Endpoint("127.0.0.1", free_port, "udp"),
                    Endpoint("203.0.113.9", free_port, "udp"),
                ],
                1,
            )
    assert str(caught.value) == (
        f"listen 127.0.0.1 port {free_port}/udp: port-in-use: another program answers there; "
        f"stop it (ss -Hnlpu 'sport = :{free_port}' names it) or listen on another port\n"
        f"listen 203.0.113.9 port {free_port}/udp: address-not-here: no interface of this machine "
        "has the address; `ip address` lists those it has\n"
        "2 errors, 0 warnings"
    )
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as free_again:
        free_again.bind(("127.0.0.1", free_port))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (
            errno.EACCES,
            (
                "listen ::1 port 53/tcp: port-permission: ports below 1024 need root or "
                "CAP_NET_BIND_SERVICE; start as root (dnsd then becomes the configured user) "
                "or listen on another port, such as 5300"
            ),
        ),
        (
            errno.EAFNOSUPPORT,
            (
                "listen ::1 port 53/tcp: address-family-missing: the kernel runs without IPv6; "
                "leave the address out or enable IPv6"
            ),
        ),
        (
            errno.EMFILE,
            (
                "listen ::1 port 53/tcp: descriptors-exhausted: no file descriptors are left; "
                "raise the limit (ulimit -n, LimitNOFILE=)"
            ),
        ),
        (errno.EIO, "listen ::1 port 53/tcp: listen-failed: the kernel says: odd"),
    ],
)
def test_what_the_kernel_says_becomes_one_line_of_advice(number, expected):
    problem = listeners._problem(Endpoint("::1", 53, "tcp"), OSError(number, "odd"))
    assert str(problem) == expected


def test_datagrams_that_found_no_room_are_counted(bound, free_port):
    result = bound([Endpoint("127.0.0.1", free_port, each) for each in ("udp", "tcp")])
    opened = result.listeners[0].socket
    assert listeners.receive_drops(result.listeners) == 0
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for _ in range(200):
            client.sendto(bytes(100), opened.getsockname())
    read = 0
    with contextlib.suppress(BlockingIOError):
        while opened.recv(200):
            read += 1
    assert listeners.receive_drops(result.listeners) == 200 - read > 0


def test_as_many_connections_may_wait_as_the_kernel_allows(free_port, bound):
    (listener,) = bound([Endpoint("127.0.0.1", free_port, "tcp")]).listeners
    # <linux/tcp.h>: for a listening socket tcpi_sacked is the bound of its queue.
    information = listener.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 32)
    allowed = int(Path("/proc/sys/net/core/somaxconn").read_text())
    assert struct.unpack_from("I", information, 28)[0] == min(4096, allowed)


@pytest.mark.parametrize("transport", ["tcp", "dot", "doh", "doh-http"])
def test_whatever_is_spoken_over_tcp_is_listened_for(bound, free_port, transport):
    (listener,) = bound([Endpoint("127.0.0.1", free_port, transport)]).listeners
    with socket.create_connection(("127.0.0.1", free_port)):
        assert listener.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
