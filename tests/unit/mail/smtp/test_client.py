"""The sending end: what it says, when, and what it makes of the answers."""

import itertools

import pytest
from fakes.smtp_dialogue import HOST, OURS, Dialogue, Octets, mail
from hypothesis import given
from hypothesis import strategies as st

from dnsd.mail.envelope import Body
from dnsd.mail.reasons import Deferred, Delivered, Failed, ReasonClass
from dnsd.mail.smtp.client_events import Finished, Ready, StartTls, TlsUse
from dnsd.mail.stores import StoreFailed

STUFFED = b"Subject: a\r\n\r\n..b\r\n.\r\n"
PIPELINED = (
    b"MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.test>\r\nRCPT TO:<c@example.test>\r\nDATA\r\n"
)


def classes(finished):
    return [
        type(result).__name__
        if isinstance(result, Delivered)
        else f"{type(result).__name__} {result.reason.value}"
        for result in finished.results
    ]


def test_a_message_is_sent_command_by_command_without_pipelining():
    dialogue = Dialogue()
    assert dialogue.server("220 hello\r\n") == f"EHLO {OURS}\r\n".encode()
    assert dialogue.server(f"250 {HOST}\r\n") == b""
    assert isinstance(dialogue.events[-1], Ready)
    assert dialogue.begin(mail()) == b"MAIL FROM:<a@example.org>\r\n"
    assert dialogue.server("250 OK\r\n") == b"RCPT TO:<b@example.test>\r\n"
    assert dialogue.server("250 OK\r\n") == b"DATA\r\n"
    assert dialogue.server("354 go\r\n") == STUFFED
    dialogue.server("250 2.0.0 queued as 7\r\n")
    assert dialogue.finished.results == (Delivered("250 2.0.0 queued as 7", HOST),)
    assert dialogue.client.state.value == "ready"


def test_with_pipelining_the_envelope_is_one_write():
    dialogue = Dialogue().greeted("PIPELINING")
    assert dialogue.begin(mail("b@example.test", "c@example.test")) == PIPELINED
    assert dialogue.server("250 OK\r\n250 OK\r\n550 5.1.1 no\r\n354 go\r\n") == STUFFED
    dialogue.server("250 OK\r\n")
    assert classes(dialogue.finished) == ["Delivered", "Failed remote_permanent"]
    assert dialogue.finished.results[1].enhanced == "5.1.1"
    assert HOST in dialogue.finished.results[1].text


@pytest.mark.parametrize(
    ("replies", "results", "elsewhere"),
    [
        (["250", "450 later", "250", "354", "250"], ["Deferred remote_temporary", "Delivered"], {0}),
        (["550 5.7.1 you", "503", "503", "503"], ["Failed remote_permanent"] * 2, set()),
        (["451 4.3.0", "503", "503", "503"], ["Deferred remote_temporary"] * 2, {0, 1}),
        (["250", "550", "550", "503"], ["Failed remote_permanent"] * 2, set()),
        (["250", "550", "250", "451"], ["Failed remote_permanent", "Deferred remote_temporary"],
         {1}),
        (["250", "550", "550", "354", "554 5.5.1"], ["Failed remote_permanent"] * 2, set()),
        (["250", "550", "550", "354", "250"], ["Failed remote_permanent"] * 2, set()),
        (["250", "251", "252", "354", "554 5.6.0 spam"], ["Failed remote_permanent"] * 2, set()),
        (["250", "250", "250", "354", "452 full"], ["Deferred remote_temporary"] * 2, {0, 1}),
        (["250", "250", "250", "250 odd"], ["Failed remote_permanent"] * 2, set()),
    ],
)  # fmt: skip
@pytest.mark.parametrize("pipelining", [True, False])
def test_results_are_each_recipients_own(replies, results, elsewhere, pipelining):
    if replies[3:4] == ["250 odd"]:
        results, elsewhere = ["Deferred remote_temporary"] * 2, {0, 1}
    dialogue = Dialogue().greeted(*(["PIPELINING"] if pipelining else ["HELP"]))
    dialogue.begin(mail("b@example.test", "c@example.test"))
    for reply in replies:
        dialogue.server(f"{reply}\r\n")
        if dialogue.client.state.value == "ready":
            break
    assert classes(dialogue.finished) == results
    assert dialogue.finished.elsewhere == elsewhere
    # The next one begins from nothing, and says so where the last one did not end.
    said = dialogue.begin(mail())
    ended = "354" in replies and said.startswith(b"MAIL")
    assert ended or said.startswith(b"RSET\r\n")


