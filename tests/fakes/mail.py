"""Messages, and a queue to put them into."""

from hashlib import shake_128

from twisted.internet.defer import fail, succeed

from dnsd.mail.address import Mailbox, parse_mailbox
from dnsd.mail.dsn import Notices
from dnsd.mail.envelope import Body, Envelope, Origin, OriginKind, make_queue_id
from dnsd.mail.queue import Queue
from dnsd.mail.queue_record import Keeping
from dnsd.mail.schedule import Schedule
from dnsd.mail.spool import Spool
from dnsd.net.committer import commit

NOW = 1_700_000_000
LIMIT = 26_214_400


class Entropy:
    """Octets that are other ones each time, and the same in each run."""

    def __init__(self, seed=0):
        self._seed = seed
        self._count = 0

    def __call__(self, count):
        self._count += 1
        return shake_128(f"{self._seed} {self._count}".encode()).digest(count)


ENTROPY = Entropy()


def envelope(*recipients, sender="alice@example.test", at=NOW, **given):
    """Make an envelope; addresses are texts."""
    return Envelope(
        queue_id=given.get("queue_id") or make_queue_id(at, given.get("entropy", ENTROPY)),
        sender=parse_mailbox(sender, utf8=True) if sender else None,
        recipients=tuple(
            to if isinstance(to, Mailbox) else parse_mailbox(to, utf8=True)
            for to in recipients or ("bob@example.org",)
        ),
        body=given.get("body", Body.SEVEN_BIT),
        utf8=given.get("utf8", False),
        origin=Origin(given.get("kind", OriginKind.AUTHENTICATED), "192.0.2.1", "client", "alice"),
        received_at=int(at),
    )


def message(size=2_000, text="hello"):
    """Make the octets of a message of some size."""
    head = f"From: <alice@example.test>\r\nSubject: {text}\r\n\r\n".encode()
    line = b"x" * 76 + b"\r\n"
    body = line * ((size - len(head)) // len(line) + 1)
    return head + body[: max(size - len(head) - 2, 0)] + b"\r\n"


def open_queue(directory, *, schedule=None, disk=None, per_hour=100, entropy=None):
    """Open the queue of a directory, making it when it is not there, and recover it."""
    spool = Spool(directory, LIMIT, disk)
    notices = Notices("mx1.example.test", per_hour)
    keeping = Keeping(schedule or Schedule(), notices, entropy or ENTROPY)
    queue = Queue(directory / "queue.db", spool, keeping)
    queue.recover()
    return queue


def incoming(queue, which, octets):
    """Write a message into the spool."""
    found = queue.spool.open(which.queue_id)
    for start in range(0, len(octets), 16_384):
        found.write(octets[start : start + 16_384])
    return found


def accept(queue, *pairs):
    """Put envelopes with octets into a queue in one transaction; return what is due of each."""
    items = [(which, incoming(queue, which, octets)) for which, octets in pairs]
    with queue.transaction():
        return queue.add(items)


def settle(queue, *attempts):
    """Record attempts, and let their recipients be due again."""
    with queue.transaction():
        recorded = queue.record(list(attempts))
    queue.release([attempt.due for attempt in attempts])
    return recorded


class CommitterAtOnce:
    """Commits each item by itself before `submit` returns.

    Attributes:
        failure: what is said instead; nothing is written then.
    """

    def __init__(self, queue):
        self.queue = queue
        self.failure = None

    def submit(self, function, item):
        if self.failure is not None:
            return fail(self.failure)
        (result,) = commit(self.queue, [(function, item)])
        return fail(result) if isinstance(result, BaseException) else succeed(result)


class Events:
    """A log: ``(level, kind, text, fields)`` of each event."""

    def __init__(self):
        self.written = []

    def __getattr__(self, level):
        def write(kind, text="", /, **fields):
            self.written.append((level, kind, text, fields))

        return write

    def of(self, kind):
        """The texts and fields of one kind."""
        return [(text, fields) for _, each, text, fields in self.written if each == kind]
