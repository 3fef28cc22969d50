"""Taking mail: who may send it, and that it is safe on disk before anybody is told so."""

import os

import pytest
from fakes.disks import BROKEN, FULL, NEARLY_FULL, FailingDisk
from fakes.mail import ENTROPY, NOW, CommitterAtOnce, Events, message, open_queue
from fakes.resolver import FakeResolver, finished
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock as FakeReactor

from dnsd.mail import reply, verdict
from dnsd.mail.accounts import Accounts
from dnsd.mail.address import parse_mailbox
from dnsd.mail.arriving import ArrivalOptions
from dnsd.mail.directory import MailDirectory
from dnsd.mail.dkim import keys
from dnsd.mail.dkim.sign import Signer
from dnsd.mail.envelope import OriginKind
from dnsd.mail.password_limit import PasswordLimit
from dnsd.mail.passwords import Checker, protect
from dnsd.mail.route import ANYWHERE, ClientStanding
from dnsd.mail.smtp.reception import Refusal
from dnsd.mail.smtp.transaction import Transaction
from dnsd.mail.stores import StoreFailed, StoreFull
from dnsd.net import mail_reception
from dnsd.net.clock import Clock
from dnsd.net.mail_reception import Keeping, MailReception, Passwords, ReceptionOptions

ALICE, BOB = "alice@example.test", "bob@example.test"
STRANGER = "192.0.2.9"
LOGGED_IN = ClientStanding(ALICE)
LISTED = ClientStanding(destinations=frozenset({"example.org"}))
ALIASES = {
    "info@example.test": (ALICE, BOB),
    "all@example.test": ("info@example.test", BOB, "carol@example.org"),
    "sales@example.test": (BOB,),
}
RECORDS = """
strict.test. TXT "v=spf1 ip4:192.0.2.1 -all"
_dmarc.strict.test. TXT "v=DMARC1; p=reject"
"""
PASSWORD = "correct horse"
KEPT = protect(PASSWORD, os.urandom)
LARGE = 200_000


def transaction(*recipients, standing=None, sender="someone@example.org", address=STRANGER):
    return Transaction(
        address=address,
        standing=standing or ClientStanding(),
        helo="client.example",
        is_extended=True,
        tls=None,
        sender=parse_mailbox(sender) if sender else None,
        recipients=[parse_mailbox(to) for to in recipients or (BOB,)],
    )


class Rig:
    """A reception with a queue on disk.

    Attributes:
        taken: what was handed on to be delivered.
    """

    def __init__(self, path):
        self.path = path
        self.disk = FailingDisk()
        self.reactor = FakeReactor()
        self.log = Events()
        self.queue = open_queue(path, disk=self.disk)
        self.committer = CommitterAtOnce(self.queue)
        self.accounts = Accounts(path / "accounts.db")
        for name in (ALICE, BOB):
            self.accounts.add(parse_mailbox(name), KEPT, NOW)
        self.checker = Checker(os.urandom)
        self.taken = []
        self.signers = []
        self.reception = MailReception(
            ReceptionOptions(
                ArrivalOptions("mx1.example.test"),
                verdict.Refusing.BY_POLICY,
                lambda domain: self.signers if domain == "example.test" else [],
                ENTROPY,
            ),
            Keeping(self.queue, self.committer, self.take),
            (
                MailDirectory(
                    {"example.test"}.__contains__,
                    lambda key: self.accounts.find(key) is not None,
                    ALIASES,
                ),
                FakeResolver(RECORDS),
            ),
            Passwords(self.accounts, self.checker, PasswordLimit(per_minute=2)),
            (Clock(self.reactor, lambda: NOW + self.reactor.seconds()), self.log),
        )

    def take(self, dues):
        self.taken += dues

    def begin(self, said, octets=b""):
        found = finished(self.reception.begin(said))
        for start in range(0, len(octets), 16_384):
            found.write(octets[start : start + 16_384])
        return found

    def send(self, said, octets=None):
        """Send a message; the reply."""
        found = self.begin(said, octets or message())
        return finished(self.reception.commit(said, found))

    def log_in(self, user=ALICE, password=PASSWORD, address=STRANGER):
        return finished(self.reception.authenticate(user, password, address))

    def sender(self, sender, standing):
        return finished(self.reception.check_sender(transaction(sender=sender, standing=standing)))

    def recipient(self, mailbox, standing=None):
        return finished(
            self.reception.check_recipient(transaction(standing=standing), parse_mailbox(mailbox))
        )

    @property
    def files(self):
        """Names of what stands in the spool."""
        return [each.name for part in ("tmp", "large") for each in (self.path / part).iterdir()]

    @property
    def waiting(self):
        """How many messages the queue has."""
        return self.queue.reader.execute("SELECT count(*) FROM messages").fetchone()[0]

    def octets(self):
        return b"".join(self.queue.open(self.taken[0]))


