"""What supervisor and processes tell each other, over one socket pair a process.

A message is one octet; facts stand in the shared page, the octet says "look now".
An end of file says that the other side is gone.
"""

from __future__ import annotations

import enum
import socket

_LONGEST_READ = 64


class Message(enum.IntEnum):
    """The closed list of messages."""

    # to a process
    SOCKETS = 1  # who reads which socket has changed
    DRAIN = 2  # finish what is in hand and end
    RELOAD_ZONES = 3
    # to the supervisor
    READY = 16  # the process serves


class Channel:
    """One end of the pair; non-blocking."""

    def __init__(self, end: socket.socket) -> None:
        end.settimeout(0)
        self._end = end

    def fileno(self) -> int:
        """Return the descriptor to wait on; -1 once closed."""
        return self._end.fileno()

    def tell(self, message: Message) -> None:
        """Send a message; a peer that is gone or does not read misses it.

        Both are seen elsewhere: the first as its end, the second by its heartbeat.
        """
        try:
            self._end.send(bytes((message,)))
        except OSError:
            return

    def heard(self) -> list[Message] | None:
        """Return what has arrived; ``None`` when the other side is gone."""
        messages: list[Message] = []
        while True:
            try:
                octets = self._end.recv(_LONGEST_READ)
            except BlockingIOError:
                return messages
            except OSError:
                return None
            if not octets:
                return messages or None
            messages.extend(Message(octet) for octet in octets)

    def close(self) -> None:
        """Close this end."""
        self._end.close()


def channel_pair() -> tuple[Channel, Channel]:
    """Make the two ends of a channel: the supervisor's, the process's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    return Channel(ours), Channel(theirs)
