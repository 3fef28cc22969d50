"""Ghosts: how long a name lives on that its parent has revoked.

    python tests/experiments/ghost.py [--days 30] [--step 10]

In a small simulated Internet the resolver learns the zone evil.test from its parent,
with a TTL of a day. One moment later the parent revokes it. The zone's servers stay,
and somebody who asks every ten seconds does all to keep the zone known, in eight ways,
for thirty days; around the end of the TTL every second. Each time a name of the zone
is looked up that nobody asked for before, and one that was asked for all the time.

Shown, for each way: names resolve up to the end of the referral's TTL, as they may,
and never later than a second after it. An answer may be kept for its own TTL, here a
second, but 20 s where it is to be prefetched; so much later is its last one. After
that the zone's servers are not even asked.

The last row shows what no resolver ends: an answer with a TTL of a week that was
fetched in the last second, which lives for ``max_ttl`` more, a day, and no longer.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.daemon import verdict
from experiments.figures import machine
from fakes.internet import Asker

from dnsd.lab import forgeries
from dnsd.lab.authority import Authority
from dnsd.lab.hostile import Aim, Hostile
from dnsd.lab.internet import Internet
from dnsd.lab.zone import MemoryZones, zone_from_text
from dnsd.resolver.delegation import Delegation
from dnsd.wire import names

DAY_S = 86_400
WEEK_S = 7 * DAY_S
A, NS = 1, 2

EVIL = names.from_text("evil.test.")
OWN_SERVER = names.from_text("ns.evil.test.")
OTHER_SERVER = names.from_text("ns.liar.test.")
ROOT_SERVER = names.from_text("a.roots.")
ROOT_ADDRESS, PARENT, BANK = (bytes((192, 0, 2, last)) for last in (1, 2, 4))
#: Of the zone, of zones below it, and of zones below these.
LIARS = tuple(bytes((203, 0, 113, last)) for last in (66, 67, 68))

ROOT_ZONE = """@ 86400 NS a.roots
a.roots 86400 A 192.0.2.1
test 86400 NS ns.nic.test
ns.nic.test 86400 A 192.0.2.2"""
PARENT_ZONE = """@ 86400 NS ns.nic
ns.nic 86400 A 192.0.2.2
bank 86400 NS ns.bank
ns.bank 86400 A 192.0.2.4
liar 86400 NS ns.liar
ns.liar 86400 A 203.0.113.66"""
DELEGATED = "\nevil {ttl} NS ns.evil\nns.evil {ttl} A 203.0.113.66"
DELEGATED_ELSEWHERE = "\nevil {ttl} NS ns.liar"
BANK_ZONE = """@ 86400 NS ns
ns 86400 A 192.0.2.4
moved 300 DNAME evil.test."""


def below(text, zone=EVIL):
    """A name below a zone."""
    return names.from_text(text, zone)


@dataclass(frozen=True)
class Way:
    """How the zone is kept alive.

    Attributes:
        name: in words.
        delegated: the parent's lines about the zone.
        zone: below which names are asked for.
        ttl: of the liars' addresses, seconds.
        refresh: what else is asked for each time, by number: (name, type).
        beside: the zone's NS records and the address of their server come with each reply.
        refers: how the liar's reply to a name leads on; None where it answers.
    """

    name: str
    delegated: str = DELEGATED
    zone: bytes = EVIL
    ttl: int = 1
    refresh: object = lambda _number: ()
    beside: bool = False
    refers: object = lambda _name, _address: None


def refer_down(name, address):
    """Refer to a zone one label down, and that to one below; only the third liar answers."""
    depth = LIARS.index(address) + 1
    labels = names.to_labels(name)[:-2]
    if depth == len(LIARS) or len(labels) < depth:
        return None
    return names.from_labels(labels[-depth:], EVIL), LIARS[depth]


def refer_to_itself(name, address):
    """Refer to the zone that is asked, for some names."""
    return (EVIL, address) if name.startswith(b"\x06itself") else None


def refer_all_ways(name, address):
    """Refer down, and to itself."""
    return refer_to_itself(name, address) or refer_down(name, address)


WAYS = (
    Way("its NS records are asked for", refresh=lambda _: [(EVIL, NS)], beside=True),
    Way("its server's address is", refresh=lambda _: [(OWN_SERVER, A), (OWN_SERVER, 28)]),
    Way("NS records beside each answer", beside=True),
    Way("zones below it, new ones too", zone=below("deep.sub"), refers=refer_down,
        refresh=lambda number: [(below(f"www.deep.sub{number}"), A)]),
    Way("referrals to itself", refers=refer_to_itself,
        refresh=lambda number: [(below(f"x{number}.itself"), A), (below("itself"), A)]),
    Way("prefetched answers", ttl=20),
    Way("a DNAME of somebody else's", zone=names.from_text("moved.bank.test."), beside=True),
    Way("a server with a name elsewhere", delegated=DELEGATED_ELSEWHERE, beside=True,
        refresh=lambda _: [(OTHER_SERVER, A), (EVIL, NS)]),
    Way("all of these", ttl=20, zone=below("deep.sub"), beside=True, refers=refer_all_ways,
        refresh=lambda number: [(EVIL, NS), (OWN_SERVER, A), (below(f"www.deep.sub{number}"), A),
                                (below("www.moved", names.from_text("bank.test.")), A),
                                (below("itself"), A)]),
)  # fmt: skip
KEPT = Way("an answer fetched at the end", ttl=WEEK_S)


class Liar(Hostile):
    """One of the servers that keep the zone alive."""

    def __init__(self, address, way):
        super().__init__([], [self.forge])
        self.address = address
        self.way = way
        self.live_on = forgeries.live_on(Aim(EVIL, (OWN_SERVER,), LIARS[:1]), WEEK_S)

    def forge(self, forgery):
        referred = self.way.refers(forgery.name, self.address)
        if referred is not None:
            cut, address = referred
            aim = Aim(EVIL, (below("ns", cut),), (address,), WEEK_S)
            forgeries.refer(aim, cut)(forgery)
            return
        forgery.clear()
        if self.way.beside:
            self.live_on(forgery)
        if forgery.query.qtype == A:
            lasting = forgery.name in (OWN_SERVER, OTHER_SERVER)
            aim = Aim(EVIL, (), LIARS[:1], WEEK_S if lasting else self.way.ttl)
            forgery.message.answer.append(aim.address_rrset(forgery.name))


@dataclass
class Seen:
    """What one way achieved; times in seconds since the parent revoked the zone.

    Attributes:
        way: the way.
        ttl: of the referral.
        moments: how often was asked.
        cold: last success of a name never asked for before; -1 for none.
        hot: last success of the name asked for all the time.
        asked: last query that a liar got for it.
        successes: questions that had the liar's address.
        prefetches: fetches nobody waited for.
    """

    way: Way
    ttl: int
    moments: int = 0
    cold: float = -1.0
    hot: float = -1.0
    asked: float = -1.0
    successes: int = 0
    prefetches: int = 0

    def failures(self):
        """List what must not be."""
        found = []
        end = self.ttl + 1
        if self.cold > end:
            found.append(f"{self.way.name}: a new name resolved at {self.cold:,.0f} s")
        if self.hot > end + (self.way.ttl if self.way.ttl > 1 else 0):
            found.append(f"{self.way.name}: the same name resolved at {self.hot:,.0f} s")
        if self.asked > end:
            found.append(f"{self.way.name}: its server was asked at {self.asked:,.0f} s")
        # What never worked shows nothing.
        if self.cold < self.ttl - 2 or self.hot < self.ttl - 2:
            found.append(f"{self.way.name}: ended early, {self.cold:,.0f} and {self.hot:,.0f} s")
        return found


def small_internet(way, ttl):
    """Make the Internet; it and the parent's server."""
    internet = Internet()
    parent = Authority([zone_from_text("test.", PARENT_ZONE + way.delegated.format(ttl=ttl))])
    internet.servers = {
        ROOT_ADDRESS: Authority([zone_from_text(".", ROOT_ZONE)]),
        PARENT: parent,
        BANK: Authority([zone_from_text("bank.test.", BANK_ZONE)]),
    }
    internet.servers |= {address: Liar(address, way) for address in LIARS}
    return internet, parent


