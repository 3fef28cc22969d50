"""``workers: 0``: the whole daemon in one process, on one reactor.

The same objects as in several processes, wired by the same calls, over one open
store. A new configuration replaces them on the same sockets: new ones first, then
the others drain.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from typing import TYPE_CHECKING

from dnsd.mail.stores import StoreFailed
from dnsd.observe import metrics
from dnsd.observe.log import Level
from dnsd.observe.page import Role
from dnsd.run import garbage, landlock, reactors, wiring, wiring_cache, wiring_mail
from dnsd.run.confinement import single_paths
from dnsd.run.notify import READY, STOPPING, notify
from dnsd.run.upkeep import beating
from dnsd.run.wiring import Stores

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.control.surroundings import Surroundings
    from dnsd.run.inheritance import Inheritance
    from dnsd.run.interface import Interface
    from dnsd.run.mail_serving import MailServing
    from dnsd.run.serving import Serving

_ROW = 0


def run_single(
    inheritance: Inheritance,
    announce: Callable[[], None],
    reconfigure: Callable[[Inheritance], Inheritance | None],
) -> int:
    """Serve until told to stop.

    Args:
        inheritance: sockets and memory.
        announce: called once, when queries are answered.
        reconfigure: reads configuration and certificate again: what to change to, or
            None.

    Returns:
        Exit status 0.

    Raises:
        StoreError: the zone store cannot be read.
    """
    page, log = inheritance.page, inheritance.log
    row = metrics.enter_row(page, _ROW, os.getpid(), Role.SINGLE, int(time.time()))
    log.enter_row(row, "")
    around = reactors.begin(log, row)
    with (
        closing(wiring.open_zones(inheritance.config)) as store,
        closing(wiring_cache.open_caches(inheritance)) as caches,
    ):
        landlock.confine(single_paths(inheritance.config))
        daemon = Single(inheritance, Stores(store, caches), around, reconfigure)
        daemon.start()
        beating(page, _ROW, Role.SINGLE, around).start()
        page.facts(_ROW).say_ready()
        garbage.settle()
        around.reactor.callWhenRunning(announce)
        around.reactor.callWhenRunning(notify, READY)
        reactors.run(
            around,
            {
                signal.SIGTERM: daemon.stop,
                signal.SIGINT: daemon.stop,
                signal.SIGHUP: daemon.reload,
            },
        )
    log.info("stopped", "the daemon has ended")
    return 0


class Single:
    """The daemon's two sides, and their replacement by a new configuration."""

    def __init__(
        self,
        inheritance: Inheritance,
        stores: Stores,
        around: Surroundings,
        reconfigure: Callable[[Inheritance], Inheritance | None],
    ) -> None:
        """Wire both sides; nothing is read before :meth:`start`."""
        self._inheritance = inheritance
        self._stores = stores
        self._around = around
        self._reconfigure = reconfigure
        # It outlives a configuration: a run that is under way must end before the next.
        self._reloader = wiring.reloader(inheritance, around)
        self._serving, self._interface = self._wire(inheritance)
        self._mail: MailServing | None = None
        self._is_stopping = False

    def start(self) -> None:
        """Answer queries and the operator."""
        around = self._around
        around.log.level = Level[self._inheritance.config.log.level.upper()]
        for place in range(len(self._inheritance.listeners)):
            self._inheritance.page.assign_socket(place, _ROW)
        self._serving.start()
        self._serving.read(self._inheritance.page.sockets_of(_ROW))
        self._interface.start()
        if self._mail is None:
            self._start_mail()

    def reload(self) -> None:
        """Read configuration and zones again."""
        changed = self._reconfigure(self._inheritance)
        if changed is None:
            self._interface.reload("signal")
            return
        config = changed.config
        self._reloader.compile_with(wiring.compiler_options(config))
        serving, interface = self._wire(changed)
        self._interface.stop()
        # What reads first gets the datagrams, so no query waits for the change.
        self._serving.drain(config.limits.drain_s, lambda: None)
        self._inheritance, self._serving, self._interface = changed, serving, interface
        self.start()
        if self._mail is not None:
            # One at a time: the queue has one writer. Who connects meanwhile waits.
            self._mail.drain(config.limits.drain_s, self._start_mail)

    def stop(self) -> None:
        """Finish what is in hand and end."""
        if self._is_stopping:
            return
        self._is_stopping = True
        self._around.log.info("stopping", "finishing what is in hand")
        notify(STOPPING)
        self._interface.stop()
        time_s = self._inheritance.config.limits.drain_s
        stop = self._around.reactor.stop
        if self._mail is None:
            self._serving.drain(time_s, stop)
        else:
            # What is on its way in may still ask who may send it.
            mail = self._mail
            mail.drain(time_s, lambda: self._serving.drain(time_s, stop))

    def _start_mail(self) -> None:
        """Take and send mail, if that is wanted; DNS goes on where it cannot be."""
        recursion = self._serving.recursion
        self._mail = None
        if not self._inheritance.config.mail.enabled or recursion is None or self._is_stopping:
            return
        try:
            self._mail = wiring_mail.serving(self._inheritance, recursion, self._around)
            self._mail.start()
        except StoreFailed as error:
            self._mail = None
            self._around.log.error("mail_store", str(error))

    def _wire(self, inheritance: Inheritance) -> tuple[Serving, Interface]:
        return (
            wiring.serving(inheritance, _ROW, self._stores, self._around),
            wiring.interface(inheritance, self._stores, self._reloader, self._around),
        )
