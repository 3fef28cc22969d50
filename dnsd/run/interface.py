"""The control side of one process: HTTP listeners, watcher, reloader, block lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.net.stream_listener import StreamListener

if TYPE_CHECKING:
    import socket

    from dnsd.control.blocklists import BlockLists
    from dnsd.control.http import ControlFactory
    from dnsd.control.reload import Reloader
    from dnsd.control.surroundings import Surroundings
    from dnsd.control.watch import Watcher
    from dnsd.run.upkeep import Repeating


class Interface:
    """Starts and stops what the operator talks to.

    Attributes:
        upkeep: what this process does at regular times for all; set before the start.
    """

    def __init__(
        self,
        reloader: Reloader,
        watcher: Watcher | None,
        sockets: tuple[tuple[socket.socket, ControlFactory], ...],
        around: Surroundings,
        block_lists: BlockLists | None = None,
    ) -> None:
        """Get ready.

        Args:
            reloader: compiles zones.
            watcher: notices changed files; None when nobody shall.
            sockets: listening sockets and what serves them.
            around: reactor of the process.
            block_lists: fetches and compiles them; None when there is no resolver.
        """
        self.upkeep: list[Repeating] = []
        self._block_lists = block_lists
        self._reloader = reloader
        self._watcher = watcher
        self._sockets = sockets
        self._around = around
        self._listeners: list[StreamListener] = []

    def start(self) -> None:
        """Serve, watch, and bring zones in line with their files as they are now."""
        around = self._around
        self._listeners = [
            StreamListener(opened, factory, around.reactor, around.clock, around.row)
            for opened, factory in self._sockets
        ]
        if self._watcher is not None:
            self._watcher.start()
        if self._block_lists is not None:
            self._block_lists.start()
        for repeating in self.upkeep:
            repeating.start()
        self._reloader.request("start")

    def reload(self, cause: str) -> None:
        """Have all zone files read again, and block lists asked for."""
        self._reloader.request(cause)
        if self._block_lists is not None:
            self._block_lists.refresh()

    def stop(self) -> None:
        """Serve and watch no more; the sockets stay open for the next process."""
        if self._watcher is not None:
            self._watcher.stop()
        if self._block_lists is not None:
            self._block_lists.stop()
        for repeating in self.upkeep:
            repeating.stop()
        for listener in self._listeners:
            listener.stop()
        self._listeners = []
