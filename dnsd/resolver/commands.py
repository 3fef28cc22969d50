"""What a procedure may ask for, and what it is told: a closed vocabulary.

A procedure yields a command and is sent the event that ends it::

    Exchange   one query to one server by one transport   → Exchanged
    Ask        the answer to another question             → what its procedure returned
    Pause      let others have a turn                      → None

``Network`` is what the resolver needs of the world; ``net/upstream`` gives it
sockets, the simulated internet gives it simulated time.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class Transport(enum.IntEnum):
    """How a server is asked."""

    UDP = 0
    TCP = 1
    TLS = 2


class Result(enum.IntEnum):
    """How an exchange ended."""

    REPLY = 0  # a message that acceptance took for the reply
    TIMED_OUT = 1
    UNREACHABLE = 2  # the network, or the server's host, says so
    WRONG_ID = 3  # somebody guesses: ask again over TCP (RFC 5452 §9.2)
    CASE_CHANGED = 4  # timed out, and replies came that differ only in letter case
    CLOSED = 5  # the connection ended, or brought something else
    NO_SOCKET = 6  # we have no descriptor left, or too many connections
    UNTRUSTED = 7  # the certificate is not the server's, or nobody trusted vouches for it


@dataclass(slots=True)
class Exchange:
    """Send a query to a server and wait for its reply.

    Attributes:
        address: of the server, 4 or 16 octets.
        port: of the server.
        transport: UDP on a fresh connected socket with a random source port; TCP
            and TLS on a connection that may be kept.
        query: the whole message; its ID, letter case and cookie are random.
        timeout_s: seconds from now.
        server_name: name in the server's certificate, TLS only; empty to accept any.
    """

    address: bytes
    port: int
    transport: Transport
    query: bytes
    timeout_s: float
    server_name: str = ""


class Exchanged(NamedTuple):
    """How an exchange ended.

    Attributes:
        result: of a ``REPLY`` the other fields are valid.
        octets: the whole reply.
        seconds: from sending to receiving.
    """

    result: Result
    octets: bytes = b""
    seconds: float = 0.0


@dataclass(slots=True)
class Ask:
    """Find the records of one name and type, without following aliases.

    Equal questions in progress share one fetch.

    Attributes:
        name: in canonical form.
        type: any type of data.
        depth: how many look-ups of name server addresses stand around this one.
    """

    name: bytes
    type: int
    depth: int = 0


class Pause:
    """Let others have a turn."""


class Cancellable(Protocol):
    """Something that may still happen."""

    def cancel(self) -> None:
        """Prevent it; nothing happens when it has happened."""


class Network(Protocol):
    """What the resolver needs of the world."""

    def now(self) -> float:
        """Return monotonic seconds."""
        ...

    def exchange(self, exchange: Exchange, done: Callable[[Exchanged], None]) -> Cancellable:
        """Carry out an exchange.

        Args:
            exchange: what to send, to whom, how long to wait.
            done: called once, in a later turn, never before this returns; not
                called after ``cancel()``.
        """
        ...

    def call_later(self, delay_s: float, call: Callable[[], object]) -> Cancellable:
        """Call something once, in a later turn."""
        ...
