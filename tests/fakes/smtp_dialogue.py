"""A conversation of the sending end with a server that reads from a script."""

from dnsd.mail.address import parse_mailbox
from dnsd.mail.envelope import Body
from dnsd.mail.smtp.client import Client
from dnsd.mail.smtp.client_events import (
    ClientOptions,
    Closed,
    Finished,
    Mail,
    Send,
    SendContent,
    StartTls,
)

HOST = "mx.example.test"
OURS = "relay.example"
MESSAGE = b"Subject: a\r\n\r\n.b\r\n"


class Octets:
    """Content that lies in memory."""

    def __init__(self, octets=MESSAGE, size=65536, error=None):
        self.octets = octets
        self.size = size
        self.error = error

    def chunks(self):
        for at in range(0, len(self.octets), self.size):
            yield self.octets[at : at + self.size]
        if self.error:
            raise self.error


def mail(*recipients, sender="a@example.org", body=Body.SEVEN_BIT, utf8=False, content=None):
    content = content or Octets()
    return Mail(
        parse_mailbox(sender, utf8=True) if sender else None,
        tuple(parse_mailbox(box, utf8=True) for box in recipients or ("b@example.test",)),
        body,
        utf8,
        len(content.octets),
        content,
    )


class Dialogue:
    """Plays a server; what the client writes is kept.

    Attributes:
        client: the session.
        said: octets that the client wrote since the last look.
        events: all events but Send.
        starttls: what becomes of a handshake: True, or why it failed.
    """

    def __init__(self, *, starttls=True, now=0.0, **options):
        self.client = Client(ClientOptions(OURS, HOST, **options), now)
        self.now = now
        self.said = b""
        self.events = []
        self.starttls = starttls

    def server(self, octets):
        """Say something; return what the client answers."""
        octets = octets if isinstance(octets, bytes) else octets.encode()
        self._take(self.client.receive(octets, self.now))
        return self.heard()

    def greeted(self, *extensions):
        """Come to where a message may be sent."""
        self.server("220 hello\r\n")
        lines = (HOST, *extensions)
        answer = "".join(f"250-{line}\r\n" for line in lines[:-1]) + f"250 {lines[-1]}\r\n"
        self.server(answer)
        return self

    def begin(self, message):
        self._take(self.client.begin(message, self.now))
        return self.heard()

    def lost(self):
        self._take(self.client.lost(self.now))

    def late(self):
        """Let the deadline pass."""
        self.now = self.client.deadline()
        self._take(self.client.deadline_passed(self.now))

    def heard(self):
        said, self.said = self.said, b""
        return said

    @property
    def finished(self):
        return next(event for event in reversed(self.events) if isinstance(event, Finished))

    @property
    def closed(self):
        return next((event for event in self.events if isinstance(event, Closed)), None)

    def _take(self, events):
        for event in events:
            if isinstance(event, Send):
                self.said += event.octets
                continue
            self.events.append(event)
            if isinstance(event, SendContent):
                while octets := self.client.content_octets(self.now):
                    self.said += octets
                self._take(self.client.lost(self.now) if self.client.is_closed else [])
            elif isinstance(event, StartTls):
                done = self.starttls is True
                self._take(
                    self.client.tls_started(self.now)
                    if done
                    else self.client.tls_failed(self.starttls, self.now)
                )