@pytest.fixture
def rig(tmp_path, monkeypatch):
    monkeypatch.setattr(mail_reception, "deferToThread", maybeDeferred)
    found = Rig(tmp_path)
    yield found
    found.accounts.close()
    found.queue.close()


# --- who may send ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "said"),
    [
        (ALICE, None),
        ("Alice@Example.test", None),
        ("alice+shop@example.test", None),
        ("info@example.test", None),
        ("all@example.test", None),
        ("", None),
        (BOB, reply.SENDER_NOT_YOURS),
        ("sales@example.test", reply.SENDER_NOT_YOURS),
        ("nobody@example.test", reply.SENDER_NOT_YOURS),
        ("carol@example.org", reply.SENDER_NOT_YOURS),
    ],
)
def test_a_sender_is_one_of_the_account(rig, sender, said):
    assert rig.sender(sender, LOGGED_IN) is said


@pytest.mark.parametrize("standing", [ClientStanding(), LISTED])
def test_who_has_not_logged_in_has_no_account_to_compare_with(rig, standing):
    assert rig.sender("carol@example.org", standing) is None


@pytest.mark.parametrize(
    ("mailbox", "standing", "said"),
    [
        (BOB, None, None),
        ("sales@example.test", None, None),
        ("nobody@example.test", None, reply.UNKNOWN_RECIPIENT),
        ("nobody@example.test", LOGGED_IN, reply.UNKNOWN_RECIPIENT),
        ("carol@example.org", None, reply.RELAY_DENIED),
        ("carol@example.org", LISTED, None),
        ("carol@example.net", LISTED, reply.RELAY_DENIED),
        ("carol@example.net", ClientStanding(destinations=ANYWHERE), None),
        ("carol@example.net", LOGGED_IN, None),
    ],
)
def test_a_recipient_is_ours_or_may_be_relayed_to(rig, mailbox, standing, said):
    assert rig.recipient(mailbox, standing) is said


# --- log-ins --------------------------------------------------------------------------------


def test_a_right_password_gives_the_account_however_its_name_is_typed(rig):
    assert rig.log_in("ALICE@example.test") == ALICE
    assert rig.log.written == []


@pytest.mark.parametrize(
    ("user", "password"),
    [(ALICE, "wrong"), ("nobody@example.test", PASSWORD), ("no address", PASSWORD)],
)
def test_a_wrong_one_gives_nothing_at_the_same_cost(rig, user, password):
    assert rig.log_in(user, password) is None
    assert rig.checker.hashes == 1
    assert rig.log.of("login_refused") == [("a wrong name or password", {"client": STRANGER})]


def test_too_many_guesses_are_not_looked_at(rig):
    for _ in range(2):
        rig.log_in(password="wrong")
    with pytest.raises(Refusal) as caught:
        rig.log_in()
    assert caught.value.reply is reply.CANNOT_AUTHENTICATE_NOW
    assert rig.checker.hashes == 2
    assert rig.log_in(address="198.51.100.1") == ALICE
    rig.reactor.advance(60)
    assert rig.log_in() == ALICE


