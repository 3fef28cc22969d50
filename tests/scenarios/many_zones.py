"""An Internet of 300 like zones, and one that is dead, for what needs many names."""

import random

from fakes.internet import Asker

from dnsd.lab.authority import Authority
from dnsd.lab.internet import Internet, Route
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.delegation import Delegation
from dnsd.wire import names
from dnsd.wire.iana import Rcode

ZONES = 300
ROOT, TEST, HOSTS = (bytes((192, 0, 2, last)) for last in (1, 2, 3))
OTHER_HOSTS = bytes((192, 0, 2, 4))
DEAD = bytes((192, 0, 2, 9))
DELAY_S = 0.01


def internet(seed=1, more=()):
    """Make zones z0 to z299 of test, each served at two addresses; dead.test at none.

    Args:
        seed: of the weather.
        more: further lines of the zone test.
    """
    world = Internet(random.Random(seed).random)
    world.route = Route(delay_s=DELAY_S)
    root = "@ NS ns.roots\nns.roots A 192.0.2.1\ntest NS ns.test\nns.test A 192.0.2.2"
    above = ["@ NS ns", "ns A 192.0.2.2", "dead NS ns.dead", "ns.dead A 192.0.2.9", *more]
    for number in range(ZONES):
        above += [
            f"z{number} NS ns{i}.z{number}\nns{i}.z{number} A 192.0.2.{2 + i}" for i in (1, 2)
        ]
    zones = [
        zone_from_text(
            f"z{number}.test.",
            "@ NS ns1\n@ NS ns2\nns1 A 192.0.2.3\nns2 A 192.0.2.4\nwww A 198.51.100.1",
        )
        for number in range(ZONES)
    ]
    world.servers[ROOT] = Authority([zone_from_text(".", root)])
    world.servers[TEST] = Authority([zone_from_text("test.", "\n".join(above))])
    world.servers[HOSTS] = world.servers[OTHER_HOSTS] = Authority(zones)
    server = names.from_text("ns.roots.")
    return world, Delegation(names.ROOT, (server,), {server: (ROOT,)})


def www(number):
    return names.from_text(f"www.z{number}.test.")


def warm(seed=1):
    """Make a resolver that knows the servers of test."""
    world, hints = internet(seed)
    asker = Asker(world, hints, seed=seed)
    assert asker.ask(names.from_text("none.test."), 1).rcode == Rcode.NXDOMAIN
    return world, asker
