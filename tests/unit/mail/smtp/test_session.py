"""Whose turn it is: groups, early talkers, limits, time."""

import pytest
from fakes.smtp import Conversation, greeted, in_message

from dnsd.mail import reply
from dnsd.mail.address import Mailbox
from dnsd.mail.smtp import events
from dnsd.mail.smtp.options import Limits

ALICE = Mailbox("alice", "example.test")
ENVELOPE = b"MAIL FROM:<a@b.test>\r\nRCPT TO:<alice@example.test>\r\n"
MESSAGE = b"Subject: x\r\n\r\ntext\r\n.\r\n"


def test_a_mail_from_greeting_to_farewell():
    conversation = Conversation().greet()
    assert conversation.sent == b"220 mx.example.test ESMTP\r\n"
    assert conversation.say(b"EHLO client.example\r\n").startswith(b"250-mx.example.test\r\n")
    assert conversation.say(b"MAIL FROM:<a@b.test>\r\n") == b"250 2.1.0 Sender OK\r\n"
    assert conversation.say(b"RCPT TO:<alice@example.test>\r\n") == b"250 2.1.5 Recipient OK\r\n"
    assert conversation.say(b"DATA\r\n") == b"354 End data with <CR><LF>.<CR><LF>\r\n"
    assert conversation.say(MESSAGE) == b"250 2.0.0 Queued as 0A\r\n"
    assert conversation.say(b"QUIT\r\n") == b"221 2.0.0 Bye\r\n"
    assert conversation.closed == ""
    ((transaction, octets),) = conversation.messages
    assert octets == b"Subject: x\r\n\r\ntext\r\n"
    assert transaction.recipients == [ALICE]
    assert transaction.helo == "client.example"
    assert transaction.is_extended


def test_commands_may_come_in_a_group_and_replies_come_in_one_too():
    conversation = greeted()
    assert conversation.say(ENVELOPE + b"RCPT TO:<nobody@example.test>\r\nDATA\r\n")
    assert conversation.codes() == [250, 250, 550, 354]
    conversation.say(MESSAGE + ENVELOPE + b"DATA\r\n")
    conversation.say(MESSAGE + b"QUIT\r\n")
    assert conversation.codes() == [250, 250, 550, 354, 250, 250, 250, 354, 250, 221]
    assert len(conversation.messages) == 2


def test_commands_wait_behind_a_question():
    conversation = greeted()
    conversation.holds = (events.CheckSender,)
    assert conversation.say(ENVELOPE + b"DATA\r\n") == b""
    assert conversation.questions == 0
    conversation.answer_held()
    assert conversation.codes() == [250, 250, 354]


def test_reading_stops_while_much_waits_behind_a_question():
    conversation = greeted()
    conversation.holds = (events.CheckSender,)
    conversation.say(b"MAIL FROM:<a@b.test>\r\n", b"RCPT TO:<alice@example.test>\r\n" * 2000)
    assert not conversation.paused
    conversation.say(b"RCPT TO:<alice@example.test>\r\n" * 300)
    assert conversation.paused
    conversation.answer_held()
    assert not conversation.paused
    assert conversation.codes() == [250] * 2301


def test_an_empty_line_end_is_no_command_and_spaces_do_not_matter():
    conversation = greeted()
    conversation.say(b"\r\n", b"  \r\n", b"NOOP  \r\n", b"noop x\r\n", b"NoOp\r\n")
    assert conversation.codes() == [500, 500, 250, 250, 250]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param(b"NOOP\n", reply.LINE_MALFORMED, id="LF alone"),
        pytest.param(b"NO\rOP\r\n", reply.LINE_MALFORMED, id="a CR in it"),
        pytest.param(b"NOOP \x00\r\n", reply.LINE_MALFORMED, id="NUL"),
        pytest.param(b"NOOP \xff\r\n", reply.LINE_MALFORMED, id="no UTF-8"),
        pytest.param(b"NOOP \xe2\x80\xa8\r\n", reply.LINE_MALFORMED, id="a line separator"),
        pytest.param(b"NOOP " + b"x" * 2042 + b"\r\n", reply.LINE_TOO_LONG, id="2049 octets"),
        pytest.param(b"NOOP " + b"x" * 20000 + b"\r\n", reply.LINE_TOO_LONG, id="20 kB"),
        pytest.param(b"XYZZY\r\n", reply.UNKNOWN_COMMAND, id="unknown"),
        pytest.param("MÄIL\r\n".encode(), reply.UNKNOWN_COMMAND, id="beyond ASCII"),
    ],
)
def test_lines_that_are_no_command(line, said):
    for chunks in ([line], [bytes([octet]) for octet in line]):
        conversation = greeted()
        assert conversation.say(*chunks) == said.octets()
        assert conversation.say(b"NOOP\r\n") == reply.OK.octets()


