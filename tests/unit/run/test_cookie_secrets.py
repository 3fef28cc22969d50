"""Secrets of the day: the same everywhere, others tomorrow."""

from __future__ import annotations

from dnsd.query.cookies import SECRET_OCTETS, VALID, Cookies
from dnsd.run.cookie_secrets import PERIOD_S, next_change_s, secrets_at

SEED = bytes(range(32))
MIDNIGHT = 20_000 * PERIOD_S
CLIENT = b"\xc0\0\x02\x01"


def test_everybody_derives_the_same_secrets_all_day():
    assert secrets_at(SEED, MIDNIGHT) == secrets_at(SEED, MIDNIGHT + PERIOD_S - 1)
    assert all(len(secret) == SECRET_OCTETS for secret in secrets_at(SEED, MIDNIGHT))


def test_todays_secret_is_tomorrow_the_one_before():
    today, tomorrow = secrets_at(SEED, MIDNIGHT), secrets_at(SEED, MIDNIGHT + PERIOD_S)
    assert tomorrow[1] == today[0]
    assert tomorrow[0] not in today


def test_another_seed_has_other_secrets():
    assert not set(secrets_at(SEED, MIDNIGHT)) & set(secrets_at(bytes(32), MIDNIGHT))


def test_a_cookie_made_before_midnight_is_good_after_it():
    before = Cookies(secrets_at(SEED, MIDNIGHT - 1))
    after = Cookies(secrets_at(SEED, MIDNIGHT + 1))
    cookie = before.make(b"client__", CLIENT, MIDNIGHT - 1)
    assert after.verify(cookie, CLIENT, MIDNIGHT + 1) == VALID


def test_the_next_change_is_at_midnight():
    assert next_change_s(MIDNIGHT) == PERIOD_S
    assert next_change_s(MIDNIGHT - 1) == 1


def test_a_clock_before_1970_has_secrets_too():
    assert len(secrets_at(SEED, 0)[1]) == SECRET_OCTETS
