"""Confine this process to the paths it owns, by the kernel's Landlock.

A *ruleset* names every kind of access it handles; what it handles is forbidden
unless a rule allows it below some path. Descriptors that are open already stay
usable: sockets, the log. The confinement holds for the process and all it starts,
and cannot be lifted.

A kernel without Landlock, or one that was started without it, is no error: the
other defences stand, and `dnsd status` says that this one is missing.

Source: Documentation/userspace-api/landlock.rst of Linux; access rights by ABI:
1 (Linux 5.13) files, 2 REFER, 3 TRUNCATE, 5 IOCTL_DEV, 6 scopes.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# Numbers of system calls; the same on every architecture that has Landlock.
_CREATE_RULESET = 444
_ADD_RULE = 445
_RESTRICT_SELF = 446
_CREATE_RULESET_VERSION = 1
_RULE_PATH_BENEATH = 1

# <linux/landlock.h>
_EXECUTE = 1 << 0
_WRITE_FILE = 1 << 1
_READ_FILE = 1 << 2
_READ_DIR = 1 << 3
_ALL_BY_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 5: (1 << 16) - 1}
_TRUNCATE = 1 << 14
_IOCTL_DEV = 1 << 15
_SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0
_SCOPE_SIGNAL = 1 << 1
_SCOPE_ABI = 6

# What makes sense for a rule on a file; the kernel refuses directory rights there.
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Paths:
    """What a process may do below which paths; paths that do not exist are left out.

    Attributes:
        read: list directories, read files.
        execute: read and run programs.
        write: everything but running programs and touching devices.
    """

    read: tuple[Path, ...] = ()
    execute: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()


class _RulesetAttribute(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneathAttribute(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def abi() -> int:
    """Return the version of Landlock this kernel offers; 0 is none."""
    version = int(_libc.syscall(_CREATE_RULESET, None, 0, _CREATE_RULESET_VERSION))
    return max(version, 0)


def confine(paths: Paths) -> bool:
    """Forbid this process every path that is not listed.

    ``no_new_privs`` must be set. Call it before any thread is started: threads
    that run already are not confined.

    Returns:
        Whether the process is confined; False on a kernel without Landlock.

    Raises:
        OSError: the kernel has Landlock but refused; e.g. no_new_privs is missing.
    """
    version = abi()
    if version == 0:
        return False
    handled = _ALL_BY_ABI[max(known for known in _ALL_BY_ABI if known <= version)]
    ruleset = _create_ruleset(handled, scoped=version >= _SCOPE_ABI)
    try:
        read = _READ_FILE | _READ_DIR
        _allow(ruleset, paths.read, handled & read)
        _allow(ruleset, paths.execute, handled & (read | _EXECUTE))
        _allow(ruleset, paths.write, handled & ~(_EXECUTE | _IOCTL_DEV))
        if _libc.syscall(_RESTRICT_SELF, ruleset, 0) != 0:
            raise _last_error("landlock_restrict_self")
    finally:
        os.close(ruleset)
    return True


def _create_ruleset(handled: int, *, scoped: bool) -> int:
    """Make a ruleset.

    Args:
        handled: kinds of file access that are forbidden unless allowed.
        scoped: also forbid signals to, and abstract sockets of, other processes.

    Returns:
        Its file descriptor.
    """
    attribute = _RulesetAttribute(handled, 0, 0)
    # Kernels that do not know the later fields take them when they are zero.
    if scoped:
        attribute.scoped = _SCOPE_ABSTRACT_UNIX_SOCKET | _SCOPE_SIGNAL
    size = ctypes.sizeof(attribute)
    ruleset = int(_libc.syscall(_CREATE_RULESET, ctypes.byref(attribute), size, 0))
    if ruleset < 0:
        raise _last_error("landlock_create_ruleset")
    return ruleset


def _allow(ruleset: int, paths: Iterable[Path], rights: int) -> None:
    for path in paths:
        try:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.EACCES}:
                continue
            raise
        try:
            allowed = rights
            if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
                allowed &= _FILE_RIGHTS
            attribute = _PathBeneathAttribute(allowed, descriptor)
            if _libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(attribute), 0):
                raise _last_error("landlock_add_rule")
        finally:
            os.close(descriptor)


def _last_error(call: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, f"{call}: {os.strerror(number)}")
