"""Passwords: kept as argon2id, checked at one cost for everybody."""

import os

import pytest
from argon2 import extract_parameters

from dnsd.mail import passwords
from dnsd.mail.passwords import Checker, PasswordError, protect


@pytest.fixture(scope="module")
def kept():
    return protect("correct horse", os.urandom)


@pytest.fixture
def checker():
    return Checker(os.urandom)


def test_what_is_kept_is_argon2id_with_the_parameters_of_the_house(kept):
    found = extract_parameters(kept)
    assert kept.startswith("$argon2id$")
    assert (found.memory_cost, found.time_cost, found.parallelism) == (19_456, 2, 1)
    assert "correct" not in kept
    assert protect("correct horse", os.urandom) != kept  # a salt of its own


def test_only_the_password_is_right(kept, checker):
    assert checker.check(kept, "correct horse", 0.0)
    for wrong in (
        "",
        "correct hors",
        "Correct horse",
        "correct horse ",
        "x" * 5_000,
        "\0",
        "\udcff",
    ):
        assert not checker.check(kept, wrong, 0.0)


@pytest.mark.parametrize("kept", [None, "", "no hash", "$argon2id$v=19$m=19456,t=2,p=1$x"])
def test_where_there_is_no_account_a_hash_is_computed_all_the_same(checker, kept, monkeypatch):
    checked = []
    verify = passwords.verify_secret
    monkeypatch.setattr(
        passwords, "verify_secret", lambda *given: checked.append(given[0]) or verify(*given)
    )
    assert not checker.check(kept, "correct horse", 0.0)
    assert checker.hashes == len(checked) == 1
    if not kept:
        assert extract_parameters(checked[0].decode()).memory_cost == 19_456


def test_the_stand_in_of_nobody_opens_nothing(checker):
    for guess in ("", "nobody", checker._nobody):
        assert not checker.check(None, guess, 0.0)


def test_a_success_is_remembered_for_a_while_and_only_for_itself(kept, checker):
    assert not checker.remembers(kept, "correct horse", 0.0)
    checker.check(kept, "wrong horse", 0.0)
    assert not checker.remembers(kept, "wrong horse", 0.0)
    checker.check(kept, "correct horse", 0.0)
    assert checker.remembers(kept, "correct horse", 599.0)
    assert not checker.remembers(kept, "correct horse", 600.0)
    assert not checker.remembers(kept, "wrong horse", 1.0)
    assert not checker.remembers(protect("correct horse", os.urandom), "correct horse", 1.0)
    assert not checker.remembers(None, "correct horse", 1.0)


def test_memory_is_bounded_and_holds_no_password(kept, checker, monkeypatch):
    monkeypatch.setattr(passwords, "verify_secret", lambda *_: True)
    for place in range(1_500):
        checker.check(kept, f"correct horse {place}", 0.0)
    assert len(checker._kept) == 1_000
    assert checker.remembers(kept, "correct horse 1499", 1.0)
    assert not checker.remembers(kept, "correct horse 0", 1.0)
    assert not any(b"horse" in digest for digest in checker._kept)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("short", "at least 8"),
        ("x" * 1_025, "at most 1024"),
        ("ü" * 513, "at most"),
        ("nul\0nul\0nul", "NUL"),
    ],
)
def test_passwords_that_are_none(password, reason):
    with pytest.raises(PasswordError, match=reason):
        protect(password, os.urandom)