class Haunting:
    """One way at work."""

    def __init__(self, way, ttl, caches=()):
        self.internet, self.parent = small_internet(way, ttl)
        hints = Delegation(names.ROOT, (ROOT_SERVER,), {ROOT_SERVER: (ROOT_ADDRESS,)})
        self.asker = Asker(self.internet, hints, caches=caches)
        self.seen = Seen(way, ttl)
        self.revoked_at = float("inf")

    def run(self, moments):
        """Learn the zone, have it revoked, and ask at moments (seconds after that)."""
        assert self.resolves(below("first", self.seen.way.zone)), "the walking path"
        self.parent.zones = MemoryZones([zone_from_text("test.", PARENT_ZONE)])
        self.revoked_at = self.internet.now()
        for number, moment in enumerate(moments):
            self.internet.run(self.revoked_at + moment)
            self.ask(number, self.internet.now() - self.revoked_at)
        assert not self.asker.faults, self.asker.faults
        self.seen.prefetches = self.asker.resolver.prefetches
        return self.seen

    def ask(self, number, moment):
        """Do all that keeps the zone alive, and see whether it is."""
        seen, way = self.seen, self.seen.way
        seen.moments += 1
        for name, rrtype in way.refresh(number):
            self.outcome(name, rrtype)
        if self.resolves(below(f"x{number}", way.zone)):
            seen.cold = moment
        if self.resolves(below("www", way.zone)):
            seen.hot = moment
        self.internet.run(self.internet.now() + 0.2)  # prefetches end
        for packet in self.internet.packets:
            # ns.liar.test is a name of a zone that nobody revoked.
            if packet.address in LIARS and b"\x04evil" in packet.query.lower():
                seen.asked = packet.time - self.revoked_at
        self.internet.packets.clear()

    def outcome(self, name, rrtype=A):
        """Ask as the pipeline does, which sees to prefetching."""
        found = self.asker.ask(name, rrtype)
        for each in found.refresh:
            self.asker.resolver.refresh(*each)
        return found

    def resolves(self, name):
        """Tell whether a name still has the liar's address."""
        found = self.outcome(name)
        is_alive = any(rrset.type == A and LIARS[0] in rrset.rdatas for rrset in found.answer)
        self.seen.successes += is_alive
        return is_alive


