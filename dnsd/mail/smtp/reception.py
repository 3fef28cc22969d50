"""What sessions ask of whoever takes mail in.

Each may take its time, and each may raise :class:`Refusal` in place of its answer. What
else they raise is a fault of ours: the client is told to try again later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dnsd.mail.address import Mailbox
    from dnsd.mail.reply import Reply
    from dnsd.mail.smtp.transaction import Transaction


class Refusal(Exception):  # noqa: N818 - an answer, not an error
    """Something is refused.

    Attributes:
        reply: what the client is told.
    """

    def __init__(self, said: Reply) -> None:
        super().__init__(said.text)
        self.reply = said


class Incoming(Protocol):
    """One message on its way in."""

    def write(self, octets: bytes) -> None:
        """Keep a part of it.

        Raises:
            Refusal: it cannot be kept; ``abort`` is called then too.
        """

    def abort(self) -> None:
        """Forget it."""


class Reception(Protocol):
    """Takes mail in."""

    async def check_sender(self, transaction: Transaction) -> Reply | None:
        """Tell why a mail may not begin; ``None`` if it may."""

    async def check_recipient(self, transaction: Transaction, mailbox: Mailbox) -> Reply | None:
        """Tell why a recipient may not be added; ``None`` if it may."""

    async def authenticate(self, user: str, password: str, address: str) -> str | None:
        """Return the account of a name and its password; ``None`` if they are wrong.

        Args:
            user: as the client wrote it.
            password: likewise.
            address: of the client.
        """

    async def begin(self, transaction: Transaction) -> Incoming:
        """Make a place for a message."""

    async def commit(self, transaction: Transaction, incoming: Incoming) -> Reply:
        """Keep a message that is whole; the reply is what it got.

        Whatever happens, nobody calls ``abort`` any more.
        """
