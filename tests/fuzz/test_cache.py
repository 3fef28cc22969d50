"""A cache is a dictionary: put, find, expire, evict, flush, whatever the order.

The model holds everything that was put and not replaced or flushed. A cache may
have forgotten some of it, when it is small; what it says it has is what the model
has, and what it counts is what it holds.
"""

import tempfile
from pathlib import Path

import pytest
from fakes.cache_entries import alias, cut, name, nodata, nxdomain, positive
from fakes.cache_files import SharedFile
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dnsd.resolver.cache import admission
from dnsd.resolver.cache.admission import CacheBounds
from dnsd.resolver.cache.contract import Kind, Rank, Security, Selector
from dnsd.resolver.cache.memory import CUT_OCTETS, ENTRY_OCTETS, MemoryDelegations, MemoryRecords
from dnsd.resolver.cache.selectors import selects_delegation, selects_entry
from dnsd.resolver.options import ResolverLimits
from dnsd.wire.iana import RRType

TEXTS = ["a.test.", "b.test.", "x.a.test.", "y.x.a.test.", "z.b.test.", "test."]
TYPES = [RRType.A, RRType.AAAA, RRType.CNAME, RRType.TXT]
SERVERS = [b"", b"\xc0\x00\x02\x35"]
ROOMY = CacheBounds(entries=1000, octets=4 << 20)
LIMITS = ResolverLimits(rrset_octets=200)


@st.composite
def entries_at(draw, now):
    text = draw(st.sampled_from(TEXTS))
    options = {
        "now": now,
        "ttl": draw(st.sampled_from([1, 10, 100])),
        "rank": draw(st.sampled_from(Rank)),
        "security": draw(st.sampled_from(Security)),
        "server": draw(st.sampled_from(SERVERS)),
        "zone": draw(st.sampled_from(["test.", "."])),
    }
    kind = draw(st.sampled_from(["positive", "alias", "nodata", "nxdomain", "large"]))
    if kind == "alias":
        return alias(text, "b.test.", **options)
    if kind == "nodata":
        return nodata(text, draw(st.sampled_from(TYPES)), **options)
    if kind == "nxdomain":
        return nxdomain(text, **options)
    size = 201 if kind == "large" else draw(st.integers(1, 40))
    return positive(text, draw(st.sampled_from(TYPES)), rdatas=[bytes(size)], **options)


@st.composite
def selectors(draw):
    names = st.none() | st.sampled_from(TEXTS).map(name)
    return Selector(
        name=draw(names), tree=draw(names), type=draw(st.none() | st.sampled_from(TYPES)),
        negative=draw(st.booleans()), bogus=draw(st.booleans()),
        server=draw(st.none() | st.sampled_from(SERVERS)),
    )  # fmt: skip


class Model:
    """What the contract says, without bounds, on one flat dictionary."""

    def __init__(self):
        self.kept = {}

    def put(self, entry, now):
        if admission.refused(entry, LIMITS):
            return
        rivals = [
            kept for kept in self.kept.values()
            if kept.name == entry.name
            and (0 in (kept.type, entry.type) or kept.type == entry.type)
        ]  # fmt: skip
        if any(r.rank > entry.rank and r.expiry > now for r in rivals):
            return
        for rival in rivals:
            del self.kept[rival.name, rival.type]
        self.kept[entry.name, entry.type] = entry

    def at(self, owner, rrtype, now):
        for wanted in (rrtype, RRType.CNAME, 0):
            entry = self.kept.get((owner, wanted))
            usable = (
                wanted != RRType.CNAME
                or wanted == rrtype
                or (entry and entry.kind == Kind.POSITIVE)
            )
            if entry and entry.expiry > now and usable:
                return entry
        return None

    def find(self, owner, rrtype, now, below):
        found = self.at(owner, rrtype, now)
        while found is None and len(owner) > len(below):
            owner = owner[1 + owner[0] :]
            if len(owner) > len(below):
                entry = self.kept.get((owner, 0))
                if entry and entry.expiry > now and entry.security != Security.BOGUS:
                    found = entry
        return found


