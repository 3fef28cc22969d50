"""One message on its way in: what of it is handed on, and whether it comes in time.

Whoever was told that a message began is told once that it is whole, or that it must be
forgotten. A message at fault is read on to its end, so that its client hears why, unless
nobody can tell any more where that end is, or it goes on without end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.mail.smtp.content import Content
from dnsd.mail.smtp.events import MessageAborted, MessageEnds, MessageOctets

if TYPE_CHECKING:
    from dnsd.mail.reply import Reply
    from dnsd.mail.smtp.options import Limits


class Transfer:
    """From the reply to DATA to the end of the message."""

    __slots__ = ("_content", "_is_known", "_limits", "_window_began", "_window_octets")

    def __init__(self, limits: Limits, now: float, *, normalizes: bool) -> None:
        """Begin.

        Args:
            limits: of the connection.
            now: monotonic seconds.
            normalizes: lone line ends are made good instead of refused.
        """
        self._limits = limits
        self._content = Content(limits.message_octets, limits.line_octets, normalizes=normalizes)
        self._is_known = True  # the other side has a message that is not whole
        self._window_began = now
        self._window_octets = 0

    @property
    def fault(self) -> Reply | None:
        """Why the message is none."""
        return self._content.fault

    @property
    def has_ended(self) -> bool:
        """Whether the end of the message was read."""
        return self._content.has_ended

    @property
    def closing_limit(self) -> str:
        """Name of the limit for which nothing more is read; empty if there is none."""
        if self._content.must_close:
            return "smtp_line_ends"
        endless = self._content.dropped_octets > self._limits.message_octets
        return "message_size" if endless else ""

    def read(
        self, octets: bytes
    ) -> tuple[list[MessageOctets | MessageAborted | MessageEnds], bytes]:
        """Read a chunk.

        Returns:
            What happened, and the octets behind the end of the message.
        """
        content = self._content
        self._window_octets += len(octets)
        part, rest = content.feed(octets)
        if content.fault is not None:
            return [*self.abort()], rest
        events: list[MessageOctets | MessageAborted | MessageEnds] = []
        if part:
            events.append(MessageOctets(part))
        if content.has_ended:
            self._is_known = False
            events.append(MessageEnds(content.octets, content.is_seven_bit))
        return events, rest

    def refuse(self, fault: Reply) -> None:
        """Drop what still comes; the other side has forgotten the message itself."""
        self._content.refuse(fault)
        self._is_known = False

    def abort(self) -> list[MessageAborted]:
        """Have the message forgotten, once."""
        is_known, self._is_known = self._is_known, False
        return [MessageAborted()] if is_known else []

    def deadline(self, *, is_stressed: bool) -> float:
        """Return when to look whether enough came."""
        return self._window_began + self._window_s(is_stressed=is_stressed)

    def is_slow(self, now: float, *, is_stressed: bool) -> bool:
        """Whether less came than must by the deadline; if not, count anew."""
        if self._window_octets < self._limits.rate_octets * self._window_s(is_stressed=is_stressed):
            return True
        self._window_octets = 0
        self._window_began = now
        return False

    def _window_s(self, *, is_stressed: bool) -> float:
        return self._limits.stress_command_s if is_stressed else self._limits.rate_window_s
