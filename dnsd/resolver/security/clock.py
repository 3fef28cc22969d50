"""Whether the clock of this machine may be wrong, by what signatures near the root say.

A clock that is far off makes every signature expired or not valid yet, that of the root
first. What fails stays bogus: a validator that took a wrong clock for a reason to
believe would be a validator that anybody can turn off by setting the clock.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from dnsd.resolver.outcome import Explanation
from dnsd.wire.iana import ExtendedError

if TYPE_CHECKING:
    from dnsd.resolver.security.trust import Trust

# Said to the client beside what is wrong with a signature.
_TEXT: Final = "the clock of this resolver may be wrong"

#: Signatures near the root that count, the last so many.
LAST: Final = 10
#: More of them than this share fail for the time alone. That of the keys of an anchor is
#: the first, so that one which fails is all that there is, and all else that follows holds.
SHARE: Final = 0.9

_BY_TIME: Final = frozenset(
    map(int, (ExtendedError.SIGNATURE_EXPIRED, ExtendedError.SIGNATURE_NOT_YET_VALID))
)


class ClockWatch:
    """Remembers how the last signatures of the root and of its children ended.

    Attributes:
        last: what was wrong with the last one that failed for the time, in words.
    """

    __slots__ = ("_failed", "last")

    def __init__(self) -> None:
        self._failed: deque[bool] = deque(maxlen=LAST)
        self.last = ""

    @property
    def is_suspect(self) -> bool:
        """Whether nearly all that was judged lately failed for the time alone."""
        return sum(self._failed) > SHARE * len(self._failed)

    def note(self, zone: bytes, error: int | None, text: str = "") -> None:
        """Note how an RRset ended that was held against the keys of a zone.

        Args:
            zone: its apex; those with more than one label are of no account.
            error: what failed, as clients are told; ``None`` for nothing.
            text: that goes with it.
        """
        if zone[0] and zone[1 + zone[0]]:
            return
        is_of_time = error is not None and int(error) in _BY_TIME
        self._failed.append(is_of_time)
        if is_of_time:
            self.last = text


def with_clock(trust: Trust | None, why: Explanation | None) -> Explanation | None:
    """Say beside why something is bogus that the clock may be to blame, if it may."""
    if trust is None or why is None or not trust.clock.is_suspect:
        return why
    return Explanation(why.code, f"{why.text}; {_TEXT}" if why.text else _TEXT)
