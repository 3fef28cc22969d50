"""A network of our own: addresses that the machine does not have, seen by nobody else."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def network(*addresses):
    """Put this thread, and the processes it starts, into a fresh network namespace.

    Args:
        addresses: IPv4 and IPv6 addresses to have on loopback, beside its own.
    """
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _check(_libc.unshare(_CLONE_NEWNET))
        try:
            _ip("link", "set", "lo", "up")
            for address in addresses:
                _ip("address", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))
            yield
        finally:
            _check(_libc.setns(home, _CLONE_NEWNET))
    finally:
        os.close(home)


def _ip(*words):
    subprocess.run(["ip", *words], check=True)


def _check(result):
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
