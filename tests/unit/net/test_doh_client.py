"""Whose word counts on who asked, and what of it."""

import ipaddress

import pytest

from dnsd.net.doh_client import client_of
from dnsd.net.doh_message import Head
from dnsd.query.acl import Networks

PROXIES = Networks.from_text(["loopback", "198.51.100.0/24"])
LIST = b"x-forwarded-for"
ELEMENTS = b"forwarded"


def packed(address):
    return ipaddress.ip_address(address).packed


def ask(*said, peer="127.0.0.1"):
    return client_of(Head(forwarded_for=said), packed(peer), PROXIES)


@pytest.mark.parametrize(
    ("said", "client"),
    [
        pytest.param([], "127.0.0.1", id="nothing: the proxy asks itself"),
        pytest.param([(LIST, b"192.0.2.1")], "192.0.2.1", id="one"),
        pytest.param([(LIST, b"2001:db8::1")], "2001:db8::1", id="IPv6"),
        pytest.param([(LIST, b"192.0.2.1:4711")], "192.0.2.1", id="with a port"),
        pytest.param([(LIST, b"[2001:db8::1]:4711")], "2001:db8::1", id="IPv6 with a port"),
        pytest.param([(LIST, b"::ffff:192.0.2.1")], "192.0.2.1", id="IPv4 in IPv6"),
        pytest.param([(LIST, b"10.0.0.1, 192.0.2.1")], "192.0.2.1", id="a client's own word"),
        pytest.param([(LIST, b"10.0.0.1"), (LIST, b"192.0.2.1")], "192.0.2.1", id="two lines"),
        pytest.param([(LIST, b"192.0.2.1, 198.51.100.7")], "192.0.2.1", id="two proxies"),
        pytest.param([(LIST, b"rubbish, 192.0.2.1")], "192.0.2.1", id="rubbish of a client"),
        pytest.param([(LIST, b"198.51.100.7")], "198.51.100.7", id="only proxies"),
        pytest.param([(ELEMENTS, b"for=192.0.2.1")], "192.0.2.1", id="element"),
        pytest.param(
            [(ELEMENTS, b'For="[2001:db8::1]:80";proto=https')], "2001:db8::1", id="quoted"
        ),
        pytest.param([(ELEMENTS, b"by=x;for=192.0.2.1;host=y")], "192.0.2.1", id="among pairs"),
        pytest.param([(ELEMENTS, b'for="x, for=192.0.2.1')], "192.0.2.1", id="an open quote"),
    ],
)
def test_a_proxy_tells_who_asked(said, client):
    assert ask(*said) == packed(client)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param([(LIST, b"")], id="empty"),
        pytest.param([(LIST, b"unknown")], id="no address"),
        pytest.param([(LIST, b"192.0.2.1,")], id="an empty end"),
        pytest.param([(LIST, b"192.0.2.256")], id="no such address"),
        pytest.param([(LIST, b"\xff")], id="no text"),
        pytest.param([(ELEMENTS, b"proto=https")], id="no pair for"),
        pytest.param([(ELEMENTS, b"for=_hidden")], id="a hidden one"),
        pytest.param([(ELEMENTS, b"xfor=192.0.2.1")], id="another pair"),
        pytest.param([(LIST, b"192.0.2.1"), (ELEMENTS, b"for=192.0.2.1")], id="two ways"),
    ],
)
def test_what_cannot_be_read_is_nobody(said):
    assert ask(*said) is None


def test_the_word_of_anybody_else_does_not_count():
    assert ask((LIST, b"127.0.0.1"), peer="192.0.2.9") == packed("192.0.2.9")
    assert ask((LIST, b"rubbish"), peer="192.0.2.9") == packed("192.0.2.9")
