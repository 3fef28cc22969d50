"""What every process of the daemon gets from the one that started it.

All of it is made once, before the first fork and in part as root: sockets because
of their ports, memory because it is shared, secrets because all workers must have
the same. What must not cross a fork (reactor, LMDB, threads) is not here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

    from dnsd.config.machine import Machine
    from dnsd.config.schema import Config
    from dnsd.control.claim import ControlSocket
    from dnsd.net.listeners import Listener
    from dnsd.net.tls import Contexts
    from dnsd.observe.log import EventLog
    from dnsd.observe.page import SlotPage
    from dnsd.run.flush_board import FlushBoard
    from dnsd.run.quarantine import Quarantine


@dataclass(frozen=True, slots=True)
class Inheritance:
    """The common ground of all processes.

    Attributes:
        config: what the operator wants; replaced as a whole by a new version.
        machine: what ``auto`` in the configuration was decided by, as root.
        listeners: sockets of DNS clients, the shares of all workers.
        mail_listeners: sockets of mail clients; none without mail.
        control_socket: unix socket of the HTTP API; None where none can be made.
        control_http: loopback listener of metrics and health; None unless wanted.
        page: shared counters, generations and facts.
        quarantine: shared fingerprints of requests that kill.
        cookie_seed: 32 octets nobody else knows.
        sightings: board of who asked for watched names, see ``query.lookout``.
        tcp_room: TCP connections that a process has descriptors for.
        tls: contexts of the certificate; None where nothing speaks TLS. Made before
            the fork, so that any worker resumes the sessions of any other.
        mail_tls: the same of mail; None without mail.
        cache_octets: of the file of the resolver's cache; 0 where there is none.
        flushes: board of what to flush from the resolver's caches.
        notices: what the operator should know, one sentence each.
        log: where events go.
    """

    config: Config
    machine: Machine
    listeners: tuple[Listener, ...]
    mail_listeners: tuple[Listener, ...]
    control_socket: ControlSocket | None
    control_http: socket.socket | None
    page: SlotPage
    quarantine: Quarantine
    cookie_seed: bytes
    sightings: memoryview
    tcp_room: int
    tls: Contexts | None
    mail_tls: Contexts | None
    cache_octets: int
    flushes: FlushBoard
    notices: tuple[str, ...]
    log: EventLog
