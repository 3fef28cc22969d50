"""Trust anchors that follow the keys of their zone (RFC 5011), as a pure state machine.

States of a key, and what leads from one to another::

    (unknown)  a key that a trusted one signed for        -> PENDING
    PENDING    it is gone, or revoked                      -> (unknown)
    PENDING    seen again after the hold-down              -> VALID
    VALID      it is gone                                  -> MISSING
    MISSING    it is back                                  -> VALID
    VALID, MISSING   revoked by a signature of its own     -> REVOKED
    REVOKED    gone for the hold-down                      -> REMOVED

Nothing moves but on a DNSKEY RRset that the anchors of that moment validated. VALID and
MISSING keys are trusted; REVOKED and REMOVED ones never again. Where all that is left
is revoked nothing is: the zone then does not validate, which the operator must hear of.

Deviates from RFC 5011 §5: because nobody should stop validating unawares, such a zone is not taken for unsigned.

Times are Unix seconds and come from outside; a clock that goes back lets nothing in.

Source: RFC 5011 §2, §4.
"""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from dnsd.dnssec import digests, keys, signatures
from dnsd.dnssec.algorithms import SUPPORTED, DigestType
from dnsd.dnssec.validation import Secure, Verdict, Work, validate

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable

    from dnsd.dnssec.digests import Ds
    from dnsd.wire.rrset import RRset

#: Seconds for which a key must be seen before it is trusted, and a revoked one be gone.
HOLD_DOWN_S: Final = 30 * 86_400
#: Between two looks at the keys of a zone: at least and at most (RFC 5011 §2.3).
LEAST_LOOK_S: Final = 3_600
MOST_LOOK_S: Final = 15 * 86_400
#: Keys of a zone that are remembered; an owner who makes more waits for the old to go.
MAX_KEYS: Final = 32


class State(enum.Enum):
    """What a key is; see the module."""

    PENDING = "pending"
    VALID = "valid"
    MISSING = "missing"
    REVOKED = "revoked"
    REMOVED = "removed"


TRUSTED: Final = frozenset((State.VALID, State.MISSING))


@dataclass(frozen=True, slots=True)
class TrackedKey:
    """A key and its state.

    Attributes:
        rdata: of the DNSKEY, as it was before it was revoked.
        state: of it.
        since: Unix seconds since when; of a REVOKED one when it was seen last.
    """

    rdata: bytes
    state: State
    since: int

    @property
    def key(self) -> keys.Key:
        """The key."""
        return keys.Key(self.rdata)


@dataclass(frozen=True, slots=True)
class Seen:
    """A DNSKEY RRset that the anchors of its zone validated.

    Attributes:
        rdatas: its records.
        ttl: as its owner signed it, seconds.
        revoked: rdata of those with the REVOKE bit that signed the RRset themselves.
    """

    rdatas: tuple[bytes, ...]
    ttl: int
    revoked: tuple[bytes, ...] = ()


def begin(zone: bytes, configured: tuple[Ds, ...], seen: Seen, now: int) -> tuple[TrackedKey, ...]:
    """Take the keys that the configured anchors vouch for; VALID from the beginning."""
    return tuple(
        TrackedKey(key.rdata, State.VALID, now)
        for key in _entry_points(seen.rdatas)
        if any(digests.matches(ds, zone, key) for ds in configured)
    )


def advance(tracked: tuple[TrackedKey, ...], seen: Seen, now: int) -> tuple[TrackedKey, ...]:
    """Move all keys of a zone on.

    Args:
        tracked: as they were.
        seen: the zone's keys now.
        now: Unix seconds.
    """
    there = {key.rdata for key in _entry_points(seen.rdatas)}
    shown_revoked = {_plain(rdata) for rdata in seen.rdatas if _is_revoked(rdata)}
    revoked = {_plain(rdata) for rdata in seen.revoked}
    hold_down_s = max(HOLD_DOWN_S, seen.ttl)
    moved = []
    for each in tracked:
        after = _moved(each, there, revoked, now - each.since >= hold_down_s)
        if after is None:
            continue
        if after is not each.state:
            moved.append(TrackedKey(each.rdata, after, now))
        elif after is State.REVOKED and each.rdata in shown_revoked:
            moved.append(replace(each, since=now))
        else:
            moved.append(each)
    known = {each.rdata for each in tracked}
    fresh = [rdata for rdata in sorted(there - known) if rdata not in shown_revoked]
    room = max(0, MAX_KEYS - len(moved))
    return (*moved, *(TrackedKey(rdata, State.PENDING, now) for rdata in fresh[:room]))


