"""What a line of a client says: verb, paths, parameters.

Source: RFC 5321 §4.1.1 and §4.1.2; RFC 1870 §3 (SIZE); RFC 6152 §2 (BODY); RFC 6531 §3.4
(SMTPUTF8); RFC 4954 §5 (AUTH of MAIL). Wider than the grammar in one place: spaces
between the colon and the path, which old devices send.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.mail import reply
from dnsd.mail.address import AddressError, Mailbox, parse_mailbox
from dnsd.mail.envelope import Body

if TYPE_CHECKING:
    from dnsd.mail.reply import Reply

# Quoted strings may hold an angle bracket; no two ways lead through any text.
_PATH: Final = re.compile(
    r"(?i:(?P<which>FROM|TO)): *<(?P<path>(?:\"(?:[^\"\\]|\\.)*\"|[^\"<>])*)>(?P<rest>(?: .*)?)"
)
# A source route, which tells old mailers which way to take (RFC 5321 appendix C).
_ROUTE: Final = re.compile(r"@[^\",:<> ]+(?:,@[^\",:<> ]+)*:")
_PARAMETER: Final = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^= ]+))?")
_SIZE: Final = re.compile(r"[0-9]{1,20}")
_POSTMASTER: Final = "postmaster"


class SyntaxFault(Exception):  # noqa: N818 - the client's fault, not ours
    """A line that breaks a rule.

    Attributes:
        reply: what the client is told.
    """

    def __init__(self, said: Reply) -> None:
        super().__init__(said.text)
        self.reply = said


class Command(NamedTuple):
    """One line.

    Attributes:
        verb: in upper case, letters only or empty.
        argument: what follows it, without spaces around it.
    """

    verb: str
    argument: str


@dataclass(frozen=True, slots=True)
class MailArguments:
    """What MAIL says.

    Attributes:
        sender: ``None`` for the null reverse-path.
        declared_octets: with SIZE.
        body: with BODY.
        utf8: with SMTPUTF8.
    """

    sender: Mailbox | None
    declared_octets: int | None = None
    body: Body = Body.SEVEN_BIT
    utf8: bool = False


def parse_text(line: bytes) -> str:
    """Read a line as text.

    Args:
        line: with its end.

    Raises:
        SyntaxFault: it does not end with CR LF, or holds what nobody can print.
    """
    try:
        text = line[:-2].decode()
    except UnicodeDecodeError:
        raise SyntaxFault(reply.LINE_MALFORMED) from None
    if not line.endswith(b"\r\n") or not text.isprintable():
        raise SyntaxFault(reply.LINE_MALFORMED)
    return text


def parse_command(text: str) -> Command:
    """Split a line into its verb and what follows."""
    verb, _, argument = text.partition(" ")
    return Command(verb.upper() if verb.isascii() and verb.isalpha() else "", argument.strip(" "))


def parse_mail(argument: str) -> MailArguments:
    """Read what follows MAIL.

    A source route is left out, as RFC 5321 §4.1.1.2 allows.

    Raises:
        SyntaxFault: a rule is broken.
    """
    path, rest = _path(argument, "FROM", reply.BAD_SENDER)
    parameters = _parameters(rest)
    utf8 = "SMTPUTF8" in parameters
    body, octets = Body.SEVEN_BIT, None
    for keyword, value in parameters.items():
        match keyword:
            case "SIZE":
                octets = _size(value)
            case "BODY":
                body = _body(value)
            case "SMTPUTF8":
                _without_value(value)
            case "AUTH" if value:
                pass  # who is told what another server believes need not believe it
            case _:
                raise SyntaxFault(reply.UNKNOWN_PARAMETER)
    sender = None if not path else _mailbox(_unrouted(path), reply.BAD_SENDER, utf8=utf8)
    return MailArguments(sender, octets, body, utf8)


def parse_recipient(argument: str, hostname: str, *, utf8: bool) -> Mailbox:
    """Read what follows RCPT.

    Args:
        argument: behind the verb.
        hostname: whose postmaster the one without a domain is (RFC 5321 §4.5.1).
        utf8: whether MAIL asked for SMTPUTF8.

    Raises:
        SyntaxFault: a rule is broken, or the path has a route in it.
    """
    path, rest = _path(argument, "TO", reply.BAD_RECIPIENT)
    if _parameters(rest):
        raise SyntaxFault(reply.UNKNOWN_PARAMETER)
    if path.lower() == _POSTMASTER:
        return Mailbox(_POSTMASTER, hostname)
    if _unrouted(path) != path:
        raise SyntaxFault(reply.ROUTED_ADDRESS)
    return _mailbox(path, reply.BAD_RECIPIENT, utf8=utf8)


def _path(argument: str, which: str, fault: Reply) -> tuple[str, str]:
    """Split into the path and the parameters behind it."""
    match = _PATH.fullmatch(argument)
    if match is None or match["which"].upper() != which:
        raise SyntaxFault(reply.BAD_ARGUMENT if match else fault)
    return match["path"], match["rest"]


def _unrouted(path: str) -> str:
    match = _ROUTE.match(path)
    return path[match.end() :] if match else path


def _mailbox(text: str, fault: Reply, *, utf8: bool) -> Mailbox:
    try:
        return parse_mailbox(text, utf8=utf8)
    except AddressError:
        if not utf8 and not text.isascii():
            raise SyntaxFault(reply.UTF8_NOT_DECLARED) from None
        raise SyntaxFault(fault) from None


def _parameters(rest: str) -> dict[str, str | None]:
    """Read keywords with their values; ``None`` for those without.

    Raises:
        SyntaxFault: something is no parameter or stands twice.
    """
    found: dict[str, str | None] = {}
    for text in rest.split():
        match = _PARAMETER.fullmatch(text)
        if match is None:
            raise SyntaxFault(reply.BAD_PARAMETER)
        keyword = match[1].upper()
        if keyword in found:
            raise SyntaxFault(reply.BAD_PARAMETER)
        found[keyword] = match[2]
    return found


def _size(value: str | None) -> int:
    if value is None or not _SIZE.fullmatch(value):
        raise SyntaxFault(reply.BAD_PARAMETER)
    return int(value)


def _body(value: str | None) -> Body:
    try:
        return Body((value or "").upper())
    except ValueError:
        raise SyntaxFault(reply.BAD_PARAMETER) from None


def _without_value(value: str | None) -> None:
    if value is not None:
        raise SyntaxFault(reply.BAD_PARAMETER)
