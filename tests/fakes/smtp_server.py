"""A server of SMTP that keeps mail in memory, in time that stands still or over loopback."""

from fakes.smtp import SmallDirectory
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock as FakeReactor
from twisted.internet.testing import StringTransport

from dnsd.mail import reply
from dnsd.mail.route import ClientStanding, Refused, route
from dnsd.mail.smtp.options import SessionOptions
from dnsd.mail.smtp.reception import Refusal
from dnsd.net.clock import Clock
from dnsd.net.smtp_server import ServerOptions, SmtpServer
from dnsd.observe import metrics


class Message:
    """Octets that came.

    Attributes:
        room: how many it keeps before it refuses.
    """

    def __init__(self, room=1 << 30):
        self.octets = bytearray()
        self.room = room
        self.aborts = 0

    def write(self, octets):
        if len(self.octets) + len(octets) > self.room:
            raise Refusal(reply.NO_SPACE)
        self.octets += octets

    def abort(self):
        self.aborts += 1


class MemoryReception:
    """Takes mail for `SmallDirectory`.

    Attributes:
        messages: (transaction, octets) that were committed.
        begun: every message that began.
        waits: Deferreds to wait for before each answer, by the name of the question.
        fails: names of questions that are answered by a fault.
    """

    def __init__(self):
        self.directory = SmallDirectory()
        self.passwords = {"alice": "secret"}
        self.messages = []
        self.begun = []
        self.waits = {}
        self.fails = set()
        self.refuses = {}
        self.room = 1 << 30

    async def _turn(self, name):
        if name in self.waits:
            await self.waits[name]
        if name in self.refuses:
            raise Refusal(self.refuses[name])
        if name in self.fails:
            raise RuntimeError(name)

    async def check_sender(self, transaction):
        await self._turn("check_sender")

    async def check_recipient(self, transaction, mailbox):
        await self._turn("check_recipient")
        went = route(mailbox, transaction.standing, self.directory)
        return went.reply if isinstance(went, Refused) else None

    async def authenticate(self, user, password, address):
        await self._turn("authenticate")
        return user if self.passwords.get(user) == password else None

    async def begin(self, transaction):
        await self._turn("begin")
        self.begun.append(Message(self.room))
        return self.begun[-1]

    async def commit(self, transaction, incoming):
        await self._turn("commit")
        self.messages.append((transaction, bytes(incoming.octets)))
        return reply.queued(f"0A{len(self.messages)}")


def row():
    return memoryview(bytearray(8 * metrics.TABLE.width)).cast("Q")


class Log:
    """Keeps faults of the program."""

    def __init__(self):
        self.faults = []

    def fault(self, kind, error, /, **fields):
        self.faults.append((kind, error, fields))


def make_server(clock, reception, *, context=None, standing=None, tls=False, **options):
    """A server.

    Args:
        standing: of every client.
        tls: begins with TLS.
        options: of its sessions; `clients`, limits of all.
    """
    listener = {"clients": options.pop("clients")} if "clients" in options else {}
    return SmtpServer(
        ServerOptions(
            SessionOptions("mx.example.test", offers_tls=context is not None, **options),
            lambda address: (standing or ClientStanding(), False),
            begins_with_tls=tls,
            **listener,
        ),
        context,
        clock,
        reception,
        (row(), Log()),
    )


class Kernel(StringTransport):
    """A transport that can close its side of writing, and pass its protocol on."""

    def __init__(self, peer):
        super().__init__(IPv4Address("TCP", "192.0.2.25", 25), peer)
        self.has_closed_writing = False
        self.protocol = None

    def setTcpNoDelay(self, enabled):  # noqa: N802
        pass

    def loseWriteConnection(self):  # noqa: N802
        self.has_closed_writing = True


class Bench:
    """A server whose clients have no sockets."""

    def __init__(self, **options):
        self.reactor = FakeReactor()
        self.reactor.advance(1000.0)
        self.reception = MemoryReception()
        self.server = make_server(
            Clock(self.reactor, lambda: 1_700_000_000), self.reception, **options
        )

    def connect(self, address="198.51.100.1"):
        peer = IPv4Address("TCP", address, 40000)
        protocol = self.server.buildProtocol(peer)
        if protocol is None:
            return None
        transport = Kernel(peer)
        transport.protocol = protocol
        client = SmtpClient(transport)
        protocol.makeConnection(transport)
        return client

    def pass_time(self, seconds):
        for _ in range(round(seconds / 0.1)):
            self.reactor.advance(0.1)

    def count(self, metric, *values):
        return self.server.row[metric.slot(*values)]

    def hits(self, limit):
        return self.server.row[metrics.limit_slot(limit)]


class SmtpClient:
    """The client's side."""

    def __init__(self, transport):
        self.transport = transport

    def send(self, octets):
        """What `TlsClient` calls; the octets go to whoever speaks on the transport now."""
        self.transport.protocol.dataReceived(octets)

    def say(self, octets):
        """Send; what came back since the last time."""
        self.transport.clear()
        self.send(octets)
        return self.received

    def lose(self):
        self.transport.protocol.connectionLost(None)

    @property
    def received(self):
        return self.transport.value()

    @property
    def is_closed(self):
        return self.transport.disconnecting or self.transport.disconnected
