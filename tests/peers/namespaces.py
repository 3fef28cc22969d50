"""Networks of our own, seen by nobody else: one that is a thread's, and hosts with cables."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
from pathlib import Path

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

#: What ``ip netns exec`` puts over the files of ``/etc`` (ip-netns(8)).
_ETC = Path("/etc/netns")
_NAMED = Path("/run/netns")


@contextlib.contextmanager
def network(*addresses):
    """Put this thread, and the processes it starts, into a fresh network namespace.

    Args:
        addresses: IPv4 and IPv6 addresses to have on loopback, beside its own.
    """
    with _coming_home():
        _check(_libc.unshare(_CLONE_NEWNET))
        _ip("link", "set", "lo", "up")
        for address in addresses:
            _ip("address", "add", address, "dev", "lo", *(["nodad"] if ":" in address else []))
        yield


class Host:
    """A machine with a name server list of its own: a named network namespace.

    Attributes:
        name: that ``ip netns`` knows it by.
    """

    def __init__(self, role):
        self.name = f"dnsd-{role}-{os.getpid()}"
        self._etc = _ETC / self.name

    def __enter__(self):
        _ip("netns", "add", self.name)
        self.ip("link", "set", "lo", "up")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self._etc, ignore_errors=True)
        with contextlib.suppress(OSError):
            _ETC.rmdir()  # unless others use it too
        _ip("netns", "delete", self.name)

    def ip(self, *words):
        """Run ``ip`` for this host."""
        _ip("-netns", self.name, *words)

    def address(self, device, *addresses):
        """Give a device addresses with prefix lengths, usable at once, and switch it on."""
        self.ip("link", "set", "dev", device, "up")
        for address in addresses:
            self.ip(
                "address", "add", address, "dev", device, *(["nodad"] if ":" in address else [])
            )

    def etc(self, name, text):
        """Give the programs of this host a file of ``/etc``."""
        self._etc.mkdir(parents=True, exist_ok=True)
        (self._etc / name).write_text(text)

    def command(self, *words):
        """The command line of a program on this host."""
        return ["ip", "netns", "exec", self.name, *words]

    def run(self, *words):
        """Run a program on this host; all that it printed, whatever its exit status."""
        done = subprocess.run(
            self.command(*words), capture_output=True, text=True, check=False, timeout=120
        )
        return done.stdout + done.stderr

    @contextlib.contextmanager
    def entered(self):
        """Put this thread there: its sockets are that host's, also after it has left."""
        with _coming_home():
            there = os.open(_NAMED / self.name, os.O_RDONLY | os.O_CLOEXEC)
            try:
                _check(_libc.setns(there, _CLONE_NEWNET))
            finally:
                os.close(there)
            yield


def connect(here, there):
    """Lay a cable: each host gets a device named after what it leads to.

    Args:
        here: a host and the name of its device.
        there: the same of the other end.
    """
    (host, device), (peer, peer_device) = here, there
    host.ip(
        "link", "add", "name", device, "type", "veth", "peer", "name", peer_device, "netns", peer.name
    )  # fmt: skip


def why_none():
    """Say why this machine lets nobody make hosts; nothing if it does."""
    try:
        with network():
            pass
        with Host("trial") as one, Host("second") as two:
            connect((one, "two"), (two, "one"))
            one.etc("resolv.conf", "")
            if "Permission" in (said := one.run("true")):
                return said
    except OSError as error:
        return f"unshare: {error}"
    except subprocess.CalledProcessError as error:
        return f"{' '.join(error.cmd)}: {error.stderr.decode(errors='replace').strip()}"
    return ""


@contextlib.contextmanager
def _coming_home():
    """Bring the thread back to the network it is in now."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield
    finally:
        result = _libc.setns(home, _CLONE_NEWNET)
        os.close(home)
        _check(result)


def _ip(*words):
    subprocess.run(["ip", *words], check=True, stderr=subprocess.PIPE)


def _check(result):
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
