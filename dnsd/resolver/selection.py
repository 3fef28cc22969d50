"""Which server of a zone is asked next, and how long it is waited for.

Every address has an *estimate*: its smoothed time; 0.4 s while nothing is known of
it; its doubled wait while it owes an answer; and 0.4 s more for each packet that this
fetch has sent it. Addresses within 0.4 s of the least estimate are equals, as in
Unbound. Two of them are drawn at random and the one with the lesser estimate is
asked. So

- nobody can foresee who is asked: the fastest of two in 3 of 4 cases, of four in 7
  of 16 (RFC 5452 §9.1: each server more is one more thing to be guessed);
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
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.resolver.commands import Transport
from dnsd.resolver.servers import FACTS_S, HELD_TIMEOUTS, first_wait_s, wait_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dnsd.resolver.options import ResolverLimits
    from dnsd.resolver.servers import Server, Servers

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
    """

    address: bytes
    name: bytes
    transport: Transport
    timeout_s: float


class Tries:
    """What one fetch has sent to the servers of one zone.

    Attributes:
        zone: in canonical form.
        transport: how its servers are asked first.
    """

    __slots__ = ("_counts", "_given_up", "_over_tcp", "transport", "zone")

    def __init__(self, zone: bytes, transport: Transport = Transport.UDP) -> None:
        self.zone = zone
        self.transport = transport
        self._counts: dict[tuple[bytes, Transport], int] = {}
        self._over_tcp: set[bytes] = set()
        self._given_up: set[bytes] = set()

    @property
    def has_begun(self) -> bool:
        """Tell whether a packet was sent."""
        return bool(self._counts)

    def count(self, address: bytes, transport: Transport) -> int:
        """Return how many packets an address was sent, or connections."""
        return self._counts.get((address, transport), 0)

    def take(self, address: bytes, transport: Transport, limits: ResolverLimits) -> bool:
        """Count one more packet for an address, if it may be sent.

        For asking the server again that just answered; ``choose`` has counted what
        it chose. Who was asked over TCP is not asked over UDP again.
        """
        if address in self._given_up or not self._may_try(address, transport, limits):
            return False
        if transport is Transport.TCP:
            self._over_tcp.add(address)
        self.add(address, transport)
        return True

    def total(self, address: bytes) -> int:
        """Return how often an address was asked by any transport."""
        return sum(self.count(address, transport) for transport in Transport)

    def add(self, address: bytes, transport: Transport) -> None:
        """Count one more packet for an address."""
        self._counts[address, transport] = self.count(address, transport) + 1

    def give_up(self, address: bytes) -> None:
        """Ask an address no more in this fetch: it said all that it has to say."""
        self._given_up.add(address)

    def next_transport(
        self, address: bytes, server: Server | None, now: float, limits: ResolverLimits
    ) -> Transport | None:
        """Return how an address is asked next, ``None`` if it is not."""
        if address in self._given_up:
            return None
        transport = self.transport
        if transport is Transport.UDP and (
            address in self._over_tcp or (server is not None and server.needs_tcp)
        ):
            transport = Transport.TCP
        if self._may_try(address, transport, limits):
            return transport
        if (
            transport is Transport.UDP
            and server is not None
            and now - server.answered_at < FACTS_S
            and server.timeouts < HELD_TIMEOUTS
            and not self.count(address, Transport.TCP)
        ):
            return Transport.TCP
        return None

    def _may_try(self, address: bytes, transport: Transport, limits: ResolverLimits) -> bool:
        # At most 3 times by each transport (RFC 9520 §3.1), counted by address: names
        # do not matter.
        tries = limits.server_tries
        if transport is not Transport.UDP:
            tries = min(tries, STREAM_TRIES)
        return self.count(address, transport) < tries


class _Rated(NamedTuple):
    """A server that may be asked, and how promising that is."""

    estimate: float
    name: bytes
    address: bytes
    server: Server | None
    transport: Transport

    @property
    def event(self) -> float:
        """Monotonic seconds of the last answer, timeout or probe."""
        return float("-inf") if self.server is None else self.server.event


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
        nearest = min(each.estimate for each in fit) + BAND_S
        band = [each for each in fit if each.estimate <= nearest]
        if not tries.has_begun and (held or len(band) < len(fit)):
            others = [each for each in fit if each.estimate > nearest] + held
            rated = _left_alone(others, now, limits.server_hold_s)
            if rated is not None:
                wait = max(first_wait_s(rated.server, limits), limits.udp_timeout_first_s)
                return _chosen(rated, tries, limits, wait)
        rated = _faster_of_two(band, entropy)
    elif lame:
        rated = _faster_of_two(lame, entropy)
    else:
        rated = _left_alone(held, now, PROBE_S)
        if rated is None:
            return None
    return _chosen(rated, tries, limits, wait_s(rated.server, limits))


def _sorted_out(
    candidates: Iterable[tuple[bytes, bytes]], servers: Servers, tries: Tries, now: float
) -> tuple[list[_Rated], list[_Rated], list[_Rated]]:
    """Return who is fit, lame and held, of those who may be asked once more."""
    limits = servers.limits
    fit: list[_Rated] = []
    lame: list[_Rated] = []
    held: list[_Rated] = []
    seen = set()
    for name, address in candidates:
        if address in seen:
            continue
        seen.add(address)
        server = servers.find(address, now)
        transport = tries.next_transport(address, server, now, limits)
        if transport is None:
            continue
        tried = tries.total(address)
        estimate = _estimate(server, limits) + BAND_S * tried
        if tried and transport is Transport.TCP:
            estimate += limits.tcp_timeout_s  # after all who were not asked yet
        rated = _Rated(estimate, name, address, server, transport)
        if server is not None and server.is_held(now):
            if not tried:
                held.append(rated)
        elif servers.is_lame(address, tries.zone, now):
            if not tried:
                lame.append(rated)
        else:
            fit.append(rated)
    return fit, lame, held


def _estimate(server: Server | None, limits: ResolverLimits) -> float:
    if server is None or server.timeouts or server.srtt < 0:
        return wait_s(server, limits)
    return server.srtt


def _faster_of_two(rated: list[_Rated], entropy: Callable[[int], bytes]) -> _Rated:
    drawn = entropy(4)
    one = rated[int.from_bytes(drawn[:2], "big") % len(rated)]
    other = rated[int.from_bytes(drawn[2:], "big") % len(rated)]
    return one if one.estimate <= other.estimate else other


def _left_alone(rated: list[_Rated], now: float, pause_s: float) -> _Rated | None:
    """Take the one that was left alone longest, if that is long enough.

    It is not left alone any longer by that, whatever comes of it.
    """
    longest = min(rated, key=lambda each: each.event, default=None)
    if longest is None or now - longest.event < pause_s:
        return None
    if longest.server is not None:
        longest.server.event = now
    return longest


def _chosen(rated: _Rated, tries: Tries, limits: ResolverLimits, wait: float) -> Choice:
    tries.add(rated.address, rated.transport)
    if rated.transport is not Transport.UDP:
        wait = limits.tcp_timeout_s
    return Choice(rated.address, rated.name, rated.transport, wait)
