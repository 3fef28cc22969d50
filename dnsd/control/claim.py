"""The sockets of the control interface: claimed once, before the first fork.

Beside the unix socket lies a lock file. Whoever holds its lock may remove a
socket that a dead daemon left; a second daemon gets a line that says so. The
lock is inherited with the socket, so it lasts as long as any process of ours.
"""

from __future__ import annotations

import errno
import fcntl
import ipaddress
import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.source.problems import ConfigError, Problem, Where

if TYPE_CHECKING:
    from pathlib import Path

_BACKLOG: Final = 64  # as many as connections at once
# unix(7): sun_path takes 108 octets, the last of them zero.
_MAX_PATH_OCTETS: Final = 107


@dataclass(frozen=True, slots=True)
class ControlSocket:
    """A listening unix socket that is ours.

    Attributes:
        path: where it is.
        socket: non-blocking, listens.
        lock: descriptor that holds the claim.
    """

    path: Path
    socket: socket.socket
    lock: int

    def release(self) -> None:
        """Close and remove the socket and give up the claim, at the end of the daemon."""
        self.socket.close()
        with suppress(OSError):
            self.path.unlink()
        os.close(self.lock)


def claim_socket(path: Path) -> ControlSocket:
    """Listen on a unix socket that only our user may connect to.

    Raises:
        ConfigError: another daemon has it, or it cannot be made there.
    """
    if len(os.fsencode(path)) > _MAX_PATH_OCTETS:
        raise _refused(
            path, f"the path is longer than {_MAX_PATH_OCTETS} octets", "set control: socket:"
        )
    try:
        lock = _lock(path.with_name(path.name + ".lock"))
    except BlockingIOError:
        raise _refused(
            path,
            "another dnsd has this control socket",
            "stop it, or set another state_directory for this one",
        ) from None
    except OSError as error:
        raise _refused(path, _words(error), _advice(path, error)) from None
    try:
        return ControlSocket(path, _listen(path), lock)
    except OSError as error:
        os.close(lock)
        raise _refused(path, _words(error), _advice(path, error)) from None


def listen_http(address: str, port: int) -> socket.socket:
    """Listen for metrics and health on a loopback address.

    Raises:
        ConfigError: not a loopback address, or it cannot be bound.
    """
    where = f"{address} port {port}/http"
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(address).version == 6 else socket.AF_INET
        if not ipaddress.ip_address(address).is_loopback:
            raise ConfigError(
                [
                    Problem(
                        Where(where),
                        "control-address",
                        "the control interface has no passwords yet",
                        "a loopback address",
                        "let a proxy with access control listen elsewhere",
                    )
                ]
            )
        opened = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    except (ValueError, OSError) as error:
        raise ConfigError([Problem(Where(where), "control-address", str(error))]) from None
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((address, port))
        opened.listen(_BACKLOG)
    except OSError as error:
        opened.close()
        advice = "set control: http: to another port, or to null"
        raise ConfigError(
            [Problem(Where(where), "control-address", _words(error), "", advice)]
        ) from None
    return opened


def _lock(path: Path) -> int:
    """Take the lock of a file, made when it is not there; never removed.

    Removing it would let a second daemon lock a file that nobody sees.

    Raises:
        BlockingIOError: somebody has it.
        OSError: it cannot be made.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _listen(path: Path) -> socket.socket:
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise FileExistsError(errno.EEXIST, "a file that is no socket is in its place")
        path.unlink()
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    before = os.umask(0o177)  # nobody may connect between bind and chmod
    try:
        opened.bind(os.fspath(path))
        opened.listen(_BACKLOG)
    except BaseException:
        opened.close()
        raise
    finally:
        os.umask(before)
    return opened


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _advice(path: Path, error: OSError) -> str:
    match error.errno:
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return f"let the user of dnsd write to {path.parent}, or set another state_directory"
        case errno.ENOENT:
            return f"make the directory {path.parent}"
        case errno.EEXIST:
            return f"move {path} away"
        case _:
            return ""


def _refused(path: Path, message: str, hint: str) -> ConfigError:
    return ConfigError([Problem(Where(str(path)), "control-socket", message, "", hint)])
