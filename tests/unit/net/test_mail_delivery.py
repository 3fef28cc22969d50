"""Delivery to mailboxes of ours, and what is written down of every attempt."""

import pytest
from fakes.disks import FULL, FailingDisk
from fakes.mail import (
    NOW,
    CommitterAtOnce,
    Events,
    accept,
    envelope,
    message,
    open_queue,
)
from fakes.resolver import finished
from twisted.internet.defer import maybeDeferred
from twisted.internet.task import Clock as FakeReactor

from dnsd.mail.dispatch import Job
from dnsd.mail.maildir import Maildirs
from dnsd.mail.reasons import Deferred, Delivered, Failed, ReasonClass
from dnsd.mail.stores import StoreFailed
from dnsd.net import mail_delivery
from dnsd.net.clock import Clock
from dnsd.net.mail_delivery import LocalDelivery, OutcomeWriter

ALICE, BOB = "alice@example.test", "bob@example.test"
LATER = Deferred(ReasonClass.TIMEOUT, "no answer")


class Rig:
    """A queue, Maildirs and what writes outcomes, in time that stands still."""

    def __init__(self, path):
        self.path = path
        self.disk = FailingDisk()
        self.reactor = FakeReactor()
        self.log = Events()
        self.queue = open_queue(path)
        self.committer = CommitterAtOnce(self.queue)
        self.accounts = {ALICE, BOB}
        self.unreadable = set()
        self.local = LocalDelivery(
            self.queue, Maildirs(path / "mail", "mx1.example.test", self.disk), self.has_account
        )
        clock = Clock(self.reactor, lambda: NOW + self.reactor.seconds())
        self.outcomes = OutcomeWriter(self.queue, self.committer, clock, self.log)
        self.looks = 0
        self.outcomes.look = self.look

    def has_account(self, key):
        if key in self.unreadable:
            raise StoreFailed("accounts.db: cannot be read")
        return key in self.accounts

    def look(self):
        self.looks += 1

    def accept(self, *recipients, octets=None, **given):
        """Queue a message; what is due of it, claimed."""
        (dues,) = accept(self.queue, (envelope(*recipients, **given), octets or message()))
        return tuple(self.queue.claim(dues))

    def deliver(self, dues):
        return finished(self.local.deliver(Job(dues)))

    def new(self, user):
        """Octets of what is new in a mailbox."""
        place = self.path / "mail" / "example.test" / user / "new"
        return [path.read_bytes() for path in sorted(place.glob("*"))]

    def due(self, later=0):
        """Recipients that anybody could claim."""
        found = self.queue.due(NOW + later, 100)
        self.queue.release(found)
        return [str(each.recipient) for each in found]


@pytest.fixture
def rig(tmp_path, monkeypatch):
    monkeypatch.setattr(mail_delivery, "deferToThread", maybeDeferred)
    found = Rig(tmp_path)
    yield found
    found.queue.close()


# --- mailboxes of ours ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2_000, 200_000])
def test_each_recipient_gets_a_file_of_its_own(rig, size):
    octets = message(size)
    results = rig.deliver(rig.accept(ALICE, BOB, octets=octets, sender="carol@example.org"))
    assert [type(each) for each in results] == [Delivered, Delivered]
    for user in ("alice", "bob"):
        assert rig.new(user) == [
            b"Return-Path: <carol@example.org>\nDelivered-To: %s@example.test\n" % user.encode()
            + octets.replace(b"\r\n", b"\n")
        ]
    assert results[1].text.startswith("put into bob as ")
    assert results[1].text.endswith("R1.mx1.example.test")


def test_the_null_sender_is_written_as_such(rig):
    rig.deliver(rig.accept(BOB, sender=None))
    assert rig.new("bob")[0].startswith(b"Return-Path: <>\n")


def test_a_second_attempt_makes_no_second_file(rig):
    dues = rig.accept(BOB)
    assert rig.deliver(dues) == rig.deliver(dues)
    assert len(rig.new("bob")) == 1


def test_who_is_gone_is_told_of_and_harms_nobody_else(rig):
    gone, there = rig.deliver(rig.accept("carol@example.test", BOB))
    assert gone == Failed(ReasonClass.REFUSED, "5.1.1", "there is no mailbox carol@example.test")
    assert isinstance(there, Delivered)


def test_a_full_disk_defers(rig):
    rig.disk.fail = ("write", 1, FULL)
    first, second = rig.deliver(rig.accept(ALICE, BOB))
    assert (type(first), first.reason) == (Deferred, ReasonClass.LOCAL_STORE)
    assert "No space" in first.text
    assert isinstance(second, Delivered)
    assert rig.new("alice") == []


def test_accounts_that_cannot_be_read_defer_and_undo_nothing(rig):
    rig.unreadable = {BOB}
    first, second = rig.deliver(rig.accept(ALICE, BOB))
    assert isinstance(first, Delivered)
    assert second == Deferred(ReasonClass.LOCAL_STORE, "accounts.db: cannot be read")


def test_a_message_that_is_damaged_is_not_delivered(rig):
    dues = rig.accept(BOB, octets=message(200_000))
    for path in (rig.path / "large").iterdir():
        path.write_bytes(b"x" * 200_000)
    (result,) = rig.deliver(dues)
    assert (type(result), result.reason) == (Deferred, ReasonClass.LOCAL_STORE)
    assert rig.new("bob") == []


# --- outcomes ---------------------------------------------------------------------------------


def test_what_was_delivered_is_gone_from_the_queue(rig):
    (due,) = dues = rig.accept(BOB)
    rig.outcomes(dues, (Delivered("250 ok", "mx.example.org"),))
    assert rig.due(10**6) == []
    assert rig.queue.reader.execute("SELECT count(*) FROM messages").fetchone() == (0,)
    assert rig.log.of("mail_delivered") == [
        ("250 ok", {"host": "mx.example.org", "queue_id": due.queue_id, "recipient": BOB})
    ]
    assert rig.looks == 0


def test_what_was_deferred_is_due_later(rig):
    dues = rig.accept(BOB)
    rig.outcomes(dues, (LATER,))
    assert rig.due() == []
    assert rig.due(86_400) == [BOB]
    assert [(text, fields["reason"]) for text, fields in rig.log.of("mail_deferred")] == [
        ("no answer", "timeout")
    ]
    assert rig.looks == 1


def test_a_failure_is_told_to_its_sender(rig):
    dues = rig.accept("bob@example.org", sender=ALICE)
    rig.outcomes(dues, (Failed(ReasonClass.REMOTE_PERMANENT, "5.1.1", "550 unknown"),))
    assert rig.due(60) == [ALICE]
    assert len(rig.log.of("mail_failed")) == 1
    assert rig.looks == 1, "the notification waits"


def test_each_recipient_has_its_own_outcome(rig):
    dues = rig.accept(ALICE, BOB)
    rig.outcomes(dues, (LATER, Delivered("250 ok")))
    assert rig.due(86_400) == [ALICE]


def test_what_cannot_be_written_down_is_not_tried_again_at_once(rig):
    (due,) = dues = rig.accept(BOB)
    rig.committer.failure = StoreFailed("queue.db: disk")
    rig.outcomes(dues, (Delivered("250 ok"),))
    assert rig.due() == []
    assert rig.log.of("mail_not_recorded") == [
        ("it may be delivered twice: queue.db: disk", {"queue_id": due.queue_id})
    ]
    rig.reactor.advance(59)
    assert rig.due(59) == []
    rig.reactor.advance(1)
    assert rig.due(60) == [BOB]
