"""A resolver whose datagrams are lost: it still finds, gives up in time, and recovers.

The top-level zones are known; asked are names of zones that are not, which takes two
exchanges each (RFC 1035 §7.2, RFC 9520 §3.1).
"""

import statistics

import pytest
from scenarios.many_zones import DELAY_S, ZONES, warm, www

from dnsd.lab.internet import Route
from dnsd.wire.iana import Rcode

pytestmark = pytest.mark.slow


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