def test_the_longest_line_is_read():
    assert greeted().say(b"NOOP " + b"x" * 2041 + b"\r\n") == reply.OK.octets()


@pytest.mark.parametrize("verb", [b"GET / HTTP/1.1", b"POST /", b"CONNECT x:25", b"BDAT 5 LAST"])
def test_another_protocol_is_closed_at_once(verb):
    conversation = greeted()
    assert conversation.say(verb + b"\r\nMAIL FROM:<a@b.test>\r\n") == reply.NO_SMTP.octets()
    assert conversation.closed == "smtp_foreign"


EARLY = {
    "before the greeting": (None, b"EHLO x\r\n"),
    "one octet before the greeting": (None, b"E"),
    "behind EHLO": ("ungreeted", b"EHLO x\r\nMAIL FROM:<a@b.test>\r\n"),
    "behind HELO": ("ungreeted", b"HELO x\r\nMAIL FROM:<a@b.test>\r\n"),
    "in groups without EHLO": ("HELO", b"MAIL FROM:<a@b.test>\r\nRCPT TO:<alice@example.test>\r\n"),
    "the message behind DATA": ("EHLO", ENVELOPE + b"DATA\r\n" + MESSAGE),
    "half a line behind DATA": ("EHLO", ENVELOPE + b"DATA\r\nS"),
    "behind NOOP": ("EHLO", b"NOOP\r\nRSET\r\n"),
    "behind VRFY": ("EHLO", b"VRFY a\r\nRSET\r\n"),
    "behind AUTH": ("EHLO", b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\nMAIL FROM:<a@b.test>\r\n"),
}


@pytest.mark.parametrize("name", EARLY)
def test_who_speaks_before_it_may_is_closed(name):
    said, octets = EARLY[name]
    if said is None:
        conversation = Conversation(limits=Limits(greeting_delay_s=2))
    elif said == "ungreeted":
        conversation = Conversation().greet()
    else:
        conversation = greeted(extended=said == "EHLO", offers_authentication=True)
    conversation.say(octets)
    assert conversation.sent.endswith(reply.EARLY_TALKER.octets())
    assert conversation.closed == "smtp_early"
    assert conversation.messages == []
    assert conversation.say(b"QUIT\r\n") == b""
    assert conversation.wait(1000) == b""


@pytest.mark.parametrize("question", [events.MessageBegins, events.Authenticate])
def test_who_speaks_while_it_must_wait_is_closed(question):
    conversation = greeted(offers_authentication=True, client_tls=object())
    conversation.holds = (question,)
    if question is events.Authenticate:
        conversation.say(b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n")
    else:
        conversation.say(ENVELOPE + b"DATA\r\n")
    conversation.say(b"S")
    assert conversation.closed == "smtp_early"
    conversation.answer_held()
    assert conversation.aborted == (question is events.MessageBegins)
    assert conversation.sent.endswith(reply.EARLY_TALKER.octets())


def test_the_greeting_comes_when_it_is_due():
    conversation = Conversation(limits=Limits(greeting_delay_s=2))
    assert conversation.wait(1.9) == b""
    assert conversation.wait(0.1) == b"220 mx.example.test ESMTP\r\n"


def test_a_client_has_its_time_for_a_command_whatever_it_trickles():
    conversation = greeted()
    for _ in range(299):
        conversation.wait(1)
        conversation.say(b"N")
    assert conversation.closed is None
    assert conversation.wait(1) == reply.TOO_SLOW.octets()
    assert conversation.closed == "smtp_time"


def test_the_time_begins_anew_with_each_reply():
    conversation = greeted()
    for _ in range(3):
        conversation.wait(299)
        conversation.say(b"NOOP\r\n")
    assert conversation.closed is None


def test_our_own_time_is_nobody_elses():
    conversation = in_message()
    conversation.holds = (events.MessageEnds,)
    conversation.say(MESSAGE)
    assert conversation.session.deadline() is None


@pytest.mark.parametrize(("octets_per_second", "closed"), [(499, "smtp_rate"), (520, None)])
def test_a_message_must_come_at_its_rate(octets_per_second, closed):
    conversation = in_message()
    for _ in range(130):
        conversation.wait(1)
        if conversation.closed is None:
            conversation.say(b"x" * (octets_per_second - 2) + b"\r\n")
    assert conversation.closed == closed
    assert conversation.aborted == (closed is not None)


def test_times_are_short_under_stress():
    conversation = greeted()
    conversation.session.is_stressed = True
    assert conversation.wait(10) == reply.TOO_SLOW.octets()
    conversation = in_message()
    conversation.session.is_stressed = True
    assert conversation.wait(10) == reply.TOO_SLOW.octets()


def test_replies_to_errors_come_late_after_some_and_not_at_all_after_more():
    conversation = greeted()
    conversation.say(*[b"XYZZY\r\n"] * 10)
    assert conversation.codes() == [500] * 10
    assert conversation.say(b"XYZZY\r\nNOOP\r\n") == b""
    assert conversation.wait(0.9) == b""
    assert conversation.wait(0.1) == reply.UNKNOWN_COMMAND.octets() + reply.OK.octets()
    for _ in range(8):
        conversation.say(b"XYZZY\r\n")
        conversation.wait(1)
    assert conversation.closed is None
    assert conversation.say(b"XYZZY\r\n") == reply.TOO_MANY_ERRORS.octets()
    assert conversation.closed == "smtp_errors"


def test_one_error_is_enough_under_stress():
    conversation = greeted()
    conversation.session.is_stressed = True
    assert conversation.say(b"XYZZY\r\n") == reply.TOO_MANY_ERRORS.octets()


def test_commands_that_bring_nothing_are_errors_after_some():
    conversation = greeted()
    for _ in range(99):  # EHLO was the first
        conversation.say(b"RSET\r\n")
    assert conversation.codes() == [250] * 99
    for _ in range(20):
        conversation.say(b"NOOP\r\n")
        conversation.wait(2)
    assert conversation.closed == "smtp_errors"


def test_mail_makes_errors_good():
    conversation = greeted()
    for _ in range(5):
        conversation.say(*[b"XYZZY\r\n"] * 9)
        conversation.say(ENVELOPE + b"DATA\r\n", MESSAGE)
    assert conversation.closed is None
    assert len(conversation.messages) == 5


def test_who_guesses_recipients_is_closed():
    conversation = greeted()
    conversation.say(b"MAIL FROM:<a@b.test>\r\n")
    for i in range(10):
        conversation.say(b"RCPT TO:<x%d@example.test>\r\n" % i)
    assert conversation.codes()[1:] == [550] * 10
    assert conversation.say(b"RCPT TO:<x@example.test>\r\n") == reply.TOO_MANY_UNKNOWN.octets()
    assert conversation.closed == "smtp_unknown_recipients"


def test_more_recipients_than_we_take_are_put_off_without_an_error():
    conversation = greeted(limits=Limits(recipients=2, recipient_overshoot=30))
    conversation.say(ENVELOPE, b"RCPT TO:<bob@example.test>\r\n")
    conversation.say(*[b"RCPT TO:<postmaster@example.test>\r\n"] * 30)
    assert conversation.codes() == [250] * 3 + [452] * 30
    conversation.say(b"DATA\r\n")
    conversation.say(MESSAGE)
    assert len(conversation.messages[0][0].recipients) == 2


def test_a_message_with_lone_line_ends_closes():
    conversation = in_message()
    sent = conversation.say(b"a\nb\r\n.\r\nMAIL FROM:<a@b.test>\r\n")
    assert sent == reply.BARE_NEWLINE.octets()
    assert conversation.closed == "smtp_line_ends"
    assert conversation.aborted == 1


def test_a_listed_client_may_have_lone_line_ends():
    conversation = in_message(lone=True)
    conversation.say(b"a\nb\r\n.\r\n")
    assert conversation.messages[0][1] == b"a\r\nb\r\n"


def test_a_message_too_large_is_refused_at_its_end():
    conversation = in_message(limits=Limits(message_octets=100))
    assert conversation.say(b"x" * 60 + b"\r\n", b"x" * 60 + b"\r\n") == b""
    assert conversation.aborted == 1
    assert conversation.say(b".\r\nNOOP\r\n") == reply.TOO_LARGE.octets() + reply.OK.octets()
    assert conversation.say(b"DATA\r\n") == reply.MAIL_FIRST.octets()


def test_a_message_without_end_is_closed():
    conversation = in_message(limits=Limits(message_octets=100))
    for _ in range(10):
        if conversation.closed is None:
            conversation.say(b"x" * 40 + b"\r\n")
    assert conversation.closed == "message_size"
    assert conversation.sent == reply.TOO_LARGE.octets()
    assert conversation.aborted == 1


def test_a_store_that_fails_refuses_at_the_end_of_the_message():
    conversation = in_message()
    conversation.say(b"a\r\n")
    conversation.take(conversation.session.refuse(reply.NO_SPACE, 0.0))
    assert conversation.say(b"b\r\n") == b""
    assert conversation.say(b".\r\n") == reply.NO_SPACE.octets()
    assert conversation.aborted == 0  # who refuses has forgotten it already
    assert conversation.messages == []


def test_a_refusal_to_begin_leaves_no_mail():
    conversation = greeted()
    conversation.begin_refusal = reply.NO_SPACE
    assert conversation.say(ENVELOPE + b"DATA\r\n").endswith(reply.NO_SPACE.octets())
    assert conversation.say(b"DATA\r\n") == reply.MAIL_FIRST.octets()
    assert conversation.aborted == 0


@pytest.mark.parametrize("begins", [b"", b"a\r\n", b"a\r\n.\r"])
def test_a_client_that_goes_away_leaves_no_message(begins):
    conversation = in_message()
    conversation.say(begins)
    conversation.take(conversation.session.lost())
    assert (conversation.aborted, conversation.messages) == (1, [])
    conversation.take(conversation.session.lost())
    assert conversation.aborted == 1
    assert conversation.session.deadline() is None


def test_a_client_that_goes_away_while_a_message_is_kept_changes_nothing():
    conversation = in_message()
    conversation.holds = (events.MessageEnds,)
    conversation.say(MESSAGE)
    conversation.take(conversation.session.lost())
    assert conversation.aborted == 0
    conversation.answer_held()
    assert len(conversation.messages) == 1


def test_a_client_that_goes_away_before_a_message_begins_has_it_forgotten():
    conversation = greeted()
    conversation.holds = (events.MessageBegins,)
    conversation.say(ENVELOPE + b"DATA\r\n")
    conversation.take(conversation.session.lost())
    conversation.answer_held()
    assert conversation.aborted == 1
    assert b"354" not in conversation.sent


def test_commands_behind_starttls_are_never_executed():
    conversation = greeted(offers_tls=True)
    sent = conversation.say(b"STARTTLS\r\nMAIL FROM:<a@b.test>\r\n")
    assert sent == reply.INJECTION.octets()
    assert conversation.closed == "smtp_injection"
    assert conversation.questions == 0


def test_octets_between_starttls_and_tls_close():
    conversation = greeted(offers_tls=True)
    conversation.holds = (events.StartTls,)
    assert conversation.say(b"STARTTLS\r\n") == reply.READY_FOR_TLS.octets()
    conversation.say(b"RSET\r\n")
    assert conversation.closed == "smtp_injection"


def test_going_down_is_said():
    conversation = greeted()
    conversation.take(conversation.session.shut_down(0.0))
    assert conversation.sent == reply.SHUTTING_DOWN.octets()
    conversation = in_message()
    conversation.say(b"a\r\n")
    conversation.take(conversation.session.shut_down(0.0))
    assert (conversation.closed, conversation.aborted) == ("", 1)


def test_going_down_waits_for_the_reply_to_a_message():
    conversation = in_message()
    conversation.holds = (events.MessageEnds,)
    conversation.say(MESSAGE)
    conversation.take(conversation.session.shut_down(0.0))
    assert conversation.closed is None
    conversation.answer_held()
    assert conversation.sent == conversation.end_reply.octets() + reply.SHUTTING_DOWN.octets()


def test_commands_are_told_with_their_replies():
    conversation = greeted()
    conversation.say(b"XYZZY\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<x@y.test>\r\n", b"QUIT\r\n")
    assert conversation.commands == [
        ("EHLO", 250), ("other", 500), ("MAIL", 250), ("RCPT", 550), ("QUIT", 221)
    ]  # fmt: skip
