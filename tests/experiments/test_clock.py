"""The clock experiment, in short: to 1970 and back."""

from pathlib import Path
from unittest import mock

import pytest
from experiments.clock import STEPS, WALL_CLOCK_USES, Found, load, other_boots, wall_clock_reads
from experiments.signed_clock import jumps

from dnsd.dnssec import signatures
from dnsd.dnssec.signatures import Refusal

TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_nothing_that_counts_seconds_notices_a_jump(tmp_path):
    found = load(tmp_path, 0, steps=("to 1970",), starts=("to 2038",))
    assert found.failures == []
    assert found.answered > 300
    assert found.timers >= 8
    assert found.jumps == 4


@pytest.mark.slow
def test_a_reactor_that_goes_by_the_wall_clock_is_seen(tmp_path):
    """The experiment itself can fail: with the clock that Twisted has of its own."""
    script = tmp_path / "wall.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(TESTS)!r})\n"
        "import dnsd.net.clock\ndnsd.net.clock.use_monotonic_time = lambda reactor: None\n"
        "from fakes.wall_clock import run\nrun()\n"
    )
    program = (str(script), str(tmp_path / "clock"))
    found = load(tmp_path, 0, steps=("to 1970",), program=program, starts=())
    assert any("instead of" in text or "did not come" in text for text in found.failures)


def test_no_ttl_grows_while_the_machine_is_off(tmp_path):
    rows, failures = other_boots(tmp_path)
    assert failures == []
    assert [first for _, first, _ in rows[:2]] == [2940, 3240]
    assert {first for _, first, _ in rows[2:]} == {-1}


def test_the_wall_clock_is_read_where_the_table_says():
    assert wall_clock_reads() == set(WALL_CLOCK_USES)


def test_a_new_use_of_the_wall_clock_is_seen(tmp_path):
    (tmp_path / "new.py").write_text("import time\nend = time.time() + 5\n")
    (tmp_path / "other.py").write_text("import datetime as dt\nnow = dt.datetime.now(dt.UTC)\n")
    (tmp_path / "good.py").write_text("import time\nend = time.monotonic() + 5\n")
    assert wall_clock_reads(tmp_path) == {"new.py", "other.py"}


def test_early_and_lost_timers_are_told():
    found = Found()
    found.timer("one", 3.0, 2.0)
    found.timer("two", 1.5, 2.0)
    assert found.failures == []
    found.timer("three", 0.5, 2.0)
    found.timer("four", None, 2.0)
    assert found.failures == ["three came after 0.5 s instead of 2.0", "four did not come"]
    assert (found.timers, found.latest) == (4, 1.0)


def test_nothing_is_secure_by_a_clock_that_says_otherwise():
    seen = jumps(STEPS)
    assert seen.failures == []
    assert seen.jumps == 2 * len(STEPS)
    assert min(seen.counts["secure"], seen.counts["insecure"], seen.counts["SERVFAIL"]) > 50


@pytest.mark.parametrize("forgotten", [Refusal.EXPIRED, Refusal.NOT_YET_VALID])
def test_a_validator_that_does_not_look_at_the_clock_is_seen(forgotten):
    whole = signatures.refusal

    def lenient(*arguments):
        reason = whole(*arguments)
        return None if reason is forgotten else reason

    with mock.patch.object(signatures, "refusal", lenient):
        assert jumps(STEPS).failures
