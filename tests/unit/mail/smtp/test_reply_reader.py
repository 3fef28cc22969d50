"""Replies of servers, whole ones out of any pieces, and nothing else."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.mail.smtp.reply_reader import (
    MAX_LINE_OCTETS,
    MAX_REPLY_LINES,
    MAX_TEXT,
    ReplyError,
    ReplyReader,
)


def replies(octets, cuts=()):
    reader, found = ReplyReader(), []
    edges = [0, *sorted(cut % (len(octets) + 1) for cut in cuts), len(octets)]
    for a, b in itertools.pairwise(edges):
        reader.receive(octets[a:b])
        while reply := reader.next_reply():
            found.append(reply)
    return found


@pytest.mark.parametrize(
    ("octets", "code", "lines", "enhanced"),
    [
        (b"250 OK\r\n", 250, ("OK",), "2.0.0"),
        (b"250 2.1.5 OK\r\n", 250, ("2.1.5 OK",), "2.1.5"),
        (b"550 5.1.1 no\r\n", 550, ("5.1.1 no",), "5.1.1"),
        (b"550 4.1.1 liar\r\n", 550, ("4.1.1 liar",), "5.0.0"),
        (b"451\r\n", 451, ("",), "4.0.0"),
        (b"354 go\n", 354, ("go",), "3.0.0"),
        (b"250-a\r\n250-b\r\n250 c\r\n", 250, ("a", "b", "c"), "2.0.0"),
        (b"250-a\r\n250\r\n", 250, ("a", ""), "2.0.0"),
        ("554 \x1b[31mä\0\r\n".encode(), 554, ("?[31m???",), "5.0.0"),
    ],
)  # fmt: skip
def test_a_reply(octets, code, lines, enhanced):
    (reply,) = replies(octets)
    assert (reply.code, reply.lines) == (code, lines)
    if code != 354:
        assert reply.enhanced == enhanced


@pytest.mark.parametrize(
    "octets",
    [b"\r\n", b"25 OK\r\n", b"2500 OK\r\n", b"650 x\r\n", b"150 x\r\n", b"HTTP/1.1 200\r\n",
     b"250-a\r\n251 b\r\n", b"250-a\r\nb\r\n", b"2\xb25 x\r\n",
     b"x" * MAX_LINE_OCTETS, b"250 " + b"x" * MAX_LINE_OCTETS + b"\r\n",
     b"250-a\r\n" * MAX_REPLY_LINES],
)  # fmt: skip
def test_what_is_no_reply(octets):
    with pytest.raises(ReplyError):
        replies(octets)


def test_text_for_people_is_one_line_of_bounded_length():
    (reply,) = replies(b"550-a\r\n550-\r\n550 b\r\n")
    assert str(reply) == "550 a b"
    (reply,) = replies(b"550-" + b"y" * 600 + b"\r\n550 b\r\n")
    assert len(str(reply)) == MAX_TEXT


@given(
    st.lists(st.sampled_from([b"250-a\r\n", b"250 b\r\n", b"354 \xff\n", b"421\r\n"])),
    st.lists(st.integers(0, 1000)),
)
def test_pieces_do_not_matter(lines, cuts):
    octets = b"".join(lines)
    try:
        whole = replies(octets)
    except ReplyError:
        with pytest.raises(ReplyError):
            replies(octets, cuts)
    else:
        assert replies(octets, cuts) == whole


def test_what_was_forgotten_does_not_come_back():
    reader = ReplyReader()
    reader.receive(b"220 go\r\n250-injected\r\n250 inj")
    assert reader.next_reply().code == 220
    assert reader.forget()
    assert not reader.forget()
    reader.receive(b"250 real\r\n")
    assert reader.next_reply().lines == ("real",)
