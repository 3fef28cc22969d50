"""What commands mean and in which order they may come."""

from base64 import b64encode

import pytest
from fakes.smtp import TLS, greeted

from dnsd.mail import reply
from dnsd.mail.envelope import Body
from dnsd.mail.route import ANYWHERE, ClientStanding
from dnsd.mail.smtp.options import Limits

PLAIN = b"AUTH PLAIN " + b64encode(b"\0alice\0secret") + b"\r\n"
MAIL = b"MAIL FROM:<a@b.test>\r\n"
RCPT = b"RCPT TO:<alice@example.test>\r\n"


def keywords(conversation):
    said = conversation.say(b"EHLO client.example\r\n")
    return [line[4:].decode() for line in said.splitlines()[1:]]


def ask(commands, **options):
    """The last reply to commands that come one by one."""
    conversation = greeted(**options)
    for command in commands:
        said = conversation.say(command if command.endswith(b"\n") else command + b"\r\n")
    return said


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        pytest.param([b"RSET"], reply.OK, id="RSET"),
        pytest.param([b"RSET x"], reply.BAD_ARGUMENT, id="RSET with an argument"),
        pytest.param([b"NOOP any text"], reply.OK, id="NOOP"),
        pytest.param([b"VRFY alice"], reply.CANNOT_VERIFY, id="VRFY"),
        pytest.param([b"VRFY"], reply.BAD_ARGUMENT, id="VRFY of nobody"),
        pytest.param([b"EXPN staff"], reply.NOT_IMPLEMENTED, id="EXPN"),
        pytest.param([b"HELP"], reply.HELP, id="HELP"),
        pytest.param([b"HELP MAIL"], reply.HELP, id="HELP with a topic"),
        pytest.param([b"QUIT now"], reply.BAD_ARGUMENT, id="QUIT with an argument"),
        pytest.param([b"QUIT"], reply.GOODBYE, id="QUIT"),
        pytest.param([b"EHLO"], reply.BAD_HELO, id="EHLO of nobody"),
        pytest.param([b"EHLO a b"], reply.BAD_HELO, id="EHLO of two"),
        pytest.param([b"EHLO [192.0.2.300]"], reply.BAD_HELO, id="EHLO of no address"),
        pytest.param([b"EHLO x)\\(y"], reply.BAD_HELO, id="EHLO of no domain"),
        pytest.param([b"HELO [192.0.2.1]"], reply.helo("mx.example.test"), id="HELO"),
        pytest.param([RCPT], reply.MAIL_FIRST, id="RCPT first"),
        pytest.param([b"DATA"], reply.MAIL_FIRST, id="DATA first"),
        pytest.param([MAIL, b"DATA"], reply.RECIPIENT_FIRST, id="DATA without RCPT"),
        pytest.param([MAIL, b"RCPT TO:<x@y.test>", b"DATA"], reply.NO_RECIPIENTS,
                     id="DATA without a recipient that was taken"),
        pytest.param([MAIL, RCPT, b"DATA x"], reply.BAD_ARGUMENT, id="DATA with an argument"),
        pytest.param([MAIL, MAIL], reply.ALREADY_MAIL, id="MAIL twice"),
        pytest.param([MAIL, b"RSET", MAIL], reply.SENDER_OK, id="MAIL after RSET"),
        pytest.param([MAIL, b"EHLO again.example", RCPT], reply.MAIL_FIRST, id="EHLO resets"),
        pytest.param([MAIL, b"HELO again.example", RCPT], reply.MAIL_FIRST, id="HELO resets"),
        pytest.param([MAIL, b"EHLO ?", RCPT], reply.RECIPIENT_OK, id="a wrong EHLO changes nothing"),
        pytest.param([MAIL, RCPT, RCPT], reply.RECIPIENT_OK, id="a recipient twice"),
        pytest.param([b"MAIL FROM:<a@b.test> SIZE=26214400"], reply.SENDER_OK, id="the largest"),
        pytest.param([b"MAIL FROM:<a@b.test> SIZE=26214401"], reply.TOO_LARGE, id="too large"),
        pytest.param([b"MAIL FROM:<>", RCPT], reply.RECIPIENT_OK, id="the null sender"),
        pytest.param([MAIL, b"RCPT TO:<postmaster>"], reply.RECIPIENT_OK, id="the postmaster"),
        pytest.param([b"STARTTLS"], reply.NOT_IMPLEMENTED, id="STARTTLS where there is none"),
        pytest.param([b"AUTH PLAIN"], reply.NOT_IMPLEMENTED, id="AUTH where there is none"),
    ],
)  # fmt: skip
def test_what_is_said_when(commands, said):
    assert ask(commands) == said.octets()


