"""Which server is asked next."""

import random

from dnsd.resolver.commands import Transport
from dnsd.resolver.options import ResolverLimits
from dnsd.resolver.selection import Tries, choose
from dnsd.resolver.servers import Servers

ZONE = b"\x07example\x04test\x00"
ENTROPY = random.Random(1).randbytes


def address(i):
    return bytes([192, 0, 2, i])


def named(*numbers):
    return [(b"\x02ns%c\x00" % (48 + i % 10), address(i)) for i in numbers]


def test_an_unknown_server_is_asked_over_udp_and_waited_for_400_ms():
    servers = Servers(ResolverLimits())
    choice = choose(named(1), servers, Tries(ZONE), 0.0, ENTROPY)
    assert (choice.address, choice.name) == (address(1), b"\x02ns1\x00")
    assert (choice.transport, choice.timeout_s) == (Transport.UDP, 0.4)


def test_nobody_is_asked_where_nobody_is():
    assert choose([], Servers(ResolverLimits()), Tries(ZONE), 0.0, ENTROPY) is None
