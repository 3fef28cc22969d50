"""Master files (RFC 1035 §5.1) split into entries of tokens with their places."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dnsd.source.problems import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    # Takes what is wrong at a token: id, then message.
    Report = Callable[["Token", str, str], None]

# The alternatives begin with different characters, so matching is linear.
_TOKEN = re.compile(
    r"""
    (?P<space> [ \t\r\f]+ )
    | (?P<comment> ;[^\n]* )
    | (?P<newline> \n )
    | (?P<paren> [()] )
    | (?P<text> "(?:[^"\\\n]|\\[^\n])*" | (?:[^\s"\\();]|\\[^\n])+ )
    """,
    re.VERBOSE,
)


class Token(NamedTuple):
    """A word of a master file as written, quotes and escapes included."""

    text: str
    line: int
    column: int


class Entry(NamedTuple):
    """The tokens up to a line end outside parentheses; at least one.

    An indented entry has no owner of its own.
    """

    tokens: list[Token]
    is_indented: bool


def entries(text: str, report: Report) -> Iterator[Entry]:
    """Split a file; what cannot be a token is reported and left out."""
    tokens: list[Token] = []
    opened: list[Token] = []
    is_indented = False
    for kind, token in _tokens(text, report):
        if kind == "text":
            _append(tokens, token)
        elif kind == "space":
            # White space at the very beginning of an entry, RFC 1035 §5.1.
            is_indented = is_indented or (token.column == 1 and not tokens and not opened)
        elif kind == "paren":
            _parenthesis(token, opened, report)
        elif not opened:
            if tokens:
                yield Entry(tokens, is_indented)
            tokens, is_indented = [], False
    if opened:
        report(opened[-1], "master-parenthesis", "'(' is never closed")
    if tokens:
        yield Entry(tokens, is_indented)


def _append(tokens: list[Token], token: Token) -> None:
    """Add a token, or glue it to the one it touches, as in ``alpn="h2"``."""
    last = tokens[-1] if tokens else None
    if last and last.line == token.line and last.column + len(last.text) == token.column:
        tokens[-1] = last._replace(text=last.text + token.text)
    else:
        tokens.append(token)


def _parenthesis(token: Token, opened: list[Token], report: Report) -> None:
    if token.text == "(":
        opened.append(token)
    elif opened:
        opened.pop()
    else:
        report(token, "master-parenthesis", "')' without '('")


def _tokens(text: str, report: Report) -> Iterator[tuple[str, Token]]:
    """Yield each token but comments, with its kind."""
    line, line_start, offset = 1, 0, 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            _report_odd(Token(text[offset], line, offset - line_start + 1), report)
            end = text.find("\n", offset)
            offset = len(text) if end < 0 else end
            continue
        kind = match.lastgroup
        assert kind is not None  # every alternative is a group
        if kind != "comment":
            yield kind, Token(match[0], line, offset - line_start + 1)
        offset = match.end()
        if kind == "newline":
            line, line_start = line + 1, offset


def _report_odd(token: Token, report: Report) -> None:
    if token.text == '"':
        report(token, "master-quote", "the double quote is not closed on its line")
    else:
        report(token, "master-character", f"{quoted(token.text)} cannot stand here")
