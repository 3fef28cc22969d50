"""Trust anchors over months: state on disk, in one process and in those that answer."""

import json
from types import SimpleNamespace

import pytest
from fakes.signed import sign, signing_key

from dnsd.dnssec import anchor_roll, digests
from dnsd.dnssec.keys import REVOKED, Key
from dnsd.dnssec.signing import Validity
from dnsd.observe.page import ANY_ZONE
from dnsd.resolver.cache.contract import Entry, Kind, Rank, Security
from dnsd.resolver.cache.memory import MemoryRecords
from dnsd.resolver.security.trust import Trust
from dnsd.run import anchor_upkeep
from dnsd.wire.names import ROOT
from dnsd.wire.rrset import RRset

DAY, NULL, DNSKEY = 86_400, 10, 48
OLD, NEW = signing_key(number=1), signing_key(number=2)


class RevokedKey:
    """A key that its owner takes back: the same, with another bit and so another tag."""

    def __init__(self, key):
        flags = int.from_bytes(key.dnskey[:2], "big") | REVOKED
        self.key = Key(flags.to_bytes(2, "big") + key.dnskey[2:])
        self.dnskey = self.key.rdata
        self._twin = key

    def sign(self, rrset, zone, validity):
        kept, self._twin.key = self._twin.key, self.key
        try:
            return self._twin.sign(rrset, zone, validity)
        finally:
            self._twin.key = kept


def ds(key):
    return digests.from_wire(digests.to_wire(ROOT, key.key, 2))


class Daemon:
    """What is kept of a daemon through a year of days."""

    def __init__(self, directory, around, *, follow=True):
        validation = SimpleNamespace(anchors={ROOT: (ds(OLD),)}, follow=follow, key_tag_query=True)
        self.config = SimpleNamespace(
            resolver=SimpleNamespace(validation=validation), state_directory=directory
        )
        self.around = around
        self.day = 0
        self.start()

    def start(self):
        anchor_upkeep.prepare(self.config)
        self.records = MemoryRecords()
        trust = Trust(anchor_upkeep.anchors(self.config), lambda: 0)
        self.world = SimpleNamespace(records=self.records, trust=trust)
        self.caches = SimpleNamespace(records=self.records, world=self.world, apart=[])
        self.page = SimpleNamespace(bump=self.bumped)
        self.bumps = []
        clock = SimpleNamespace(
            now=lambda: self.day * DAY, wall_now=lambda: 10**9 + int(self.day * DAY)
        )
        around = SimpleNamespace(clock=clock, log=self.around.log)
        self.follower = anchor_upkeep.Follower(self.config, self.caches, around)
        self._clock = around

    def bumped(self, slot):
        self.bumps.append(slot)

    def validate(self, *signers, security=Security.SECURE, others=()):
        now = 10**9 + self.day * DAY
        rdatas = tuple(each.dnskey for each in (*signers, *others))
        rrset = sign(
            RRset(ROOT, DNSKEY, 2 * DAY, rdatas), *signers, zone=ROOT,
            validity=Validity(now - DAY, now + 10 * DAY),
        )  # fmt: skip
        at = self.day * DAY
        self.records.put(
            Entry(ROOT, DNSKEY, Kind.POSITIVE, Rank.AUTHORITATIVE, security, at, at + DAY, rrset),
            at,
        )

    def days(self, count, *signers, **how):
        for _ in range(count):
            self.day += 1
            self.validate(*signers, **how)
            assert self.follower.look() == anchor_upkeep.LOOK_S
        anchor_upkeep.adopting(self.config, self.caches, self.page, self._clock)._act()

    @property
    def trusted(self):
        return set(self.world.trust.anchors[ROOT])


@pytest.fixture
def daemon(tmp_path, around):
    return Daemon(tmp_path, around)


def test_a_roll_over_reaches_those_who_answer(daemon, events):
    daemon.days(30, OLD, others=(NEW,))
    assert (daemon.trusted, daemon.bumps) == ({ds(OLD)}, [])
    daemon.days(2, OLD, others=(NEW,))
    assert (daemon.trusted, daemon.bumps) == ({ds(OLD), ds(NEW)}, [ANY_ZONE])
    daemon.days(2, NEW, RevokedKey(OLD))
    assert daemon.trusted == {ds(NEW)}
    said = [
        (each["key"], each["state"]) for each in events() if each["event"] == "trust_anchor_key"
    ]
    assert said == [(NEW.key.tag, "pending"), (NEW.key.tag, "valid"), (OLD.key.tag, "revoked")]