@pytest.mark.parametrize("command", [MAIL, b"AUTH PLAIN\r\n"])
def test_the_client_says_who_it_is_first(command):
    from fakes.smtp import Conversation

    conversation = Conversation(client_tls=TLS, offers_authentication=True).greet()
    assert conversation.say(command) == reply.HELO_FIRST.octets()


def test_ehlo_tells_what_there_is():
    size = ["PIPELINING", "SIZE 100", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8"]
    limits = Limits(message_octets=100)
    assert keywords(greeted(limits=limits)) == size
    both = {"limits": limits, "offers_tls": True, "offers_authentication": True}
    assert keywords(greeted(**both)) == [*size, "STARTTLS"]
    assert keywords(greeted(**both, client_tls=TLS)) == [*size, "AUTH PLAIN LOGIN"]
    plainly = ClientStanding(may_log_in_plainly=True)
    assert keywords(greeted(**both, standing=plainly)) == [*size, "STARTTLS", "AUTH PLAIN LOGIN"]


def test_parameters_of_mail_are_kept():
    conversation = greeted()
    conversation.say(b"MAIL FROM:<a@b.test> SIZE=5 BODY=8BITMIME SMTPUTF8\r\n")
    conversation.say("RCPT TO:<alice+ü@example.test>\r\n".encode(), b"DATA\r\n", b".\r\n")
    ((transaction, _),) = conversation.messages
    assert (transaction.declared_octets, transaction.body) == (5, Body.EIGHT_BIT)
    assert transaction.utf8
    assert str(transaction.recipients[0]) == "alice+ü@example.test"


def test_a_recipient_twice_is_one():
    conversation = greeted()
    conversation.say(MAIL + RCPT + RCPT + b"DATA\r\n", b".\r\n")
    assert len(conversation.messages[0][0].recipients) == 1


def test_tls_forgets_what_was_said_before():
    conversation = greeted(offers_tls=True)
    conversation.say(MAIL, RCPT)
    assert conversation.say(b"STARTTLS\r\n") == reply.READY_FOR_TLS.octets()
    assert conversation.say(b"DATA\r\n") == reply.MAIL_FIRST.octets()
    assert conversation.say(MAIL) == reply.HELO_FIRST.octets()
    assert "STARTTLS" not in keywords(conversation)
    assert conversation.say(b"STARTTLS\r\n") == reply.ALREADY_TLS.octets()
    conversation.say(MAIL + RCPT + b"DATA\r\n", b".\r\n")
    assert conversation.messages[0][0].tls == TLS


def test_tls_forgets_who_logged_in_before():
    plainly = ClientStanding(may_log_in_plainly=True)
    conversation = greeted(offers_tls=True, offers_authentication=True, standing=plainly)
    assert conversation.say(PLAIN) == reply.AUTHENTICATED.octets()
    conversation.say(b"STARTTLS\r\n", b"EHLO client.example\r\n", MAIL)
    assert conversation.say(b"RCPT TO:<x@elsewhere.test>\r\n") == reply.RELAY_DENIED.octets()


def private(**options):
    return greeted(client_tls=TLS, offers_authentication=True, **options)


def test_who_logs_in_may_relay():
    conversation = private()
    assert conversation.say(PLAIN) == reply.AUTHENTICATED.octets()
    assert conversation.say(PLAIN) == reply.ALREADY_AUTHENTICATED.octets()
    conversation.say(MAIL)
    assert conversation.say(b"RCPT TO:<x@elsewhere.test>\r\n") == reply.RECIPIENT_OK.octets()
    conversation.say(b"DATA\r\n", b".\r\n")
    assert conversation.messages[0][0].account == "alice"


def test_login_in_three_lines():
    conversation = private()
    assert conversation.say(b"AUTH login\r\n")[:4] == b"334 "
    assert conversation.say(b64encode(b"alice") + b"\r\n")[:4] == b"334 "
    assert conversation.say(b64encode(b"secret") + b"\r\n") == reply.AUTHENTICATED.octets()


@pytest.mark.parametrize(
    ("commands", "said"),
    [
        pytest.param([b"AUTH"], reply.BAD_ARGUMENT, id="no mechanism"),
        pytest.param([b"AUTH CRAM-MD5"], reply.UNKNOWN_MECHANISM, id="another mechanism"),
        pytest.param([MAIL, PLAIN], reply.NOT_DURING_MAIL, id="during a mail"),
        pytest.param([b"AUTH PLAIN", b"*"], reply.AUTHENTICATION_CANCELLED, id="cancelled"),
        pytest.param([b"AUTH PLAIN", b"\xff"], reply.LINE_MALFORMED, id="no text"),
        pytest.param([b"AUTH PLAIN", b"\xff", b"NOOP"], reply.OK, id="no text ends it"),
        pytest.param([b"AUTH PLAIN", b"QUIT"], reply.BAD_ARGUMENT, id="commands are answers"),
        pytest.param([b"AUTH PLAIN " + b64encode(b"\0a\0" + b"x" * 8000)],
                     reply.CREDENTIALS_INVALID, id="a long line"),
        pytest.param([b"AUTH PLAIN", b"x" * 12287], reply.LINE_TOO_LONG, id="too long a line"),
    ],
)  # fmt: skip
def test_what_can_go_wrong_with_auth(commands, said):
    conversation = private()
    for command in commands:
        found = conversation.say(command if command.endswith(b"\n") else command + b"\r\n")
    assert found == said.octets()


def test_passwords_are_not_taken_in_the_clear():
    conversation = greeted(offers_tls=True, offers_authentication=True)
    assert conversation.say(PLAIN) == reply.ENCRYPTION_REQUIRED.octets()
    assert conversation.questions == 0


def test_three_wrong_passwords_close():
    conversation = private()
    wrong = b"AUTH PLAIN " + b64encode(b"\0alice\0guess") + b"\r\n"
    assert conversation.say(wrong, wrong) == reply.CREDENTIALS_INVALID.octets() * 2
    assert conversation.say(wrong) == reply.TOO_MANY_TRIES.octets()
    assert conversation.closed == "smtp_authentications"


def test_nobody_can_look_for_now():
    conversation = private()
    conversation.holds = ()
    question = conversation.session.receive(PLAIN, 0.0)[-1]
    events = conversation.session.authenticated(None, 0.0, reply.CANNOT_AUTHENTICATE_NOW)
    assert question.user == "alice"
    assert events[-1].octets == reply.CANNOT_AUTHENTICATE_NOW.octets()


@pytest.mark.parametrize(
    ("standing", "tls", "said"),
    [
        (ClientStanding(), None, reply.TLS_REQUIRED),
        (ClientStanding(), TLS, reply.AUTHENTICATION_REQUIRED),
        (ClientStanding(may_log_in_plainly=True), None, reply.AUTHENTICATION_REQUIRED),
        (ClientStanding(destinations=ANYWHERE), None, reply.TLS_REQUIRED),
        (ClientStanding(destinations=ANYWHERE), TLS, reply.SENDER_OK),
        (ClientStanding(destinations=ANYWHERE, may_log_in_plainly=True), None, reply.SENDER_OK),
    ],
)
def test_submission_wants_to_know_who_it_is(standing, tls, said):
    conversation = greeted(
        standing=standing,
        client_tls=tls,
        is_submission=True,
        offers_authentication=True,
        offers_tls=True,
    )
    assert conversation.say(MAIL) == said.octets()
