"""The queue from the command line: seen, held, tried, deleted."""

import json
import os

import pytest
from click.testing import CliRunner

from dnsd.cli.main import main
from dnsd.mail.address import parse_mailbox
from dnsd.mail.dsn import Notices
from dnsd.mail.envelope import Body, Envelope, Origin, OriginKind
from dnsd.mail.queue import Keeping, Queue
from dnsd.mail.schedule import Schedule
from dnsd.mail.spool import Spool

NOW = 1_800_000_000


@pytest.fixture
def run(tmp_path):
    (tmp_path / "dnsd.yaml").write_text("state_directory: state\n")

    def invoke(*words):
        config = ["--config", str(tmp_path / "dnsd.yaml")]
        return CliRunner().invoke(main, ["queue", *words, *config])

    return invoke


@pytest.fixture
def filled(tmp_path):
    folder = tmp_path / "state" / "queue"
    folder.mkdir(parents=True)
    spool = Spool(folder, 1 << 20)
    queue = Queue(folder / "queue.db", spool, Keeping(Schedule(), Notices("mx.test"), os.urandom))
    for queue_id in ("FIRST", "SECOND"):
        incoming = spool.open(queue_id)
        incoming.write(b"Subject: x\r\n\r\nhello\r\n")
        envelope = Envelope(
            queue_id,
            parse_mailbox("a@example.test"),
            (parse_mailbox("b@example.org"), parse_mailbox("c@example.net")),
            Body.SEVEN_BIT,
            False,
            Origin(OriginKind.AUTHENTICATED, "192.0.2.1", "h.test", "a@example.test"),
            NOW,
        )
        with queue.transaction():
            queue.add([(envelope, incoming)])
    queue.close()


def test_without_mail_there_is_no_queue(run):
    found = run("list")
    assert found.exit_code == 1
    assert "mail has never run here" in found.output


@pytest.mark.usefixtures("filled")
def test_messages_are_listed_and_shown(run):
    listed = run("list")
    assert "2 messages, 4 recipients, 0 held" in listed.output
    assert "2027-01-15 08:00:00" in listed.output
    assert json.loads(run("list", "--json").output)[1]["queue_id"] == "SECOND"
    shown = run("show", "FIRST")
    for text in ("FIRST", "a@example.test", "b@example.org", "c@example.net", "authenticated"):
        assert text in shown.output
    assert run("show", "THIRD").exit_code == 1


@pytest.mark.usefixtures("filled")
def test_a_message_is_held_and_tried_again(run):
    assert run("hold", "FIRST").output == "FIRST: held\n"
    held = json.loads(run("show", "FIRST", "--json").output)
    assert [each["held"] for each in held["recipients"]] == [True, True]
    assert "2 held" in run("list").output
    assert run("retry", "FIRST").output == "FIRST: due\n"
    assert "0 held" in run("list").output


@pytest.mark.usefixtures("filled")
def test_messages_are_deleted(run):
    found = run("delete", "FIRST", "THIRD")
    assert (found.exit_code, found.output) == (1, "FIRST: deleted\nTHIRD: not in the queue\n")
    assert run("delete", "SECOND").exit_code == 0
    assert run("list").output == "nothing waits\n"
