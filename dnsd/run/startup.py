"""From configuration to what all processes inherit, in the only order that works.

As root: the state directory, every socket, the descriptor limit. Then privileges
are dropped, and what follows must be readable for the user we became.
"""

from __future__ import annotations

import errno
import mmap
import os
import secrets
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import twisted

from dnsd.control.claim import claim_socket, listen_http
from dnsd.net import listeners
from dnsd.observe import metrics
from dnsd.query.lookout import board_octets
from dnsd.run import (
    certificates,
    descriptors,
    landlock,
    privileges,
    wiring,
    wiring_cache,
    wiring_mail,
    wiring_streams,
)
from dnsd.run.cookie_secrets import SEED_OCTETS
from dnsd.run.flush_board import FlushBoard
from dnsd.run.inheritance import Inheritance
from dnsd.run.places import roles_for, rows_for
from dnsd.run.quarantine import Quarantine
from dnsd.source.problems import ConfigError, Problem, Where

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from dnsd.config.machine import Machine
    from dnsd.config.schema import Config
    from dnsd.control.claim import ControlSocket
    from dnsd.net.listeners import Listener
    from dnsd.net.tls import Contexts
    from dnsd.observe.log import EventLog
    from dnsd.run.privileges import Account

# A disk in these states takes no new file; what is compiled already can be served.
_DISK_STATES = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO))


def prepare(config: Config, machine: Machine, log: EventLog) -> Inheritance:
    """Do everything that comes before the first fork, and become the user.

    Args:
        config: what the operator wants.
        machine: what ``auto`` in it was decided by.
        log: where all processes write.

    Raises:
        ConfigError: something the operator has to mend; nothing stays bound.
    """
    where = Where(str(config.file or "dnsd.yaml"))
    account = None
    if config.user is not None:
        account = privileges.find_account(config.user, where)
    notices = list(_make_state_directory(config, account))
    sockets = _Sockets()
    try:
        sockets.open(config, account, notices)
        room, notice = _room(config, len(sockets.listeners))
        wall_now = int(time.time())
        given = _given(config, wall_now)
        _drop(account, where)
        _refuse_unreadable(config, account)
        contexts, of_mail = _completed(config, given, wall_now)
        cache_octets, about_cache = wiring_cache.prepare(config)
        if about_cache:
            log.warning("cache", about_cache)
        about_tls = _about_tls(config, contexts, of_mail)
        notices += [*filter(None, (notice, about_cache, *about_tls)), *_about(config)]
    except ConfigError:
        sockets.close()
        raise
    rows = rows_for(len(roles_for(config.workers, mail=config.mail.enabled)))
    return Inheritance(
        config=config,
        machine=machine,
        listeners=sockets.listeners,
        mail_listeners=sockets.mail,
        control_socket=sockets.control,
        control_http=sockets.http,
        page=metrics.new_page(rows, len(sockets.listeners)),
        quarantine=Quarantine(rows),
        cookie_seed=secrets.token_bytes(SEED_OCTETS),
        sightings=memoryview(mmap.mmap(-1, board_octets(rows))),
        tcp_room=room,
        tls=contexts,
        mail_tls=of_mail,
        cache_octets=cache_octets,
        flushes=FlushBoard(rows),
        notices=tuple(notices),
        log=log,
    )


@dataclass(slots=True)
class _Sockets:
    """What was opened, so that all of it can be closed again."""

    listeners: tuple[Listener, ...] = ()
    mail: tuple[Listener, ...] = ()
    control: ControlSocket | None = None
    http: socket.socket | None = None

    def open(self, config: Config, account: Account | None, notices: list[str]) -> None:
        """Bind everything.

        Args:
            config: what the operator wants.
            account: who shall own the control socket.
            notices: what the operator should know is added.

        Raises:
            ConfigError: with every socket that cannot be had, or with one line
                when another daemon runs here.
        """
        problems: list[Problem] = []
        try:
            self.control = _claim(config, account, notices)
        except ConfigError as error:
            if isinstance(error.__context__, BlockingIOError):
                raise  # whatever else is taken, that other daemon has
            problems += error.problems
        try:
            bound = listeners.bind(wiring.endpoints(config), max(1, config.workers))
            self.listeners = bound.listeners
            notices += bound.notices
        except ConfigError as error:
            problems += error.problems
        try:
            if config.mail.enabled:
                self.mail = listeners.bind(wiring_mail.endpoints(config), 1).listeners
        except ConfigError as error:
            problems += error.problems
        try:
            self.http = listen_http(*config.control.http) if config.control.http else None
        except ConfigError as error:
            problems += error.problems
        if problems:
            raise ConfigError(problems)

    def close(self) -> None:
        """Close everything that was opened."""
        for listener in (*self.listeners, *self.mail):
            listener.socket.close()
        if self.control is not None:
            self.control.release()
        if self.http is not None:
            self.http.close()


