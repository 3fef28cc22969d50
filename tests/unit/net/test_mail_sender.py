"""Due mail goes to the hosts of its domain, in order, and every recipient has a result."""

import itertools

import pytest
from fakes.resolver import FakeResolver
from fakes.smtp_dialogue import MESSAGE
from twisted.internet.task import Clock as FakeReactor
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from dnsd.mail.address import parse_mailbox
from dnsd.mail.dispatch import Dispatch, DispatchLimits
from dnsd.mail.envelope import Body
from dnsd.mail.plan import PlanOptions
from dnsd.mail.queue_table import POSITION_BITS, Due
from dnsd.mail.reasons import Delivered
from dnsd.net.clock import Clock
from dnsd.net.mail_sender import MailSender, SenderOptions, World
from dnsd.net.smtp_client import Surroundings

RECORDS = """
one.test. MX 10 a.one.test.
one.test. MX 20 b.one.test.
one.test. MX 30 c.one.test.
a.one.test. A 192.0.2.1
b.one.test. A 192.0.2.2
c.one.test. A 192.0.2.3
null.test. MX 0 .
"""


class Server(StringTransport):
    """The other end of one connection: says what a script says, else yes.

    Attributes:
        replies: verb → reply; "" closes.
    """

    def __init__(self, reactor, protocol, replies):
        super().__init__()
        self.reactor, self.protocol, self.replies = reactor, protocol, replies
        self.heard, self.messages, self.in_data = b"", 0, False

    def setTcpNoDelay(self, enabled):  # noqa: N802
        pass

    def say(self, verb):
        usual = {"EHLO": "250-x\r\n250 PIPELINING", "DATA": "354 go", "QUIT": "221 bye"}
        reply = self.replies.get(verb, usual.get(verb, "220 hi" if verb == "CONNECT" else "250 ok"))
        if reply:
            self.reactor.callLater(0, self.protocol.dataReceived, reply.encode() + b"\r\n")
        else:
            self.reactor.callLater(0, self.protocol.connectionLost, None)

    def write(self, octets):
        self.heard += octets
        while b"\r\n" in self.heard:
            if self.in_data:
                if not (b"\r\n" + self.heard).endswith(b"\r\n.\r\n"):
                    return
                self.heard, self.in_data, self.messages = b"", False, self.messages + 1
                self.say("MESSAGE")
                return
            line, _, self.heard = self.heard.partition(b"\r\n")
            verb = line.split(b" ")[0].decode()
            if verb == "RCPT":
                verb = line.decode() if line.decode() in self.replies else verb
            self.say(verb)
            self.in_data = verb == "DATA" and self.replies.get("DATA", "354").startswith("354")


class Net(FakeReactor):
    """A reactor with servers behind addresses.

    Attributes:
        servers: address → replies; None refuses the connection.
        made: (address, server) of connections.
    """

    def __init__(self, servers):
        super().__init__()
        self.servers, self.made = servers, []

    def connectTCP(self, host, port, factory, timeout):  # noqa: N802
        replies = self.servers.get(host, {})
        if replies is None:
            self.made.append((host, None))
            self.callLater(0, factory.clientConnectionFailed, None, Failure(OSError("refused")))
            return
        protocol = factory.buildProtocol(None)
        server = Server(self, protocol, replies)
        self.made.append((host, server))
        self.callLater(0, protocol.makeConnection, server)
        self.callLater(0, server.say, "CONNECT")


class Queue:
    def __init__(self):
        self.waiting, self.asked = [], 0

    def due(self, now, limit, except_domains=frozenset()):
        self.asked += 1
        found, self.waiting = self.waiting[:limit], self.waiting[limit:]
        return found

    def next_due(self):
        return None

    def open(self, due):
        return iter([MESSAGE])


class Rig:
    def __init__(self, servers=None, *, resolver=None, jobs_per_lane=100, local=None):
        self.net, self.queue, self.results = Net(servers or {}), Queue(), {}
        numbers = itertools.count()
        world = World(
            self.queue, self.keep, resolver or FakeResolver(RECORDS), None,
            lambda n: next(numbers).to_bytes(n, "big"), lambda domain: domain == "here.test",
            local or self.store,
        )  # fmt: skip
        options = SenderOptions("relay.example", PlanOptions(), jobs_per_lane=jobs_per_lane)
        around = Surroundings(self.net, Clock(self.net, lambda: 1.8e9 + self.net.seconds()), None)
        self.sender = MailSender(options, world, around, Dispatch(DispatchLimits()))

    async def store(self, job):
        return tuple(Delivered("stored") for _ in job.dues)

    def keep(self, dues, results):
        for due, result in zip(dues, results, strict=True):
            assert due.key not in self.results, "two results"
            name = type(result).__name__
            self.results[due.key] = (
                f"Delivered {result.host}"
                if name == "Delivered"
                else f"{name} {result.reason.value}"
            )

    def send(self, *recipients, seconds=1):
        """Recipients, each ``message address``; returns their results."""
        keys = []
        for i, each in enumerate(recipients):
            message, box = each.split()
            keys.append((int(message) << POSITION_BITS) + i)
            self.queue.waiting.append(
                Due(keys[-1], message, None, parse_mailbox(box), Body.SEVEN_BIT, False,
                    len(MESSAGE), 0, 0, False, False, False)
            )  # fmt: skip
        self.sender.start()
        self.net.pump([0.01] * 60 + [seconds])
        return [self.results.get(key) for key in keys]

    @property
    def addresses(self):
        return [address for address, _ in self.net.made]


