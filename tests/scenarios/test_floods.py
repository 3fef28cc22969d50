"""Floods of questions and of forged replies: who is not meant does not notice."""

import random

import pytest
from scenarios.many_zones import DEAD, DELAY_S, HOSTS, OTHER_HOSTS, ZONES, warm, www

from dnsd.lab.authority import Sent
from dnsd.lab.forgeries import answer_anything
from dnsd.lab.hostile import Aim, Hostile
from dnsd.resolver.commands import Transport
from dnsd.wire import names
from dnsd.wire.iana import Rcode

FORGED = bytes((203, 0, 113, 66))


class Guesser:
    """Throws forged replies with random IDs at the port of every query.

    It knows the question but for its letter case, which is more than it can know.
    """

    def __init__(self, rng, count):
        self.rng = rng
        self.count = count
        self.thrown = 0
        self.liar = Hostile([], [answer_anything(Aim(names.ROOT, (names.ROOT,), (FORGED,)))])

    def throw(self, packet):
        found = []
        for _ in range(self.count):
            guess = self.rng.randbytes(2) + packet.query[2:]
            found += [
                Sent(octets, 0.001) for octets, _ in self.liar.receive(guess, Transport.UDP, 0)
            ]
        self.thrown += self.count
        return found


def test_guessed_replies_are_not_taken_and_names_are_found_over_tcp():
    world, asker = warm(seed=7)
    guesser = Guesser(random.Random(7), count=50)
    world.bystanders.append(guesser)
    for number in range(200):
        outcome = asker.ask(www(number), 1)
        assert [rrset.rdatas for rrset in outcome.answer] == [(bytes((198, 51, 100, 1)),)]
    assert guesser.thrown >= 20_000
    over_tcp = [packet for packet in world.packets if packet.transport is Transport.TCP]
    assert len(over_tcp) >= 200
    # Nothing that is not true is kept, and no server has lost its good name.
    kept = [entry.rrset for entry in asker.records.entries() if entry.rrset is not None]
    assert not any(FORGED in rrset.rdatas for rrset in kept)
    for address in (HOSTS, OTHER_HOSTS):
        server = asker.world.servers.find(address, world.now())
        assert (server.timeouts, server.edns, server.needs_tcp) == (0, True, False)


def dead(number):
    return names.from_text(f"x{number}.dead.test.")


def test_a_dead_zone_holds_few_exchanges_and_nobody_else_waits_for_it():
    world, asker = warm()
    limits = asker.options.limits
    flood = [asker.start(dead(number), 1) for number in range(600)]
    world.run(world.now() + 4 * DELAY_S)
    assert world.in_flight <= limits.zone_in_flight
    for number in range(50):
        began = world.now()
        assert asker.ask(www(number), 1).rcode == Rcode.NOERROR
        assert world.now() - began <= 4 * DELAY_S + 0.001
        assert world.in_flight <= limits.zone_in_flight
    world.run()
    outcomes = [outcome for found in flood for outcome in found]
    assert len(outcomes) == 600
    assert {outcome.rcode for outcome in outcomes} == {Rcode.SERVFAIL}
    assert any("zone_in_flight" in outcome.limits for outcome in outcomes)
    assert world.in_flight == len(asker.resolver) == 0


def test_a_dead_server_is_asked_less_and_less():
    world, asker = warm()
    for number in range(300):
        asker.ask(dead(number), 1)
        world.run(world.now() + 0.2)
    seconds = world.now() - 1_000_000.0
    # Five in a row, then one probe a second at most.
    assert world.counts[DEAD] <= 20 + seconds


def test_ordinary_traffic_reaches_no_quota():
    world, asker = warm()
    found = [asker.start(www(number), 1) for number in range(min(ZONES, 150))]
    world.run()
    assert [outcome.limits for (outcome,) in found] == [()] * len(found)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_questions_that_are_given_up_leave_nothing_behind(share):
    world, asker = warm()
    rng = random.Random(3)
    tasks = [asker.resolver.resolve(dead(n % 40), 1, lambda outcome: None) for n in range(100)]
    world.run(world.now() + 0.05)
    for task in tasks:
        if rng.random() < share:
            asker.resolver.cancel(task)
    assert share < 1.0 or world.in_flight == len(asker.resolver) == 0
    world.run()
    assert world.in_flight == len(asker.resolver) == 0
    assert asker.faults == []
