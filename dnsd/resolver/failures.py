"""What failed lately and is not tried again for a while.

A resolution that failed is answered from here for 5 s, and for twice as long each
time it fails again, up to 5 minutes: who retries at once must not make us ask at
once (RFC 9520 §3.2). A failure is no data: it is never answered as a denial.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic

from dnsd.resolver.recent import Recent, Value

if TYPE_CHECKING:
    from dnsd.resolver.options import ResolverLimits
    from dnsd.resolver.outcome import Explanation

#: Name of the limit that bounds the table, as metrics call it.
LIMIT: Final = "failure_table"


class Setbacks(Generic[Value]):
    """Keys that failed, with a reason, each for a time that doubles.

    Attributes:
        table: key → end, monotonic seconds; length, seconds; reason.
    """

    __slots__ = ("_first_s", "_max_s", "table")

    def __init__(self, first_s: float, max_s: float, entries: int) -> None:
        self._first_s = first_s
        self._max_s = max_s
        self.table: Recent[tuple[float, float, Value]] = Recent(entries)

    def add(
        self, key: bytes, now: float, reason: Value, *, grows: bool = True, least_s: float = 0.0
    ) -> None:
        """Note a failure; one that is noted already stays as it is.

        Args:
            key: what failed.
            now: monotonic seconds.
            reason: why.
            grows: may last longer than the time before.
            least_s: lasts so long at least.
        """
        length_s = self._first_s
        earlier = self.table.get(key)
        if earlier is not None:
            end, earlier_s, _ = earlier
            if now < end:
                return
            if now < end + self._max_s:
                length_s = min(2 * earlier_s, self._max_s) if grows else earlier_s
        self.table.put(key, (now + max(length_s, least_s), length_s, reason))

    def find(self, key: bytes, now: float) -> Value | None:
        """Return why a key is still to be left alone, ``None`` if it is not."""
        found = self.table.get(key)
        if found is None or now >= found[0]:
            return None
        return found[2]


class Failures:
    """Questions that could not be resolved, and shortened names that are no use."""

    __slots__ = ("_misleading", "_setbacks")

    def __init__(self, limits: ResolverLimits) -> None:
        # An entry is about 300 octets with its key.
        self._setbacks: Setbacks[Explanation] = Setbacks(
            limits.failure_ttl_s, limits.failure_ttl_max_s, limits.failure_table
        )
        self._misleading: Setbacks[bool] = Setbacks(
            limits.failure_ttl_s, limits.failure_ttl_max_s, limits.failure_table
        )

    @property
    def turnovers(self) -> int:
        """Times that the older half was forgotten: hits of :data:`LIMIT`."""
        return self._setbacks.table.turnovers

    def failed(
        self,
        question: tuple[bytes, int],
        now: float,
        reason: Explanation,
        *,
        grows: bool = True,
        least_s: float = 0.0,
    ) -> None:
        """Remember that a question could not be resolved.

        Args:
            question: name in canonical form, and type.
            now: monotonic seconds.
            reason: what clients are told.
            grows: lasts twice as long as the last time; not so while no server at
                all answers, because then it is our own network that failed and
                nobody gains from our silence after it has come back.
            least_s: lasts so long at least: while clients get expired answers, there
                is no hurry (RFC 8767 §5).
        """
        self._setbacks.add(_key(*question), now, reason, grows=grows, least_s=least_s)

    def find(self, name: bytes, rrtype: int, now: float) -> Explanation | None:
        """Return why a question is not asked again yet, ``None`` if it may be."""
        return self._setbacks.find(_key(name, rrtype), now)

    def forget(self, name: bytes, rrtype: int) -> None:
        """Take back what is known of a question: it was resolved, or was flushed."""
        self._setbacks.table.remove(_key(name, rrtype))

    def misled(self, name: bytes, now: float) -> None:
        """Remember that what is said of a shortened name (RFC 9156 §2.3) is bogus.

        It says nothing of the question with the same name: that has a second chance,
        and may be asked with a type that the zone signs.
        """
        self._misleading.add(name, now, reason=True)

    def is_misleading(self, name: bytes, now: float) -> bool:
        """Tell whether a shortened name is of no use yet."""
        return self._misleading.find(name, now) is not None

    def clear(self) -> None:
        """Forget everything."""
        self._setbacks.table.clear()
        self._misleading.table.clear()


def _key(name: bytes, rrtype: int) -> bytes:
    # A name ends with its root label, so what follows is always the type.
    return name + rrtype.to_bytes(2, "big")
