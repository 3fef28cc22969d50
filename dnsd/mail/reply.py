"""Every reply that we can send over SMTP: code, enhanced code and text as one value.

What differs from case to case is an argument of a function here, and has been read by
its grammar before; nothing that a client wrote is repeated as it came.

Source: RFC 5321 §4.2, RFC 3463, RFC 2034 §4, RFC 4954 §6, RFC 6531 §3.5 and §3.6.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ENHANCED: Final = re.compile(r"([245])\.\d{1,3}\.\d{1,3}")
# RFC 5321 §4.5.3.1.5: a line of a reply is at most 512 octets with its code and end.
_TEXT: Final = re.compile(r"[\t -~]{0,490}")


@dataclass(frozen=True, slots=True)
class Reply:
    r"""One reply.

    Attributes:
        code: 200..599.
        enhanced: e.g. ``5.7.1``; empty where the protocol has none (greeting, EHLO, 334,
            354).
        text: printable ASCII; line ends (``\n``) make it a reply of several lines.

    Raises:
        ValueError: codes that do not agree, or text that no reply may have.
    """

    code: int
    enhanced: str
    text: str

    def __post_init__(self) -> None:
        if not 200 <= self.code <= 599:
            raise ValueError(f"no code of a reply: {self.code}")
        if self.enhanced:
            match = _ENHANCED.fullmatch(self.enhanced)
            if match is None or match[1] != str(self.code)[0]:
                raise ValueError(f"{self.enhanced!r} does not go with {self.code}")
        if not all(_TEXT.fullmatch(line) for line in self.text.split("\n")):
            raise ValueError("text that no reply may have")

    def octets(self) -> bytes:
        """Return the reply as it is sent, line ends included."""
        *first, last = self.text.split("\n")
        enhanced = f"{self.enhanced} " if self.enhanced else ""
        lines = [f"{self.code}-{enhanced}{line}\r\n" for line in first]
        lines.append(f"{self.code} {enhanced}{last}\r\n")
        return "".join(lines).encode("ascii")

    @property
    def temporary(self) -> bool:
        """Whether the same may go well later."""
        return 400 <= self.code < 500

    @property
    def permanent(self) -> bool:
        """Whether the same will not go well."""
        return self.code >= 500


# --- it goes on -----------------------------------------------------------------------

OK: Final = Reply(250, "2.0.0", "OK")
SENDER_OK: Final = Reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK: Final = Reply(250, "2.1.5", "Recipient OK")
GO_AHEAD: Final = Reply(354, "", "End data with <CR><LF>.<CR><LF>")
READY_FOR_TLS: Final = Reply(220, "2.0.0", "Ready to start TLS")
AUTHENTICATED: Final = Reply(235, "2.7.0", "Authentication successful")
GOODBYE: Final = Reply(221, "2.0.0", "Bye")
# RFC 5321 §3.5.3: neither yes nor no, so that nobody learns which users there are.
CANNOT_VERIFY: Final = Reply(252, "2.5.0", "Will not verify; send mail and see")
HELP: Final = Reply(
    214, "2.0.0", "EHLO HELO MAIL RCPT DATA RSET NOOP VRFY STARTTLS AUTH QUIT\nSee RFC 5321"
)

# --- for now not ----------------------------------------------------------------------

SHUTTING_DOWN: Final = Reply(421, "4.3.2", "Going down, try again soon")
TOO_SLOW: Final = Reply(421, "4.4.2", "Time is up, closing")
TOO_MANY_ERRORS: Final = Reply(421, "4.7.0", "Too many errors, closing")
TOO_MANY_CONNECTIONS: Final = Reply(421, "4.7.0", "Too many connections, try again later")
TOO_MANY_UNKNOWN: Final = Reply(421, "4.7.0", "Too many unknown recipients, closing")
TOO_MANY_TRIES: Final = Reply(421, "4.7.0", "Too many failed authentications, closing")
LOCAL_ERROR: Final = Reply(451, "4.3.0", "Error on our side, try again later")
TOO_MANY_MESSAGES: Final = Reply(450, "4.7.1", "Too many messages, try again later")
NO_SPACE: Final = Reply(452, "4.3.1", "No space at the moment, try again later")
TOO_MANY_RECIPIENTS: Final = Reply(452, "4.5.3", "Too many recipients, send the rest later")
TLS_UNAVAILABLE: Final = Reply(454, "4.7.0", "TLS is not available at the moment")
CANNOT_AUTHENTICATE_NOW: Final = Reply(454, "4.7.0", "Cannot authenticate now, try again later")

# --- what was said is none, or not now -------------------------------------------------

UNKNOWN_COMMAND: Final = Reply(500, "5.5.1", "No command of ours")
LINE_TOO_LONG: Final = Reply(500, "5.5.2", "Line too long")
LINE_MALFORMED: Final = Reply(500, "5.5.2", "Lines end with CR LF and hold printable text")
BAD_ARGUMENT: Final = Reply(501, "5.5.4", "Argument missing, wrong or too many")
BAD_HELO: Final = Reply(501, "5.5.4", "Neither a domain nor an address literal")
BAD_SENDER: Final = Reply(501, "5.1.7", "The reverse-path is none")
BAD_RECIPIENT: Final = Reply(501, "5.1.3", "The forward-path is none")
BAD_PARAMETER: Final = Reply(501, "5.5.4", "A parameter has a wrong value or stands twice")
BAD_BASE64: Final = Reply(501, "5.5.2", "Not base64")
AUTHENTICATION_CANCELLED: Final = Reply(501, "5.7.0", "Authentication cancelled")
NOT_IMPLEMENTED: Final = Reply(502, "5.5.1", "Not implemented")
HELO_FIRST: Final = Reply(503, "5.5.1", "Say EHLO first")
MAIL_FIRST: Final = Reply(503, "5.5.1", "Say MAIL first")
RECIPIENT_FIRST: Final = Reply(503, "5.5.1", "Say RCPT first")
ALREADY_MAIL: Final = Reply(503, "5.5.1", "A mail was begun, say RSET first")
ALREADY_TLS: Final = Reply(503, "5.5.1", "TLS is on")
ALREADY_AUTHENTICATED: Final = Reply(503, "5.5.1", "You are authenticated")
NOT_DURING_MAIL: Final = Reply(503, "5.5.1", "Not during a mail")
UNKNOWN_MECHANISM: Final = Reply(504, "5.5.4", "No such mechanism")
UNKNOWN_PARAMETER: Final = Reply(555, "5.5.4", "No such parameter")

# --- we will not ------------------------------------------------------------------------

TLS_REQUIRED: Final = Reply(530, "5.7.0", "Say STARTTLS first")
AUTHENTICATION_REQUIRED: Final = Reply(530, "5.7.0", "Authentication required")
CREDENTIALS_INVALID: Final = Reply(535, "5.7.8", "Credentials invalid")
ENCRYPTION_REQUIRED: Final = Reply(538, "5.7.11", "Authentication needs TLS")
UNKNOWN_RECIPIENT: Final = Reply(550, "5.1.1", "No such mailbox")
RELAY_DENIED: Final = Reply(550, "5.7.1", "We do not relay this for you")
ROUTED_ADDRESS: Final = Reply(550, "5.7.1", "Addresses with a route in them are refused")
BARE_NEWLINE: Final = Reply(550, "5.5.2", "CR or LF on its own; lines end with CR LF only")
NUL_OCTET: Final = Reply(550, "5.5.2", "A NUL octet in the message")
DATA_LINE_TOO_LONG: Final = Reply(550, "5.5.2", "A line of the message is too long")
TOO_LARGE: Final = Reply(552, "5.3.4", "The message is too large")
HEADER_TOO_LARGE: Final = Reply(552, "5.3.4", "The header of the message is too large")
UTF8_NOT_DECLARED: Final = Reply(553, "5.6.7", "Say SMTPUTF8 with MAIL")
SENDER_NOT_YOURS: Final = Reply(553, "5.7.1", "This sender address is not yours")
NO_AUTHOR: Final = Reply(550, "5.6.0", "One From field with authors that can be read is needed")
LOOP: Final = Reply(554, "5.4.6", "The message goes in a circle")
EARLY_TALKER: Final = Reply(554, "5.5.0", "You spoke before it was your turn, closing")
INJECTION: Final = Reply(554, "5.5.0", "Commands behind STARTTLS, closing")
NO_SMTP: Final = Reply(554, "5.5.1", "This is SMTP without BDAT, closing")
NO_RECIPIENTS: Final = Reply(554, "5.5.1", "No valid recipients")


def greeting(hostname: str) -> Reply:
    """Greet.

    Args:
        hostname: our own.
    """
    return Reply(220, "", f"{hostname} ESMTP")


def helo(hostname: str) -> Reply:
    """Answer HELO.

    Args:
        hostname: our own.
    """
    return Reply(250, "", hostname)


def ehlo(hostname: str, extensions: tuple[str, ...]) -> Reply:
    """Answer EHLO.

    Args:
        hostname: our own.
        extensions: a line each, e.g. ``SIZE 26214400``.
    """
    return Reply(250, "", "\n".join((hostname, *extensions)))


def challenge(prompt: str) -> Reply:
    """Ask for the next step of an authentication.

    Args:
        prompt: base64, may be empty.
    """
    return Reply(334, "", prompt)


def queued(queue_id: str) -> Reply:
    """Say that a message is safe with us.

    Args:
        queue_id: by which it is found later.
    """
    return Reply(250, "2.0.0", f"Queued as {queue_id}")
