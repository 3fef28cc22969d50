"""Delivery status notifications: what a sender is told of a failure or a delay.

A notification is three parts: a text for people, fields for programs, and the header of
the message it is about. It is never longer than that header and 8 KiB, so nobody can
have us send more than was sent to us. Its sender is the null one: nothing is ever told
about a notification. Whether there is somebody who may be told at all is the business
of the envelope; here is how, and how often.

Source: RFC 3464 §2; RFC 6522 §3 (multipart/report); RFC 6533 §3 to §5 (addresses beyond
ASCII); RFC 3834 §5 (Auto-Submitted); RFC 5321 §6.1.
"""

from __future__ import annotations

import re
import textwrap
from collections import deque
from datetime import UTC, datetime
from email.utils import format_datetime
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dnsd.mail.address import Mailbox

MAX_OWN_OCTETS: Final = 8_192
MAX_HEAD_OCTETS: Final = 102_400
PER_HOUR: Final = 100

_HOUR_S: Final = 3_600
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_END_OF_HEAD: Final = b"\r\n\r\n"
# What three parts and their frames take without any recipient, at most.
_FRAME_OCTETS: Final = 3_072
_LINE: Final = 900  # RFC 5322 §2.1.1: 998 octets in a line, before folding


class Notice(Enum):
    """What is told; the value is the Action field."""

    FAILED = "failed"
    DELAYED = "delayed"


class Original(NamedTuple):
    """The message that is told about.

    Attributes:
        queue_id: its id.
        sender: whom it is told.
        received_at: Unix seconds.
        head: `head_of` its octets.
        utf8: whether SMTPUTF8 was asked for.
    """

    queue_id: str
    sender: Mailbox
    received_at: int
    head: bytes
    utf8: bool


class Notified(NamedTuple):
    """A recipient that is told about.

    Attributes:
        recipient: forward-path.
        status: enhanced status code.
        text: why.
        is_reply: the text is a reply of the other side.
        at: of the last attempt, Unix seconds.
        until: when it is given up, Unix seconds.
    """

    recipient: Mailbox
    status: str
    text: str
    is_reply: bool
    at: float
    until: int


class Notices:
    """Makes notifications, so many an hour at most."""

    def __init__(self, hostname: str, per_hour: int = PER_HOUR) -> None:
        """Make them in the name of a host.

        Args:
            hostname: ours, A-labels without a dot at the end.
            per_hour: notifications at most; 0 for none.
        """
        self._hostname = hostname
        self._per_hour = per_hour
        self._made: deque[float] = deque()

    def may_make(self, now: float) -> bool:
        """Tell whether another one may be made, Unix seconds."""
        # A clock that was set back must not silence us for longer than an hour.
        while self._made and not 0 <= now - self._made[0] < _HOUR_S:
            self._made.popleft()
        return len(self._made) < self._per_hour

    def render(
        self,
        notice: Notice,
        original: Original,
        recipients: Sequence[Notified],
        *,
        queue_id: str,
        now: float,
    ) -> bytes:
        """Make a notification.

        Args:
            notice: what is told.
            original: the message.
            recipients: at least one.
            queue_id: of the notification.
            now: Unix seconds.

        Returns:
            Its octets, lines ended by CRLF; ASCII only unless the original asked for SMTPUTF8.
        """
        self._made.append(now)
        utf8 = original.utf8
        shown, fields = _shown(notice, recipients, utf8=utf8)
        boundary = f"=_{queue_id}"
        report = "global-" if utf8 else ""
        encoding = ["Content-Transfer-Encoding: 8bit"] if utf8 else []
        lines = [
            *self._header(notice, original, queue_id, now),
            "MIME-Version: 1.0",
            f"Content-Type: multipart/report; report-type={report}delivery-status;",
            f' boundary="{boundary}"',
            "",
            f"--{boundary}",
            f"Content-Type: text/plain; charset={'utf-8' if utf8 else 'us-ascii'}",
            *encoding,
            "",
            *self._words(notice, original),
            *shown,
            "",
            f"--{boundary}",
            f"Content-Type: message/{report}delivery-status",
            *encoding,
            "",
            f"Reporting-MTA: dns; {self._hostname}",
            f"Arrival-Date: {_date(original.received_at)}",
            *fields,
            "",
            f"--{boundary}",
            f"Content-Type: {'message/global-headers' if utf8 else 'text/rfc822-headers'}",
            *encoding,
            "",
            "",
        ]
        head = original.head
        if not utf8:
            head = head.decode("ascii", "replace").replace("\ufffd", "?").encode("ascii")
        return "\r\n".join(lines).encode() + head + f"\r\n--{boundary}--\r\n".encode()

    def _header(self, notice: Notice, original: Original, queue_id: str, now: float) -> list[str]:
        subject = "could not be delivered" if notice is Notice.FAILED else "is delayed"
        return [
            f"From: Mail delivery <MAILER-DAEMON@{self._hostname}>",
            f"To: {original.sender}",
            f"Subject: Your message {subject}",
            f"Date: {_date(now)}",
            f"Message-ID: <{queue_id}@{self._hostname}>",
            "Auto-Submitted: auto-replied",
        ]

    def _words(self, notice: Notice, original: Original) -> list[str]:
        came = f"The message that {self._hostname} took from you at {_date(original.received_at)}"
        if notice is Notice.FAILED:
            rest = "could not be delivered to the recipients below, and will not be tried again."
        else:
            rest = (
                "could not be delivered to the recipients below yet. It is tried again; "
                "you need not send it again."
            )
        return [*textwrap.wrap(f"{came} {rest}", 72), f"Its queue id is {original.queue_id}.", ""]