def test_a_revocation_that_the_key_did_not_sign_is_none(daemon):
    daemon.days(32, OLD, others=(NEW,))
    daemon.days(3, NEW, others=(RevokedKey(OLD),))
    assert daemon.trusted == {ds(OLD), ds(NEW)}


def test_a_restart_goes_on_where_it_was(daemon):
    daemon.days(20, OLD, others=(NEW,))
    daemon.start()
    daemon.days(11, OLD, others=(NEW,))
    daemon.start()
    assert daemon.trusted == {ds(OLD), ds(NEW)}


@pytest.mark.parametrize("security", [Security.BOGUS, Security.INSECURE, Security.INDETERMINATE])
def test_what_was_not_validated_moves_nothing(daemon, security):
    daemon.days(40, OLD, others=(NEW,), security=security)
    assert daemon.trusted == {ds(OLD)}
    assert not (anchor_upkeep.state_directory(daemon.config) / "state.json").exists()


@pytest.mark.parametrize("octets", [b"", b"{", b"\xff\xfe", b'{"format": 1, "zones": {"00'])
def test_a_torn_file_is_said_and_what_is_configured_counts(daemon, events, octets):
    daemon.days(32, OLD, others=(NEW,))
    path = anchor_upkeep.state_directory(daemon.config) / "state.json"
    path.write_bytes(octets)
    daemon.start()
    assert daemon.trusted == {ds(OLD)}
    daemon.days(2, OLD)
    assert [each["event"] for each in events() if each["level"] == "error"] == ["trust_anchors"]
    assert json.loads(path.read_text())["zones"]
    assert daemon.trusted == {ds(OLD)}


def test_a_write_that_was_cut_short_leaves_what_was_there(daemon):
    """V12: what is put in place is whole, and what was begun beside it is in nobody's way."""
    daemon.days(32, OLD, others=(NEW,))
    path = anchor_upkeep.state_directory(daemon.config) / "state.json"
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.with_name("state.json.new").write_bytes(whole[:length])
        daemon.start()
        assert daemon.trusted == {ds(OLD), ds(NEW)}
    daemon.days(1, OLD, others=(NEW,))
    daemon.days(1, NEW, RevokedKey(OLD))
    daemon.start()
    assert daemon.trusted == {ds(NEW)}


def test_no_place_to_keep_it_is_said_once(daemon, events):
    directory = anchor_upkeep.state_directory(daemon.config)
    directory.rmdir()
    directory.write_text("in the way")
    daemon.days(3, OLD)
    assert [each["event"] for each in events() if each["level"] == "error"] == ["trust_anchors"]
    assert daemon.trusted == {ds(OLD)}


def test_all_keys_revoked_is_an_alarm_and_nothing_is_trusted_instead(daemon, events):
    daemon.days(1, OLD)
    daemon.days(1, RevokedKey(OLD))
    assert [each["event"] for each in events() if each["level"] == "error"] == [
        "trust_anchors_revoked"
    ]
    assert daemon.trusted == {ds(OLD)}


def test_who_does_not_want_it_trusts_what_is_configured(daemon, tmp_path, around):
    daemon.days(32, OLD, others=(NEW,))
    assert anchor_upkeep.anchors(daemon.config)[ROOT] == (ds(OLD), ds(NEW))
    daemon.config.resolver.validation.follow = False
    assert anchor_upkeep.anchors(daemon.config) == {ROOT: (ds(OLD),)}


def test_keys_are_looked_up_and_the_root_is_told(daemon):
    asked = []
    repeating = anchor_upkeep.refreshing(
        daemon.config, daemon.caches, lambda *question: asked.append(question), daemon._clock
    )
    repeating._act()
    assert asked == [], "not at once"
    daemon.day += 1
    repeating._act()
    signal = (b"\x08_ta-" + f"{OLD.key.tag:04x}".encode() + b"\0", NULL)
    assert asked == [(ROOT, DNSKEY), signal]
    repeating._act()
    assert len(asked) == 2
    daemon.validate(OLD)
    daemon.day += 0.5
    repeating._act()
    assert len(asked) == 2, "half its TTL is a day"
    daemon.day += 0.6
    repeating._act()
    assert asked[2:] == [(ROOT, DNSKEY), signal]


def test_hold_down_is_what_the_standard_says():
    assert anchor_roll.HOLD_DOWN_S == 30 * DAY
