"""Notifications: read back by a parser of others, and never longer than header and 8 KiB."""

import email
import email.policy

import pytest
from fakes.mail import NOW
from hypothesis import given
from hypothesis import strategies as st

from dnsd.mail.address import Mailbox, parse_mailbox
from dnsd.mail.dsn import (
    MAX_HEAD_OCTETS,
    MAX_OWN_OCTETS,
    Notice,
    Notices,
    Notified,
    Original,
    head_of,
)

HEAD = b"From: Alice <alice@example.test>\r\nSubject: hello\r\n"
ALICE = parse_mailbox("alice@example.test")


def _original(head=HEAD, sender=ALICE, utf8=False):
    return Original("ORIGINALID", sender, NOW - 60, head, utf8)


def _notified(to="bob@example.org", status="5.1.1", text="550 no such user", is_reply=True):
    mailbox = to if isinstance(to, Mailbox) else parse_mailbox(to, utf8=True)
    return Notified(mailbox, status, text, is_reply, NOW - 1, NOW + 432_000)


def _render(*recipients, notice=Notice.FAILED, **given):
    return Notices("mx1.example.test").render(
        notice, _original(**given), recipients or [_notified()], queue_id="NOTICEID", now=NOW
    )


def _parsed(octets):
    found = email.message_from_bytes(octets, policy=email.policy.SMTP)
    for part in found.walk():
        assert not part.defects
    return found


def test_three_parts_and_who_it_is_from():
    octets = _render()
    found = _parsed(octets)
    assert found.get_content_type() == "multipart/report"
    assert found.get_param("report-type") == "delivery-status"
    assert [part.get_content_type() for part in found.iter_parts()] == [
        "text/plain",
        "message/delivery-status",
        "text/rfc822-headers",
    ]
    assert found["To"] == "alice@example.test"
    assert found["From"].addresses[0].addr_spec == "MAILER-DAEMON@mx1.example.test"
    assert found["Auto-Submitted"] == "auto-replied"
    assert found["Message-ID"] == "<NOTICEID@mx1.example.test>"
    assert found["Date"].datetime.timestamp() == NOW
    assert octets.count(b"\n") == octets.count(b"\r\n")
    assert octets.isascii()


def test_the_fields_for_programs():
    status = list(
        _parsed(_render(_notified(), _notified("carol@example.net", "4.4.7", "x", False))).walk()
    )[2]
    message, bob, carol = status.get_payload()
    assert message["Reporting-MTA"] == "dns; mx1.example.test"
    assert message["Arrival-Date"].endswith(" +0000")
    assert bob["Final-Recipient"] == "rfc822; bob@example.org"
    assert bob["Action"] == "failed"
    assert bob["Status"] == "5.1.1"
    assert bob["Diagnostic-Code"] == "smtp; 550 no such user"
    assert bob["Will-Retry-Until"] is None
    assert carol["Status"] == "4.4.7"
    assert carol["Diagnostic-Code"] == "x-dnsd; x"


def test_a_delay_says_until_when():
    octets = _render(notice=Notice.DELAYED)
    [_, recipient] = list(_parsed(octets).walk())[2].get_payload()
    assert recipient["Action"] == "delayed"
    assert recipient["Will-Retry-Until"]
    assert b"need not send it again" in octets


def test_the_original_header_stands_in_it():
    [*_, last] = _parsed(_render()).iter_parts()
    assert (
        last.get_payload() == HEAD.decode().replace("\r\n", "\n")
        or last.get_payload() == HEAD.decode()
    )


def test_addresses_beyond_ascii():
    octets = _render(_notified("böb@example.org"), head="Subject: grüß\r\n".encode(), utf8=True)
    found = _parsed(octets)
    assert [part.get_content_type() for part in found.iter_parts()] == [
        "text/plain",
        "message/global-delivery-status",
        "message/global-headers",
    ]
    assert "Final-Recipient: utf-8; böb@example.org\r\n" in octets.decode()


def test_without_smtputf8_all_is_ascii():
    octets = _render(_notified(text="550 grüß"), head=b"Subject: \xff\xc3\xbc\r\n")
    assert octets.isascii()
    assert b"Subject: ???" in octets


@pytest.mark.parametrize("status", ["", "5.1", "9.1.1", "5.1.1\r\nBcc: x@example.org", "5.1.1234"])
def test_a_status_that_is_none_is_said_as_unknown(status):
    assert b"\r\nStatus: 5.0.0\r\n" in _render(_notified(status=status))


HOSTILE = st.text(max_size=1_000) | st.sampled_from([
    "550 x\r\n\r\n--=_NOTICEID\r\nContent-Type: text/html",
    "a\r\nFinal-Recipient: rfc822; x@example.org",
    "\u2028\x85\x0b\x0c\x1c lines of others",
    "x" * 1_000,
])  # fmt: skip


@given(st.lists(HOSTILE, min_size=1, max_size=100), st.booleans(), st.sampled_from(Notice))
def test_texts_of_others_add_no_line_and_no_length(texts, utf8, notice):
    recipients = [
        _notified(Mailbox(f"user{i}" + "y" * (i * 3), "example.org"), text=text)
        for i, text in enumerate(texts)
    ]
    octets = _render(*recipients, notice=notice, utf8=utf8)
    assert len(octets) <= len(HEAD) + MAX_OWN_OCTETS
    assert octets.count(b"\n") == octets.count(b"\r\n") == octets.count(b"\r")
    assert max(map(len, octets.split(b"\r\n"))) <= 998
    found = email.message_from_bytes(octets, policy=email.policy.SMTP)
    assert len(list(found.iter_parts())) == 3
    listed = octets.count(b"\r\nFinal-Recipient: ")
    assert 1 <= listed <= len(texts)
    assert (f"and {len(texts) - listed} more".encode() in octets) == (listed < len(texts))


def test_no_more_than_so_many_an_hour():
    notices = Notices("mx1.example.test", per_hour=2)
    for at in (0, 10):
        assert notices.may_make(NOW + at)
        notices.render(Notice.FAILED, _original(), [_notified()], queue_id="X", now=NOW + at)
    assert not notices.may_make(NOW + 3_599)
    assert notices.may_make(NOW + 3_600)
    assert notices.may_make(NOW - 5)  # the clock was set back
    assert not Notices("mx1.example.test", per_hour=0).may_make(NOW)


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_a_header_is_cut_off_wherever_the_chunks_end(size):
    octets = HEAD + b"\r\nbody\r\n\r\nmore\r\n" * 10
    chunks = [octets[i : i + size] for i in range(0, len(octets), size)]
    assert head_of(chunks) == HEAD


def test_no_more_of_a_message_is_read_than_its_header():
    def chunks():
        yield HEAD + b"\r\nbody"
        raise AssertionError("read on")

    assert head_of(chunks()) == HEAD


def test_a_long_header_is_cut_at_a_line():
    found = head_of([b"X-Field: y\r\n" * 20_000])
    assert MAX_HEAD_OCTETS - 12 < len(found) <= MAX_HEAD_OCTETS
    assert found.endswith(b"y\r\n")


def test_what_is_no_line_is_no_header():
    assert head_of([b"x" * 200_000]) == b""
    assert head_of([b"x"]) == b""
    assert head_of([]) == b""
