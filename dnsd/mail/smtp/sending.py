"""One message on its way to one server: commands, replies, and who got what.

With PIPELINING the envelope is one write, RSET of what failed before included, and the
replies are taken in order; without it each command waits for its reply (RFC 2920 §3.1).
"""

from __future__ import annotations

import enum
from collections import deque
from typing import TYPE_CHECKING

from dnsd.mail.envelope import Body
from dnsd.mail.reasons import Deferred, Delivered, Failed, ReasonClass
from dnsd.mail.smtp.stuffing import BareLineEnd, Stuffing
from dnsd.mail.stores import StoreFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dnsd.mail.reasons import Result
    from dnsd.mail.smtp.client_events import Mail
    from dnsd.mail.smtp.reply_reader import ServerReply


class Step(enum.Enum):
    """What follows a reply."""

    WAIT = "wait"  # for the next reply
    SAY = "say"  # `next_command`
    CONTENT = "content"
    EMPTY = "empty"  # nobody takes it, but the server waits for a message
    OVER = "over"


# Of the commands of one message, as replies are awaited; recipients go by their number.
_RSET, _MAIL, _DATA = -1, -2, -3


class Sending:
    """One message in a conversation.

    Attributes:
        mail: the message.
        results: of each recipient; None while it has none.
        elsewhere: numbers of recipients of whom another host may be asked.
    """

    def __init__(self, mail: Mail, extensions: Mapping[str, str], host: str) -> None:
        """Begin.

        Args:
            mail: the message.
            extensions: of the server, keyword in upper case → parameters.
            host: the server's name in texts.
        """
        self.mail = mail
        self.results: list[Result | None] = [None] * len(mail.recipients)
        self.elsewhere: set[int] = set()
        self._extensions = extensions
        self._host = host
        self._unsent: deque[tuple[int, bytes]] = deque()  # without pipelining
        self._awaited: deque[int] = deque()  # whose replies come next
        self._pieces: Iterator[bytes] | None = None
        self._stuffing = Stuffing()

    # --- before -------------------------------------------------------------------------

    def unfit(self) -> Result | None:
        """Return why the server cannot take the message, without asking it."""
        mail, extensions = self.mail, self._extensions
        size = extensions.get("SIZE", "")[:20]
        if size.isdecimal() and 0 < int(size) < mail.size:
            text = f"{self._host} takes messages of {size} octets, this one has {mail.size}"
            return Failed(ReasonClass.SIZE, "5.3.4", text)
        try:
            if "SMTPUTF8" not in extensions and needs_utf8(mail):
                return Failed(ReasonClass.UTF8, "5.6.7", f"{self._host} does not offer SMTPUTF8")
            is_wide = mail.body is Body.EIGHT_BIT and "8BITMIME" not in extensions
            if is_wide and not _is_seven_bit(mail):
                text = f"{self._host} does not offer 8BITMIME, which the message needs"
                return Failed(ReasonClass.REMOTE_PERMANENT, "5.6.3", text)
        except StoreFailed as error:
            return _unreadable(error)
        return None

    # --- the envelope ----------------------------------------------------------------------

    def first_commands(self, *, reset: bool) -> bytes:
        """Return what is said first: all commands, or the first of them.

        Args:
            reset: a message before this one was not ended.
        """
        commands = self._commands(reset=reset)
        if "PIPELINING" in self._extensions:
            self._awaited.extend([what for what, _ in commands])
            return b"".join([octets for _, octets in commands])
        self._unsent.extend(commands)
        return self.next_command()

    def next_command(self) -> bytes:
        """Return the next command to a server without pipelining."""
        what, octets = self._unsent.popleft()
        self._awaited.append(what)
        return octets

    @property
    def awaits_go_ahead(self) -> bool:
        """Whether the next reply is the one to DATA."""
        return bool(self._awaited) and self._awaited[0] == _DATA

    def take(self, reply: ServerReply) -> Step:
        """Take a reply to one of the commands."""
        what = self._awaited.popleft()
        if what == _DATA:
            return self._take_go_ahead(reply)
        if what == _MAIL and not reply.is_positive:
            self.refuse_all(reply)
            self._unsent.clear()
        elif what >= 0 and self.results[what] is None and reply.code // 100 != 2:
            self._refuse(what, reply)
        if self._awaited:
            return Step.WAIT
        # Without pipelining there is no DATA for nobody.
        is_vain = None not in self.results
        return Step.OVER if is_vain else Step.SAY

    def _take_go_ahead(self, reply: ServerReply) -> Step:
        if reply.code != 354:
            self.refuse_all(reply)
            return Step.OVER
        if None not in self.results:
            return Step.EMPTY
        return Step.CONTENT

    def _commands(self, *, reset: bool) -> list[tuple[int, bytes]]:
        mail, extensions = self.mail, self._extensions
        sender = "" if mail.sender is None else str(mail.sender)
        parameters = f" SIZE={mail.size}" if "SIZE" in extensions else ""
        if mail.body is Body.EIGHT_BIT and "8BITMIME" in extensions:
            parameters += " BODY=8BITMIME"
        if mail.utf8 and "SMTPUTF8" in extensions and needs_utf8(mail):
            parameters += " SMTPUTF8"
        commands = [(_RSET, b"RSET\r\n")] if reset else []
        commands.append((_MAIL, f"MAIL FROM:<{sender}>{parameters}\r\n".encode()))
        commands += [
            (i, f"RCPT TO:<{recipient}>\r\n".encode())
            for i, recipient in enumerate(mail.recipients)
        ]
        commands.append((_DATA, b"DATA\r\n"))
        return commands

    # --- the message -------------------------------------------------------------------------

    def next_piece(self) -> tuple[bytes, bool]:
        """Return the next octets and whether the message ends with them.

        Raises:
            BareLineEnd: the message may not be sent.
            StoreFailed: it cannot be read.
        """
        if self._pieces is None:
            self._pieces = iter(self.mail.content.chunks())
        for octets in self._pieces:
            if octets:
                return self._stuffing.piece(octets), False
        return self._stuffing.end(), True

    def accepted(self, reply: ServerReply) -> None:
        """Note that the server has the message, for whom it did not refuse."""
        self.settle(Delivered(str(reply), self._host))

    # --- results -----------------------------------------------------------------------------

    def refuse_all(self, reply: ServerReply) -> None:
        """Note a refusal of everybody who has no result yet."""
        for i, result in enumerate(self.results):
            if result is None:
                self._refuse(i, reply)

    def broken(self, reason: ReasonClass, text: str, *, uncertain: bool) -> None:
        """Note that the conversation broke.

        Args:
            reason: class.
            text: for people.
            uncertain: the server may have the message all the same.
        """
        if not uncertain:
            self.elsewhere |= {i for i, result in enumerate(self.results) if result is None}
        self.settle(Deferred(reason, text))

    def spoiled(self, error: Exception) -> None:
        """Note that the message cannot be sent, to no host."""
        if isinstance(error, StoreFailed):
            self.settle(_unreadable(error))
        else:
            assert isinstance(error, BareLineEnd)
            self.settle(Failed(ReasonClass.LOCAL_STORE, "5.6.0", str(error)))

    def settle(self, result: Result) -> None:
        """Give everybody without a result this one."""
        self.results = [result if found is None else found for found in self.results]

    def _refuse(self, i: int, reply: ServerReply) -> None:
        text = f"{self._host} said: {reply}"
        if reply.is_permanent:
            self.results[i] = Failed(ReasonClass.REMOTE_PERMANENT, reply.enhanced, text)
        else:
            self.results[i] = Deferred(ReasonClass.REMOTE_TEMPORARY, text)
            self.elsewhere.add(i)


def _unreadable(error: StoreFailed) -> Result:
    return Deferred(ReasonClass.LOCAL_STORE, f"the message cannot be read: {error}")


def needs_utf8(mail: Mail) -> bool:
    """Tell whether a message can only be sent with SMTPUTF8.

    That is so if it was declared and an address or the header is beyond ASCII; a
    declaration alone obliges nobody further on (RFC 6531 §3.2).

    Raises:
        StoreFailed: the message cannot be read.
    """
    if not mail.utf8:
        return False
    boxes = [mail.sender, *mail.recipients]
    if not all(box is None or box.is_ascii for box in boxes):
        return True
    tail = b""
    for octets in mail.content.chunks():
        window = tail + octets
        end = window.find(b"\r\n\r\n")
        if not (window if end < 0 else window[:end]).isascii():
            return True
        if end >= 0:
            return False
        tail = window[-3:]
    return False


def _is_seven_bit(mail: Mail) -> bool:
    return all(octets.isascii() for octets in mail.content.chunks())
