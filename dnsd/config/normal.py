"""From the configuration as written to the one the program runs on.

Here ``auto`` and what was left out are decided, and what only several values
together can show is checked.
"""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dnsd.config import schema
from dnsd.source.problems import Problem, Severity, Where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.config.machine import Machine
    from dnsd.config.places import Surroundings
    from dnsd.config.written import (
        WrittenAuthority,
        WrittenConfig,
        WrittenLimits,
        WrittenListener,
    )
    from dnsd.source.marked_yaml import Document

DNS_PORT: Final = 53
#: Where a server answers that may not bind port 53.
UNPRIVILEGED_PORT: Final = 5300
ZONE_DIRECTORY: Final = "zones"

_MAX_SOCKET_PATH = 107  # octets: sockaddr_un of unix(7) without its closing zero


def packaged_zones() -> Path:
    """Tell the directory of the example zones that come with the program."""
    return Path(str(resources.files("dnsd") / "zones"))


def normalize(
    written: WrittenConfig, surroundings: Surroundings, file: Path | None
) -> schema.Config:
    """Decide everything that a file may leave open."""
    machine = surroundings.machine
    workers = machine.cores if written.workers is None else written.workers
    return schema.Config(
        file=file,
        listen=_listen(written.listen, machine),
        workers=workers,
        state_directory=written.state_directory,
        user=written.user,
        authority=_authority(written.authority, surroundings),
        server_identity=schema.ServerIdentity(
            nsid=written.server_identity.nsid, version=written.server_identity.version
        ),
        cookies=schema.Cookies(written.cookies.enabled, *written.cookies.secret_file),
        control=schema.Control(
            socket=written.state_directory / written.control.socket, http=written.control.http
        ),
        log=schema.Log(written.log.level),
        answer_cache=written.answer_cache,
        limits=_limits(written.limits),
        warnings=(),
    )


def check(config: schema.Config, machine: Machine, document: Document | None) -> Iterator[Problem]:
    """Find what is wrong or unwise with values that are each right alone.

    Args:
        config: the normalized configuration.
        machine: what it was decided by.
        document: the file it came from, None for the defaults.
    """
    yield from _check_listeners(config, document)
    if machine.superuser and config.user is None and not _says_user(document):
        yield Problem(
            _where(config, document, "user"),
            "runs-as-root",
            "there is no user dnsd to become, so the server stays root",
            "",
            "useradd --system --no-create-home --shell /usr/sbin/nologin dnsd",
            Severity.WARNING,
        )
    length = len(os.fsencode(config.control.socket))
    if length > _MAX_SOCKET_PATH:
        yield Problem(
            _where(config, document, "control", "socket"),
            "path-too-long",
            f"control.socket is {config.control.socket}, which has {length} octets",
            f"at most {_MAX_SOCKET_PATH}, the kernel's bound for unix sockets",
            "socket: /run/dnsd/control.sock",
        )


def _check_listeners(config: schema.Config, document: Document | None) -> Iterator[Problem]:
    seen: dict[tuple[str, int, str], int] = {}
    for index, listener in enumerate(config.listen):
        for transport in listener.transports:
            endpoint = (listener.address, listener.port, transport)
            first = seen.setdefault(endpoint, index)
            if first != index:
                place = _where(config, document, "listen", first)
                yield Problem(
                    _where(config, document, "listen", index),
                    "duplicate-listener",
                    f"listen[{index}] is {listener.address} port {listener.port}/{transport}"
                    f" again, first in line {place.line}",
                )
                break


def _says_user(document: Document | None) -> bool:
    written = document.plain() if document else None
    return isinstance(written, dict) and written.get("user", "auto") != "auto"


def _where(config: schema.Config, document: Document | None, *path: str | int) -> Where:
    if document is None:
        return Where(str(config.file or "built-in defaults"))
    return document.where(path)


def _listen(written: list[WrittenListener] | None, machine: Machine) -> tuple[schema.Listener, ...]:
    port = DNS_PORT if machine.low_ports else UNPRIVILEGED_PORT
    if written is None:
        addresses = ["127.0.0.1", "::1"] if machine.ipv6_loopback else ["127.0.0.1"]
        return tuple(schema.Listener(address, port, ("udp", "tcp")) for address in addresses)
    return tuple(
        schema.Listener(
            listener.address,
            listener.port or port,
            tuple(name for name in ("udp", "tcp") if name in listener.transports),
        )
        for listener in written
    )


def _authority(written: WrittenAuthority, surroundings: Surroundings) -> schema.Authority:
    packaged = False
    if written.zones is None:
        here = surroundings.directory / ZONE_DIRECTORY
        packaged = not here.is_dir()
        places = [packaged_zones() if packaged else here]
    else:
        places = [zones.file for zones in written.zones]
    limit = written.rate_limit
    return schema.Authority(
        zone_directories=tuple(path for path in places if path.is_dir()),
        zone_files=tuple(path for path in places if not path.is_dir()),
        packaged=packaged,
        allow=tuple(written.allow),
        rate_limit=schema.RateLimit(
            responses_per_second=limit.responses_per_second,
            errors_per_second=limit.errors_per_second,
            exempt=tuple(limit.exempt),
        ),
        max_deletion_share=written.max_deletion_share,
        watch=written.watch,
    )


def _limits(written: WrittenLimits) -> schema.Limits:
    idle_busy_s = min(written.tcp_idle, written.tcp_idle_busy)
    return schema.Limits(
        edns_size=written.edns_size,
        datagrams_per_turn=written.datagrams_per_turn,
        formerr_rate=written.formerr_rate,
        chaos_rate=written.chaos_rate,
        rate_table=written.rate_table,
        view_table=written.view_table,
        answer_cache_entries=written.answer_cache_entries,
        answer_cache_aliases=written.answer_cache_aliases,
        tcp_clients=written.tcp_clients,
        tcp_clients_per_net=min(written.tcp_clients, written.tcp_clients_per_net),
        tcp_first_message_s=written.tcp_first_message,
        tcp_whole_message_s=written.tcp_whole_message,
        tcp_idle_s=written.tcp_idle,
        tcp_idle_busy_s=idle_busy_s,
        tcp_idle_full_s=min(idle_busy_s, written.tcp_idle_full),
        tcp_in_flight=written.tcp_in_flight,
        tcp_unsent_octets=written.tcp_unsent,
        tcp_unsent_time_s=written.tcp_unsent_time,
        zone_store_octets=written.zone_store_size,
        compile_memory_octets=written.compile_memory,
        compile_time_s=written.compile_time,
        watch_delay_s=written.watch_delay,
        http_connections=written.http_connections,
        http_connections_per_client=min(
            written.http_connections, written.http_connections_per_client
        ),
        http_body_octets=written.http_body,
        log_rate=written.log_rate,
        worker_silence_s=written.worker_silence,
        restart_delay_s=min(written.restart_delay, written.restart_delay_max),
        restart_delay_max_s=written.restart_delay_max,
        drain_s=written.drain,
        stop_s=written.stop,
    )