def test_nobody_takes_it_and_the_server_waits_for_a_message_all_the_same():
    dialogue = Dialogue().greeted("PIPELINING")
    dialogue.begin(mail())
    assert dialogue.server("250 a\r\n550 b\r\n354 c\r\n") == b".\r\n"


@pytest.mark.parametrize(
    ("extensions", "message", "parameters"),
    [
        (["SIZE 1000"], mail(), b" SIZE=18"),
        (["SIZE"], mail(), b" SIZE=18"),
        (["SIZE 0"], mail(), b" SIZE=18"),
        (["8BITMIME"], mail(body=Body.EIGHT_BIT), b" BODY=8BITMIME"),
        (["8BITMIME"], mail(), b""),
        (["X"], mail(body=Body.EIGHT_BIT), b""),
        (["SMTPUTF8"], mail(utf8=True), b""),
        (["X"], mail(utf8=True), b""),
        (["smtputf8"], mail("ü@example.test", utf8=True), b" SMTPUTF8"),
        (["SMTPUTF8"], mail(utf8=True, content=Octets("S: ü\r\n\r\n".encode())), b" SMTPUTF8"),
    ],
)
def test_parameters_are_those_that_the_server_and_the_message_need(extensions, message, parameters):
    dialogue = Dialogue().greeted(*extensions)
    assert dialogue.begin(message) == b"MAIL FROM:<a@example.org>" + parameters + b"\r\n"


def test_the_null_sender():
    assert Dialogue().greeted("X").begin(mail(sender=None)) == b"MAIL FROM:<>\r\n"


@pytest.mark.parametrize(
    ("extension", "message", "result"),
    [
        ("SIZE 17", mail(), ("size", "5.3.4")),
        ("X", mail("ü@example.test", utf8=True), ("utf8", "5.6.7")),
        ("X", mail(utf8=True, content=Octets("S: ü\r\n\r\n".encode(), 4)), ("utf8", "5.6.7")),
        ("X", mail(body=Body.EIGHT_BIT, content=Octets("S:a\r\n\r\nü".encode(), 8)),
         ("remote_permanent", "5.6.3")),
    ],
)  # fmt: skip
def test_what_a_server_cannot_take_is_not_asked_of_it(extension, message, result):
    dialogue = Dialogue().greeted(extension)
    assert dialogue.begin(message) == b""
    (failed,) = dialogue.finished.results
    assert isinstance(failed, Failed)
    assert (failed.reason.value, failed.enhanced) == result
    assert dialogue.begin(mail(content=Octets(b"a\r\n"))).startswith(b"MAIL")


def test_utf8_in_the_body_alone_needs_no_smtputf8():
    content = Octets("S: a\r\n\r\nü".encode(), 5)
    dialogue = Dialogue().greeted("8BITMIME")
    assert dialogue.begin(mail(utf8=True, body=Body.EIGHT_BIT, content=content)).startswith(b"MAIL")


@pytest.mark.parametrize(
    ("greeting", "reason"),
    [
        ("554 no\r\n", "refused"),
        ("421 busy\r\n", "refused"),
        ("HTTP/1.1 400\r\n", "remote_temporary"),
    ],
)
def test_a_greeting_that_is_none(greeting, reason):
    dialogue = Dialogue()
    dialogue.server(greeting)
    assert dialogue.closed.reason is ReasonClass(reason)
    assert HOST in dialogue.closed.text
    assert not dialogue.closed.permanent


def test_a_server_without_ehlo_is_greeted_with_helo():
    dialogue = Dialogue()
    dialogue.server("220 old\r\n")
    assert dialogue.server("500 what\r\n") == f"HELO {OURS}\r\n".encode()
    dialogue.server("250-x\r\n250 PIPELINING\r\n")
    assert dialogue.begin(mail()) == b"MAIL FROM:<a@example.org>\r\n"


