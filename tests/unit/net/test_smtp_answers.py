import pytest
from fakes.smtp_server import Bench
from twisted.internet.defer import Deferred

from dnsd.mail import reply
from dnsd.mail.route import ANYWHERE, ClientStanding
from dnsd.mail.smtp.clients import ClientLimits
from dnsd.observe import metrics

EHLO = b"EHLO client.example\r\n"
ENVELOPE = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<alice@example.test>\r\n"
MESSAGE = b"Subject: x\r\n\r\ntext\r\n.\r\n"


@pytest.fixture
def bench():
    return Bench()


def messages(bench, result):
    return bench.count(metrics.MAIL_MESSAGES_RECEIVED, result)


def test_what_is_taken_is_whole(bench):
    client = bench.connect()
    client.say(EHLO)
    client.say(ENVELOPE + b"DATA\r\n")
    assert client.say(MESSAGE) == reply.queued("0A1").octets()
    assert [octets for _, octets in bench.reception.messages] == [b"Subject: x\r\n\r\ntext\r\n"]
    assert messages(bench, "accepted") == 1


@pytest.mark.parametrize(
    ("question", "commands"),
    [
        ("check_sender", [b"MAIL FROM:<a@b.test>\r\n"]),
        ("check_recipient", [ENVELOPE]),
        ("begin", [ENVELOPE + b"DATA\r\n"]),
        ("commit", [ENVELOPE + b"DATA\r\n", MESSAGE]),
    ],
)
def test_a_fault_of_ours_is_logged_and_puts_off(bench, question, commands):
    bench.reception.fails.add(question)
    client = bench.connect()
    client.say(EHLO)
    for command in commands:
        said = client.say(command)
    assert said.endswith(reply.LOCAL_ERROR.octets())
    ((kind, error, fields),) = bench.server.log.faults
    assert (kind, str(error), fields) == ("smtp", question, {"client": "198.51.100.1"})
    assert client.say(b"RSET\r\n") == reply.OK.octets()


@pytest.mark.parametrize("question", ["check_sender", "check_recipient", "begin", "commit"])
def test_a_refusal_is_said_as_it_is(bench, question):
    bench.reception.refuses[question] = reply.NO_SPACE
    client = bench.connect()
    client.say(EHLO)
    said = client.say(ENVELOPE) + client.say(b"DATA\r\n")
    if question == "commit":
        said = client.say(MESSAGE)
    assert reply.NO_SPACE.octets() in said
    assert bench.server.log.faults == []


def test_a_message_that_cannot_be_kept_is_forgotten_at_once(bench):
    bench.reception.room = 100
    client = bench.connect()
    client.say(EHLO)
    client.say(ENVELOPE + b"DATA\r\n")
    assert client.say(b"x" * 90 + b"\r\n") == b""
    assert client.say(b"x" * 90 + b"\r\n") == b""
    (message,) = bench.reception.begun
    assert message.aborts == 1
    assert client.say(b"x" * 90 + b"\r\n.\r\n") == reply.NO_SPACE.octets()
    assert bench.reception.messages == []
    assert messages(bench, "aborted") == 1
    assert client.say(b"RSET\r\n") == reply.OK.octets()


def test_a_client_that_goes_away_has_its_message_forgotten(bench):
    client = bench.connect()
    client.say(EHLO)
    client.say(ENVELOPE + b"DATA\r\n")
    client.say(b"text\r\n")
    client.lose()
    assert bench.reception.begun[0].aborts == 1
    assert messages(bench, "aborted") == 1


def test_a_message_that_begins_for_nobody_is_forgotten(bench):
    waits = bench.reception.waits["begin"] = Deferred()
    client = bench.connect()
    client.say(EHLO)
    client.say(ENVELOPE + b"DATA\r\n")
    client.lose()
    waits.callback(None)
    assert bench.reception.begun[0].aborts == 1


def test_a_message_that_is_being_kept_is_kept_without_its_client(bench):
    waits = bench.reception.waits["commit"] = Deferred()
    client = bench.connect()
    client.say(EHLO)
    client.say(ENVELOPE + b"DATA\r\n")
    client.say(MESSAGE)
    client.lose()
    waits.callback(None)
    assert bench.reception.begun[0].aborts == 0
    assert len(bench.reception.messages) == 1
    assert messages(bench, "accepted") == 1


@pytest.mark.parametrize(
    ("standing", "taken"), [(ClientStanding(), 3), (ClientStanding(destinations=ANYWHERE), 10)]
)
def test_messages_of_strangers_have_a_rate(standing, taken):
    bench = Bench(clients=ClientLimits(messages_per_minute=3), standing=standing)
    client = bench.connect()
    client.say(EHLO)
    for _ in range(10):
        said = client.say(b"MAIL FROM:<a@b.test>\r\n")
        taken -= said == reply.SENDER_OK.octets()
        client.say(b"RSET\r\n")
    assert taken == 0
    assert bench.hits("smtp_messages") == (0 if standing.is_listed else 7)


def test_logins_are_counted_by_their_end():
    bench = Bench(offers_authentication=True, standing=ClientStanding(may_log_in_plainly=True))
    client = bench.connect()
    client.say(EHLO)
    assert client.say(b"AUTH PLAIN AGFsaWNlAGd1ZXNz\r\n") == reply.CREDENTIALS_INVALID.octets()
    bench.reception.refuses["authenticate"] = reply.CANNOT_AUTHENTICATE_NOW
    said = client.say(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n")
    assert said == reply.CANNOT_AUTHENTICATE_NOW.octets()
    del bench.reception.refuses["authenticate"]
    assert client.say(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n") == reply.AUTHENTICATED.octets()
    for result in ("accepted", "refused", "deferred"):
        assert bench.count(metrics.MAIL_AUTHENTICATIONS, result) == 1
