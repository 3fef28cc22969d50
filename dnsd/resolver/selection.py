"""Which server of a zone is asked next, and how long it is waited for.

Every address has an *estimate*: its smoothed time; 0.4 s while nothing is known of
it; its doubled wait while it owes an answer; and 0.4 s more for each packet that this
fetch has sent it. Addresses within 0.4 s of the least estimate are equals, as in
Unbound. Two of them are drawn at random and the one with the lesser estimate is
asked. So

- nobody can foresee who is asked: the fastest of two in 3 of 4 cases, of four in 7
  of 16 (RFC 5452 §4.4: each server more is one more thing to be guessed);
- faster servers are asked more often, the slowest of n in one of n² cases, by which
  all stay known;
- who lost a packet steps back behind every other server of about the same speed.

A server that answered in the last quarter of an hour, but not this question three
times over UDP, is asked once over TCP: the network may lose just these replies, or so
many that TCP's own repetitions help. A server that seems dead is not.

An address outside the band is tried all the same when it had been left alone for
``server_hold_s``; that costs one client query in that time at most the wait of a
server that is not in doubt. Held servers are asked when nobody else is left, each
once a second in all. Lame ones come before these, once for a fetch: to leave them
out would let one name that they refuse take the whole zone away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.resolver.commands import Transport
from dnsd.resolver.servers import FACTS_S, HELD_TIMEOUTS, first_wait_s, wait_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dnsd.resolver.options import ResolverLimits
    from dnsd.resolver.servers import Server, Servers

    # Estimate, address, name, what is known of it, how it is asked.
    _Rated = tuple[float, bytes, bytes, Server | None, Transport]

_UDP: Final = Transport.UDP
_TCP: Final = Transport.TCP

#: Servers whose estimates differ by no more are equals, seconds.
BAND_S: Final = 0.4
#: Connections to one server address for one fetch (CVE-2023-46317: about 100).
STREAM_TRIES: Final = 2
#: Time between probes of a held server when nobody else is left, seconds.
PROBE_S: Final = 1.0


@dataclass(slots=True)
class Choice:
    """Whom to ask.

    Attributes:
        address: its key, see ``servers``.
        name: of the server; empty if it has none.
        transport: how.
        timeout_s: how long to wait.
        server: what is known of it, ``None`` for nothing.
    """

    address: bytes
    name: bytes
    transport: Transport
    timeout_s: float
    server: Server | None = None


class Tries:
    """What one fetch has sent to the servers of one zone.

    Attributes:
        zone: in canonical form.
        transport: how its servers are asked first.
    """

    __slots__ = ("_connections", "_datagrams", "_given_up", "_over_tcp", "transport", "zone")

    def __init__(self, zone: bytes, transport: Transport = Transport.UDP) -> None:
        self.zone = zone
        self.transport = transport
        self._datagrams: dict[bytes, int] = {}
        self._connections: dict[bytes, int] = {}
        self._over_tcp: set[bytes] = set()
        self._given_up: set[bytes] = set()

    @property
    def has_begun(self) -> bool:
        """Tell whether a packet was sent."""
        return bool(self._datagrams or self._connections)

    @property
    def is_new(self) -> bool:
        """Tell whether nobody was asked or given up."""
        return not (self._datagrams or self._connections or self._given_up)

    def count(self, address: bytes) -> int:
        """Return how often an address was asked."""
        return self._datagrams.get(address, 0) + self._connections.get(address, 0)

    def take(self, address: bytes, transport: Transport, limits: ResolverLimits) -> bool:
        """Count one more packet for an address, if it may be sent.

        For asking the server again that just answered; ``choose`` has counted what
        it chose. Who was asked over TCP is not asked over UDP again.
        """
        if address in self._given_up:
            return False
        if transport is _UDP:
            if self._datagrams.get(address, 0) >= limits.server_tries:
                return False
        elif self._connections.get(address, 0) >= min(limits.server_tries, STREAM_TRIES):
            return False
        else:
            self._over_tcp.add(address)
        self.add(address, transport)
        return True

    def add(self, address: bytes, transport: Transport) -> None:
        """Count one more packet for an address."""
        counts = self._datagrams if transport is _UDP else self._connections
        counts[address] = counts.get(address, 0) + 1

    def are_used_up(self, limits: ResolverLimits) -> bool:
        """Tell whether an address that may yet answer was asked as often as it may be."""
        most = limits.server_tries
        return any(
            count >= most and address not in self._given_up
            for counts in (self._datagrams, self._connections)
            for address, count in counts.items()
        )

    def give_up(self, address: bytes) -> None:
        """Ask an address no more in this fetch: it said all that it has to say."""
        self._given_up.add(address)

    def first_transport(self, server: Server | None) -> Transport:
        """Return how a server is asked that this fetch has not asked yet."""
        if self.transport is _UDP and server is not None and server.needs_tcp:
            return _TCP
        return self.transport

    def next_transport(
        self, address: bytes, server: Server | None, now: float, limits: ResolverLimits
    ) -> Transport | None:
        """Return how an address is asked next, ``None`` if it is not.

        At most 3 times by each transport (RFC 9520 §3.1), counted by address: names
        do not matter.
        """
        if address in self._given_up:
            return None
        connections = self._connections.get(address, 0)
        first = self.first_transport(server)
        if first is _UDP and address in self._over_tcp:
            first = _TCP
        if first is not _UDP:
            if connections >= min(limits.server_tries, STREAM_TRIES):
                return None
            return first
        if self._datagrams.get(address, 0) < limits.server_tries:
            return _UDP
        if (
            server is not None
            and not connections
            and now - server.answered_at < FACTS_S
            and server.timeouts < HELD_TIMEOUTS
        ):
            return _TCP
        return None


def choose(
    candidates: Iterable[tuple[bytes, bytes]],
    servers: Servers,
    tries: Tries,
    now: float,
    entropy: Callable[[int], bytes],
) -> Choice | None:
    """Choose a server to ask, and count the packet.

    Args:
        candidates: names of servers, empty or in canonical form, and addresses; an
            address that comes twice counts once.
        servers: what is known of them.
        tries: what the fetch has sent so far.
        now: monotonic seconds.
        entropy: returns so many octets that nobody can guess.

    Returns:
        ``None`` when there is nobody who may be asked now.
    """
    limits = servers.limits
    fit, lame, held = _sorted_out(candidates, servers, tries, now)
    rated: _Rated | None
    if fit:
        nearest = min(fit)[0] + BAND_S
        band = [each for each in fit if each[0] <= nearest]
        if (held or len(band) < len(fit)) and not tries.has_begun:
            others = [each for each in fit if each[0] > nearest] + held
            rated = _left_alone(others, now, limits.server_hold_s)
            if rated is not None:
                wait = max(first_wait_s(rated[3], limits), limits.udp_timeout_first_s)
                return _chosen(rated, tries, limits, wait)
        rated = _faster_of_two(band, entropy)
    elif lame:
        rated = _faster_of_two(lame, entropy)
    else:
        rated = _left_alone(held, now, PROBE_S)
        if rated is None:
            return None
    return _chosen(rated, tries, limits, wait_s(rated[3], limits))


def _sorted_out(
    candidates: Iterable[tuple[bytes, bytes]], servers: Servers, tries: Tries, now: float
) -> tuple[list[_Rated], list[_Rated], list[_Rated]]:
    """Return who is fit, lame and held, of those who may be asked once more."""
    limits = servers.limits
    fit: list[_Rated] = []
    lame: list[_Rated] = []
    held: list[_Rated] = []
    seen = set()
    is_first = tries.is_new
    for name, address in candidates:
        if address in seen:
            continue
        seen.add(address)
        server = servers.find(address, now)
        if is_first:
            tried, transport = 0, tries.first_transport(server)
        else:
            tried = tries.count(address)
            next_transport = tries.next_transport(address, server, now, limits)
            if next_transport is None:
                continue
            transport = next_transport
        if tried or server is None or server.timeouts or server.srtt < 0:
            estimate = _estimate(server, tried, transport, limits)
        else:
            estimate = server.srtt
        rated = (estimate, address, name, server, transport)
        if server is not None and server.timeouts and server.is_held(now):
            if not tried:
                held.append(rated)
        elif servers.is_lame(address, tries.zone, now):
            if not tried:
                lame.append(rated)
        else:
            fit.append(rated)
    return fit, lame, held


def _estimate(
    server: Server | None, tried: int, transport: Transport, limits: ResolverLimits
) -> float:
    if server is None or server.timeouts or server.srtt < 0:
        estimate = wait_s(server, limits)
    else:
        estimate = server.srtt
    if tried:
        estimate += BAND_S * tried
        if transport is _TCP:
            estimate += limits.tcp_timeout_s  # after all who were not asked yet
    return estimate


def _faster_of_two(rated: list[_Rated], entropy: Callable[[int], bytes]) -> _Rated:
    count = len(rated)
    if count == 1:
        return rated[0]
    drawn = int.from_bytes(entropy(4), "big")
    one, other = rated[(drawn >> 16) % count], rated[(drawn & 0xFFFF) % count]
    return one if one[0] <= other[0] else other


def _left_alone(rated: list[_Rated], now: float, pause_s: float) -> _Rated | None:
    """Take the one that was left alone longest, if that is long enough.

    It is not left alone any longer by that, whatever comes of it.
    """
    longest = min(rated, key=_event, default=None)
    if longest is None or now - _event(longest) < pause_s:
        return None
    if longest[3] is not None:
        longest[3].event = now
    return longest


def _event(rated: _Rated) -> float:
    server = rated[3]
    return float("-inf") if server is None else server.event


def _chosen(rated: _Rated, tries: Tries, limits: ResolverLimits, wait: float) -> Choice:
    _, address, name, server, transport = rated
    tries.add(address, transport)
    if transport is not _UDP:
        wait = limits.tcp_timeout_s
    return Choice(address, name, transport, wait, server)
