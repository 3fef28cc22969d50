"""What the sending end of SMTP is given, and what it tells."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.mail.address import Mailbox
    from dnsd.mail.envelope import Body
    from dnsd.mail.reasons import ReasonClass, Result


class Content(Protocol):
    """The octets of a message, which may be read more than once."""

    def chunks(self) -> Iterator[bytes]:
        """Return the octets in pieces of 64 KiB at most, from the beginning.

        Raises:
            StoreFailed: they cannot be read, or are not those that were accepted.
        """


class Mail(NamedTuple):
    """One message for one host.

    Attributes:
        sender: reverse-path, None for the null one.
        recipients: at least one.
        body: as it was declared to us.
        utf8: SMTPUTF8 was declared to us.
        size: octets of the message.
        content: of these octets.
    """

    sender: Mailbox | None
    recipients: tuple[Mailbox, ...]
    body: Body
    utf8: bool
    size: int
    content: Content


class TlsUse(enum.Enum):
    """Whether a conversation is encrypted."""

    NEVER = "never"
    WHEN_OFFERED = "when offered"
    ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """How long a server may take, seconds.

    Attributes:
        greeting_s: until its greeting.
        helo_s: for EHLO, STARTTLS and the handshake.
        command_s: for each reply to MAIL, RCPT and RSET.
        envelope_s: for all of these of one message together.
        data_init_s: for the reply to DATA.
        data_s: for taking each piece of the message.
        done_s: for the reply to the end of the message.
        quit_s: for the reply to QUIT.
    """

    greeting_s: float = 300.0
    helo_s: float = 60.0
    command_s: float = 300.0
    envelope_s: float = 600.0
    data_init_s: float = 120.0
    data_s: float = 180.0
    done_s: float = 600.0
    quit_s: float = 5.0


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """What one conversation goes by.

    Attributes:
        hostname: our own, for EHLO.
        host: the server's name in texts.
        tls: whether it must be encrypted.
        timeouts: how long the server may take.
    """

    hostname: str
    host: str
    tls: TlsUse = TlsUse.WHEN_OFFERED
    timeouts: Timeouts = Timeouts()


class Send(NamedTuple):
    """Write octets."""

    octets: bytes


class StartTls(NamedTuple):
    """Begin the handshake, then call ``tls_started`` or ``tls_failed``."""


class Ready(NamedTuple):
    """A message may be sent."""


class SendContent(NamedTuple):
    """Write what ``content_octets`` returns, piece by piece, until it returns nothing."""


class Finished(NamedTuple):
    """What became of the message, recipient by recipient.

    Attributes:
        results: in the order of the recipients.
        elsewhere: of whom another host of the same domain may be asked at once.
    """

    results: tuple[Result, ...]
    elsewhere: frozenset[int]


class Closed(NamedTuple):
    """The conversation is over; drop the connection.

    Attributes:
        reason: class; None when it ended as it should.
        text: for people.
        permanent: no later attempt at this host goes better.
    """

    reason: ReasonClass | None
    text: str = ""
    permanent: bool = False


Event = Send | StartTls | Ready | SendContent | Finished | Closed
