"""One mail on its way in: who sends it, and what was said before the message itself.

All text in it has been read by its grammar: it may stand in a header or in a log.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from dnsd.mail.envelope import Body

if TYPE_CHECKING:
    from dnsd.mail.address import Mailbox
    from dnsd.mail.route import ClientStanding


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """How a connection is encrypted.

    Attributes:
        version: e.g. ``TLSv1.3``.
        cipher: e.g. ``TLS_AES_256_GCM_SHA384``.
    """

    version: str
    cipher: str


class Client(NamedTuple):
    """Who is connected.

    Attributes:
        address: as text.
        standing: what its network may ask.
        tls: what encrypts the connection from its first octet; ``None`` for nothing.
        may_send_lone_line_ends: its messages are made good instead of refused.
    """

    address: str
    standing: ClientStanding
    tls: TlsFacts | None = None
    may_send_lone_line_ends: bool = False


@dataclass(slots=True)
class Transaction:
    """From MAIL to the end of the message.

    Attributes:
        address: of the client, as text.
        standing: what the client may ask of us; also who it proved to be.
        helo: what it calls itself, a domain or an address literal in lower case.
        is_extended: whether it said EHLO.
        tls: ``None`` without.
        sender: the reverse-path; ``None`` for the null one.
        body: as declared with BODY.
        utf8: whether SMTPUTF8 was asked for.
        declared_octets: with SIZE; ``None`` without.
        recipients: those that were taken, as the client wrote them.
    """

    address: str
    standing: ClientStanding
    helo: str
    is_extended: bool
    tls: TlsFacts | None
    sender: Mailbox | None
    body: Body = Body.SEVEN_BIT
    utf8: bool = False
    declared_octets: int | None = None
    recipients: list[Mailbox] = field(default_factory=list)

    @property
    def account(self) -> str | None:
        """Who the client proved to be."""
        return self.standing.account
