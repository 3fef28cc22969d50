"""The mail side of one process: what it listens on, and how it stops.

What is on its way in when it stops is finished or told to come again; what is on its way
out stays in the queue. The queue is closed when the last of it is on disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.net.stream_listener import StreamListener

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dnsd.control.surroundings import Surroundings
    from dnsd.mail.queue import Queue
    from dnsd.net.committer import Committer
    from dnsd.net.listeners import Listener
    from dnsd.net.mail_sender import MailSender
    from dnsd.net.smtp_server import SmtpServer

_DRAIN_LOOK_S = 0.05


class MailServing:
    """Takes and sends mail for one process."""

    def __init__(
        self,
        listeners: Sequence[Listener],
        servers: Mapping[str, SmtpServer],
        sender: MailSender,
        kept: tuple[Queue, Committer],
        around: Surroundings,
    ) -> None:
        """Get ready; nothing is taken before :meth:`start`.

        Args:
            listeners: sockets of mail clients.
            servers: by protocol.
            sender: brings mail away.
            kept: the queue, and what writes to it.
            around: reactor and clock of the process.
        """
        self._listeners = listeners
        self._servers = servers
        self._sender = sender
        self._queue, self._committer = kept
        self._around = around
        self._acceptors: list[StreamListener] = []

    def start(self) -> None:
        """Find what was left in the queue, then take and send mail.

        Raises:
            StoreFailed: the queue cannot be read.
        """
        found = self._queue.recover()
        around = self._around
        if found.messages or found.put_aside:
            around.log.info(
                "mail_queue",
                f"{found.messages} messages wait",
                removed=found.removed,
                put_aside=found.put_aside,
            )
        self._acceptors = [
            StreamListener(
                listener.socket,
                self._servers[listener.endpoint.transport],
                around.reactor,
                around.clock,
                around.row,
            )
            for listener in self._listeners
        ]
        self._sender.start()

    def drain(self, time_s: float, done: Callable[[], object]) -> None:
        """Take nothing new, finish what is in hand, and say so.

        Args:
            time_s: after which connections are closed whatever they wait for.
            done: called once, when the queue is closed.
        """
        for acceptor in self._acceptors:
            acceptor.stop()
        self._acceptors = []
        for server in self._servers.values():
            server.shut_down()
        clock = self._around.clock
        until = clock.now() + time_s

        def look() -> None:
            if any(map(len, self._servers.values())) and clock.now() < until:
                clock.call_later(_DRAIN_LOOK_S, look)
                return
            for server in self._servers.values():
                server.close_all()
            self._sender.stop()
            self._committer.close().addBoth(self._close, done)

        look()

    def _close(self, _result: object, done: Callable[[], object]) -> None:
        self._queue.close()
        done()
