"""``dnsd serve``, from a configuration to an exit status."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dnsd.config import machine as machines
from dnsd.observe.log import EventLog, Level
from dnsd.run import wiring, wiring_cache, worker
from dnsd.run.first_compile import compile_first
from dnsd.run.reconfigure import next_inheritance
from dnsd.run.single import run_single
from dnsd.run.startup import prepare
from dnsd.run.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.config.schema import Config
    from dnsd.run.inheritance import Inheritance

_STANDARD_ERROR = 2


@dataclass(frozen=True, slots=True)
class Running:
    """What is told once queries are answered.

    Attributes:
        config: what the daemon runs on.
        version: of the program.
        zone: one of the zones served, in text; empty without any.
        notices: what the operator should know, one sentence each.
    """

    config: Config
    version: str
    zone: str
    notices: tuple[str, ...]


def start(config: Config, announce: Callable[[Running], None]) -> int:
    """Run the daemon until it is told to stop.

    Args:
        config: what the operator wants.
        announce: called once, when queries are answered.

    Returns:
        Exit status.

    Raises:
        ConfigError: sockets, user, directories or zones must be mended first.
        StoreError: the zone store cannot be read.
    """
    machine = machines.inspect()
    log = EventLog(
        _STANDARD_ERROR,
        level=Level[config.log.level.upper()],
        terminal=os.isatty(_STANDARD_ERROR),
        lines_per_second=config.limits.log_rate,
    )
    inheritance = prepare(config, machine, log)
    try:
        zone = compile_first(config, log)
        running = Running(config, wiring.version(), zone, inheritance.notices)

        def tell() -> None:
            announce(running)

        def reconfigure(present: Inheritance) -> Inheritance | None:
            return next_inheritance(present, int(time.time()))

        if not config.workers:
            return run_single(inheritance, tell, reconfigure)
        return Supervisor(inheritance, worker.run, reconfigure).serve(tell)
    finally:
        wiring_cache.close_cleanly(config)
        if inheritance.control_socket is not None:
            inheritance.control_socket.release()
