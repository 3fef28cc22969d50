"""The other side of a session of SMTP: answers its questions and keeps what came.

The same for any way that octets are cut, and without a socket.
"""

from collections import deque

from dnsd.mail import reply
from dnsd.mail.route import ClientStanding, Refused, route
from dnsd.mail.smtp import events
from dnsd.mail.smtp.options import SessionOptions
from dnsd.mail.smtp.session import Session
from dnsd.mail.smtp.transaction import Client, TlsFacts

TLS = TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384")


class SmallDirectory:
    """Two mailboxes of one domain, an alias, and its literal."""

    domains = ("example.test", "mx.example.test", "[192.0.2.25]")
    users = ("alice", "bob", "postmaster")

    def is_local(self, domain):
        return domain in self.domains

    def resolve(self, mailbox):
        user = mailbox.local.lower().partition("+")[0]
        return (mailbox,) if user in self.users else ()


class Conversation:
    """One client, and a server that takes mail for `SmallDirectory`.

    Attributes:
        sent: octets of the server.
        messages: (transaction, octets) that were whole and taken.
        aborted: how many messages were not.
        closed: limit that closed the connection; empty for a farewell; None while open.
        paused: whether reading was stopped.
        questions: how many were asked.
    """

    def __init__(self, *, standing=None, client_tls=None, at=0.0, lone=False, **options):
        self.now = at
        self.directory = SmallDirectory()
        self.passwords = {"alice": "secret"}
        self.begin_refusal = None
        self.end_reply = reply.queued("0A")
        self.holds = ()  # questions that nobody answers yet
        self.held = []
        self.sent = b""
        self.messages = []
        self.aborted = 0
        self.closed = None
        self.paused = False
        self.questions = 0
        self.commands = []
        self._transaction = None
        self._parts = []
        self.session = Session(
            SessionOptions("mx.example.test", **options),
            Client("198.51.100.1", standing or ClientStanding(), client_tls, lone),
            self.now,
        )

    def greet(self):
        self.take(self.session.deadline_passed(self.now))
        return self

    def say(self, *chunks):
        """Send chunks; what came back since the last time."""
        before = len(self.sent)
        for chunk in chunks:
            self.take(self.session.receive(chunk, self.now))
        return self.sent[before:]

    def wait(self, seconds):
        """Let time pass, and everything happen that is due; what came."""
        before, end = len(self.sent), self.now + seconds
        while (due_at := self.session.deadline()) is not None and due_at <= end:
            self.now = max(due_at, self.now)
            self.take(self.session.deadline_passed(self.now))
        self.now = end
        return self.sent[before:]

    def answer_held(self):
        held, self.held = self.held, []
        for event in held:
            self.take(self._answer(event))

    def codes(self):
        """Codes of all replies so far."""
        return [int(line[:3]) for line in self.sent.splitlines() if line[3:4] == b" "]

    def take(self, happened):
        queue = deque(happened)
        while queue:
            event = queue.popleft()
            if isinstance(event, self.holds):
                self.held.append(event)
            else:
                queue.extend(self._answer(event))

    def _answer(self, event):
        session, now = self.session, self.now
        match event:
            case events.Send():
                assert self.closed is None
                self.sent += event.octets
            case events.CheckSender():
                self.questions += 1
                return session.sender(None, now)
            case events.CheckRecipient():
                self.questions += 1
                went = route(event.mailbox, event.transaction.standing, self.directory)
                return session.recipient(went.reply if isinstance(went, Refused) else None, now)
            case events.Authenticate():
                self.questions += 1
                right = self.passwords.get(event.user) == event.password
                return session.authenticated(event.user if right else None, now)
            case events.MessageBegins():
                self._transaction, self._parts = event.transaction, []
                return session.begun(self.begin_refusal, now)
            case events.MessageOctets():
                self._parts.append(event.octets)
            case events.MessageEnds():
                octets = b"".join(self._parts)
                assert len(octets) == event.octets
                assert octets.isascii() == event.is_seven_bit
                self.messages.append((self._transaction, octets))
                return session.ended(self.end_reply, now)
            case events.MessageAborted():
                self.aborted += 1
            case events.StartTls():
                return session.tls_started(TLS, now)
            case events.Close():
                assert self.closed is None
                self.closed = event.limit
            case events.Pause() | events.Resume():
                assert self.paused != isinstance(event, events.Pause)
                self.paused = not self.paused
            case events.Replied():
                self.commands.append((event.verb, event.said.code))
        return ()


def greeted(*, extended=True, **options):
    """A conversation in which the client was greeted."""
    conversation = Conversation(**options).greet()
    conversation.say(b"EHLO client.example\r\n" if extended else b"HELO client.example\r\n")
    conversation.sent = b""
    return conversation


def in_message(**options):
    """A conversation in which the message is about to come."""
    conversation = greeted(**options)
    conversation.say(b"MAIL FROM:<a@b.test>\r\nRCPT TO:<alice@example.test>\r\nDATA\r\n")
    assert conversation.codes() == [250, 250, 354]
    conversation.sent = b""
    return conversation
