"""The keys of a zone over simulated months: which of them are trusted, and when (RFC 5011)."""

import pytest
from fakes.signed import signing_key

from dnsd.dnssec import digests, keys
from dnsd.dnssec.anchor_roll import (
    HOLD_DOWN_S,
    LEAST_LOOK_S,
    MAX_KEYS,
    MOST_LOOK_S,
    Seen,
    State,
    TrackedKey,
    advance,
    anchors_of,
    begin,
    from_json,
    next_look_s,
    to_json,
)
from dnsd.wire.names import ROOT

DAY = 86_400
OLD, NEW, OTHER = (signing_key(number=number).dnskey for number in (1, 2, 3))


def ds(rdata):
    return digests.from_wire(digests.to_wire(ROOT, keys.Key(rdata), 2))


def revoked(rdata):
    return (int.from_bytes(rdata[:2], "big") | keys.REVOKED).to_bytes(2, "big") + rdata[2:]


def see(*rdatas, signed=(), ttl=2 * DAY):
    return Seen(rdatas, ttl, signed)


CONFIGURED = (ds(OLD),)


class Months:
    """A validator that looks each day."""

    def __init__(self, *rdatas):
        self.day = 0
        self.tracked = begin(ROOT, CONFIGURED, see(*rdatas), 0)

    def days(self, count, seen):
        for _ in range(count):
            self.day += 1
            self.tracked = advance(self.tracked, seen, self.day * DAY)

    def state(self, rdata):
        return next((each.state for each in self.tracked if each.rdata == rdata), None)

    @property
    def trusted(self):
        return set(anchors_of(ROOT, CONFIGURED, self.tracked))


def test_a_whole_roll_over():
    months = Months(OLD)
    assert months.state(OLD) is State.VALID
    months.days(30, see(OLD, NEW))
    assert (months.state(NEW), months.trusted) == (State.PENDING, {ds(OLD)})
    months.days(1, see(OLD, NEW))
    assert (months.state(NEW), months.trusted) == (State.VALID, {ds(OLD), ds(NEW)})
    months.days(10, see(revoked(OLD), NEW, signed=(revoked(OLD),)))
    assert (months.state(OLD), months.trusted) == (State.REVOKED, {ds(NEW)})
    months.days(29, see(NEW))
    assert months.state(OLD) is State.REVOKED
    months.days(2, see(NEW))
    assert months.state(OLD) is State.REMOVED
    months.days(60, see(OLD, NEW))
    assert (months.state(OLD), months.trusted) == (State.REMOVED, {ds(NEW)}), "never again"


def test_a_key_that_goes_away_meanwhile_begins_anew():
    months = Months(OLD)
    months.days(29, see(OLD, NEW))
    months.days(1, see(OLD))
    assert months.state(NEW) is None
    months.days(30, see(OLD, NEW))
    assert months.trusted == {ds(OLD)}
    months.days(1, see(OLD, NEW))
    assert months.trusted == {ds(OLD), ds(NEW)}


def test_a_missing_key_is_trusted_and_comes_back():
    months = Months(OLD)
    months.days(31, see(OLD, NEW))
    months.days(400, see(NEW))
    assert (months.state(OLD), months.trusted) == (State.MISSING, {ds(OLD), ds(NEW)})
    months.days(1, see(OLD, NEW))
    assert months.state(OLD) is State.VALID
    months.days(1, see(NEW))
    months.days(1, see(revoked(OLD), NEW, signed=(revoked(OLD),)))
    assert months.trusted == {ds(NEW)}


def test_the_bit_alone_revokes_nothing():
    months = Months(OLD)
    months.days(31, see(OLD, NEW))
    months.days(5, see(revoked(OLD), NEW))
    assert (months.state(OLD), months.trusted) == (State.MISSING, {ds(OLD), ds(NEW)})