class MemoryCaches:
    """Caches of one process."""

    def __init__(self, bounds):
        self.records = MemoryRecords(bounds, LIMITS)
        self.delegations = MemoryDelegations(bounds)

    def settle(self, now):
        pass

    def octets(self):
        held = sum(
            ENTRY_OCTETS + len(e.name) + admission.entry_octets(e) for e in self.records.entries()
        )
        cuts = sum(
            CUT_OCTETS + len(d.zone) + admission.delegation_octets(d)
            for d in self.delegations.delegations()
        )
        counted = self.records.statistics().used_octets
        return held + cuts, counted + self.delegations.statistics().used_octets

    def kinds(self):
        return self.records.statistics()[:3]

    def close(self):
        pass


class SharedCaches:
    """The shared cache: one process puts and finds, another looks what is in the file."""

    def __init__(self, bounds):
        self._directory = tempfile.TemporaryDirectory()
        self._file = SharedFile(Path(self._directory.name), bounds, LIMITS)
        self.records = self._file.cache.records
        self.delegations = self._file.cache.delegations

    def settle(self, now):
        self._file.cache.commit(now)

    def octets(self):
        held = sum(len(k) + len(v) for part in self._file.held() for k, v in part.items())
        return held, self._file.cache.statistics().used_octets

    def kinds(self):
        return self._file.another_process().statistics()[:3]

    def close(self):
        self._file.cache.close()
        self._directory.cleanup()


class Roomy(RuleBasedStateMachine):
    """Caches with room for everything forget nothing."""

    caches: type

    @initialize()
    def begin(self):
        self.cache = self.caches(ROOMY)
        self.model = Model()
        self.cuts = {}
        self.now = 0.0

    def teardown(self):
        self.cache.close()

    @rule(data=st.data())
    def put(self, data):
        entry = data.draw(entries_at(self.now))
        self.cache.records.put(entry, self.now)
        self.model.put(entry, self.now)

    @rule(text=st.sampled_from(TEXTS), rrtype=st.sampled_from(TYPES),
          below=st.sampled_from([".", "test.", "a.test."]))  # fmt: skip
    def find(self, text, rrtype, below):
        if not name(text).endswith(name(below)):
            return
        found = self.cache.records.find(name(text), rrtype, self.now, below=name(below))
        assert found == self.model.find(name(text), rrtype, self.now, name(below))

    @rule(text=st.sampled_from(TEXTS), rrtype=st.sampled_from(TYPES),
          age=st.sampled_from([0.0, 5.0, 1000.0]))  # fmt: skip
    def find_stale(self, text, rrtype, age):
        found = self.cache.records.find_stale(name(text), rrtype, self.now, age)
        assert found == self.model.at(name(text), rrtype, self.now - age)

    @rule(
        text=st.sampled_from(TEXTS), ttl=st.sampled_from([1, 50]), server=st.sampled_from(SERVERS)
    )
    def put_cut(self, text, ttl, server):
        delegation = cut(text, now=self.now, ttl=ttl, source=server)
        self.cache.delegations.put(delegation, self.now)
        self.cuts[delegation.zone] = delegation

    @rule(text=st.sampled_from(TEXTS))
    def closest(self, text):
        above = [name(text)]
        while above[-1] != b"\x00":
            above.append(above[-1][1 + above[-1][0] :])
        current = [self.cuts[z] for z in above if z in self.cuts and self.cuts[z].expiry > self.now]
        found = self.cache.delegations.closest(name(text), self.now)
        assert found == (current[0] if current else None)

    @rule(selector=selectors())
    def flush(self, selector):
        self.cache.settle(self.now)
        gone = [k for k, e in self.model.kept.items() if selects_entry(selector, e)]
        assert self.cache.records.flush(selector) == len(gone)
        for key in gone:
            del self.model.kept[key]

    @rule(selector=selectors())
    def flush_cuts(self, selector):
        self.cache.settle(self.now)
        gone = [z for z, d in self.cuts.items() if selects_delegation(selector, d)]
        assert self.cache.delegations.flush(selector) == len(gone)
        for zone in gone:
            del self.cuts[zone]

    @rule(seconds=st.sampled_from([0.5, 1.0, 9.0, 200.0]))
    def pass_time(self, seconds):
        self.now += seconds

    @rule()
    def settle(self):
        self.cache.settle(self.now)
        held = {(e.name, e.type): e for e in self.cache.records.entries()}
        assert held == self.model.kept
        assert {d.zone: d for d in self.cache.delegations.delegations()} == self.cuts
        kinds = [e.kind for e in held.values()]
        assert list(self.cache.kinds()) == [kinds.count(kind) for kind in Kind]

    @invariant()
    def octets_counted_are_octets_held(self):
        if hasattr(self, "cache"):
            held, counted = self.cache.octets()
            assert held == counted