def test_a_server_of_our_own_name_is_ourselves():
    dialogue = Dialogue()
    dialogue.server(f"220 hello\r\n250 {OURS.upper()} at your service\r\n")
    assert dialogue.closed.reason is ReasonClass.LOOP
    assert dialogue.closed.permanent


def test_tls_is_used_when_offered_and_nothing_said_before_counts():
    dialogue = Dialogue()
    dialogue.server("220 hello\r\n")
    assert dialogue.server(f"250-{HOST}\r\n250-PIPELINING\r\n250 STARTTLS\r\n") == b"STARTTLS\r\n"
    # In one segment with the reply: an attacker's answer to the EHLO to come.
    said = dialogue.server(f"220 go\r\n250-{HOST}\r\n250 AUTH PLAIN\r\n")
    assert said == f"EHLO {OURS}\r\n".encode()
    assert not any(isinstance(event, Ready) for event in dialogue.events)
    dialogue.server(f"250 {HOST}\r\n")
    assert dialogue.client.extensions == {}
    assert dialogue.client.encrypted
    assert sum(isinstance(event, StartTls) for event in dialogue.events) == 1


@pytest.mark.parametrize(
    ("use", "said", "ready"),
    [
        (TlsUse.ALWAYS, ["250 x\r\n"], False),
        (TlsUse.ALWAYS, ["500 what\r\n"], False),
        (TlsUse.ALWAYS, ["250-x\r\n250 STARTTLS\r\n", "454 no\r\n"], False),
        (TlsUse.WHEN_OFFERED, ["250-x\r\n250 STARTTLS\r\n", "454 no\r\n"], True),
        (TlsUse.WHEN_OFFERED, ["250 x\r\n"], True),
        (TlsUse.NEVER, ["250-x\r\n250 STARTTLS\r\n"], True),
    ],
)
def test_who_must_encrypt_sends_nothing_in_the_clear(use, said, ready):
    dialogue = Dialogue(tls=use)
    dialogue.server("220 hello\r\n")
    for octets in said:
        dialogue.server(octets)
    assert (dialogue.closed is None) == ready
    assert ready == any(isinstance(event, Ready) for event in dialogue.events)


def test_under_tls_a_server_that_knows_no_ehlo_any_more_is_left():
    dialogue = Dialogue()
    dialogue.server("220 hello\r\n250-x\r\n250 STARTTLS\r\n")
    dialogue.server("220 go\r\n")
    assert dialogue.server("500 what\r\n") == b""
    assert dialogue.closed.reason is ReasonClass.REFUSED


def test_a_failed_handshake_says_why():
    dialogue = Dialogue(starttls="no TLSA record fits its certificate")
    dialogue.server("220 hello\r\n250-x\r\n250 STARTTLS\r\n")
    dialogue.server("220 go\r\n")
    assert dialogue.closed.reason is ReasonClass.TLS
    assert dialogue.closed.text == f"{HOST}: no TLSA record fits its certificate"


@pytest.mark.parametrize("after", range(4))
def test_when_the_connection_breaks_others_are_asked_unless_the_message_may_be_there(after):
    dialogue = Dialogue().greeted("PIPELINING")
    dialogue.begin(mail("b@example.test", "c@example.test"))
    for reply in ["250 a", "250 b", "250 c", "354 d"][: after + 1]:
        dialogue.server(f"{reply}\r\n")
    dialogue.lost()
    assert classes(dialogue.finished) == ["Deferred connect"] * 2
    assert dialogue.finished.elsewhere == (set() if after == 3 else {0, 1})
    assert dialogue.closed.reason is ReasonClass.CONNECT


def test_421_ends_the_conversation_and_what_was_decided_stays():
    dialogue = Dialogue().greeted("PIPELINING")
    dialogue.begin(mail("b@example.test", "c@example.test"))
    dialogue.server("250 a\r\n550 5.1.1 b\r\n421 bye\r\n")
    assert classes(dialogue.finished) == ["Failed remote_permanent", "Deferred remote_temporary"]
    assert dialogue.finished.elsewhere == {1}
    assert dialogue.closed is not None


