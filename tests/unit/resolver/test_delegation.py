"""How the servers of a zone cut are told from others at the same address."""

import pytest

from dnsd.resolver.commands import Transport
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.servers import address_of
from dnsd.wire.names import ROOT


@pytest.mark.parametrize(
    ("how", "way"),
    [
        ({}, b""),
        ({"port": 5353}, b"\x14\xe9\0"),
        ({"transport": Transport.TCP}, b"\0\0\1"),
        ({"port": 853, "transport": Transport.TLS}, b"\x03\x55\2"),
    ],
)
@pytest.mark.parametrize("address", [b"\xc0\0\2\1", bytes(range(16))], ids=["IPv4", "IPv6"])
def test_a_way_of_its_own_makes_a_server_of_its_own(how, way, address):
    cut = Delegation(ROOT, (), **how)
    assert cut.way == way
    assert address_of(address + cut.way) == address
