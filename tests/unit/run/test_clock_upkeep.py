"""A clock that is wrong is said once, and shown."""

from types import SimpleNamespace

from dnsd.observe import metrics
from dnsd.resolver.security.clock import LAST
from dnsd.resolver.security.trust import Trust
from dnsd.run.clock_upkeep import SAY_EVERY_S, watching_clock
from dnsd.wire.iana import ExtendedError
from dnsd.wire.names import ROOT

SUSPECT = metrics.RESOLVER_CLOCK_SUSPECT.slot()


def advance(time, seconds):
    for _ in range(round(seconds)):
        time.advance(1.0)


def test_it_is_said_and_shown_until_signatures_hold_again(time, around, events):
    trust = Trust({}, lambda: 0)
    watching_clock(SimpleNamespace(world=SimpleNamespace(trust=trust)), around).start()
    assert around.row[SUSPECT] == 0
    for _ in range(2):
        trust.clock.note(ROOT, ExtendedError.SIGNATURE_NOT_YET_VALID, "valid in 54 years")
    advance(time, 30)
    assert around.row[SUSPECT] == 1
    said = [each for each in events() if each["event"] == "clock_suspect"]
    assert len(said) == 1
    assert "1970-01-01 00:00:00 UTC" in said[0]["text"]
    assert said[0]["signature"] == "valid in 54 years"
    advance(time, SAY_EVERY_S)
    assert len([each for each in events() if each["event"] == "clock_suspect"]) == 2
    for _ in range(LAST):
        trust.clock.note(ROOT, None)
    advance(time, 5)
    assert around.row[SUSPECT] == 0
    assert [each["event"] for each in events()][-1] == "clock_right"


def test_where_nothing_is_validated_there_is_nothing_to_say(around):
    watching_clock(SimpleNamespace(world=None), around).start()
    assert around.row[SUSPECT] == 0
