"""A wall clock that is stepped from outside, under a program that knows nothing of it.

``python wall_clock.py FILE serve …`` is ``dnsd serve …`` whose Unix time, Twisted's
included, is the machine's and as many seconds more as FILE says, eight octets that all
its processes look at whenever they look at the clock. Compilers, which are told the
time, and libraries in C, TLS among them, keep the machine's.
"""

import mmap
import struct
import sys
import time
from pathlib import Path

_SECONDS = struct.Struct("=d")


class WallClock:
    """The end of who steps it.

    Attributes:
        program: what comes before ``serve``, for ``Daemon``.
    """

    def __init__(self, path):
        path.write_bytes(bytes(_SECONDS.size))
        self.program = (str(Path(__file__)), str(path))
        with path.open("r+b") as file:
            self._octets = mmap.mmap(file.fileno(), _SECONDS.size)

    def step(self, seconds):
        """Go so many seconds before or behind the machine's clock."""
        _SECONDS.pack_into(self._octets, 0, seconds)

    def now(self):
        """Unix time as the program sees it."""
        return time.time() + _SECONDS.unpack_from(self._octets)[0]


def run():
    """Change what Python calls the time, then be dnsd."""
    with Path(sys.argv.pop(1)).open("rb") as file:
        octets = mmap.mmap(file.fileno(), _SECONDS.size, access=mmap.ACCESS_READ)
    true_time = time.time
    time.time = lambda: true_time() + _SECONDS.unpack_from(octets)[0]
    time.time_ns = lambda: int(time.time() * 1e9)
    from dnsd.cli.main import main

    sys.argv[0] = "dnsd"
    main()


if __name__ == "__main__":
    run()
