"""Canonical forms: the examples of the standard, any cut, and dkimpy's opinion."""

import hashlib

import pytest
from dkim.canonicalization import Relaxed, Simple
from hypothesis import given
from hypothesis import strategies as st

from dnsd.mail.dkim.canonical import BodyHash, Form, header_field

THEIRS = {Form.SIMPLE: Simple, Form.RELAXED: Relaxed}
LINES = st.lists(st.text("ab \t", max_size=6).map(str.encode), max_size=8)


class Kept:
    def __init__(self):
        self.octets = b""

    def update(self, octets):
        self.octets += octets

    def digest(self):
        return self.octets


def canonical(form, *pieces, length=None):
    body = BodyHash(form, Kept, length)
    for piece in pieces:
        body.update(piece)
    return body.digest()


# RFC 6376 §3.4.5
def test_the_example_of_the_standard():
    assert header_field(Form.RELAXED, b"A: X\r\n") == b"a:X\r\n"
    assert header_field(Form.RELAXED, b"B : Y\t\r\n\tZ  \r\n") == b"b:Y Z\r\n"
    assert header_field(Form.SIMPLE, b"B : Y\t\r\n\tZ  \r\n") == b"B : Y\t\r\n\tZ  \r\n"
    body = b" C \r\nD \t E\r\n\r\n\r\n"
    assert canonical(Form.RELAXED, body) == b" C\r\nD E\r\n"
    assert canonical(Form.SIMPLE, body) == b" C \r\nD \t E\r\n"


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\n\r\n"])
def test_an_empty_body_is_a_line_end_or_nothing(body):
    assert canonical(Form.SIMPLE, body) == b"\r\n"
    assert canonical(Form.RELAXED, body) == b""


@given(LINES, st.sampled_from(Form), st.data())
def test_any_cut_gives_what_dkimpy_gives_for_the_whole(lines, form, data):
    whole = b"".join(line + b"\r\n" for line in lines)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert canonical(form, *pieces) == THEIRS[form].canonicalize_body(whole)


@given(
    st.text("aB-", min_size=1, max_size=5),
    st.lists(st.text("xY \t", max_size=6), min_size=1, max_size=4),
)
def test_header_fields_are_as_dkimpy_has_them(name, lines):
    value = "\r\n ".join(lines) + "\r\n"
    ((theirs_name, theirs_value),) = Relaxed.canonicalize_headers([(name.encode(), value.encode())])
    assert (
        header_field(Form.RELAXED, f"{name}:{value}".encode()) == theirs_name + b":" + theirs_value
    )


def test_empty_lines_are_counted_and_not_kept():
    body = BodyHash(Form.RELAXED, hashlib.sha256)
    for _ in range(1000):
        body.update(b" \r\n" * 10000)
    assert body.octets == 0
    body.update(b"x")
    assert body.octets == 2 * 10_000_000 + 1


def test_a_length_cuts_the_canonical_form():
    assert canonical(Form.RELAXED, b"a  b\r\nc\r\n", length=4) == b"a b\r"
    assert canonical(Form.RELAXED, b"a\r\n", length=99) == b"a\r\n"
