"""A resolver whose datagrams are lost: it still finds, gives up in time, and recovers.

The top-level zones are known; asked are names of zones that are not, which takes two
exchanges each (RFC 1035 §7.2, RFC 9520 §3.1).
"""

import random
import statistics

import pytest
from fakes.internet import Asker

from dnsd.lab.authority import Authority
from dnsd.lab.internet import Internet, Route
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.delegation import Delegation
from dnsd.wire import names
from dnsd.wire.iana import Rcode

pytestmark = pytest.mark.slow

ZONES = 300
ROOT, TEST, HOSTS = (bytes((192, 0, 2, last)) for last in (1, 2, 3))
OTHER_HOSTS = bytes((192, 0, 2, 4))
DELAY_S = 0.01


def internet(seed=1):
    """Zones z0 to z299 of test, each served at two addresses."""
    world = Internet(random.Random(seed).random)
    world.route = Route(delay_s=DELAY_S)
    root = "@ NS ns.roots\nns.roots A 192.0.2.1\ntest NS ns.test\nns.test A 192.0.2.2"
    above = ["@ NS ns", "ns A 192.0.2.2"]
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
    world, hints = internet(seed)
    asker = Asker(world, hints, seed=seed)
    assert asker.ask(names.from_text("none.test."), 1).rcode == Rcode.NXDOMAIN
    return world, asker


def ask_all(world, asker, numbers):
    """Ask one after the other; return answers found, seconds and packets of each."""
    found, seconds, packets = 0, [], []
    for number in numbers:
        began = world.now()
        outcome = asker.ask(www(number), 1)
        found += outcome.rcode == Rcode.NOERROR and len(outcome.answer) == 1
        seconds.append(world.now() - began)
        packets.append(outcome.packets)
    return found, seconds, packets


@pytest.mark.parametrize(
    ("loss", "share", "p95_s"),
    [
        pytest.param(0.0, 1.0, 4 * DELAY_S + 0.001, id="nothing lost"),
        # Each exchange is lost with the share given: both ways together.
        pytest.param(0.10, 0.999, 3 * 4 * DELAY_S + 0.4, id="1 of 10 lost"),
        pytest.param(0.50, 0.95, 8.0, id="every second one lost"),
    ],
)
def test_names_are_found_in_spite_of_loss(loss, share, p95_s):
    world, asker = warm()
    world.route = Route(delay_s=DELAY_S, loss=1 - (1 - loss) ** 0.5)
    found, seconds, _ = ask_all(world, asker, range(ZONES))
    assert found >= share * ZONES
    assert statistics.quantiles(seconds, n=20)[-1] <= p95_s


def test_without_any_reply_a_name_fails_in_time_and_after_few_packets():
    world, asker = warm()
    asker.ask(www(0), 1)
    world.route = Route(silent=True)
    found, seconds, packets = ask_all(world, asker, range(1, 40))
    assert found == 0
    assert max(seconds) <= 8.0
    assert max(packets) <= 12
    # What is known is answered at once.
    assert asker.ask(www(0), 1).cached


def test_names_are_found_again_when_the_network_is_back():
    world, asker = warm()
    world.route = Route(silent=True)
    ask_all(world, asker, range(20))
    world.route = Route(delay_s=DELAY_S)
    world.run(world.now() + 5.0)
    found, _, _ = ask_all(world, asker, range(30, 80))
    assert found == 50
    # What failed then is remembered as failed for a while, and not for long.
    world.run(world.now() + 300.0)
    assert ask_all(world, asker, range(20))[0] == 20
