import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.mail import reply
from dnsd.mail.smtp.content import Content

PIECES = st.lists(
    st.sampled_from(
        [b"\r\n", b".", b"..", b"a", b"\r", b"\n", b"\r\n.\r\n", b"\x00", b"\xff", b"bc"]
    ),
    max_size=14,
).map(b"".join)


def read(chunks, *, limit=1000, line_limit=100, normalizes=False):
    """What a message is, what stands behind it, and why it is none."""
    content = Content(limit, line_limit, normalizes=normalizes)
    parts, rest = b"", b""
    for chunk in chunks:
        if content.has_ended:
            rest += chunk
        else:
            part, rest = content.feed(chunk)
            assert not (part and content.fault)
            parts += part
    if content.fault is None:
        assert content.octets == len(parts)
        assert content.is_seven_bit == parts.isascii()
    return parts, rest, content.fault, content.has_ended


@pytest.mark.parametrize(
    ("octets", "message", "rest"),
    [
        pytest.param(b".\r\n", b"", b"", id="nothing"),
        pytest.param(b"a\r\n.\r\n", b"a\r\n", b"", id="one line"),
        pytest.param(b"a\r\n.\r\nQUIT\r\n", b"a\r\n", b"QUIT\r\n", id="a command behind"),
        pytest.param(b"..\r\n.\r\n", b".\r\n", b"", id="a dot at the begin"),
        pytest.param(b"a\r\n..\r\n.\r\n", b"a\r\n.\r\n", b"", id="a line of a dot"),
        pytest.param(b"a\r\n...b\r\n.\r\n", b"a\r\n..b\r\n", b"", id="two dots"),
        pytest.param(b".a\r\n.\r\n", b"a\r\n", b"", id="a dot that was not stuffed"),
        pytest.param(b"\r\n.\r\n", b"\r\n", b"", id="an empty line"),
        pytest.param(b"\xc3\xbc\r\n.\r\n", b"\xc3\xbc\r\n", b"", id="eight bits"),
    ],
)  # fmt: skip
def test_where_a_message_ends(octets, message, rest):
    assert read([octets]) == (message, rest, None, True)
    assert read([bytes([octet]) for octet in octets]) == (message, rest, None, True)


@pytest.mark.parametrize(
    ("octets", "fault"),
    [
        pytest.param(b"a\nb\r\n.\r\n", reply.BARE_NEWLINE, id="LF"),
        pytest.param(b"a\rb\r\n.\r\n", reply.BARE_NEWLINE, id="CR"),
        pytest.param(b"\na\r\n.\r\n", reply.BARE_NEWLINE, id="LF first"),
        pytest.param(b"a\r\r\n.\r\n", reply.BARE_NEWLINE, id="CR CR LF"),
        pytest.param(b"a\x00\r\n.\r\n", reply.NUL_OCTET, id="NUL"),
        pytest.param(b"x" * 101 + b"\r\n.\r\n", reply.DATA_LINE_TOO_LONG, id="a long line"),
        pytest.param((b"x" * 98 + b"\r\n") * 10 + b"xy\r\n.\r\n", reply.TOO_LARGE, id="too large"),
    ],
)
def test_what_is_no_message(octets, fault):
    for chunks in ([octets], [bytes([octet]) for octet in octets]):
        _, rest, found, ended = read(chunks)
        assert (rest, found, ended) == (b"", fault, True)


def test_limits_are_the_last_that_is_allowed():
    line = b"x" * 100 + b"\r\n"
    for chunks in ([line + b".\r\n"], [bytes([octet]) for octet in line + b".\r\n"]):
        assert read(chunks, limit=102) == (line, b"", None, True)
        assert read(chunks, limit=101)[2] is reply.TOO_LARGE


def test_long_lines_are_found_in_large_chunks():
    good = (b"x" * 100 + b"\r\n") * 50
    assert read([good + b".\r\n"], limit=10**6)[2] is None
    for place in (0, 102, 2550, 5100 - 102):
        bad = good[:place] + b"y" + good[place:]
        assert read([bad + b".\r\n"], limit=10**6)[2] is reply.DATA_LINE_TOO_LONG


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        pytest.param(b"a\nb\r\n.\r\n", b"a\r\nb\r\n", id="LF"),
        pytest.param(b"a\rb\r\n.\r\n", b"a b\r\n", id="CR"),
        pytest.param(b"a\n..b\r\n.\r\n", b"a\r\n.b\r\n", id="a stuffed dot behind LF"),
        pytest.param(b"a\n.\nb\r\n.\r\n", b"a\r\n\r\nb\r\n", id="LF . LF ends nothing"),
        pytest.param(b"a\n.\r\nb\r\n.\r\n", b"a\r\n\r\nb\r\n", id="LF . CR LF ends nothing"),
        pytest.param(b"a\r\n.\nb\r\n.\r\n", b"a\r\n\r\nb\r\n", id="CR LF . LF ends nothing"),
        pytest.param(b"a\n\r\n.\r\n", b"a\r\n\r\n", id="LF before the end"),
        pytest.param(b"\n.\r\n\r\n.\r\n", b"\r\n\r\n\r\n", id="LF at the begin"),
    ],
)
def test_what_a_listed_client_may_send(octets, message):
    assert read([octets], normalizes=True) == (message, b"", None, True)
    assert read([bytes([octet]) for octet in octets], normalizes=True) == (message, b"", None, True)


def test_a_refusal_of_our_own_drops_what_comes():
    content = Content(1000, 100)
    content.feed(b"a\r\nb")
    content.refuse(reply.NO_SPACE)
    assert content.feed(b"\nc\r\n.\r\nQUIT\r\n") == (b"", b"QUIT\r\n")
    assert content.fault is reply.NO_SPACE
    assert content.dropped_octets == 13


def by_the_rules(octets):
    """The same, line by line (RFC 5321 §4.5.2); None if the octets are no message."""
    found = re.match(rb"((?:(?!\.\r\n)[^\r\n\x00]*\r\n)*)\.\r\n", octets)
    if found is None:
        return None
    lines = found[1].split(b"\r\n")
    return b"\r\n".join(line.removeprefix(b".") for line in lines), octets[found.end() :]


@given(PIECES)
def test_a_message_is_what_the_rules_make_of_it(octets):
    message, rest, fault, ended = read([octets])
    right = by_the_rules(octets)
    if right is None:
        assert fault or not ended
    else:
        assert (message, rest, fault) == (*right, None)


@given(PIECES, st.lists(st.integers(0, 60), max_size=6), st.booleans(), st.integers(1, 30))
def test_any_cut_gives_the_same(octets, places, normalizes, line_limit):
    places = sorted({place for place in places if place < len(octets)})
    chunks = [octets[a:b] for a, b in zip([0, *places], [*places, len(octets)], strict=True)]
    bounds = {"normalizes": normalizes, "line_limit": line_limit, "limit": 40}
    whole, cut = read([octets], **bounds), read(chunks, **bounds)
    assert (whole[2] is None) == (cut[2] is None) or not whole[3]
    if whole[3] and whole[2] is None:
        assert whole == cut


@given(PIECES)
def test_nothing_that_comes_out_has_a_lone_line_end(octets):
    for normalizes in (False, True):
        message, _, _, _ = read([octets], normalizes=normalizes)
        bare = message.replace(b"\r\n", b"")
        assert b"\r" not in bare
        assert b"\n" not in bare
        assert b"\x00" not in bare
