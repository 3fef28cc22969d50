import pytest

from dnsd.mail import reply
from dnsd.mail.smtp.events import MessageAborted, MessageEnds, MessageOctets
from dnsd.mail.smtp.options import Limits
from dnsd.mail.smtp.transfer import Transfer


@pytest.fixture
def transfer():
    return Transfer(
        Limits(message_octets=10, rate_octets=5, rate_window_s=2), 100.0, normalizes=False
    )


def test_what_comes_is_handed_on(transfer):
    assert transfer.read(b"a\r\nb") == ([MessageOctets(b"a\r\nb")], b"")
    assert transfer.read(b"\r\n.\r\nQ") == ([MessageOctets(b"\r\n"), MessageEnds(6, True)], b"Q")
    assert transfer.has_ended
    assert transfer.abort() == []


def test_a_fault_is_told_once(transfer):
    assert transfer.read(b"x" * 11) == ([MessageAborted()], b"")
    assert transfer.read(b"\r\n.\r\n") == ([], b"")
    assert (transfer.has_ended, transfer.fault, transfer.closing_limit) == (
        True,
        reply.TOO_LARGE,
        "",
    )


def test_what_has_no_end_closes(transfer):
    transfer.read(b"x" * 11)
    transfer.read(b"x" * 11)
    assert transfer.closing_limit == "message_size"


def test_lone_line_ends_close(transfer):
    transfer.read(b"x\ny")
    assert transfer.closing_limit == "smtp_line_ends"


def test_who_refuses_need_not_be_told(transfer):
    transfer.refuse(reply.NO_SPACE)
    assert transfer.read(b"x\r\n.\r\n") == ([], b"")
    assert transfer.fault is reply.NO_SPACE


def test_enough_must_come_in_each_window(transfer):
    assert transfer.deadline(is_stressed=False) == 102
    transfer.read(b"123456789\r")
    assert not transfer.is_slow(102.0, is_stressed=False)
    assert transfer.deadline(is_stressed=False) == 104
    assert transfer.is_slow(104.0, is_stressed=False)
