"""What leaves behind DATA has one end, and comes out at the other side as it was."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.mail.smtp.stuffing import MAX_LINE_OCTETS, BareLineEnd, Stuffing

# Mostly what hurts: dots, line ends and their halves.
LINES = st.lists(st.text("..a\x80", max_size=6).map(lambda line: line.encode("latin-1")))
MESSAGES = LINES.map(b"\r\n".join)
HOSTILE = st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"x", b"\0"])).map(b"".join)


def sent(message, cuts=()):
    stuffing = Stuffing()
    edges = [0, *sorted(cut % (len(message) + 1) for cut in cuts), len(message)]
    pieces = [message[a:b] for a, b in itertools.pairwise(edges)]
    return b"".join(stuffing.piece(piece) for piece in pieces if piece) + stuffing.end()


def received(octets):
    """What a server makes of it: the messages that it sees, by RFC 5321 §4.5.2."""
    assert octets.endswith(b"\r\n.\r\n") or octets == b".\r\n"
    lines = octets.split(b"\r\n")
    end = lines.index(b".")
    assert lines[end + 1 :] == [b""], "octets behind the end"
    return b"".join(line.removeprefix(b".") + b"\r\n" for line in lines[:end])


@given(MESSAGES, st.lists(st.integers(0, 10_000), max_size=6))
def test_a_message_arrives_as_it_was_whatever_its_pieces(message, cuts):
    whole = message if message.endswith(b"\r\n") or not message else message + b"\r\n"
    assert sent(message, cuts) == sent(message)
    assert received(sent(message, cuts)) == whole


@given(MESSAGES)
def test_every_single_edge_is_right(message):
    for cut in range(len(message)):
        assert sent(message, [cut]) == sent(message)
    assert sent(message, range(len(message))) == sent(message)


@given(HOSTILE, st.lists(st.integers(0, 10_000), max_size=4))
def test_no_message_has_a_second_end_or_a_line_end_of_its_own_making(message, cuts):
    without_pairs = message.replace(b"\r\n", b"")
    try:
        octets = sent(message, cuts)
    except BareLineEnd:
        assert b"\r" in without_pairs or b"\n" in without_pairs
        return
    assert b"\r" not in without_pairs
    assert b"\n" not in without_pairs
    received(octets)


@pytest.mark.parametrize(
    "end",
    [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\r.\n", b"\n.\r",
     b"\r\r\n.\r\n", b"\r\n.\r\r\n", b"\n\r\n.\r\n\r"],
)  # fmt: skip
def test_ends_that_other_servers_take_never_leave(end):
    message = b"Subject: a\r\n\r\nb" + end + b"MAIL FROM:<x@y.test>\r\n"
    for cut in range(len(message)):
        with pytest.raises(BareLineEnd):
            sent(message, [cut])


@pytest.mark.parametrize("size", [997, 998, 999, 1996, 1997, 5000, 200_000])
@pytest.mark.parametrize("cut", [1, 990, 998, 999, 1000, 65536])
def test_lines_are_broken_at_the_limit_and_no_octet_is_lost(size, cut):
    message = b"Subject: a\r\n\r\n" + b"y" * size + b"\r\nend\r\n"
    octets = sent(message, range(cut, len(message), max(cut, 700)))
    lines = octets.split(b"\r\n")
    assert max(len(line) for line in lines) <= MAX_LINE_OCTETS
    assert octets.replace(b"\r\n ", b"")[:-3] == message
    assert (b"\r\n " in octets) == (size > MAX_LINE_OCTETS)


@given(st.lists(st.integers(0, 1100), max_size=8), st.lists(st.integers(0, 9000), max_size=8))
def test_no_line_of_any_pieces_is_too_long(lengths, cuts):
    message = b"".join(b"." * length + b"\r\n" for length in lengths)
    octets = sent(message, cuts)
    # The doubled dot is not of the line (RFC 5321 §4.5.3.1.6).
    lines = [line.removeprefix(b".") for line in octets.split(b"\r\n")]
    assert max(len(line) for line in lines) <= MAX_LINE_OCTETS


def test_a_character_of_utf8_is_not_broken():
    message = ("ä" * 2000 + "\r\n").encode()
    for line in sent(b"x" + message).split(b"\r\n"):
        line.decode()
