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
from dnsd.resolver.servers import first_wait_s, wait_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from dnsd.resolver.options import ResolverLimits
    from dnsd.resolver.servers import Server, Servers

    # Estimate, name, address, what is known of it.
    Rated = tuple[float, bytes, bytes, Server | None]

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

    def may_try(self, address: bytes, transport: Transport, limits: ResolverLimits) -> bool:
        """Tell whether an address may be asked once more by a transport.

        At most 3 times by each (RFC 9520 §3.1), counted by address: names do not
        matter. ``server_tries`` may make it less, or more.
        """
        if address in self._given_up:
            return False
        tries = limits.server_tries
        if transport is not Transport.UDP:
            tries = min(tries, STREAM_TRIES)
        return self.count(address, transport) < tries

    def take(self, address: bytes, transport: Transport, limits: ResolverLimits) -> bool:
        """Count one more packet for an address, if it may be sent.

        For asking the server again that just answered; ``choose`` has counted what
        it chose.
        """
        if not self.may_try(address, transport, limits):
            return False
        self._counts[address, transport] = self.count(address, transport) + 1
        if transport is Transport.TCP:
            self._over_tcp.add(address)
        return True

    def give_up(self, address: bytes) -> None:
        """Ask an address no more in this fetch: it said all that it has to say."""
        self._given_up.add(address)

    def transport_to(self, address: bytes, server: Server | None) -> Transport:
        """Return how an address is asked next."""
        if self.transport is not Transport.UDP:
            return self.transport
        if address in self._over_tcp or (server is not None and server.needs_tcp):
            return Transport.TCP
        return Transport.UDP


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
    fit, lame, held = _sorted_out(candidates, servers, tries, now)
    if fit:
        nearest = min(fit, key=_estimate)[0] + BAND_S
        band = [each for each in fit if each[0] <= nearest]
        if not tries.has_begun and (len(band) < len(fit) or held):
            for rated in fit + held:
                if rated[0] > nearest and _is_left_alone(rated, now, servers.limits.server_hold_s):
                    return _chosen(rated, servers, tries, probed_at=now)
        return _chosen(_faster_of_two(band, entropy), servers, tries)
    if lame:
        return _chosen(_faster_of_two(lame, entropy), servers, tries)
    for rated in sorted(held, key=_last_event):
        if _is_left_alone(rated, now, PROBE_S):
            return _chosen(rated, servers, tries, probed_at=now)
    return None


def _sorted_out(
    candidates: Iterable[tuple[bytes, bytes]], servers: Servers, tries: Tries, now: float
) -> tuple[list[Rated], list[Rated], list[Rated]]:
    """Return who is fit, lame and held, of those who may be asked once more."""
    limits = servers.limits
    fit: list[Rated] = []
    lame: list[Rated] = []
    held: list[Rated] = []
    seen = set()
    for name, address in candidates:
        if address in seen:
            continue
        seen.add(address)
        server = servers.find(address, now)
        transport = tries.transport_to(address, server)
        if not tries.may_try(address, transport, limits):
            continue
        tried = tries.count(address, transport)
        if server is None or (server.srtt < 0 and not server.timeouts):
            estimate = limits.udp_timeout_first_s
        elif server.timeouts:
            estimate = wait_s(server, limits)
        else:
            estimate = server.srtt
        rated = (estimate + BAND_S * tried, name, address, server)
        if server is not None and server.is_held:
            if not tried:
                held.append(rated)
        elif servers.is_lame(address, tries.zone, now):
            if not tried:
                lame.append(rated)
        else:
            fit.append(rated)
    return fit, lame, held


def _faster_of_two(rated: list[Rated], entropy: Callable[[int], bytes]) -> Rated:
    drawn = entropy(4)
    one = rated[int.from_bytes(drawn[:2], "big") % len(rated)]
    other = rated[int.from_bytes(drawn[2:], "big") % len(rated)]
    return one if one[0] <= other[0] else other


def _estimate(rated: Rated) -> float:
    return rated[0]


def _last_event(rated: Rated) -> float:
    server = rated[3]
    return server.event if server is not None else 0.0


def _is_left_alone(rated: Rated, now: float, pause_s: float) -> bool:
    return now - _last_event(rated) >= pause_s


def _chosen(
    rated: Rated, servers: Servers, tries: Tries, *, probed_at: float | None = None
) -> Choice:
    _, name, address, server = rated
    limits = servers.limits
    transport = tries.transport_to(address, server)
    tries.take(address, transport, limits)
    if transport is not Transport.UDP:
        timeout_s = limits.tcp_timeout_s
    elif probed_at is None:
        timeout_s = wait_s(server, limits)
    else:
        timeout_s = first_wait_s(server, limits)
    if probed_at is not None and server is not None:
        server.event = probed_at
    return Choice(address, name, transport, timeout_s)
