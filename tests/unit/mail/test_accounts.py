"""Accounts: found by whoever types their name, kept apart from what others may read."""

import pytest

from dnsd.mail.accounts import Account, Accounts
from dnsd.mail.address import Mailbox, parse_mailbox
from dnsd.mail.stores import StoreFailed

BOB = Mailbox("Bob", "example.test")


@pytest.fixture
def accounts(tmp_path):
    with Accounts(tmp_path / "accounts.db") as found:
        yield found


def test_an_account_is_added_once(accounts):
    assert accounts.add(BOB, "kept", 100)
    assert not accounts.add(Mailbox("bob", "example.test"), "other", 200)
    assert accounts.everybody() == [Account(BOB, "kept", 100, 100)]


@pytest.mark.parametrize("typed", ["Bob@example.test", "bob@EXAMPLE.test", "BOB@example.test"])
def test_it_is_found_however_it_is_typed(accounts, typed):
    accounts.add(BOB, "kept", 100)
    assert accounts.find(typed).mailbox == BOB


@pytest.mark.parametrize(
    "typed", ["", "bob", "bob@example.org", "x@example.test", "bob@example.test\r\n", "%", "bob@%"]
)
def test_others_are_not(accounts, typed):
    accounts.add(BOB, "kept", 100)
    assert accounts.find(typed) is None


@pytest.mark.parametrize(
    ("account", "other"),
    [("a b", "a  b"), ("alice", '"alice"'), ("alice", " alice"), ("stra\u00dfe", "stra\u00dfen")],
)
def test_a_key_is_that_of_one_mailbox_only(accounts, account, other):
    accounts.add(Mailbox(account, "example.test"), "kept", 100)
    assert accounts.has(Mailbox(account, "example.test").key)
    assert not accounts.has(Mailbox(other, "example.test").key)


def test_another_password_and_removal(accounts):
    accounts.add(BOB, "kept", 100)
    other = parse_mailbox("bob@example.test")
    assert accounts.set_password(other, "new one", 300)
    assert accounts.of(BOB) == Account(BOB, "new one", 100, 300)
    assert accounts.remove(other)
    assert not accounts.remove(other)
    assert not accounts.set_password(other, "x", 400)
    assert accounts.everybody() == []


def test_a_change_by_another_process_is_seen_at_once(accounts, tmp_path):
    with Accounts(tmp_path / "accounts.db") as other:
        other.add(BOB, "kept", 100)
        assert accounts.of(BOB) is not None
        other.remove(BOB)
        assert accounts.of(BOB) is None


def test_only_our_user_reads_the_file(accounts, tmp_path):
    accounts.add(BOB, "kept", 100)
    for path in tmp_path.glob("accounts.db*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_they_are_listed_by_domain_and_name(accounts):
    for name in ("b@b.test", "a@b.test", "z@a.test"):
        accounts.add(parse_mailbox(name), "kept", 1)
    assert [str(one.mailbox) for one in accounts.everybody()] == [
        "z@a.test",
        "a@b.test",
        "b@b.test",
    ]


def test_a_file_that_is_none_is_an_error(tmp_path):
    (tmp_path / "accounts.db").write_bytes(b"x" * 5_000)
    with pytest.raises(StoreFailed, match="move it away"):
        Accounts(tmp_path / "accounts.db")