def test_right_passwords_use_nothing_up_and_are_remembered(rig):
    assert [rig.log_in() for _ in range(5)] == [ALICE] * 5
    assert rig.checker.hashes == 1
    assert [rig.log_in(password="wrong") for _ in range(2)] == [None, None], "two a minute"


def test_what_is_remembered_counts_for_nobody_who_is_gone(rig):
    rig.log_in()
    rig.accounts.remove(parse_mailbox(ALICE))
    assert rig.log_in() is None


# --- taking it ------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [2_000, LARGE])
def test_it_is_committed_before_the_reply_and_handed_on(rig, size):
    octets = message(size)
    said = rig.send(transaction(), octets)
    (due,) = rig.taken
    assert said == reply.queued(due.queue_id)
    assert str(due.recipient) == BOB
    assert rig.octets().endswith(octets)
    assert rig.octets().startswith(b"Received: from client.example ([192.0.2.9])\r\n")
    assert rig.waiting == 1
    assert rig.queue.due(NOW, 10) == [], "what was handed on is claimed"
    (text, fields) = rig.log.of("mail_accepted")[0]
    assert text.startswith("1 recipients")
    assert (fields["sender"], fields["client"]) == ("someone@example.org", STRANGER)
    assert fields["queue_id"] == due.queue_id


def test_nobody_is_told_before_the_commit(rig):
    waiting = Deferred()
    rig.committer.submit = lambda function, item: waiting
    said = transaction()
    incoming = rig.begin(said, message())
    replied = []
    Deferred.fromCoroutine(rig.reception.commit(said, incoming)).addCallback(replied.append)
    assert (replied, rig.taken) == ([], [])
    waiting.callback([])
    assert [each.code for each in replied] == [250]


@pytest.mark.parametrize(
    ("standing", "kind", "is_judged"),
    [
        (None, OriginKind.PUBLIC, True),
        (LISTED, OriginKind.LISTED, False),
        (LOGGED_IN, OriginKind.AUTHENTICATED, False),
    ],
)
def test_only_mail_of_strangers_is_judged(rig, standing, kind, is_judged):
    kinds = []
    add = rig.queue.add

    def noting(items):
        kinds.extend(envelope.origin.kind for envelope, _ in items)
        return add(items)

    rig.queue.add = noting
    assert rig.send(transaction(standing=standing)).code == 250
    assert (b"\r\nAuthentication-Results: mx1.example.test;" in rig.octets()) is is_judged
    assert kinds == [kind]


@pytest.mark.parametrize(
    ("standing", "sender", "is_signed"),
    [(LOGGED_IN, ALICE, True), (LISTED, ALICE, True), (None, ALICE, False), (LOGGED_IN, "", False)],
)
def test_mail_of_ours_is_signed_for_its_sender(rig, standing, sender, is_signed):
    rig.signers = [Signer("example.test", "s1", keys.make("ed25519"))]
    rig.send(transaction(standing=standing, sender=sender))
    assert (b"DKIM-Signature: " in rig.octets()) is is_signed


@pytest.mark.parametrize("size", [2_000, LARGE])
def test_what_its_domain_has_refused_leaves_nothing_here(rig, size):
    octets = message(size).replace(b"alice@example.test", b"boss@strict.test")
    said = rig.send(transaction(sender="boss@strict.test"), octets)
    assert (said.code, said.enhanced) == (550, "5.7.1")
    assert (rig.files, rig.waiting, rig.taken) == ([], 0, [])
    assert rig.log.of("mail_refused") == [(said.text, {"client": STRANGER})]
    assert rig.send(transaction(sender="boss@strict.test", address="192.0.2.1"), octets).code == 250


