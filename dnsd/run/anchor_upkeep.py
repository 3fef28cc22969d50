"""Keeping trust anchors true while their zones roll keys (RFC 5011).

One process of the daemon, control or the only one, looks at the DNSKEY RRsets that any
of them validated, moves the state of the keys on, and keeps it in a file. Each process
that answers asks for these RRsets often enough, and takes over what the file says.

A file that cannot be read is as good as none: trust is then what is configured, and
never nothing. Not yet: a daemon of several processes whose cache has no file does not
follow, since nobody sees there what the others validated.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeGuard

from dnsd.dnssec import anchor_roll, signatures
from dnsd.durable import files
from dnsd.observe.page import ANY_ZONE
from dnsd.resolver.cache.contract import Kind, Security
from dnsd.resolver.security.sentinel import signal
from dnsd.run.upkeep import Repeating
from dnsd.wire.iana import RRType
from dnsd.wire.names import to_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dnsd.config.schema import Config
    from dnsd.control.surroundings import Surroundings
    from dnsd.dnssec.anchor_roll import TrackedKey
    from dnsd.dnssec.digests import Ds
    from dnsd.observe.page import SlotPage
    from dnsd.resolver.cache.contract import Entry
    from dnsd.run.wiring_cache import Caches

#: Seconds between two looks at what was validated, and at the file.
LOOK_S: Final = 60.0
#: Seconds between two signals to the root: as long as its keys are kept at most (RFC 8145 §5.1).
_SIGNAL_S: Final = 86_400.0
_DNSKEY: Final = int(RRType.DNSKEY)
_NULL: Final = int(RRType.NULL)


def state_directory(config: Config) -> Path:
    """Return where the state of the keys is kept; a worker reads it."""
    return config.state_directory / "trust-anchors"


def prepare(config: Config) -> None:
    """Make the directory, before any process is confined; without it nothing is followed."""
    with suppress(OSError):
        state_directory(config).mkdir(mode=0o750, exist_ok=True)


def read(config: Config) -> dict[bytes, tuple[TrackedKey, ...]]:
    """Read the state of the keys; nothing if there is none.

    Raises:
        ValueError: it is torn.
        OSError: it cannot be read.
    """
    try:
        text = _file(config).read_text()
    except FileNotFoundError:
        return {}
    return anchor_roll.from_json(text)


def anchors(config: Config) -> dict[bytes, tuple[Ds, ...]]:
    """Return the anchors that are configured, as far as their zones have not moved on."""
    configured = config.resolver.validation.anchors
    if not config.resolver.validation.follow:
        return configured
    try:
        tracked = read(config)
    except (OSError, ValueError):
        tracked = {}  # whoever follows says so
    return {
        zone: anchor_roll.anchors_of(zone, records, tracked.get(zone, ()))
        for zone, records in configured.items()
    }


class Follower:
    """Moves the state of the keys on, and keeps it."""

    def __init__(self, config: Config, caches: Caches, around: Surroundings) -> None:
        self._config = config
        self._caches = caches
        self._around = around
        self._seen: dict[bytes, float] = {}
        self._is_told = False

    def look(self) -> float:
        """Look at what was validated lately; seconds until the next look."""
        before = self._read()
        tracked = dict(before)
        for zone, records in self._config.resolver.validation.anchors.items():
            entry = self._caches.records.find(zone, _DNSKEY, self._around.clock.now())
            if not _is_proven(entry) or entry.stored == self._seen.get(zone):
                continue
            assert entry.rrset is not None
            self._seen[zone] = entry.stored
            now = self._around.clock.wall_now()
            seen = anchor_roll.see(entry.rrset, now)
            known = tracked.get(zone) or anchor_roll.begin(zone, records, seen, now)
            tracked[zone] = anchor_roll.advance(known, seen, now)
            self._tell(zone, known, tracked[zone])
        if tracked != before:
            self._write(tracked)
        return LOOK_S

    def _read(self) -> dict[bytes, tuple[TrackedKey, ...]]:
        try:
            return read(self._config)
        except (OSError, ValueError) as error:
            self._complain(f"their state cannot be read, those configured count: {error}")
            return {}

    def _write(self, tracked: dict[bytes, tuple[TrackedKey, ...]]) -> None:
        try:
            files.put(_file(self._config), anchor_roll.to_json(tracked).encode())
        except OSError as error:
            self._seen.clear()  # it is tried again
            self._complain(f"their state cannot be kept: {error}")

    def _complain(self, text: str) -> None:
        if not self._is_told:
            self._around.log.error("trust_anchors", text, file=str(_file(self._config)))
        self._is_told = True

    def _tell(
        self, zone: bytes, before: tuple[TrackedKey, ...], after: tuple[TrackedKey, ...]
    ) -> None:
        states = {each.rdata: each.state for each in before}
        for each in after:
            if states.get(each.rdata) is not each.state:
                self._around.log.warning(
                    "trust_anchor_key",
                    f"key {each.key.tag} of {to_text(zone)} is {each.state.value} now",
                    zone=to_text(zone), key=each.key.tag, state=each.state.value,
                )  # fmt: skip
        if not any(each.state in anchor_roll.TRUSTED for each in after):
            self._around.log.error(
                "trust_anchors_revoked",
                f"no key of {to_text(zone)} is trusted any more: nothing below it validates"
                " until trust_anchors names a new one",
                zone=to_text(zone),
            )


def following(config: Config, caches: Caches, around: Surroundings) -> Repeating:
    """Move the state of the keys on, for one process of the daemon."""
    return Repeating(around.clock, Follower(config, caches, around).look)


def adopting(config: Config, caches: Caches, page: SlotPage, around: Surroundings) -> Repeating:
    """Take over what the file says, for each process that answers.

    Args:
        config: names the anchors to begin with.
        caches: know who validates.
        page: whose answers are not to be given any more where trust has changed.
        around: clock and log of the process.
    """

    def act() -> float:
        found = anchors(config)
        for world in (caches.world, *caches.apart):
            trust = world.trust if world is not None else None
            if world is not None and trust is not None and trust.anchors != found:
                world.trust = replace(trust, anchors=found)
                page.bump(ANY_ZONE)
        return LOOK_S

    return Repeating(around.clock, act)


def refreshing(
    config: Config, caches: Caches, ask: Callable[[bytes, int], object], around: Surroundings
) -> Repeating:
    """Have the keys looked up often enough, and tell the root which are trusted.

    Args:
        config: says which, and whether the root is told.
        caches: what one process looked up none of them asks for again.
        ask: looks up a name and type, for nobody.
        around: clock of the process.
    """
    tried: dict[bytes, float] = {}
    validation = config.resolver.validation

    def act() -> float:
        world, now = caches.world, around.clock.now()
        if world is None or world.trust is None or not tried:
            # Not in the first minute, when clients have better use for our packets.
            tried.update(dict.fromkeys(validation.anchors, now))
            return LOOK_S
        for zone in validation.anchors if validation.follow else ():
            entry = world.records.find(zone, _DNSKEY, now)
            since = entry.stored if entry is not None else float("-inf")
            if now - max(since, tried[zone]) >= _interval(entry, around.clock.wall_now()):
                tried[zone] = now
                ask(zone, _DNSKEY)
        name = signal(world.trust) if validation.key_tag_query else None
        if name is not None and now - tried.get(name, float("-inf")) >= _SIGNAL_S:
            tried[name] = now
            ask(name, _NULL)
        return LOOK_S

    return Repeating(around.clock, act)


def _interval(entry: Entry | None, now: int) -> int:
    """Return the seconds between two looks at the keys of a zone."""
    if not _is_proven(entry):
        return anchor_roll.next_look_s(anchor_roll.LEAST_LOOK_S, 0, failed=True)
    assert entry.rrset is not None
    read = list(filter(None, map(signatures.from_wire, entry.rrset.signatures)))
    ttl = max([entry.rrset.ttl, *(each.original_ttl for each in read)])
    remaining = max((each.remaining_s(now) for each in read), default=0)
    return anchor_roll.next_look_s(ttl, remaining)


def _is_proven(entry: Entry | None) -> TypeGuard[Entry]:
    return (
        entry is not None
        and entry.kind is Kind.POSITIVE
        and entry.type == _DNSKEY
        and entry.security is Security.SECURE
    )


def _file(config: Config) -> Path:
    return state_directory(config) / "state.json"
