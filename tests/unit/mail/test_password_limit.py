"""Guesses are counted by address and by networks around it."""

import pytest

from dnsd.mail import password_limit
from dnsd.mail.password_limit import PasswordLimit


def _allowed(limit, addresses, now=0.0):
    return sum(limit.begin(address, now) for address in addresses)


def test_an_address_has_ten_a_minute_and_fifty_a_day():
    limit = PasswordLimit()
    assert [_allowed(limit, ["192.0.2.1"] * 20, 60.0 * minute) for minute in range(7)] == [
        10, 10, 10, 10, 10, 0, 0,
    ]  # fmt: skip
    assert limit.refused == 7 * 20 - 50
    assert _allowed(limit, ["192.0.2.1"] * 20, 86_400.0) == 10


def test_a_network_has_three_times_and_the_wider_one_nine_times_as_many():
    limit = PasswordLimit()
    assert _allowed(limit, [f"192.0.2.{i}" for i in range(200)]) == 30
    assert _allowed(limit, [f"192.0.{i % 200}.{i % 250}" for i in range(1_000)]) == 60
    assert _allowed(limit, ["198.51.100.1"]) == 1


def test_ten_thousand_guesses_from_one_network_in_ten_minutes():
    limit = PasswordLimit()
    by_minute = [0] * 10
    for guess in range(10_000):
        by_minute[guess // 1_000] += limit.begin(f"192.0.2.{guess % 256}", guess * 0.06)
    assert max(by_minute) <= 30
    assert sum(by_minute) <= 150


@pytest.mark.parametrize(
    ("addresses", "allowed"),
    [
        ([f"2001:db8::{i:x}" for i in range(100)], 10),  # one customer
        ([f"2001:db8:0:{i:x}::1" for i in range(100)], 30),
        ([f"2001:db8:{i:x}::1" for i in range(200)], 90),
        (["192.0.2.1", "::ffff:192.0.2.1"] * 20, 10),  # one address
    ],
)
def test_networks_of_ipv6(addresses, allowed):
    assert _allowed(PasswordLimit(), addresses) == allowed


def test_a_right_password_costs_nothing():
    limit = PasswordLimit()
    for _ in range(1_000):
        assert limit.begin("192.0.2.1", 0.0)
        limit.succeeded("192.0.2.1", 0.0)
    limit.succeeded("198.51.100.1", 0.0)  # of which no try is known
    assert _allowed(limit, ["192.0.2.1"] * 20) == 10


def test_tries_side_by_side_count():
    limit = PasswordLimit()
    assert _allowed(limit, ["192.0.2.1"] * 100) == 10  # none has an answer yet


def test_memory_is_bounded_and_the_oldest_goes(monkeypatch):
    monkeypatch.setattr(password_limit, "_MAX_PLACES", 30)
    limit = PasswordLimit()
    for place in range(100):
        limit.begin(f"10.{place}.0.1", 0.0)
        assert len(limit._counts) <= 30
    assert _allowed(limit, ["10.99.0.1"] * 20) == 9
