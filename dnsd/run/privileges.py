"""Give up what only start-up needs: root, capabilities, core dumps.

The order of :func:`drop` matters: groups while we are still root, then the group,
then the user, then ``no_new_privs`` so that no program we ever start gets more, and
last a look whether any of it can be had back. A drop that half worked is an error,
never a warning.

Linux only: ``prctl`` and ``capset`` are called through ctypes.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dnsd.source.problems import ConfigError, Problem, Where

if TYPE_CHECKING:
    from collections.abc import Callable

# <linux/prctl.h>
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
# <linux/capability.h>: version 3 has two words of 32 bits for each of three sets.
_CAPABILITY_VERSION_3 = 0x20080522
_CAPABILITY_WORDS = 6

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Account:
    """Whom to become: name, user id, group id."""

    name: str
    uid: int
    gid: int


def find_account(name: str, where: Where) -> Account:
    """Look a user up.

    Raises:
        ConfigError: there is no such user; says how to make one.
    """
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        problem = Problem(
            where,
            "user-unknown",
            f"there is no user {name!r} to become; make one "
            f"(useradd --system --no-create-home --shell /usr/sbin/nologin {name}) "
            "or name another under 'user:'",
        )
        raise ConfigError([problem]) from None
    return Account(name, entry.pw_uid, entry.pw_gid)


def drop(account: Account | None) -> None:
    """Become the user, without a way back.

    Args:
        account: whom to become. None, or any other caller than root, keeps the
            user and gives up capabilities only.

    Raises:
        OSError: the kernel refused, or something could be had back.
    """
    if account is not None and os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(account.gid, account.gid, account.gid)
        os.setresuid(account.uid, account.uid, account.uid)
    if os.geteuid() != 0:
        _clear_capabilities()
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_DUMPABLE, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if account is not None:
        verify(account)


def verify(account: Account) -> None:
    """Try to get everything back and fail if any of it works.

    Raises:
        OSError: some privilege is still there.
    """
    if account.uid == 0:
        return
    wanted = ((account.uid,) * 3, (account.gid,) * 3)
    if (os.getresuid(), os.getresgid()) != wanted:
        raise OSError(
            f"user and group are {os.getresuid()} and {os.getresgid()}, "
            f"not {account.uid} and {account.gid} throughout"
        )
    regains: tuple[Callable[[], None], ...] = (
        lambda: os.setuid(0),
        lambda: os.setgid(0),
        lambda: os.setgroups([0]),
    )
    for regain in regains:
        try:
            regain()
        except PermissionError:
            continue
        raise OSError("root privileges could be had back after they were dropped")
    if held := capabilities():
        raise OSError(f"capabilities {held:#x} are still held after they were dropped")


def capabilities() -> int:
    """Return the effective and permitted capabilities of this process, as one mask."""
    held = 0
    # As octets: a codec would first have to be imported, from where we may not read now.
    for line in Path("/proc/self/status").read_bytes().splitlines():
        label, _, value = line.partition(b":")
        if label in {b"CapEff", b"CapPrm", b"CapAmb"}:
            held |= int(value, 16)
    return held


def _clear_capabilities() -> None:
    """Empty all capability sets; systemd's AmbientCapabilities= put some there."""
    # Kernels before 4.3 have no ambient set and nothing to clear in it.
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    words = (ctypes.c_uint32 * _CAPABILITY_WORDS)()
    if _libc.capset(header, words) != 0:
        raise _last_error("capset")


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise _last_error("prctl")


def _last_error(call: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{call}: {os.strerror(number)}")