def test_a_server_that_answers_before_the_end_of_the_message_is_believed_about_refusals_only():
    for code, result in (("552", Failed), ("250", Deferred), ("452", Deferred)):
        dialogue = Dialogue().greeted("PIPELINING")
        dialogue.begin(mail())
        # All in one segment: the reply to the end before there is an end.
        dialogue.server(f"250 a\r\n250 b\r\n354 c\r\n{code} early\r\n")
        assert isinstance(dialogue.finished.results[0], result), code
        assert dialogue.closed is not None


@pytest.mark.parametrize(
    ("content", "result"),
    [
        (Octets(b"a\nb\r\n"), Failed(ReasonClass.LOCAL_STORE, "5.6.0",
         "CR or LF on its own in the message")),
        (Octets(b"a\r\n", error=StoreFailed("Input/output error")),
         Deferred(ReasonClass.LOCAL_STORE, "the message cannot be read: Input/output error")),
    ],
)  # fmt: skip
def test_a_message_that_cannot_be_sent_is_given_no_end(content, result):
    dialogue = Dialogue().greeted("PIPELINING")
    dialogue.begin(mail(content=content))
    said = dialogue.server("250 a\r\n250 b\r\n354 c\r\n")
    assert b"\r\n.\r\n" not in said
    assert dialogue.finished.results == (result,)
    assert dialogue.closed is not None


@pytest.mark.parametrize(
    ("replies", "seconds"),
    [
        ([], 300), (["220 a"], 60), (["220 a", "250 PIPELINING"], float("inf")),
        (["220 a", "250-x\r\n250 PIPELINING", "250 a"], 300),
        (["220 a", "250-x\r\n250 PIPELINING", "250 a\r\n250 b"], 120),
        (["220 a", "250-x\r\n250 PIPELINING", "250 a\r\n250 b\r\n354 c"], 600),
    ],
)  # fmt: skip
def test_every_wait_has_its_time(replies, seconds):
    dialogue = Dialogue()
    for i, reply in enumerate(replies):
        if i == 2:
            dialogue.begin(mail())
        dialogue.server(f"{reply}\r\n")
    assert dialogue.client.deadline() == seconds
    if seconds != float("inf"):
        dialogue.late()
        assert dialogue.closed.reason is ReasonClass.TIMEOUT


def test_an_envelope_answered_one_reply_every_four_minutes_has_an_end():
    dialogue = Dialogue().greeted("PIPELINING")
    dialogue.begin(mail(*[f"u{i}@example.test" for i in range(100)]))
    for _ in range(50):
        dialogue.server("250 a\r\n")
        if dialogue.client.deadline() <= dialogue.now + 240:
            break
        dialogue.now += 240
    assert dialogue.client.deadline() == 600


def test_a_conversation_ends_with_quit():
    dialogue = Dialogue().greeted("X")
    dialogue.said = b""
    dialogue._take(dialogue.client.quit(0.0))
    assert dialogue.heard() == b"QUIT\r\n"
    dialogue.server("221 bye\r\n")
    assert dialogue.closed.reason is None
    assert dialogue.client.receive(b"250 more\r\n", 0.0) == []


@given(st.binary(max_size=200), st.integers(0, 4), st.lists(st.integers(0, 300), max_size=5))
def test_whatever_a_server_says_every_recipient_gets_one_result(octets, replies, cuts):
    good = ["220 a\r\n", "250-x\r\n250 PIPELINING\r\n", "250 a\r\n", "250 b\r\n", "354 c\r\n"]
    dialogue = Dialogue()
    for reply in good[:2]:
        dialogue.server(reply)
    dialogue.begin(mail("b@example.test", "c@example.test"))
    for reply in good[2 : 2 + replies]:
        dialogue.server(reply)
    edges = [0, *sorted(cut % (len(octets) + 1) for cut in cuts), len(octets)]
    for a, b in itertools.pairwise(edges):
        dialogue.server(octets[a:b])
    dialogue.lost()
    finished = [event for event in dialogue.events if isinstance(event, Finished)]
    assert len(finished) == 1
    assert len(finished[0].results) == 2
