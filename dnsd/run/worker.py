"""The life of a forked child: a worker that answers DNS, control, or mail.

What breaks over a fork is made here, after it: the reactor, the LMDB environment.
Then the child confines itself, says that it is ready, and does what it is told.
"""

from __future__ import annotations

import signal
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from twisted.internet.interfaces import IReadDescriptor
from zope.interface import implementer

from dnsd.authority.store import StoreError
from dnsd.mail.stores import StoreFailed
from dnsd.observe.log import Level
from dnsd.observe.page import Role
from dnsd.run import garbage, landlock, reactors, wiring, wiring_cache, wiring_mail
from dnsd.run.confinement import control_paths, mail_paths, worker_paths
from dnsd.run.messages import Message
from dnsd.run.upkeep import beating
from dnsd.run.wiring import Stores

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.control.surroundings import Surroundings
    from dnsd.run.inheritance import Inheritance
    from dnsd.run.messages import Channel
    from dnsd.run.places import Seat

FAULT = 1
NO_STORE = 3


@dataclass(frozen=True, slots=True)
class Self:
    """What a child knows of itself.

    Attributes:
        inheritance: the common ground.
        seat: where it works.
        channel: its end of the channel to the supervisor.
        around: its reactor, clock, log and counters.
    """

    inheritance: Inheritance
    seat: Seat
    channel: Channel
    around: Surroundings

    def live_until_told(
        self, end: Callable[[], None], reactions: dict[Message, Callable[[], None]]
    ) -> None:
        """Say that we serve, and run the reactor until it is stopped.

        Args:
            end: begins to end; called once, however often somebody says so.
            reactions: what to do for which other message.
        """
        page, row = self.inheritance.page, self.seat.row
        end = _once(end)
        Ear(self.channel, self.around, {**reactions, Message.DRAIN: end})
        beating(page, row, self.seat.role, self.around).start()
        # What was made until now stays; the collector need not look at it again.
        garbage.settle()
        page.facts(row).say_ready()
        self.channel.tell(Message.READY)
        reactors.run(self.around, {signal.SIGTERM: end})


def _once(act: Callable[[], None]) -> Callable[[], None]:
    left = [act]
    return lambda: left.pop()() if left else None


@implementer(IReadDescriptor)
class Ear:
    """Hears the supervisor on the reactor."""

    def __init__(
        self,
        channel: Channel,
        around: Surroundings,
        reactions: dict[Message, Callable[[], None]],
    ) -> None:
        """Listen from now on.

        Args:
            channel: this process's end.
            around: the reactor.
            reactions: what to do for which message; others are passed over.
        """
        self._channel = channel
        self._reactor = around.reactor
        self._reactions = reactions
        self._reactor.addReader(self)

    def fileno(self) -> int:
        """Return the descriptor, for the reactor."""
        return self._channel.fileno()

    def doRead(self) -> None:  # noqa: N802 - Twisted's name
        """Do what was said; when the supervisor is gone, end."""
        messages = self._channel.heard()
        if messages is None:
            self._reactor.removeReader(self)
            messages = [Message.DRAIN]
        for message in messages:
            self._reactions.get(message, lambda: None)()

    def connectionLost(self, reason: object) -> None:  # noqa: N802 - Twisted's name
        """Do nothing: the end of the channel is noticed by reading."""

    def logPrefix(self) -> str:  # noqa: N802 - Twisted's name
        """Return what the reactor's log calls it."""
        return "supervisor"


def run(inheritance: Inheritance, seat: Seat, channel: Channel) -> int:
    """Live as the process of a seat.

    Returns:
        Exit status: 0 when asked to end.
    """
    log = inheritance.log
    log.level = Level[inheritance.config.log.level.upper()]
    row = seat.row if seat.role is Role.WORKER else None
    try:
        around = reactors.begin(log, inheritance.page.row(seat.row))
        with (
            closing(wiring.open_zones(inheritance.config)) as store,
            closing(wiring_cache.open_caches(inheritance, row)) as caches,
        ):
            live = _LIVES[seat.role]
            live(Self(inheritance, seat, channel, around), Stores(store, caches))
    except StoreError as error:
        log.error("zone_store", str(error))
        return NO_STORE
    except StoreFailed as error:
        log.error("mail_store", str(error))
        return NO_STORE
    except Exception as error:  # noqa: BLE001 - the last place where a fault can be told
        log.fault("process_fault", error)
        return FAULT
    return 0


def _answer_dns(self: Self, stores: Stores) -> None:
    """Answer DNS until told to end."""
    page, row = self.inheritance.page, self.seat.row
    serving = wiring.serving(self.inheritance, row, stores, self.around)
    serving.start()
    landlock.confine(worker_paths(self.inheritance.config))
    self.live_until_told(
        end=lambda: serving.drain(self.inheritance.config.limits.drain_s, self.around.reactor.stop),
        reactions={Message.SOCKETS: lambda: serving.read(page.sockets_of(row))},
    )


def _control(self: Self, stores: Stores) -> None:
    """Compile zones and talk to the operator until told to end."""
    reloader = wiring.reloader(self.inheritance, self.around)
    interface = wiring.interface(self.inheritance, stores, reloader, self.around)
    landlock.confine(control_paths(self.inheritance.config))
    interface.start()

    def end() -> None:
        interface.stop()
        self.around.reactor.stop()

    self.live_until_told(end, {Message.RELOAD_ZONES: lambda: interface.reload("signal")})


def _mail(self: Self, stores: Stores) -> None:
    """Take and send mail until told to end."""
    recursion = wiring.asking(self.inheritance, stores, self.around)
    assert recursion is not None, "a configuration with mail has a resolver"
    serving = wiring_mail.serving(self.inheritance, recursion, self.around)
    landlock.confine(mail_paths(self.inheritance.config))
    serving.start()
    time_s = self.inheritance.config.limits.drain_s
    self.live_until_told(lambda: serving.drain(time_s, self.around.reactor.stop), {})


_LIVES: Final = {Role.WORKER: _answer_dns, Role.CONTROL: _control, Role.MAIL: _mail}