def test_a_pending_key_that_is_revoked_is_forgotten():
    months = Months(OLD)
    months.days(3, see(OLD, NEW))
    months.days(1, see(OLD, NEW, revoked(NEW), signed=(revoked(NEW),)))
    assert months.state(NEW) is None


def test_the_hold_down_is_as_long_as_the_ttl():
    months = Months(OLD)
    months.days(40, see(OLD, NEW, ttl=60 * DAY))
    assert months.state(NEW) is State.PENDING


def test_a_hold_down_ends_by_being_seen_not_by_time():
    months = Months(OLD)
    months.days(1, see(OLD, NEW))
    months.tracked = advance(months.tracked, see(OLD), 100 * DAY)
    assert months.trusted == {ds(OLD)}


def test_a_clock_that_goes_back_lets_nothing_in():
    months = Months(OLD)
    months.days(20, see(OLD, NEW))
    months.tracked = advance(months.tracked, see(OLD, NEW), -1000 * DAY)
    assert months.state(NEW) is State.PENDING


def test_keys_without_the_sep_bit_are_no_anchors():
    months = Months(OLD)
    zone_key = signing_key(number=4, is_entry_point=False).dnskey
    months.days(50, see(OLD, zone_key))
    assert months.state(zone_key) is None


def test_where_all_are_revoked_nothing_is_trusted_any_more():
    months = Months(OLD)
    months.days(1, see(revoked(OLD), signed=(revoked(OLD),)))
    assert months.trusted == {ds(OLD)}
    assert keys.usable_keys([revoked(OLD)]) == (), "which matches nothing that signs"


def test_configured_anchors_that_were_never_seen_are_trusted():
    assert set(anchors_of(ROOT, (*CONFIGURED, ds(OTHER)), begin(ROOT, CONFIGURED, see(OLD), 0))) == {
        ds(OLD), ds(OTHER)
    }  # fmt: skip


def test_only_keys_that_an_anchor_vouches_for_are_valid_at_once():
    assert [each.rdata for each in begin(ROOT, CONFIGURED, see(NEW, OLD), 0)] == [OLD]


def test_remembered_keys_are_bounded():
    months = Months(OLD)
    months.tracked += tuple(
        TrackedKey(OTHER + bytes((n,)), State.REMOVED, 0) for n in range(MAX_KEYS - 1)
    )
    months.days(1, see(OLD, NEW))
    assert len(months.tracked) == MAX_KEYS


@pytest.mark.parametrize(
    ("ttl", "remaining", "failed", "expected"),
    [
        (172_800, 20 * DAY, False, DAY),
        (60, 20 * DAY, False, LEAST_LOOK_S),
        (100 * DAY, 100 * DAY, False, MOST_LOOK_S),
        (100 * DAY, 4 * DAY, False, 2 * DAY),
        (100 * DAY, 100 * DAY, True, DAY),
        (172_800, 20 * DAY, True, 17_280),
        (172_800, -5, True, LEAST_LOOK_S),
    ],
)
def test_keys_are_looked_at_again(ttl, remaining, failed, expected):
    assert next_look_s(ttl, remaining, failed=failed) == expected


def test_the_state_is_what_it_was():
    months = Months(OLD)
    months.days(3, see(OLD, NEW))
    text = to_json({ROOT: months.tracked})
    assert from_json(text) == {ROOT: months.tracked}
    assert HOLD_DOWN_S == 30 * DAY


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"format": 2, "zones": {}}', '{"format": 1, "zones": [1]}',
     '{"format": 1, "zones": {"00": [{"key": "01", "state": "valid", "since": 1}]}}',
     '{"format": 1, "zones": {"00": [{"key": "0101030d00", "state": "odd", "since": 1}]}}',
     '{"format": 1, "zones": {"00": [{"key": "0101030d00", "state": "valid", "since": "x"}]}}',
     "[" * 100_000],
)  # fmt: skip
def test_what_is_torn_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        from_json(text)
