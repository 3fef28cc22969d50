"""What happened in a conversation, for the one who holds its connection.

Those with an answer are questions: nothing more is read until the method of the session
that is named with each was called.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dnsd.mail.address import Mailbox
    from dnsd.mail.reply import Reply
    from dnsd.mail.smtp.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Send:
    """Octets for the client."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class StartTls:
    """Begin TLS; the answer is ``tls_started``."""


@dataclass(frozen=True, slots=True)
class Authenticate:
    """Somebody wants to log in; the answer is ``authenticated``.

    Attributes:
        user: printable text, at most 255 characters.
        password: as it came.
    """

    user: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CheckSender:
    """May this sender's mail come now; the answer is ``sender``.

    Attributes:
        transaction: as it would be.
    """

    transaction: Transaction


@dataclass(frozen=True, slots=True)
class CheckRecipient:
    """May this recipient be added; the answer is ``recipient``.

    Attributes:
        transaction: without it yet.
        mailbox: the recipient.
    """

    transaction: Transaction
    mailbox: Mailbox


@dataclass(frozen=True, slots=True)
class MessageBegins:
    """A message would come; the answer is ``begun``.

    Attributes:
        transaction: complete.
    """

    transaction: Transaction


@dataclass(frozen=True, slots=True)
class MessageOctets:
    """A part of the message: lines end with CR LF, dots are unstuffed, no NUL."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class MessageEnds:
    """The message is whole; the answer is ``ended``.

    Attributes:
        octets: its size.
        is_seven_bit: whether it holds ASCII only, whatever was declared.
    """

    octets: int
    is_seven_bit: bool


@dataclass(frozen=True, slots=True)
class MessageAborted:
    """Forget the message that began: it does not come whole or is refused."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Read no more for now: enough waits here."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Read on."""


@dataclass(frozen=True, slots=True)
class Close:
    """Close once all is sent; what still comes is not read.

    Attributes:
        limit: name of the limit that was hit; empty when the client is done.
    """

    limit: str = ""


@dataclass(frozen=True, slots=True)
class Replied:
    """A command got its reply; for those who count.

    Attributes:
        verb: the command, or ``other``.
        said: the reply.
    """

    verb: str
    said: Reply


Event = (
    Send
    | StartTls
    | Authenticate
    | CheckSender
    | CheckRecipient
    | MessageBegins
    | MessageOctets
    | MessageEnds
    | MessageAborted
    | Pause
    | Resume
    | Close
    | Replied
)
