"""Accounts from the command line: made, changed, listed, removed."""

import json
import os

import pytest
from click.testing import CliRunner

from dnsd.cli.main import main
from dnsd.mail.accounts import Accounts
from dnsd.mail.passwords import Checker


@pytest.fixture
def run(tmp_path):
    (tmp_path / "dnsd.yaml").write_text(
        "state_directory: state\nmail: {enabled: on, hostname: mx.example.test, domains: [example.test]}\n"
    )

    def invoke(*words, given=None):
        config = ["--config", str(tmp_path / "dnsd.yaml")]
        return CliRunner().invoke(main, ["account", *words, *config], input=given)

    return invoke


def test_an_account_can_log_in_with_its_password(run, tmp_path):
    made = run("add", "Alice@example.test", "--password-file", "-", given="correct horse\n")
    assert (made.exit_code, made.output) == (0, "Alice@example.test can log in\n")
    checker = Checker(os.urandom)
    with Accounts(tmp_path / "state" / "accounts.db") as accounts:
        kept = accounts.find("alice@example.test").password
        assert checker.check(kept, "correct horse", 0.0)
    run("passwd", "alice@example.test", "--password-file", "-", given="battery staple\n")
    with Accounts(tmp_path / "state" / "accounts.db") as accounts:
        kept = accounts.find("alice@example.test").password
        assert checker.check(kept, "battery staple", 0.0)
    assert "correct" not in (tmp_path / "state" / "accounts.db").read_bytes().decode("latin-1")


def test_a_password_is_asked_for_twice(run):
    made = run("add", "a@example.test", given="correct horse\ncorrect horse\n")
    assert made.exit_code == 0
    assert "correct horse" not in made.output


def test_accounts_are_listed_and_removed(run):
    run("add", "a@example.test", "--password-file", "-", given="correct horse\n")
    assert json.loads(run("list", "--json").output)[0]["mailbox"] == "a@example.test"
    assert "a@example.test" in run("list").output
    assert run("remove", "A@Example.test").exit_code == 0
    gone = run("list")
    assert (gone.exit_code, gone.output) == (1, "no accounts\n")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("add", "nobody"), 2, "no mailbox"),
        (("add", "a@example.test"), 1, "already"),
        (("passwd", "b@example.test"), 1, "no account"),
        (("remove", "b@example.test"), 1, "no account"),
    ],
)
def test_what_cannot_be_is_said(run, words, status, said):
    run("add", "a@example.test", "--password-file", "-", given="correct horse\n")
    file = ("--password-file", "-") if words[0] != "remove" else ()
    found = run(*words, *file, given="correct horse\n")
    assert found.exit_code == status
    assert said in found.output


def test_a_short_password_is_refused(run):
    found = run("add", "a@example.test", "--password-file", "-", given="short\n")
    assert found.exit_code == 1
    assert "at least 8 characters" in found.output


def test_a_domain_without_mail_here_is_said(run):
    found = run("add", "a@other.test", "--password-file", "-", given="correct horse\n")
    assert found.exit_code == 0
    assert "mail.domains does not have other.test" in found.output
