"""A message on its way in: what is kept of it, what is refused, what is put before it."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.mail import reply
from dnsd.mail.address import parse_mailbox
from dnsd.mail.arriving import _COMMENT, ArrivalOptions, Arriving, split_fields
from dnsd.mail.dkim import keys
from dnsd.mail.dkim.sign import Signer
from dnsd.mail.dkim.verify import Result, Verifier
from dnsd.mail.lookup import Answer
from dnsd.mail.route import ANYWHERE, ClientStanding
from dnsd.mail.smtp.reception import Refusal
from dnsd.mail.smtp.transaction import TlsFacts, Transaction
from dnsd.mail.stores import StoreFailed, StoreFull
from dnsd.wire import rdata

NOW = 1_900_000_000
OPTIONS = ArrivalOptions("mx1.example.test", 2000, 3)
MESSAGE = b"From: Alice <a@example.test>\r\nSubject: x\r\n y\r\n\r\nHello\r\n\r\nbye\r\n"


class Kept:
    def __init__(self, failure=None):
        self.octets, self.failure, self.is_aborted = b"", failure, False

    def write(self, octets):
        if self.failure:
            raise self.failure
        self.octets += octets

    def abort(self):
        self.is_aborted = True


def transaction(**facts):
    usual = {
        "address": "192.0.2.1",
        "standing": ClientStanding(),
        "helo": "client.example",
        "is_extended": True,
        "tls": None,
        "sender": parse_mailbox("a@example.test"),
        "recipients": [parse_mailbox("b@example.test")],
    }
    return Transaction(**(usual | facts))


def arriving(said=None, *, failure=None):
    return Arriving("QID", said or transaction(), Kept(failure), OPTIONS, NOW)


def give(octets, *cuts, said=None):
    found = arriving(said)
    for a, b in zip([0, *cuts], [*cuts, len(octets)], strict=True):
        found.write(octets[a:b])
    found.finish()
    return found


@given(st.lists(st.integers(0, len(MESSAGE)), max_size=6).map(sorted))
def test_a_message_is_kept_as_it_came_however_it_is_cut(cuts):
    found = give(MESSAGE, *cuts)
    assert found.kept.octets == MESSAGE
    assert found.fields == [b"From: Alice <a@example.test>\r\n", b"Subject: x\r\n y\r\n"]


@pytest.mark.parametrize(
    ("octets", "kept"),
    [
        (b"", b""),
        (b"\r\n", b"\r\n"),
        (b"\r\nbody\r\n", b"\r\nbody\r\n"),
        (b"From: a@b.test\r\n", b"From: a@b.test\r\n"),
        (b"no header\r\n", b"\r\nno header\r\n"),
        (
            b"From: a@b.test\r\nno field\r\n\r\nbody\r\n",
            b"From: a@b.test\r\n\r\nno field\r\n\r\nbody\r\n",
        ),
        (b" folded\r\n\r\nbody\r\n", b"\r\n folded\r\n\r\nbody\r\n"),
    ],
)
def test_what_has_no_proper_header_becomes_body(octets, kept):
    assert give(octets).kept.octets == kept


def test_a_field_that_claims_our_word_is_left_out():
    forged = b"Authentication-Results: mx1.example.test; dkim=pass\r\n"
    assert give(forged + MESSAGE).kept.octets == MESSAGE


def test_received_says_who_how_and_for_whom():
    assert give(MESSAGE).head() == (
        b"Received: from client.example ([192.0.2.1])\r\n"
        b"\tby mx1.example.test with ESMTP id QID\r\n"
        b"\tfor <b@example.test>;\r\n"
        b"\tSun, 17 Mar 2030 17:46:40 -0000\r\n"
    )


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"is_extended": False}, b" with SMTP "),
        ({"tls": TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384")}, b" with ESMTPS "),
        (
            {"tls": TlsFacts("TLSv1.3", "X"), "standing": ClientStanding("a@example.test")},
            b" with ESMTPSA ",
        ),
        ({"utf8": True}, b" with UTF8SMTP "),
        ({"address": "2001:db8::1"}, b"([IPv6:2001:db8::1])"),
    ],
)
def test_received_says_by_what(facts, text):
    assert text in give(MESSAGE, said=transaction(**facts)).head()


def test_several_recipients_do_not_see_each_other():
    both = [parse_mailbox("b@example.test"), parse_mailbox("c@example.test")]
    assert b"for <" not in give(MESSAGE, said=transaction(recipients=both)).head()


@pytest.mark.parametrize(
    ("standing", "is_completed"),
    [
        (ClientStanding(), False),
        (ClientStanding("a@example.test"), True),
        (ClientStanding(destinations=ANYWHERE), True),
    ],
)
def test_a_submission_gets_what_it_lacks(standing, is_completed):
    found = give(MESSAGE, said=transaction(standing=standing))
    kept = found.kept.octets
    assert (b"Message-ID: <QID@mx1.example.test>\r\n" in kept) is is_completed
    assert (b"Date: " in kept) is is_completed
    assert kept.endswith(MESSAGE)
    whole = MESSAGE.replace(b"Subject", b"Date: x\r\nMessage-ID: <1@b>\r\nSubject")
    assert give(whole, said=transaction(standing=standing)).kept.octets == whole


def test_a_circle_ends():
    hops = b"Received: from a by b\r\n"
    give(hops * 3 + MESSAGE)
    with pytest.raises(Refusal) as caught:
        give(hops * 4 + MESSAGE)
    assert caught.value.reply is reply.LOOP


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_a_header_has_an_end(end):
    with pytest.raises(Refusal) as caught:
        give(b"X: " + b"a" * 2100 + end)
    assert caught.value.reply is reply.HEADER_TOO_LARGE


@pytest.mark.parametrize(
    ("failure", "said"), [(StoreFull("x"), reply.NO_SPACE), (StoreFailed("x"), reply.LOCAL_ERROR)]
)
def test_a_disk_that_takes_no_more_is_said(failure, said):
    with pytest.raises(Refusal) as caught:
        arriving(failure=failure).write(MESSAGE)
    assert caught.value.reply is said


@pytest.mark.parametrize(
    ("fields", "authors"),
    [
        (b"From: Alice <a@Example.test>\r\n", ["example.test"]),
        (b"From: a@example.test\r\n", ["example.test"]),
        (b'from:\r\n "<x@y.test>" (<c@d.test>) <a@example.test>\r\n', ["example.test"]),
        (b"From: A <a@a.test>, B <b@b.test>\r\n", ["a.test", "b.test"]),
        (b"From: a@a.test\r\nFrom: b@b.test\r\n", []),
        (b'From: "A (x) <a@a.test>\r\n', ["a.test"]),
        (b"From: A < a@a.test >\r\n", ["a.test"]),
        (b"From: nobody\r\n", []),
        (b"To: a@b.test\r\n", []),
    ],
)
def test_whose_message_it_says_it_is(fields, authors):
    assert give(fields + b"\r\n").authors() == authors


def test_a_quote_without_an_end_is_read_once():
    assert len(_COMMENT.findall('\\"' * 1000)) == 1


def test_our_signature_holds_for_what_is_kept():
    key = keys.make("ed25519")
    found = arriving(transaction(standing=ClientStanding("a@example.test")))
    found.sign_with([Signer("example.test", "s1", key)])
    for place in range(0, len(MESSAGE), 5):
        found.write(MESSAGE[place : place + 5])
    found.finish()
    message = found.head() + found.kept.octets
    header, _, body = message.partition(b"\r\n\r\n")
    fields, _ = split_fields(header + b"\r\n")

    class Zone:
        async def look_up(self, name, rtype, /):
            octets = rdata.from_text(16, f'"{keys.record_of(key)}"', b"\0")
            return Answer(name, rtype, (octets,), name, True, 60)

    verifier = Verifier(fields, NOW)
    verifier.update(body)
    (verdict,) = asyncio.run(verifier.verdicts(Zone()))
    assert verdict.result is Result.PASS, verdict


def test_small_parts_of_a_header_cost_no_more_than_large_ones():
    found = arriving()
    for octet in MESSAGE:
        found.write(bytes([octet]))
    found.finish()
    assert found.kept.octets == MESSAGE