def moments_of(length_s, step_s, ttl):
    """Say when is asked: every so many seconds, and around the end of the TTL every second."""
    around = range(max(1, ttl - 60), ttl + 120)
    return sorted({*range(step_s, length_s + 1, step_s), *around})


def haunt(way, length_s, step_s=10, ttl=DAY_S, caches=()):
    """Keep the zone alive in one way; what was seen."""
    return Haunting(way, ttl, caches).run(moments_of(length_s, step_s, ttl))


def keep_one_answer(ttl=DAY_S):
    """Fetch an answer with a long TTL in the last second; when it was last given."""
    haunting = Haunting(KEPT, ttl)
    last = ttl + DAY_S  # the longest time that anything is kept, behind the last second
    return haunting.run([ttl - 1, *range(last - 2, last + 60)])


def main():
    """Let all ways try; exit 1 outside the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--step", type=int, default=10, help="seconds between questions")
    options = parser.parse_args()
    began = time.monotonic()
    failures, successes, asked = [], 0, 0
    print(f"{'kept alive by':32} {'moments':>8} {'new name':>9} {'same name':>9} {'asked':>9}")
    for way in WAYS:
        seen = haunt(way, options.days * DAY_S, options.step)
        found = seen.failures()
        failures += found
        successes += not found
        asked += seen.moments
        print(
            f"{way.name:32} {seen.moments:8,} {seen.cold:9,.1f} {seen.hot:9,.1f} {seen.asked:9,.1f}"
        )
    kept = keep_one_answer()
    print(f"{KEPT.name:32} {kept.moments:8,} {kept.cold:9,.1f} {kept.hot:9,.1f} {kept.asked:9,.1f}")
    if kept.hot > 2 * DAY_S + 1:
        failures.append(f"an answer was given at {kept.hot:,.0f} s")
    return verdict(
        f"revoked at 0 s with {DAY_S:,} s left, kept alive for {options.days} days in "
        f"{len(WAYS)} ways: gone within a second of its TTL in {successes} of {len(WAYS)}; "
        f"{asked:,} moments in {time.monotonic() - began:.0f} s, {machine()}",
        failures,
    )


if __name__ == "__main__":
    sys.exit(main())