def _given(config: Config, wall_now: int) -> tuple[Contexts | None, Contexts | None]:
    """Read the operator's certificates, of DNS and of mail."""
    return (
        certificates.given(config, wall_now),
        certificates.given(config, wall_now, certificates.MAIL),
    )


def _completed(
    config: Config, given: tuple[Contexts | None, Contexts | None], wall_now: int
) -> tuple[Contexts | None, Contexts | None]:
    """Make certificates of our own where none are given."""
    of_dns, of_mail = given
    return (
        of_dns or certificates.own(config, wall_now),
        of_mail or certificates.own(config, wall_now, certificates.MAIL),
    )


def _about_tls(config: Config, *contexts: Contexts | None) -> Iterator[str | None]:
    for use in (certificates.DNS, certificates.MAIL):
        yield certificates.later_unreadable(config, use)
    for each in contexts:
        yield from each.notices if each else ()


def _room(config: Config, sockets: int) -> tuple[int, str | None]:
    """Tell how many TCP clients there are descriptors for; see `descriptors.fit`."""
    need = descriptors.Need(
        sockets=sockets,
        tcp_clients=wiring_streams.clients(config),
        http_clients=config.limits.http_connections,
    )
    return descriptors.fit(need, descriptors.raise_limit())


def _make_state_directory(config: Config, account: Account | None) -> Iterator[str]:
    """Make the state directory and let the user own what we keep there.

    Raises:
        ConfigError: it cannot be made.
    """
    directory = config.state_directory
    try:
        directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        hint = "set another state_directory, or make it"
        problem = Problem(
            Where(str(directory)), "state-directory", error.strerror or str(error), "", hint
        )
        raise ConfigError([problem]) from None
    if account is None or os.geteuid() != 0:
        return
    # A run as root may have left files of root's; only those we know are touched.
    store = wiring.store_path(config)
    ours = [directory, store, *store.glob("*"), *directory.glob("serials.db*")]
    ours += directory.glob("tls-*.pem")
    ours += [*directory.glob("mail-tls-*.pem"), *directory.glob("accounts.db*")]
    ours += [config.mail.queue, *config.mail.queue.glob("**/*")]
    try:
        for path in ours:
            if path.exists() and path.stat().st_uid != account.uid:
                os.chown(path, account.uid, account.gid, follow_symlinks=False)
    except OSError as error:
        reason = error.strerror or str(error)
        yield f"{directory} cannot be given to user {account.name}: {reason}"


def _claim(config: Config, account: Account | None, notices: list[str]) -> ControlSocket | None:
    """Claim the control socket; a disk that is full or read-only costs us only that.

    Raises:
        ConfigError: another daemon has it, or it cannot be made there.
    """
    try:
        claimed = claim_socket(config.control.socket)
    except ConfigError as error:
        cause = error.__context__
        if isinstance(cause, OSError) and cause.errno in _DISK_STATES:
            notices.append(
                f"{config.control.socket} cannot be made ({cause.strerror}): "
                "no `dnsd status` until the next start"
            )
            return None
        raise
    if account is not None and os.geteuid() == 0:
        with suppress(OSError):
            os.chown(claimed.path, account.uid, account.gid)
            os.chown(claimed.lock, account.uid, account.gid)
    return claimed


def _about(config: Config) -> Iterator[str]:
    for warning in config.warnings:
        yield f"{warning.message}; {warning.hint}" if warning.hint else warning.message
    if landlock.abi() == 0:
        yield "this kernel has no Landlock, so processes are not confined to their paths"


def _drop(account: Account | None, where: Where) -> None:
    try:
        privileges.drop(account)
    except OSError as error:
        raise ConfigError(
            [Problem(where, "privileges", f"privileges cannot be dropped: {error}")]
        ) from None


def _refuse_unreadable(config: Config, account: Account | None) -> None:
    problems = list(_unreadable(config, account))
    if problems:
        raise ConfigError(problems)


def _unreadable(config: Config, account: Account | None) -> Iterator[Problem]:
    """Find what the user we became cannot read: our own program, or zone files."""
    if account is None:
        return
    needed = {
        Path(os.__file__): "let everybody read the Python that runs dnsd, or use another",
        Path(twisted.__file__): "let everybody read where dnsd is installed",
        Path(__file__): "let everybody read where dnsd is installed",
        Path(sys.executable): "let everybody run the Python that runs dnsd, or use another",
    }
    authority = config.authority
    for path in (*authority.zone_directories, *authority.zone_files):
        needed[path] = f"let user {account.name} read it"
    for path, hint in needed.items():
        if not os.access(path, os.R_OK):
            yield Problem(
                Where(str(path)),
                "unreadable-for-user",
                f"user {account.name}, whom dnsd becomes, cannot read it",
                "",
                hint,
            )
