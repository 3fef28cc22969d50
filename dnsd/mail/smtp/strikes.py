"""How many errors a client has made, and what that costs it.

Only what a client could have known counts: a refusal for good. Puttings-off do not, so
that a client with more recipients than we take keeps those that we took.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.mail import reply

if TYPE_CHECKING:
    from dnsd.mail.reply import Reply
    from dnsd.mail.smtp.options import Limits

# Commands that bring no mail on its way.
_IDLE: Final = frozenset({"NOOP", "RSET", "VRFY", "EXPN", "HELP", "EHLO", "HELO"})


class Strike(NamedTuple):
    """What a client has to bear.

    Attributes:
        delay_s: seconds that its reply waits.
        closing: the reply that it gets instead, and is closed with; ``None`` if not yet.
        limit: name of the limit that closes it.
    """

    delay_s: float = 0.0
    closing: Reply | None = None
    limit: str = ""


_NONE: Final = Strike()


class Strikes:
    """Counts of one connection."""

    __slots__ = ("_errors", "_failed_logins", "_idle", "_limits", "_overshoot", "_unknown")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._errors = 0
        self._idle = 0
        self._unknown = 0
        self._overshoot = 0
        self._failed_logins = 0

    def count(self, verb: str, said: Reply, *, is_stressed: bool) -> Strike:
        """Count the reply to a command.

        Args:
            verb: the command.
            said: what it would be answered with.
            is_stressed: most connections are taken.
        """
        limits = self._limits
        if self._is_error(verb, said, is_stressed=is_stressed):
            self._errors += 1
        elif said.code == 250 and verb == "DATA":
            self._errors = self._idle = 0  # who brings mail is no flood
            return _NONE
        else:
            return _NONE
        if self._unknown > limits.unknown_recipients:
            return Strike(closing=reply.TOO_MANY_UNKNOWN, limit="smtp_unknown_recipients")
        if self._failed_logins >= limits.authentications:
            return Strike(closing=reply.TOO_MANY_TRIES, limit="smtp_authentications")
        if self._errors >= (limits.stress_errors if is_stressed else limits.hard_errors):
            return Strike(closing=reply.TOO_MANY_ERRORS, limit="smtp_errors")
        late = self._errors > limits.soft_errors
        return Strike(delay_s=limits.soft_delay_s) if late else _NONE

    def _is_error(self, verb: str, said: Reply, *, is_stressed: bool) -> bool:
        limits = self._limits
        if verb in _IDLE:
            self._idle += 1
            if self._idle > (limits.stress_errors if is_stressed else limits.idle_commands):
                return True
        if said is reply.TOO_MANY_RECIPIENTS:
            self._overshoot += 1
            return self._overshoot > limits.recipient_overshoot
        if said is reply.UNKNOWN_RECIPIENT:
            self._unknown += 1
        if said is reply.CREDENTIALS_INVALID:
            self._failed_logins += 1
        return said.permanent