def test_a_message_goes_to_the_host_that_is_preferred():
    rig = Rig()
    assert rig.send("1 u@one.test") == ["Delivered a.one.test"]
    assert rig.addresses == ["192.0.2.1"]


def test_messages_for_one_domain_share_a_connection():
    rig = Rig()
    assert set(rig.send("1 u@one.test", "2 u@one.test")) == {"Delivered a.one.test"}
    ((_, server),) = rig.net.made
    assert server.messages == 2


@pytest.mark.parametrize(
    ("servers", "result", "addresses"),
    [
        ({"192.0.2.1": None}, "Delivered b.one.test", 2),
        ({"192.0.2.1": None, "192.0.2.2": None}, "Delivered c.one.test", 3),
        ({"192.0.2.1": {"CONNECT": "554 no"}}, "Delivered b.one.test", 2),
        ({"192.0.2.1": {"CONNECT": ""}}, "Delivered b.one.test", 2),
        ({"192.0.2.1": {"RCPT": "450 later"}}, "Delivered b.one.test", 2),
        ({"192.0.2.1": {"RCPT": "550 no"}}, "Failed remote_permanent", 1),
        ({"192.0.2.1": {"MESSAGE": "451 later"}}, "Delivered b.one.test", 2),
        # It may have the message: nobody else is asked at once.
        ({"192.0.2.1": {"MESSAGE": ""}}, "Deferred connect", 1),
        # Two conversations are enough for one attempt.
        ({"192.0.2.1": {"RCPT": "450 a"}, "192.0.2.2": {"RCPT": "450 b"}},
         "Deferred remote_temporary", 2),
        ({f"192.0.2.{i}": None for i in (1, 2, 3)}, "Deferred connect", 3),
        ({"192.0.2.1": {"EHLO": "250 relay.example"}}, "Failed loop", 1),
    ],
)  # fmt: skip
def test_the_next_host_is_asked_where_that_helps(servers, result, addresses):
    rig = Rig(servers)
    assert rig.send("1 u@one.test") == [result]
    assert len(rig.addresses) == addresses


def test_recipients_have_their_own_fates():
    rig = Rig(
        {"192.0.2.1": {"RCPT TO:<no@one.test>": "550 no", "RCPT TO:<later@one.test>": "450 later"}}
    )
    assert rig.send("1 u@one.test", "1 no@one.test", "1 later@one.test") == [
        "Delivered a.one.test",
        "Failed remote_permanent",
        "Delivered b.one.test",
    ]
    assert rig.net.made[1][1].messages == 1


@pytest.mark.parametrize(
    ("recipient", "resolver", "result"),
    [
        ("u@null.test", FakeResolver(RECORDS), "Failed null_mx"),
        ("u@no.test", FakeResolver(RECORDS), "Failed dns_nxdomain"),
        ("u@one.test", FakeResolver(RECORDS, failing=["one.test."]), "Deferred dns_temporary"),
        ("u@one.test", FakeResolver(RECORDS, bogus=["one.test."]), "Deferred dns_bogus"),
        ("u@here.test", FakeResolver(""), "Delivered "),
    ],
)
def test_where_nobody_is_asked(recipient, resolver, result):
    rig = Rig(resolver=resolver)
    assert rig.send(f"1 {recipient}", f"2 {recipient}") == [result] * 2
    assert rig.addresses == []


def test_a_fault_of_ours_defers_and_does_not_keep_mail_claimed():
    async def broken(job):
        raise RuntimeError("fault")

    rig = Rig(local=broken)
    assert rig.send("1 u@here.test", "2 u@here.test") == ["Deferred local_store"] * 2


def test_after_so_many_messages_a_connection_ends_and_another_one_goes_on():
    rig = Rig(jobs_per_lane=2)
    results = rig.send("1 u@one.test", "2 u@one.test", "3 u@one.test")
    assert results == ["Delivered a.one.test"] * 3
    assert len(rig.net.made) == 2


def test_when_it_stops_what_is_on_its_way_is_cut_off():
    rig = Rig({"192.0.2.1": {"MESSAGE": "250-wait"}})
    assert rig.send("1 u@one.test") == [None]
    rig.sender.stop()
    rig.net.pump([0.01] * 5)
    assert list(rig.results.values()) == ["Deferred connect"]
    assert rig.net.getDelayedCalls() == []