class Tight(RuleBasedStateMachine):
    """Caches without room hold some of what was put last, unchanged, and no more than they may."""

    caches: type

    @initialize()
    def begin(self):
        self.cache = self.caches(CacheBounds(entries=20, octets=4 << 20))
        self.model = {}
        self.cuts = {}
        self.now = 0.0

    def teardown(self):
        self.cache.close()

    @rule(numbers=st.lists(st.integers(0, 60), max_size=30), ttl=st.sampled_from([5, 500]))
    def put(self, numbers, ttl):
        for i in numbers:
            zone = f"zone{i % 20}.test."
            entry = positive(f"n{i}.{zone}", zone=zone, now=self.now, ttl=ttl)
            self.cache.records.put(entry, self.now)
            self.model[entry.name] = entry
            self.cache.delegations.put(cut(zone, now=self.now, ttl=ttl), self.now)
            self.cuts[name(zone)] = cut(zone, now=self.now, ttl=ttl)
        self.cache.settle(self.now)

    @rule(i=st.integers(0, 60))
    def find(self, i):
        owner = name(f"n{i}.zone{i % 20}.test.")
        found = self.cache.records.find(owner, RRType.A, self.now)
        assert found is None or (found == self.model[owner] and found.expiry > self.now)
        closest = self.cache.delegations.closest(owner, self.now)
        assert closest is None or closest == self.cuts[closest.zone]

    @rule(i=st.integers(0, 19))
    def flush(self, i):
        tree = name(f"zone{i}.test.")
        self.cache.records.flush(Selector(tree=tree))
        self.cache.delegations.flush(Selector(tree=tree))
        for gone in [n for n in self.model if n.endswith(tree)]:
            del self.model[gone]
        self.cuts.pop(tree, None)

    @rule(seconds=st.sampled_from([1.0, 6.0, 600.0]))
    def pass_time(self, seconds):
        self.now += seconds

    @invariant()
    def what_is_held_was_put_and_is_bounded(self):
        if not hasattr(self, "cache"):
            return
        held = list(self.cache.records.entries())
        assert all(self.model[e.name] == e for e in held)
        assert len(held) <= 20
        zones = [e.zone for e in held]
        assert all(zones.count(zone) <= 2 for zone in zones)
        cuts = list(self.cache.delegations.delegations())
        assert all(self.cuts[d.zone] == d for d in cuts)
        assert len(cuts) <= 4
        octets, counted = self.cache.octets()
        assert octets == counted


@pytest.mark.parametrize("caches", [MemoryCaches, SharedCaches])
@pytest.mark.parametrize("behaviour", [Roomy, Tight])
def test_a_cache_is_a_dictionary_that_may_forget(behaviour, caches):
    machine = type("Machine", (behaviour,), {"caches": caches}).TestCase
    machine.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
    machine().runTest()
