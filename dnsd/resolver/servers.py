"""What was learned of name servers: how fast they are, how they must be asked.

A server that does not answer goes through these states:

    timeouts   state       what that means (``selection``)
    0          fit         asked; its wait follows from its times (RFC 6298 §2)
    1…4        doubtful    its wait doubles each time, so that others come first
    5 or more  held        asked once a second if nobody else is left, else once in
                           ``server_hold_s``

It is held only when it has not answered for 10 s either: on a path that loses every
other packet, five are lost in a row quite often. One answer makes it fit again. Only
what a reply that was accepted, or the end of a wait, says is noted here: a datagram
that is not the reply changes nothing.

Times, letter case and EDNS are believed for 15 minutes, as in Unbound: servers and
the way to them change. A server's cookie lives as long as its entry.

Servers are known by a key: the packed address, 4 or 16 octets. Behind it stand, of
servers of a configured zone that are asked in a way of their own, the port in 2 octets
and the transport in 1 (``Delegation.way``): two programs at one address are two servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.resolver.failures import Setbacks
from dnsd.resolver.recent import Recent

if TYPE_CHECKING:
    from dnsd.resolver.options import ResolverLimits

#: Name of the limit that bounds the table, as metrics call it.
LIMIT: Final = "server_table"
#: Consecutive timeouts from which a server is held.
HELD_TIMEOUTS: Final = 5
#: Time without an answer from which such a server is held, seconds.
HELD_SILENCE_S: Final = 10.0
#: How long times, letter case and EDNS of a server are believed.
FACTS_S: Final = 900.0
# Deviates from RFC 6298 §2.4, which asks for 1 s: because a query repeated for
# nothing costs two datagrams and congests nobody, a second too long is seen by a
# person. Shorter waits would take a busy server's pause for a loss.
_TIMEOUT_MIN_S: Final = 0.1
# The G of RFC 6298 §2: what a turn of a busy reactor takes. Without it a server whose
# times hardly vary would be waited for no longer than its answer takes, and the next
# longer turn would make all that is in flight look lost.
_GRANULARITY_S: Final = 0.05
# A wait may end a little earlier than it was said, and must count all the same.
_EARLY: Final = 0.75
# Timeouts beyond this change nothing: even 0.1 s has become the longest wait.
_TIMEOUTS_MAX: Final = 16
_ADDRESS_OCTETS: Final = (4, 16)
_WAY_OCTETS: Final = 3


class Server:
    """What was learned of one server.

    Attributes:
        srtt: smoothed time to answer, seconds; negative while it is not known.
        variation: smoothed deviation of that time, seconds.
        answered_at: monotonic seconds of the last answer.
        timeouts: waits that ended without an answer, in a row.
        event: monotonic seconds of the last answer, timeout or probe.
        edns: understands EDNS.
        needs_tcp: changes the letter case of questions over UDP.
        cookie: the last that it gave us, 16 to 40 octets, ours first; empty for none.
    """

    __slots__ = (
        "_counted",
        "_facts_end",
        "answered_at",
        "cookie",
        "edns",
        "event",
        "needs_tcp",
        "srtt",
        "timeouts",
        "variation",
    )

    def __init__(self) -> None:
        self.srtt = -1.0
        self.variation = 0.0
        self.answered_at = float("-inf")
        self.timeouts = 0
        self.event = float("-inf")
        self.edns = True
        self.needs_tcp = False
        self.cookie = b""
        self._counted = float("-inf")
        self._facts_end = float("-inf")

    def is_held(self, now: float) -> bool:
        """Tell whether it did not answer for so long that it is left alone."""
        return self.timeouts >= HELD_TIMEOUTS and now - self.answered_at >= HELD_SILENCE_S

    def refresh(self, now: float) -> None:
        """Forget what is too old to be believed."""
        if now >= self._facts_end:
            self.edns, self.needs_tcp = True, False
            self._facts_end = float("inf")
        if now - self.event >= FACTS_S:
            self.srtt, self.timeouts = -1.0, 0

    def answered(self, seconds: float, now: float) -> None:
        """Take the time of an answer into account (RFC 6298 §2)."""
        if self.srtt < 0:
            self.srtt, self.variation = seconds, seconds / 2
        else:
            self.variation += (abs(self.srtt - seconds) - self.variation) / 4
            self.srtt += (seconds - self.srtt) / 8
        self.timeouts = 0
        self.event = self.answered_at = now

    def timed_out(self, now: float, wait_s: float) -> None:
        """Count a timeout, unless its query was sent before the last one counted.

        Queries that are lost together say no more than one of them, so that a short
        break in the network does not make a busy server look dead.

        Args:
            now: monotonic seconds.
            wait_s: how long the server is waited for now.
        """
        self.event = now
        if self.timeouts and now - self._counted < _EARLY * wait_s:
            return
        self._counted = now
        self.timeouts = min(self.timeouts + 1, _TIMEOUTS_MAX)

    def unreachable(self, now: float) -> None:
        """Count an error of the network, which is sure and comes at once."""
        self.event = self._counted = now
        self.timeouts = min(self.timeouts + 1, _TIMEOUTS_MAX)

    def learned(self, now: float) -> None:
        """Begin the time for which letter case and EDNS are believed."""
        self._facts_end = now + FACTS_S


class Servers:
    """What was learned of all servers.

    Attributes:
        answered_at: monotonic seconds of the last answer of any server; the time
            since then tells our own network's failure from a server's.
    """

    __slots__ = ("_lame", "_table", "answered_at", "limits")

    def __init__(self, limits: ResolverLimits) -> None:
        self.limits = limits
        self.answered_at = float("-inf")
        # An entry is about 300 octets with its key; 20,000 objects are a few
        # milliseconds of a full garbage collection.
        self._table: Recent[Server] = Recent(limits.server_table)
        self._lame: Setbacks[bool] = Setbacks(
            limits.failure_ttl_s, limits.failure_ttl_max_s, limits.server_table
        )

    @property
    def turnovers(self) -> int:
        """Times that older entries were forgotten: hits of :data:`LIMIT`."""
        return self._table.turnovers + self._lame.table.turnovers

    def find(self, address: bytes, now: float) -> Server | None:
        """Return what is known of a server, without what is too old."""
        server = self._table.get(address)
        if server is not None:
            server.refresh(now)
        return server

    def answered(self, address: bytes, seconds: float, now: float) -> None:
        """Note that a server answered, whatever it said.

        Args:
            address: its key.
            seconds: from sending to receiving.
            now: monotonic seconds.
        """
        server = self._known(address)
        server.refresh(now)
        server.answered(seconds, now)
        self.answered_at = now

    def timed_out(self, address: bytes, now: float) -> None:
        """Note that a server did not answer in time."""
        server = self._known(address)
        server.refresh(now)
        server.timed_out(now, wait_s(server, self.limits))

    def unreachable(self, address: bytes, now: float) -> None:
        """Note that the network or the host refused a query, or a connection ended."""
        server = self._known(address)
        server.refresh(now)
        server.unreachable(now)

    def case_changed(self, address: bytes, now: float) -> None:
        """Note that a server does not return the letter case of questions."""
        server = self._known(address)
        server.needs_tcp = True
        server.learned(now)

    def no_edns(self, address: bytes, now: float) -> None:
        """Note that a server does not understand EDNS (RFC 6891 §7)."""
        server = self._known(address)
        server.edns = False
        server.learned(now)

    def cookie_learned(self, address: bytes, cookie: bytes) -> None:
        """Keep the COOKIE option that a server returned, client part first."""
        self._known(address).cookie = cookie

    def lame(self, address: bytes, zone: bytes, now: float) -> None:
        """Note that a server does not serve a zone, or fails to."""
        self._lame.add(zone + address, now, reason=True)

    def is_lame(self, address: bytes, zone: bytes, now: float) -> bool:
        """Tell whether a server was of no use for a zone lately."""
        return self._lame.find(zone + address, now) is not None

    def _known(self, address: bytes) -> Server:
        server = self._table.get(address)
        if server is None:
            server = Server()
            self._table.put(address, server)
        return server


def address_of(key: bytes) -> bytes:
    """Return the packed address in the key of a server."""
    return key if len(key) in _ADDRESS_OCTETS else key[:-_WAY_OCTETS]


def wait_s(server: Server | None, limits: ResolverLimits) -> float:
    """Return how long an answer over UDP is waited for (RFC 6298 §2, §5.5)."""
    first = first_wait_s(server, limits)
    if server is None:
        return first
    return min(first * (1 << server.timeouts), limits.udp_timeout_max_s)


def first_wait_s(server: Server | None, limits: ResolverLimits) -> float:
    """Return how long a server would be waited for that had not timed out."""
    if server is None or server.srtt < 0:
        return limits.udp_timeout_first_s
    margin = max(4 * server.variation, _GRANULARITY_S)
    wait = max(server.srtt + margin, _TIMEOUT_MIN_S)
    return min(wait, limits.udp_timeout_max_s)
