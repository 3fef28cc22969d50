"""Which paths each role needs, for Landlock.

A worker has opened the store and its sockets before it is confined and reads
nothing later but modules that Python imports late. Control reads zone files, starts
the compiler, and writes below the state directory.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dnsd.control.scan import ZoneFiles, look
from dnsd.run.landlock import Paths

if TYPE_CHECKING:
    from dnsd.config.schema import Config

# The dynamic linker's own files, time zones, what closes descriptors before an exec.
_SYSTEM = tuple(
    map(Path, ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/dev", "/proc"))
)
_PACKAGE = Path(__file__).parents[1]


def worker_paths() -> Paths:
    """Return what a worker may touch once it serves."""
    return Paths(read=(*_SYSTEM, *_python()))


def control_paths(config: Config) -> Paths:
    """Return what the process may touch that compiles zones and reads configuration."""
    settings = (config.file, config.cookies.file)
    return Paths(
        # Of both an editor may put another file in the place.
        read=(*_zones(config), *(file.parent for file in settings if file)),
        execute=(*_SYSTEM, *_python()),
        write=(config.state_directory,),
    )


def _python() -> set[Path]:
    """Return where this Python and its modules are."""
    found = {Path(place) for place in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    found |= {Path(place) for place in sys.path if place}
    found |= {_PACKAGE, Path(sys.executable).resolve()}
    return found


def _zones(config: Config) -> set[Path]:
    """Return where zone files are, and where links among them lead."""
    authority = config.authority
    where = ZoneFiles(authority.zone_directories, authority.zone_files)
    # An editor saves a file by putting another in its place: the directory counts.
    found = {*authority.zone_directories, *(file.parent for file in authority.zone_files)}
    found |= {Path(file).resolve().parent for file in look(where).facts}
    return found
