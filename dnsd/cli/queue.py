"""``dnsd queue list``, ``show``, ``hold``, ``retry`` and ``delete``: mail that waits.

The queue is read and changed where it is on disk, while the daemon runs or not. A running
daemon looks at it at least once a minute; what it sends at this very moment, it finishes.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path  # noqa: TC003 - in the signatures of commands
from typing import TYPE_CHECKING, Any

import click

from dnsd.cli.options import config_option, json_option
from dnsd.cli.printing import print_json, print_table
from dnsd.config.loader import load
from dnsd.mail.dsn import Notices
from dnsd.mail.queue import Keeping, Queue
from dnsd.mail.queue_view import QueueView
from dnsd.mail.schedule import Schedule
from dnsd.mail.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from dnsd.mail.queue_view import QueuedMessage

_SHOWN = 1000

_ids = click.argument("queue_ids", nargs=-1, required=True, metavar="QUEUE_ID...")


@click.group()
def queue() -> None:
    """Mail that waits to be delivered."""


@queue.command("list")
@config_option
@json_option
def list_queue(config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """List the messages that wait, the oldest first, and why they do."""
    with _opened(config_file) as opened:
        view = QueueView(opened)
        messages = view.page(0, _SHOWN)
        totals = view.totals()
    if as_json:
        print_json([_as_json(each) for each in messages])
        return
    if not messages:
        click.echo("nothing waits")
        return
    heads = ("queue id", "since", "octets", "sender", "recipient", "next attempt", "last said")
    rows = [row for each in messages for row in _rows(each)]
    print_table([heads, *rows], numbers=frozenset({2}))
    click.echo(f"{totals.messages} messages, {totals.recipients} recipients, {totals.held} held")


@queue.command()
@click.argument("queue_id")
@config_option
@json_option
def show(queue_id: str, config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """Show one message with each recipient; exit status 1 if it is not there."""
    with _opened(config_file) as opened:
        message = QueueView(opened).message(queue_id)
    if message is None:
        raise click.ClickException(f"there is no {queue_id} in the queue")
    facts = _as_json(message)
    if as_json:
        print_json(facts)
        return
    recipients = facts.pop("recipients")
    print_table([(f"{name.replace('_', ' ')}:", str(value)) for name, value in facts.items()])
    for each in recipients:
        click.echo()
        print_table([(f"{name.replace('_', ' ')}:", str(value)) for name, value in each.items()])


@queue.command()
@_ids
@config_option
def hold(queue_ids: Sequence[str], config_file: Path | None) -> None:
    """Let messages wait until retry."""
    _change(queue_ids, config_file, QueueView.hold, "held")


@queue.command()
@_ids
@config_option
def retry(queue_ids: Sequence[str], config_file: Path | None) -> None:
    """Have messages tried now, held ones too; a running daemon does within a minute."""

    def act(view: QueueView, ids: Sequence[str]) -> list[bool]:
        return view.retry([(each, int(time.time())) for each in ids])

    _change(queue_ids, config_file, act, "due")


@queue.command()
@_ids
@config_option
def delete(queue_ids: Sequence[str], config_file: Path | None) -> None:
    """Take messages away; nobody is told."""
    _change(queue_ids, config_file, QueueView.delete, "deleted")


def _change(
    queue_ids: Sequence[str],
    config_file: Path | None,
    act: Callable[[QueueView, Sequence[str]], list[bool]],
    done: str,
) -> None:
    with _opened(config_file) as opened, opened.transaction():
        results = act(QueueView(opened), queue_ids)
    for queue_id, was_there in zip(queue_ids, results, strict=True):
        click.echo(f"{queue_id}: {done if was_there else 'not in the queue'}")
    if not all(results):
        click.get_current_context().exit(1)


@contextmanager
def _opened(config_file: Path | None) -> Iterator[Queue]:
    mail = load(config_file).mail
    path = mail.queue / "queue.db"
    if not path.exists():
        raise click.ClickException(f"there is no queue {path}: mail has never run here")
    keeping = Keeping(Schedule(), Notices(mail.hostname), os.urandom)
    opened = Queue(path, Spool(mail.queue, mail.limits.message_octets), keeping)
    try:
        yield opened
    finally:
        opened.close()


def _rows(message: QueuedMessage) -> Iterator[tuple[str, ...]]:
    for each in message.recipients:
        yield (
            message.queue_id,
            _moment(message.received_at),
            str(message.size),
            str(message.sender or "<>"),
            str(each.recipient),
            "held" if each.is_held else _moment(each.next_attempt),
            each.text or "not tried yet",
        )


def _as_json(message: QueuedMessage) -> dict[str, Any]:
    return {
        "queue_id": message.queue_id,
        "sender": str(message.sender or "<>"),
        "received": _moment(message.received_at),
        "octets": message.size,
        "origin": message.origin,
        "client": message.address,
        "account": message.account or "",
        "recipients": [
            {
                "recipient": str(each.recipient),
                "held": each.is_held,
                "attempts": each.attempts,
                "next_attempt": _moment(each.next_attempt),
                "last_attempt": _moment(each.last_attempt) if each.last_attempt else "",
                "reason": each.reason,
                "said": each.text,
            }
            for each in message.recipients
        ],
    }


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
