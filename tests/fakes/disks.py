"""Disks that fail, fill up or lose power at a call that a test names."""

import errno

from dnsd.durable.disk import Disk, Space

CALLS = ("make_directory", "create", "write", "sync", "close", "rename", "sync_directory",
         "remove", "names", "open", "read", "space")  # fmt: skip


class PowerFailure(BaseException):
    """Nothing runs any more."""


class FailingDisk(Disk):
    """The real disk, until one of its calls does not do what it should.

    Attributes:
        calls: that were made, by name.
        fail: ``(name, nth, error)``: that call of this name raises; None as name: of any.
    """

    def __init__(self, fail=None):
        self.calls = []
        self.fail = fail
        self.free = None

    def space(self, path):
        """Look how full it is, or say what the test has said."""
        self._count("space")
        return self.free if self.free is not None else Disk.space(self, path)

    def _count(self, name):
        self.calls.append(name)
        if self.fail is None:
            return
        which, nth, error = self.fail
        if which in (None, name) and len([c for c in self.calls if which in (None, c)]) == nth:
            raise error


def _counted(name):
    def call(self, *arguments, **given):
        self._count(name)
        return getattr(Disk, name)(self, *arguments, **given)

    return call


for _name in CALLS:
    if _name != "space":
        setattr(FailingDisk, _name, _counted(_name))

FULL = OSError(errno.ENOSPC, "No space left on device")
BROKEN = OSError(errno.EIO, "Input/output error")
NEARLY_FULL = Space(octets=1_000, inodes=0.5)
FEW_INODES = Space(octets=1 << 40, inodes=0.04)
