"""What one client query may cost, all that is done for it included.

One object a client query, handed down to every fetch that is made for it and
never made anew: what CNAMEs, name server addresses, retries over TCP and
restarts cost is counted in one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.dnssec.nsec3_hash import HashWork
from dnsd.dnssec.validation import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.resolver.options import ResolverLimits
    from dnsd.resolver.outcome import Step
    from dnsd.resolver.security.evidence import Evidence

EXCHANGE_WORK = 100

#: Limits that end the search for one client; for another that has more it may go on.
ENDING: Final = frozenset(
    ("query_time", "query_packets", "query_octets", "query_work", "query_name_fetches")
)
#: These, and what is short for the moment or only on the way that led here: a failure
#: by one says nothing of its question, and is not to be remembered (RFC 9520 §3.2).
PASSING: Final = ENDING | {"depth", "fetch_clients", "server_in_flight", "zone_in_flight"}


class Budget:
    """What is left for one client query.

    Attributes:
        packets: that may still be sent.
        octets: that may still be received.
        work: units of work left.
        rrsets: that may still be added to the cache.
        name_fetches: look-ups of name server addresses left.
        deadline: monotonic seconds at which it is given up.
        exhausted: names of the limits that were reached, each once.
        last_hit: name of the one that was reached last; empty for none.
        packets_sent: upstream packets so far.
        dropped: RRsets that servers had no authority to say.
        trace: is told each step that is made for the query; usually nobody is.
        evidence: is told what its validation finds; usually nobody is.
    """

    __slots__ = (
        "_hashing",
        "_verifying",
        "deadline",
        "dropped",
        "evidence",
        "exhausted",
        "last_hit",
        "name_fetches",
        "octets",
        "packets",
        "packets_sent",
        "rrsets",
        "trace",
        "work",
    )

    def __init__(self, limits: ResolverLimits, now: float) -> None:
        self.packets = limits.query_packets
        self.octets = limits.query_octets
        self.work = limits.query_work
        self.rrsets = limits.query_rrsets
        self.name_fetches = limits.query_name_fetches
        self.deadline = now + limits.query_time_s
        self.exhausted: tuple[str, ...] = ()
        self.last_hit = ""
        self.packets_sent = 0
        self.dropped = 0
        self.trace: Callable[[Step], None] | None = None
        self.evidence: Callable[[Evidence], None] | None = None
        # Made when needed: most answers are not signed.
        self._verifying: Work | None = None
        self._hashing: HashWork | None = None

    @property
    def verifying(self) -> Work:
        """Verifications that may still be made, for all that is done for the query."""
        if self._verifying is None:
            self._verifying = Work()
        return self._verifying

    @property
    def hashing(self) -> HashWork:
        """Blocks of SHA-1 for NSEC3 that may still be hashed."""
        if self._hashing is None:
            self._hashing = HashWork()
        return self._hashing

    def may_verify(self, units: int) -> bool:
        """Tell whether a signature may be verified; counts its work if so."""
        if self.work < units:
            self.hit("query_work")
            return False
        self.work -= units
        return True

    def hit(self, limit: str) -> None:
        """Note that a limit was reached."""
        self.last_hit = limit
        if limit not in self.exhausted:
            self.exhausted += (limit,)

    def is_spent(self, now: float) -> bool:
        """Tell whether nothing more can be found on its account."""
        return now >= self.deadline or not ENDING.isdisjoint(self.exhausted)

    def may_send(self, now: float) -> bool:
        """Tell whether one more packet may be sent; counts it if so."""
        if now >= self.deadline:
            self.hit("query_time")
        elif self.packets <= 0:
            self.hit("query_packets")
        elif self.octets <= 0:
            self.hit("query_octets")
        elif self.work < EXCHANGE_WORK:
            self.hit("query_work")
        else:
            self.packets -= 1
            self.packets_sent += 1
            self.work -= EXCHANGE_WORK
            return True
        return False

    def received(self, octets: int) -> None:
        """Count a reply."""
        self.octets -= octets

    def may_look_up_server(self) -> bool:
        """Tell whether one more name server may be looked up; counts it if so."""
        if self.name_fetches <= 0:
            self.hit("query_name_fetches")
            return False
        self.name_fetches -= 1
        return True

    def may_store(self) -> bool:
        """Tell whether one more RRset may go into the cache; counts it if so."""
        if self.rrsets <= 0:
            self.hit("query_rrsets")
            return False
        self.rrsets -= 1
        return True
