"""``dnsd account add``, ``passwd``, ``list`` and ``remove``: people whose mail is here.

The file of accounts is written directly, while the daemon runs or not: it looks an
account up anew each time. Mail that is there stays when its account is removed.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - in the signatures of commands
from typing import TYPE_CHECKING, TextIO

import click

from dnsd.cli.options import config_option, json_option
from dnsd.cli.printing import print_json, print_table
from dnsd.config.loader import load
from dnsd.mail.accounts import Accounts
from dnsd.mail.address import AddressError, Mailbox, parse_mailbox
from dnsd.mail.passwords import PasswordError, protect

if TYPE_CHECKING:
    from dnsd.config.schema import Config


class MailboxName(click.ParamType[Mailbox]):
    """A mailbox such as ``alice@example.test``."""

    name = "mailbox"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Mailbox:
        """Read it."""
        try:
            return parse_mailbox(value, utf8=True)
        except AddressError as error:
            self.fail(f"{value!r} is no mailbox: {error}", param, ctx)


_mailbox = click.argument("mailbox", type=MailboxName())
_password = click.option(
    "--password-file",
    type=click.File("r"),
    help="Read the password from the first line of a file, - for standard input.",
)


@click.group()
def account() -> None:
    """People whose mail this server keeps."""


@account.command()
@_mailbox
@_password
@config_option
def add(mailbox: Mailbox, password_file: TextIO | None, config_file: Path | None) -> None:
    """Make an account for MAILBOX, which is also the name to log in with."""
    config = load(config_file)
    protected = _protected(password_file)
    with _accounts(config) as accounts:
        if not accounts.add(mailbox, protected, int(time.time())):
            raise click.ClickException(
                f"there is an account {mailbox} already; dnsd account passwd changes its password"
            )
    click.echo(f"{mailbox} can log in")
    if config.mail.enabled and mailbox.domain not in config.mail.domains:
        click.echo(f"mail.domains does not have {mailbox.domain}: no mail arrives for it", err=True)


@account.command()
@_mailbox
@_password
@config_option
def passwd(mailbox: Mailbox, password_file: TextIO | None, config_file: Path | None) -> None:
    """Give the account of MAILBOX another password."""
    config = load(config_file)
    protected = _protected(password_file)
    with _accounts(config) as accounts:
        if not accounts.set_password(mailbox, protected, int(time.time())):
            raise click.ClickException(f"there is no account {mailbox}")
    click.echo(f"the password of {mailbox} is changed")


@account.command()
@_mailbox
@config_option
def remove(mailbox: Mailbox, config_file: Path | None) -> None:
    """Remove the account of MAILBOX; its mail stays where it is."""
    with _accounts(load(config_file)) as accounts:
        if not accounts.remove(mailbox):
            raise click.ClickException(f"there is no account {mailbox}")
    click.echo(f"{mailbox} is removed")


@account.command("list")
@config_option
@json_option
def list_accounts(config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """List the accounts; exit status 1 if there are none."""
    with _accounts(load(config_file)) as accounts:
        found = accounts.everybody()
    shown = [(str(each.mailbox), _moment(each.created), _moment(each.changed)) for each in found]
    if as_json:
        names = ("mailbox", "created", "password_changed")
        print_json([dict(zip(names, each, strict=True)) for each in shown])
    elif shown:
        print_table([("mailbox", "created", "password changed"), *shown])
    else:
        click.echo("no accounts")
    if not shown:
        click.get_current_context().exit(1)


def _accounts(config: Config) -> Accounts:
    """Open the file; made by root, it becomes that of whoever has the state directory."""
    directory = config.state_directory
    directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    found = Accounts(config.state_directory / "accounts.db")
    if os.geteuid() == 0:
        owner = directory.stat()
        for path in directory.glob("accounts.db*"):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    return found


def _protected(file: TextIO | None) -> str:
    if file is None:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    else:
        password = file.readline().rstrip("\r\n")
    try:
        return protect(password, os.urandom)
    except PasswordError as error:
        raise click.ClickException(str(error)) from None


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