@pytest.mark.parametrize(
    "fields",
    [
        b"From: boss@strict.test\r\nFrom: x@evil.test",
        b"From: Boss <boss@strict.test> <>",
        b"From: Boss: boss@strict.test;",
        b"From: boss@strict.test, x@evil.test",
        b"Subject: nobody",
    ],
)
def test_no_author_is_hidden_from_its_domain(rig, fields):
    said = rig.send(transaction(sender="x@evil.test"), fields + b"\r\n\r\nhello\r\n")
    assert said.code == 550
    assert (rig.files, rig.waiting, rig.taken) == ([], 0, [])


def test_aliases_lead_to_accounts_and_each_gets_it_once(rig):
    rig.send(transaction("info@example.test", "bob+x@example.test", "all@example.test", ALICE))
    assert [str(due.recipient) for due in rig.taken] == [ALICE, BOB, "carol@example.org"]


def test_a_recipient_that_went_meanwhile_is_kept_to_be_told_of(rig):
    said = transaction(BOB)
    incoming = rig.begin(said, message())
    rig.accounts.remove(parse_mailbox(BOB))
    assert finished(rig.reception.commit(said, incoming)).code == 250
    assert [str(due.recipient) for due in rig.taken] == [BOB]


# --- disks ------------------------------------------------------------------------------------


def test_a_full_disk_is_said_before_a_message_begins(rig):
    rig.disk.free = NEARLY_FULL
    assert rig.sender("carol@example.org", ClientStanding()) is reply.NO_SPACE
    with pytest.raises(Refusal) as caught:
        rig.begin(transaction())
    assert caught.value.reply is reply.NO_SPACE


def test_a_broken_disk_is_not_called_full(rig):
    rig.disk.calls.clear()
    rig.disk.fail = ("space", 1, BROKEN)
    assert rig.sender("carol@example.org", ClientStanding()) is reply.LOCAL_ERROR
    rig.disk.fail = ("space", 2, BROKEN)
    with pytest.raises(Refusal) as caught:
        rig.begin(transaction())
    assert caught.value.reply is reply.LOCAL_ERROR


@pytest.mark.parametrize(("error", "reply_"), [(FULL, reply.NO_SPACE), (BROKEN, reply.LOCAL_ERROR)])
@pytest.mark.parametrize("call", ["sync", "rename", "sync_directory"])
def test_a_disk_that_fails_at_the_end_takes_nothing(rig, call, error, reply_):
    rig.disk.calls.clear()
    rig.disk.fail = (call, 1, error)
    assert rig.send(transaction(), message(LARGE)) is reply_
    rig.disk.fail = None
    assert (rig.files, rig.waiting, rig.taken) == ([], 0, [])
    assert len(rig.log.of("mail_not_kept")) == 1
    assert rig.send(transaction(), message(LARGE)).code == 250


@pytest.mark.parametrize(
    ("failure", "said"), [(StoreFull("x"), reply.NO_SPACE), (StoreFailed("x"), reply.LOCAL_ERROR)]
)
def test_a_commit_that_fails_is_said(rig, failure, said):
    rig.committer.failure = failure
    assert rig.send(transaction(), message(LARGE)) is said
    assert (rig.files, rig.taken) == ([], [])


def test_a_header_that_is_refused_at_its_end_leaves_nothing(rig):
    hops = b"Received: from a by b\r\n" * 51
    assert rig.send(transaction(), hops) is reply.LOOP
    assert (rig.files, rig.waiting) == ([], 0)


def test_a_fault_before_the_commit_leaves_nothing(rig):
    rig.committer.failure = RuntimeError("a fault")
    with pytest.raises(RuntimeError, match="a fault"):
        rig.send(transaction(), message(LARGE))
    assert rig.files == []


def test_a_fault_after_the_commit_costs_no_message(rig):
    def broken(dues):
        rig.take(dues)
        raise RuntimeError("a fault")

    rig.reception._keeping = rig.reception._keeping._replace(take=broken)
    octets = message(LARGE)
    with pytest.raises(RuntimeError, match="a fault"):
        rig.send(transaction(), octets)
    assert rig.octets().endswith(octets)
