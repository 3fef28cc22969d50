"""What became of a recipient at one attempt, and the classes of reasons why.

The class is what metrics count and the queue view groups by; the text beside it is for
people: reply of the other side, or what the DNS said with its extended error. Whether a
class is temporary is not written here: the same refusal may be either, so the result says.

Source: RFC 3463 §2 (enhanced codes); RFC 5321 §4.5.4.1.
"""

from __future__ import annotations

from enum import Enum
from typing import Final, NamedTuple


class ReasonClass(Enum):
    """Why a recipient was deferred or failed; the value is the label in metrics."""

    DNS_TEMPORARY = "dns_temporary"
    DNS_NXDOMAIN = "dns_nxdomain"
    DNS_BOGUS = "dns_bogus"
    NULL_MX = "null_mx"
    REFUSED = "refused"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    LOOP = "loop"
    SIZE = "size"
    UTF8 = "utf8"
    REMOTE_TEMPORARY = "remote_temporary"
    REMOTE_PERMANENT = "remote_permanent"
    LOCAL_STORE = "local_store"
    EXPIRED = "expired"
    POLICY = "policy"


class Delivered(NamedTuple):
    """The recipient has it: nothing more is owed.

    Attributes:
        text: reply of the host, or where it was put.
        host: name of the host, or empty for a mailbox of ours.
    """

    text: str
    host: str = ""


class Deferred(NamedTuple):
    """Not now.

    Attributes:
        reason: class.
        text: for people.
        not_before: Unix seconds before which another attempt is of no use, or 0.
    """

    reason: ReasonClass
    text: str
    not_before: float = 0.0


class Failed(NamedTuple):
    """Never: the sender is told, if that may be.

    Attributes:
        reason: class.
        enhanced: enhanced status code, as ``5.1.1``.
        text: for people.
    """

    reason: ReasonClass
    enhanced: str
    text: str


Result = Delivered | Deferred | Failed

# Of a message that waited for longer than its lifetime, RFC 3463 §3.5: delivery time expired.
EXPIRED_STATUS: Final = "4.4.7"
