"""Response rate limiting: our replies must not be worth forging queries for.

Replies are counted by client net and *rate class*: what kind of reply it is,
and of which name. The net is a /24 or a /56, because a forger chooses among a
victim's addresses and an IPv6 customer has a whole /56 (RFC 6177 §2). A reply
over its rate is sent as a header and a question with TC=1, so a real client
asks again over TCP and a forger gains nothing. Who may have names resolved has limits of
its own and gets answers and errors as often as it asks; FORMERR and answers about
the server itself are counted for it as for everybody (``views``).

Each counter is the moment at which its debt will be paid off (the generic cell
rate algorithm). Counters live in two rows of fixed length; a class has one cell
in each row, found by a keyed hash, and its debt is the lesser of the two. So

- memory never grows, and nothing is ever evicted: no client can make another's
  debt forgotten, whatever it sends;
- a cell shared by chance can only limit too much. At 50,000 replies a second,
  all of different classes, a cell of 65,536 gains 0.015 s of debt a second,
  far from the second that would limit anybody.

The hash is Python's own for ``bytes``, keyed at random when the program starts.
"""

from __future__ import annotations

import enum
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.wire.iana import Rcode

if TYPE_CHECKING:
    from dnsd.authority.answer import Answer


class RateKind(enum.IntEnum):
    """The first octet of a rate class; the rest is a name, a slot or nothing."""

    RESPONSE = 0
    ERROR = 1  # name errors, referrals, errors
    CHAOS = 2
    FORMERR = 3


# The name of the limit that each kind hits.
LIMITS: Final = ("response_rate", "error_rate", "chaos_rate", "formerr_rate")

RESPONSE_CLASS: Final = bytes([RateKind.RESPONSE])
ERROR_CLASS: Final = bytes([RateKind.ERROR])
CHAOS_CLASS: Final = bytes([RateKind.CHAOS])
FORMERR_CLASS: Final = bytes([RateKind.FORMERR])


@dataclass(frozen=True, slots=True)
class LimiterOptions:
    """Rates for each client net and class; 0 is no limit.

    Attributes:
        responses_per_second: answers.
        errors_per_second: name errors, referrals and errors.
        chaos_per_second: answers about the server itself.
        formerr_per_second: answers to malformed queries.
        burst_s: how many seconds' worth may come at once, at least one reply.
        workers: processes that share the rates.
        cells: length of a row, rounded up to a power of two; 8 octets each.
    """

    responses_per_second: float = 50.0
    errors_per_second: float = 5.0
    chaos_per_second: float = 3.0
    formerr_per_second: float = 1.0
    burst_s: float = 1.0
    workers: int = 1
    cells: int = 65536


class Limiter:
    """Decides whether a client net may get one more reply of a class."""

    __slots__ = ("_first", "_intervals", "_mask", "_second", "_tolerances")

    def __init__(self, options: LimiterOptions) -> None:
        rates = (
            options.responses_per_second,
            options.errors_per_second,
            options.chaos_per_second,
            options.formerr_per_second,
        )
        self._intervals = tuple(options.workers / rate if rate else 0.0 for rate in rates)
        # A burst of n replies is n - 1 intervals of debt before the last one; the
        # microsecond keeps rounding from taking the last one away.
        self._tolerances = tuple(
            max(0.0, options.burst_s - interval) + 1e-6 for interval in self._intervals
        )
        cells = 1 << (options.cells - 1).bit_length()
        self._mask = cells - 1
        self._first = array("d", bytes(8 * cells))
        self._second = array("d", bytes(8 * cells))

    def allow(self, client: bytes, rate_class: bytes, now: float) -> bool:
        """Tell whether one more reply is within its rate, and count it if so.

        Over any time, at most ``rate * time + max(1, rate * burst)`` replies of a
        class are allowed to one client net.

        Args:
            client: address of 4 or 16 octets.
            rate_class: a :class:`RateKind` octet and what it is counted by.
            now: monotonic seconds.
        """
        kind = rate_class[0]
        interval = self._intervals[kind]
        if not interval:
            return True
        key = hash((client[:3] if len(client) == 4 else client[:7]) + rate_class)
        i = key & self._mask
        j = key >> 32 & self._mask
        first, second = self._first[i], self._second[j]
        paid_at = first if first < second else second  # noqa: FURB136 - twice as fast
        if paid_at < now:
            paid_at = now
        elif paid_at - now > self._tolerances[kind]:
            return False
        paid_at += interval
        # Raising both cells to the class's own debt, and no further, keeps
        # each at or above the debt of every class that it stands for.
        if first < paid_at:
            self._first[i] = paid_at
        if second < paid_at:
            self._second[j] = paid_at
        return True


def rate_class(answer: Answer) -> bytes:
    """Return what an answer is counted under.

    Names that exist are counted each for itself. Names that somebody may make
    up without end are counted together: by the zone cut, wildcard or DNAME that
    stands for them, or by the zone that denies them.
    """
    if answer.rcode != _NOERROR:
        return ERROR_CLASS + answer.slot.to_bytes(2, "big")
    if answer.answer:
        # Below a DNAME the first owner is the DNAME's.
        return RESPONSE_CLASS + (answer.wildcard or answer.answer[0].owner)
    if not answer.authoritative and answer.authority:
        return ERROR_CLASS + answer.authority[0].owner
    # No label is that long, so a slot is never taken for a name.
    return RESPONSE_CLASS + b"\xff" + answer.slot.to_bytes(2, "big")


_NOERROR: Final = int(Rcode.NOERROR)
