"""Whose mail a mailbox gets: accounts, sub-addresses, aliases, and the rest of a domain."""

import pytest

from dnsd.mail.address import parse_mailbox
from dnsd.mail.directory import MAX_TARGETS, MailDirectory

ACCOUNTS = {"alice@example.test", "bob@example.test", "a+b@example.test"}
ALIASES = {
    "postmaster": ("alice@example.test",),
    "sales@example.test": ("bob@example.test", "helper@elsewhere.example"),
    "all@example.test": ("sales@example.test", "Alice@example.test", "bob@example.test"),
    "@other.test": ("bob@example.test",),
    "circle": ("circle2@example.test",),
    "circle2": ("circle@example.test",),
    "nobody": ("gone@example.test",),
}


@pytest.fixture
def directory():
    return MailDirectory(
        {"example.test", "other.test"}.__contains__, ACCOUNTS.__contains__, ALIASES
    )


@pytest.mark.parametrize(
    ("mailbox", "found"),
    [
        ("alice@example.test", ["alice@example.test"]),
        ("ALICE@example.test", ["ALICE@example.test"]),
        ("alice+lists@example.test", ["alice@example.test"]),
        ("a+b@example.test", ["a+b@example.test"]),
        ("+lists@example.test", []),
        ("carol@example.test", []),
        ("postmaster@example.test", ["alice@example.test"]),
        ("PostMaster@other.test", ["alice@example.test"]),
        ("postmaster+dmarc@example.test", ["alice@example.test"]),
        ("sales@example.test", ["bob@example.test", "helper@elsewhere.example"]),
        ("sales@other.test", ["bob@example.test"]),
        (
            "all@example.test",
            ["Alice@example.test", "bob@example.test", "helper@elsewhere.example"],
        ),
        ("anybody@other.test", ["bob@example.test"]),
        ("circle@example.test", []),
        ("nobody@example.test", []),
    ],
)
def test_a_mailbox_stands_for_accounts(directory, mailbox, found):
    assert sorted(map(str, directory.resolve(parse_mailbox(mailbox)))) == sorted(found)


def test_domains_are_asked_for_at_each_question():
    domains = set()
    directory = MailDirectory(domains.__contains__, ACCOUNTS.__contains__, {})
    assert not directory.is_local("example.test")
    domains.add("example.test")
    assert directory.is_local("example.test")


def test_an_alias_of_too_many_ends():
    targets = tuple(f"user{number}@elsewhere.example" for number in range(MAX_TARGETS + 50))
    directory = MailDirectory("example.test".__eq__, ACCOUNTS.__contains__, {"list": targets})
    assert len(directory.resolve(parse_mailbox("list@example.test"))) == MAX_TARGETS