def head_of(chunks: Iterable[bytes]) -> bytes:
    """Cut the header off a message, with the last CRLF; at most 100 KiB of it.

    Args:
        chunks: of the message, from its begin; no more are taken than needed.
    """
    head = b""
    for chunk in chunks:
        head += chunk
        end = head.find(_END_OF_HEAD)
        if 0 <= end <= MAX_HEAD_OCTETS:
            return head[: end + 2]
        if len(head) > MAX_HEAD_OCTETS:
            # Whole lines, or the last one would run into the boundary.
            whole = head.rfind(b"\r\n", 0, MAX_HEAD_OCTETS)
            return head[: whole + 2] if whole >= 0 else b""
    return head if head.endswith(b"\r\n") else b""


def _shown(
    notice: Notice, recipients: Sequence[Notified], *, utf8: bool
) -> tuple[list[str], list[str]]:
    """Write recipients for people and for programs, as many as there is room for."""
    shown: list[str] = []
    fields: list[str] = []
    left = MAX_OWN_OCTETS - _FRAME_OCTETS
    room = left // len(recipients)
    for count, one in enumerate(recipients):
        words, programs = _recipient(notice, one, room, utf8=utf8)
        left -= sum(len(line.encode()) + 2 for line in words + programs)
        if left < 0:
            shown.append(f"  and {len(recipients) - count} more")
            break
        shown += words
        fields += programs
    return shown, fields


def _recipient(
    notice: Notice, one: Notified, room: int, *, utf8: bool
) -> tuple[list[str], list[str]]:
    address = _clean(str(one.recipient), utf8=utf8)
    status = one.status if _STATUS.fullmatch(one.status) else "5.0.0"
    # The text stands in both forms; the rest of the room is for addresses and names of fields.
    longest = max(room // 2 - len(address.encode()) - 150, 40)
    text = _clean(one.text, utf8=utf8).encode()[:longest].decode(errors="ignore")
    kind = "rfc822" if address.isascii() else "utf-8"
    words = [
        f"  <{address}>",
        *textwrap.wrap(text, 72, initial_indent="    ", subsequent_indent="    "),
        "",
    ]
    fields = [
        "",
        f"Final-Recipient: {kind}; {address}",
        f"Action: {notice.value}",
        f"Status: {status}",
        *_folded(f"Diagnostic-Code: {'smtp' if one.is_reply else 'x-dnsd'}; {text}"),
        f"Last-Attempt-Date: {_date(one.at)}",
    ]
    if notice is Notice.DELAYED:
        fields.append(f"Will-Retry-Until: {_date(one.until)}")
    return words, fields


def _clean(text: str, *, utf8: bool) -> str:
    """Leave no character that ends a line, or that the message may not hold."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        [
            char
            if char.isprintable() and (utf8 or char.isascii())
            else " "
            if char.isspace()
            else "?"
            for char in text
        ]
    )


def _folded(line: str) -> list[str]:
    # Cut in the middle of an octet sequence never: characters, not octets, are counted.
    size = _LINE // 4 if not line.isascii() else _LINE
    return [line[:size], *(" " + line[i : i + size] for i in range(size, len(line), size))]


def _date(seconds: float) -> str:
    return format_datetime(datetime.fromtimestamp(int(seconds), UTC))
