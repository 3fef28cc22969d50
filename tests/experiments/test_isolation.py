"""The isolation experiment, in short: its totals are those of its worlds."""

import random

from experiments.isolation import examine, run, run_signed

from dnsd.resolver.cache.contract import Security
from dnsd.resolver.security.judgement import Judge


def test_the_run_adds_up_what_it_found_in_each_world():
    audits = [examine(random.Random(seed)) for seed in range(5)]
    totals, complaints = run(range(5))
    assert totals["worlds"] == 5
    assert totals["answers"] == sum(audit.answers for audit in audits)
    assert totals["packets"] == max(count for audit in audits for count in audit.packets)
    assert complaints == []


def test_a_lie_that_is_believed_is_seen():
    """The audit itself can fail: a cache that was poisoned by hand is complained about."""
    audit = examine(random.Random(1))
    entry = next(e for e in audit.asker.records.entries() if audit.world.is_honest_name(e.name))
    entry.server = b"\xcb\0\x71\x42"
    audit.complaints.clear()
    audit.caches()
    assert audit.complaints


def test_in_signed_worlds_the_liar_has_signatures_and_speaks_for_no_other():
    totals, complaints = run_signed(range(150))
    assert complaints == []
    assert 100 < totals["worlds"] < 150  # not all have the liar
    assert min(totals["secure"], totals["insecure"], totals["failed"]) > 50


def test_a_validator_that_believes_everything_is_seen(monkeypatch):
    def believe(self, rrset, said, judged):
        yield from ()
        return Security.SECURE

    monkeypatch.setattr(Judge, "_rrset", believe)
    assert run_signed(range(60))[1]
