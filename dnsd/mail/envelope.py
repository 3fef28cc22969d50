"""The envelope of a message that we answer for: from whom, to whom, and how it came.

What stands here was checked when it came in: addresses are parsed, texts are free of
control characters. A queue id is made once and is the message's for ever: it stands in
our Received field, in the log, in what the operator types and in every later attempt.

Source: RFC 5321 §2.3.1, §4.5.5; RFC 6152 (body); RFC 6531 §3.4 (SMTPUTF8).
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.mail.address import Mailbox

# Base 32 without letters that are read as digits (I, L, O) or make words (U).
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = [a + b for a in _ALPHABET for b in _ALPHABET]

_TIME_BITS: Final = 40  # of milliseconds: they are equal again after 34 years
_RANDOM_OCTETS: Final = 10
QUEUE_ID_LENGTH: Final = (_TIME_BITS + 8 * _RANDOM_OCTETS) // 5


class Body(Enum):
    """What octets the message has; the value is the keyword of BODY."""

    SEVEN_BIT = "7BIT"
    EIGHT_BIT = "8BITMIME"


class OriginKind(Enum):
    """How far we know who sent it."""

    PUBLIC = "public"
    LISTED = "listed"  # from a network that may relay
    AUTHENTICATED = "authenticated"
    OWN = "own"  # made by ourselves


class Origin(NamedTuple):
    """Where a message came from.

    Attributes:
        kind: how far we know who that is.
        address: of the client, as text; empty for our own.
        helo: what the client called itself.
        account: who logged in, or None.
    """

    kind: OriginKind
    address: str = ""
    helo: str = ""
    account: str | None = None

    @property
    def may_bounce(self) -> bool:
        """Whether the sender is known to us, so that a notification hits nobody else.

        What the public sends has a sender that anybody may have written there.
        """
        return self.kind in (OriginKind.LISTED, OriginKind.AUTHENTICATED)


class Envelope(NamedTuple):
    """Envelope of one message.

    Attributes:
        queue_id: `make_queue_id`.
        sender: reverse-path, None for the null one.
        recipients: forward-paths, at least one.
        body: declared with BODY.
        utf8: whether SMTPUTF8 was asked for.
        origin: where it came from.
        received_at: Unix seconds.
    """

    queue_id: str
    sender: Mailbox | None
    recipients: tuple[Mailbox, ...]
    body: Body
    utf8: bool
    origin: Origin
    received_at: int

    @property
    def may_bounce(self) -> bool:
        """Whether there is somebody who may be told of a failure."""
        return self.sender is not None and self.origin.may_bounce


def make_queue_id(now: float, entropy: Callable[[int], bytes]) -> str:
    """Make the id of a message.

    The time in front makes ids of one hour neighbours in the index of the queue; 80 bits
    that cannot be guessed follow.

    Args:
        now: Unix seconds.
        entropy: gives as many octets as it is asked for.

    Returns:
        24 characters of 0-9 and A-Z.
    """
    milliseconds = int(now * 1000) & ((1 << _TIME_BITS) - 1)
    number = milliseconds << (8 * _RANDOM_OCTETS)
    number |= int.from_bytes(entropy(_RANDOM_OCTETS), "big")
    pairs = _PAIRS
    return "".join(
        [pairs[(number >> shift) & 1023] for shift in range(5 * QUEUE_ID_LENGTH - 10, -1, -10)]
    )
