"""The entropy experiment, in short: numbers from a seed through the real sockets, and a daemon."""

import hashlib
import itertools
import random

import pytest
from experiments.entropy import SPAN, Capture, bound_ports, examine, free_ports, measure, name_of
from experiments.guessing import hits, linear_complexity, serial_correlation
from fakes.turns import RealReactor

from dnsd.net.clock import Clock
from dnsd.net.upstream import Upstream
from dnsd.net.upstream_options import UpstreamOptions
from dnsd.observe import metrics
from dnsd.resolver.acceptance import judge
from dnsd.resolver.commands import Exchange, Result, Transport
from dnsd.resolver.outgoing import Form, query_octets

QUERIES = 20_000
IN_FLIGHT = 100
UPSTREAM = b"\x7f\0\x09\x02"


class Seeded:
    """Octets that look like chance and are the same each time."""

    def __init__(self, seed):
        self._blocks = itertools.count()
        self._seed = seed

    def __call__(self, count):
        block = next(self._blocks).to_bytes(8, "big")
        return hashlib.shake_256(self._seed + block).digest(count)


def drive(count, entropy, taken=()):
    """Send so many queries as the resolver does; what its server saw, and the ports left."""
    capture = Capture(count)
    reactor = RealReactor()
    row = metrics.new_page(1).row(0)
    options = UpstreamOptions(judge, entropy, frozenset(taken))
    upstream = Upstream(reactor, Clock(reactor), row, options)
    bound = bound_ports()
    left, ends = iter(range(count)), []

    def send(number):
        query = query_octets(name_of(number), 1, Form(), entropy)
        upstream.exchange(Exchange(UPSTREAM, capture.port, Transport.UDP, query, 30.0), done)

    def done(end):
        ends.append(end.result)
        number = next(left, None)
        if number is not None:
            send(number)

    for number in itertools.islice(left, IN_FLIGHT):
        send(number)
    while len(ends) < count:
        capture.answer_waiting()
        reactor.iterate(0)
    bound &= bound_ports()
    upstream.stop()
    reactor.close()
    capture.socket.close()
    assert set(ends) == {Result.REPLY}
    *columns, _ = capture.captured()
    return columns, free_ports(bound | set(taken), columns[0])


@pytest.mark.slow
def test_nothing_about_a_query_can_be_guessed():
    columns, values = drive(QUERIES, Seeded(b"entropy"), taken=range(5000, 5010))
    figures = examine("seeded", columns, values, least_p=1e-6)
    assert figures.count == QUERIES
    assert figures.failures == []
    # Chance alone leaves three quarters of the ports out.
    assert figures.ports[0] == pytest.approx(0.2665 * len(values), rel=0.02)
    assert not set(columns[0]) & set(range(5000, 5010))


@pytest.mark.slow
def test_a_daemon_with_two_workers_is_captured_by_worker(tmp_path):
    found, failures = measure(tmp_path, 8_000)
    assert failures == []
    assert found[0].count >= 8_000
    assert sum(figures.count for figures in found[1:]) == found[0].count
    assert len(found) == 3
    # Bounds are for many queries; of few only the ranges say something.
    assert all(figures.p["ports"] > 1e-6 for figures in found)
    assert all(figures.p["IDs"] > 1e-6 for figures in found)


def columns_of(draw, count=QUERIES):
    return [[draw(what) for _ in range(count)] for what in ("port", "id", "letters")]


def failures_of(columns):
    return " ".join(examine("bad", columns, range(1024, SPAN), least_p=1e-6).failures)


def test_what_is_not_chance_is_seen():
    """The experiment itself can fail, for each of its bounds."""
    seeded = Seeded(b"bad")

    def draw(what):
        while True:
            number = int.from_bytes(seeded(2), "big")
            if what != "port" or number >= 1024:
                return number

    good = columns_of(draw)
    assert failures_of(good) == ""
    kernel = [32768 + port % 28232 for port in good[0]]
    assert "p of ports" in failures_of([kernel, *good[1:]])
    assert "ports were seen" in failures_of([[5000 + port % 4096 for port in good[0]], *good[1:]])
    assert "ports correlate" in failures_of([sorted(good[0]), *good[1:]])
    assert "ports with IDs correlate" in failures_of([good[0], good[0], good[2]])
    assert "p of each letter" in failures_of([*good[:2], [word | 1 for word in good[2]]])
    assert "pairs came again" in failures_of([column[: QUERIES // 2] * 2 for column in good])
    counted = [(40_503 * number + 7) % SPAN for number in range(QUERIES)]
    assert "a linear congruence is right" in failures_of([good[0], counted, good[2]])


def test_a_twister_is_found_by_its_linear_complexity():
    twister = random.Random(3)
    bits = [twister.getrandbits(16) & 1 for _ in range(41_000)]
    assert linear_complexity(bits) == 19_937
    seeded = Seeded(b"bits")
    assert abs(linear_complexity([octet & 1 for octet in seeded(41_000)]) - 20_500) < 12


def test_linear_complexity_is_that_of_known_registers():
    assert linear_complexity([0, 0, 0, 1]) == 4
    assert linear_complexity([1, 0] * 50) == 2
    assert linear_complexity([0, 0, 1, 1, 0, 1, 1, 1, 0]) == 5
    assert linear_complexity([0] * 20) == 0


def test_each_predictor_knows_its_own_sequence():
    twice = [number // 2 for number in range(100)]
    assert hits(twice)["the same again"] > 40
    assert hits(list(range(100)))["one more"] == 97
    assert hits([7 * number % SPAN for number in range(100)])["the same step"] == 97
    congruence = [1]
    for _ in range(99):
        congruence.append((20_077 * congruence[-1] + 12_345) % SPAN)
    assert hits(congruence)["a linear congruence"] > 40
    assert hits([0x1234, 0x3412] * 50)["its octets exchanged"] == 97
    assert hits([1, 5, 9] * 33)["what followed it before"] > 90
    assert serial_correlation(list(range(100))) == pytest.approx(1.0)
