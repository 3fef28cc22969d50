import pytest
from pydantic_core import PydanticCustomError

from dnsd.config.addresses import Address, LoopbackEndpoint, Network


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Address(), "0.0.0.0", "0.0.0.0"),
        (Address(), "2001:DB8:0:0::1", "2001:db8::1"),
        (Address(), "fe80::1%eth0", "fe80::1%eth0"),
        (Network(), "any", "any"),
        (Network(), "192.0.2.1", "192.0.2.1/32"),
        (Network(), "192.0.2.0/24", "192.0.2.0/24"),
        (Network(), "2001:db8::/32", "2001:db8::/32"),
        (LoopbackEndpoint(), "127.0.0.1:8053", ("127.0.0.1", 8053)),
        (LoopbackEndpoint(), "[::1]:1", ("::1", 1)),
        (LoopbackEndpoint(), "127.3.2.1:65535", ("127.3.2.1", 65535)),
        (LoopbackEndpoint(), "off", None),
        (LoopbackEndpoint(), "none", None),
        (LoopbackEndpoint(), None, None),
    ],
)
def test_what_is_accepted(kind, text, value):
    assert kind.read(text) == value


@pytest.mark.parametrize(
    ("kind", "text", "hint"),
    [
        (Address(), "localhost", "127.0.0.1"),
        (Address(), "127.0.0.1:53", "{address: 127.0.0.1, port: 53}"),
        (Address(), "[2001:db8::1]:53", "{address: '2001:db8::1', port: 53}"),
        (Address(), "name:53", ""),
        (Address(), "010.0.0.1", ""),
        (Address(), "192.0.2.0/24", ""),
        (Network(), "192.0.2.1/24", "192.0.2.0/24"),
        (Network(), "2001:db8::1/32", "2001:db8::/32"),
        (Network(), "Any", ""),
        (Network(), "192.0.2.0/33", ""),
        (LoopbackEndpoint(), "localhost:8053", "127.0.0.1:8053"),
        (LoopbackEndpoint(), ":8053", "127.0.0.1:8053"),
        (LoopbackEndpoint(), "127.0.0.1", ""),
        (LoopbackEndpoint(), "127.0.0.1:0", ""),
        (LoopbackEndpoint(), "127.0.0.1:65536", ""),
        (LoopbackEndpoint(), "::1:8053", ""),
        (LoopbackEndpoint(), "192.0.2.1:80", "put a proxy that asks for a password in front of it"),
        (LoopbackEndpoint(), "[::]:80", "put a proxy that asks for a password in front of it"),
    ],
)
def test_what_is_refused_and_the_hint(kind, text, hint):
    with pytest.raises(PydanticCustomError) as caught:
        kind.read(text)
    assert caught.value.type == "bad-value"
    assert caught.value.context["hint"] == hint
