"""From the configuration as written to the one the program runs on.

Here ``auto`` and what was left out are decided, and what only several values
together can show is checked.
"""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

from dnsd.config import normal_listen, normal_mail, normal_resolver, normal_tls, schema
from dnsd.config.written_dnssec import ALGORITHMS
from dnsd.dnssec.policy import DEFAULT, SigningPolicy
from dnsd.source.problems import Problem, Severity, Where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.config.machine import Machine
    from dnsd.config.places import Surroundings
    from dnsd.config.written import WrittenAuthority, WrittenConfig
    from dnsd.config.written_dnssec import WrittenDnssec
    from dnsd.config.written_limits import WrittenLimits
    from dnsd.source.marked_yaml import Document

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
        listen=normal_listen.listeners(written.listen, machine),
        workers=workers,
        state_directory=written.state_directory,
        user=written.user,
        tls=schema.Tls(written.tls.certificate, written.tls.key),
        https=schema.Https(written.https.path, tuple(written.https.proxies)),
        resolver=normal_resolver.resolver(written.resolver, machine),
        cache=normal_resolver.cache(written.cache),
        authority=_authority(written.authority, surroundings),
        server_identity=schema.ServerIdentity(
            nsid=written.server_identity.nsid, version=written.server_identity.version
        ),
        cookies=schema.Cookies(written.cookies.enabled, *written.cookies.secret_file),
        mail=normal_mail.mail(written.mail, written.state_directory, machine),
        control=schema.Control(
            socket=written.state_directory / written.control.socket, http=written.control.http
        ),
        log=schema.Log(written.log.level),
        answer_cache=written.answer_cache,
        limits=_limits(written.limits),
        signing_policies=_signing_policies(written.dnssec),
        warnings=(),
    )


def check(
    written: WrittenConfig, config: schema.Config, machine: Machine, document: Document | None
) -> Iterator[Problem]:
    """Find what is wrong or unwise with values that are each right alone.

    Args:
        written: the configuration as written.
        config: the normalized configuration.
        machine: what it was decided by.
        document: the file it came from, None for the defaults.
    """
    yield from normal_listen.check(
        written.listen, machine, lambda index: _where(config, document, "listen", index)
    )
    yield from normal_tls.check(config.tls, "tls", _where(config, document, "tls"))
    yield from normal_resolver.check(
        config.resolver, lambda *path: _where(config, document, "resolver", *path)
    )
    yield from normal_mail.check(
        config.mail,
        lambda *path: _where(config, document, "mail", *path),
        resolver_enabled=config.resolver.enabled,
    )
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


def _says_user(document: Document | None) -> bool:
    written = document.plain() if document else None
    return isinstance(written, dict) and written.get("user", "auto") != "auto"


def _where(config: schema.Config, document: Document | None, *path: str | int) -> Where:
    if document is None:
        return Where(str(config.file or "built-in defaults"))
    return document.where(path)


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


def _signing_policies(written: WrittenDnssec) -> dict[str, SigningPolicy]:
    found = {DEFAULT: SigningPolicy()}
    for each in written.policies or ():
        found[each.name.decode()] = SigningPolicy(
            algorithm=ALGORITHMS[each.algorithm],
            split_keys=each.keys == "ksk-zsk",
            nsec3=each.nsec3 is not False,
            opt_out=each.nsec3 is None,
            validity_s=int(each.validity),
        )
    return found


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
        tls_handshake_s=written.tls_handshake,
        tls_handshakes=written.tls_handshakes,
        doh_clients=written.doh_clients,
        doh_streams=written.doh_streams,
        doh_resets=written.doh_resets,
        doh_body_octets=written.doh_body,
        doh_headers_octets=written.doh_headers,
        zone_store_octets=written.zone_store_size,
        compile_memory_octets=written.compile_memory,
        compile_time_s=written.compile_time,
        local_file_octets=written.local_file_size,
        local_names=written.local_names,
        block_list_octets=written.block_list_size,
        block_list_names=written.block_list_names,
        block_list_time_s=written.block_list_time,
        block_store_octets=written.block_store_size,
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