def _moved(each: TrackedKey, there: set[bytes], revoked: set[bytes], is_over: bool) -> State | None:  # noqa: FBT001 - one of a table
    """Return the next state of a key; ``None`` forgets it."""
    is_there = each.rdata in there
    match each.state:
        case State.PENDING:
            if not is_there or each.rdata in revoked:
                return None
            return State.VALID if is_over else State.PENDING
        case State.VALID | State.MISSING:
            if each.rdata in revoked:
                return State.REVOKED
            return State.VALID if is_there else State.MISSING
        case State.REVOKED:
            return State.REMOVED if is_over else State.REVOKED
        case State.REMOVED:
            return State.REMOVED


def anchors_of(
    zone: bytes, configured: tuple[Ds, ...], tracked: tuple[TrackedKey, ...]
) -> tuple[Ds, ...]:
    """Return the DS records that trust begins with.

    Those that are configured, less what was revoked, and those of keys trusted since.
    Where all are revoked they stay: nothing matches a revoked key, so that all is bogus.
    """
    gone = [each.key for each in tracked if each.state in (State.REVOKED, State.REMOVED)]
    left = [ds for ds in configured if not any(digests.matches(ds, zone, key) for key in gone)]
    for each in tracked:
        if each.state in TRUSTED and not any(digests.matches(ds, zone, each.key) for ds in left):
            ds = digests.from_wire(digests.to_wire(zone, each.key, DigestType.SHA256))
            assert ds is not None
            left.append(ds)
    return tuple(left[: digests.MAX_DS]) or configured


def next_look_s(ttl: int, remaining_s: int, *, failed: bool = False) -> int:
    """Return after how many seconds the keys of a zone are to be looked at again.

    Args:
        ttl: of its DNSKEY RRset as its owner signed it.
        remaining_s: until the signature of that expires.
        failed: the last look found nothing to believe.

    Source: RFC 5011 §2.3.
    """
    if failed:
        return int(max(LEAST_LOOK_S, min(86_400, ttl / 10, remaining_s / 10)))
    return int(max(LEAST_LOOK_S, min(MOST_LOOK_S, ttl / 2, remaining_s / 2)))


def to_json(tracked: dict[bytes, tuple[TrackedKey, ...]]) -> str:
    """Write what is known of all zones."""
    return json.dumps(
        {
            "format": 1,
            "zones": {
                zone.hex(): [
                    {"key": each.rdata.hex(), "state": each.state.value, "since": each.since}
                    for each in found
                ]
                for zone, found in sorted(tracked.items())
            },
        },
        indent=1,
    )


def from_json(text: str) -> dict[bytes, tuple[TrackedKey, ...]]:
    """Read what :func:`to_json` wrote.

    Raises:
        ValueError: it is torn, or something else.
    """
    try:
        found: dict[str, Any] = json.loads(text)
        if found["format"] != 1:
            raise ValueError("another version of dnsd wrote it")
        return {
            bytes.fromhex(zone): tuple(_tracked(each) for each in rows)
            for zone, rows in found["zones"].items()
        }
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"it is no state of trust anchors: {error}") from None


def _tracked(row: dict[str, Any]) -> TrackedKey:
    rdata, since = bytes.fromhex(row["key"]), row["since"]
    if keys.from_wire(rdata) is None or not isinstance(since, int):
        raise ValueError("it is no state of trust anchors")
    return TrackedKey(rdata, State(row["state"]), since)


def _entry_points(rdatas: Iterable[bytes]) -> list[keys.Key]:
    """Return the keys that anchors are made of: with the SEP bit, not revoked."""
    return [key for key in keys.usable_keys(rdatas) if key.is_entry_point]


def _is_revoked(rdata: bytes) -> bool:
    key = keys.from_wire(rdata)
    return key is not None and key.is_revoked


def _plain(rdata: bytes) -> bytes:
    """Return the rdata of a key as it was before it was revoked."""
    flags = int.from_bytes(rdata[:2], "big") & ~keys.REVOKED
    return flags.to_bytes(2, "big") + rdata[2:]


def see(rrset: RRset, now: int) -> Seen:
    """Take from a DNSKEY RRset what counts, revocations by signatures of their own (§2.1).

    Args:
        rrset: that the anchors of its zone validated, with its signatures.
        now: Unix seconds.
    """
    work = Work()
    revoked = []
    for rdata in rrset.rdatas[: keys.MAX_ZONE_KEYS]:
        key = keys.from_wire(rdata)
        if key is None or not key.is_revoked or key.algorithm not in SUPPORTED:
            continue
        steps = validate(rrset, rrset.owner, (key,), now, work)
        if isinstance(_last(steps), Secure):
            revoked.append(rdata)
    read = filter(None, map(signatures.from_wire, rrset.signatures))
    ttl = max([rrset.ttl, *(each.original_ttl for each in read)])
    return Seen(rrset.rdatas, ttl, tuple(revoked))


def _last(steps: Generator[int, None, Verdict]) -> Verdict:
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Verdict = end.value
            return found
