"""The file of the shared cache: made, taken over from an earlier run, closed.

The file is used again when it was closed cleanly, or by a process of this boot,
for what a killed process wrote is in the kernel's hands and whole. After a crash
of the machine it may be torn, for nothing is ever synchronised while it is in
use; then it is thrown away. The cache can always be learned anew, so no damage
is more than a note.

Its blocks are allocated when it is made: a cache that is short of room later
would fail at a moment when nobody looks. LMDB writes it by ``pwrite``, not
through its map, so that a full disk is an error and not a signal.

Expiry is monotonic seconds, which begin anew with every boot. The header says how
much to add to them, the *shift*, so that times in the file go on as the wall
clock does: an entry does not live longer because the machine was off. When the
wall clock went back, nobody knows how long that was, and the file is thrown away.

One process prepares the file before others open it, and marks it as clean after
they have closed it.
"""

from __future__ import annotations

import errno
import os
import struct
from contextlib import closing, suppress
from typing import TYPE_CHECKING, NamedTuple

import lmdb

if TYPE_CHECKING:
    from pathlib import Path

#: What is said when no file can be used begins with it.
IN_MEMORY = "the cache is kept in memory only"
#: The smallest file that a transaction of the largest size always finds room in.
SMALLEST_OCTETS = 4 << 20

# Changes with every layout of any database.
_FORMAT = b"dnsd cache 4"
_HEADER = struct.Struct(f">{len(_FORMAT)}s?dddQ")
_MAX_DATABASES = 12
# One slot a process, while it reads.
_MAX_READERS = 254


class Moment(NamedTuple):
    """When and in which boot something happens.

    Attributes:
        boot: what tells this boot from others, the kernel's ``boot_id``.
        wall: Unix time.
        monotonic: seconds.
    """

    boot: bytes
    wall: float
    monotonic: float


class Header(NamedTuple):
    """The first row of the file.

    Attributes:
        clean: nobody has it open, and it is on the disk as a whole.
        offset: Unix time minus monotonic seconds, when this was written.
        shift: what times in the file are more than monotonic seconds.
        wall: Unix time when this was written.
        size_octets: of the file.
        boot: in which boot it was written.
    """

    clean: bool
    offset: float
    shift: float
    wall: float
    size_octets: int
    boot: bytes


class Preparation(NamedTuple):
    """What became of the file.

    Attributes:
        usable: it is there and may be opened; otherwise keep the cache in memory.
        note: a line for people, empty when there is nothing to say.
    """

    usable: bool
    note: str


def prepare_cache(directory: Path, size_octets: int, moment: Moment) -> Preparation:
    """Make the file ready, before any process opens it.

    Args:
        directory: where it lies; made when it is not there, its parent must be.
        size_octets: of the file, at least :data:`SMALLEST_OCTETS`.
        moment: now.
    """
    try:
        directory.mkdir(mode=0o750, exist_ok=True)
        reason = _take_over(directory, size_octets, moment)
    except (OSError, ValueError, lmdb.Error) as error:
        reason = f"its file cannot be used: {error}"
    note = f"the cache starts empty, {reason}" if reason else ""
    try:
        if reason is not None:
            _make(directory, size_octets, moment)
        _allocate(directory, size_octets)
    except (OSError, MemoryError, lmdb.Error) as error:
        with suppress(OSError):
            remove_file(directory)
        why = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else error
        return Preparation(
            usable=False,
            note=f"{IN_MEMORY}: {why}, {size_octets} octets in {directory}",
        )
    return Preparation(usable=True, note=note)


def close_cleanly(directory: Path, moment: Moment) -> None:
    """Write all to the disk and note that; after every process has closed the file.

    Does nothing when there is no file, or the disk fails: the file is then not
    used again in another boot.
    """
    if not _file(directory).exists():
        return
    try:
        with closing(open_environment(directory, _file(directory).stat().st_size)) as environment:
            environment.sync(True)  # noqa: FBT003 -- the parameter has no name
            header = read_header(environment)
            offset = moment.wall - moment.monotonic
            _write_header(environment, header._replace(clean=True, offset=offset, wall=moment.wall))
    except (OSError, ValueError, lmdb.Error):
        return


def open_environment(directory: Path, size_octets: int) -> lmdb.Environment:
    """Open the file as every process does.

    Raises:
        lmdb.Error: it is none of LMDB's, or no address space is left.
    """
    return lmdb.open(
        str(directory),
        map_size=size_octets,
        max_dbs=_MAX_DATABASES,
        max_readers=_MAX_READERS,
        sync=False,
        mode=0o640,
        max_spare_txns=2,
    )


def read_header(environment: lmdb.Environment) -> Header:
    """Read the first row.

    Raises:
        ValueError: another version of dnsd wrote the file, or none.
    """
    state = environment.open_db(b"state")
    with environment.begin(state) as transaction:
        octets = transaction.get(b"header", b"")
    if len(octets) < _HEADER.size:
        raise ValueError("it has no header")
    form, clean, offset, shift, wall, size_octets = _HEADER.unpack_from(octets)
    if form != _FORMAT:
        raise ValueError("another version of dnsd wrote it")
    return Header(clean, offset, shift, wall, size_octets, octets[_HEADER.size :])


def remove_file(directory: Path) -> None:
    """Remove the file; nobody may have it open."""
    for name in ("data.mdb", "lock.mdb"):
        (directory / name).unlink(missing_ok=True)


def _file(directory: Path) -> Path:
    return directory / "data.mdb"


def _take_over(directory: Path, size_octets: int, moment: Moment) -> str | None:
    """Make the file of an earlier run ours.

    Returns:
        Why that cannot be, empty when there is no file; None when it is done.
    """
    if not _file(directory).exists():
        return ""
    # LMDB notices only when it reads behind the end, and then by a signal.
    present = _file(directory).stat().st_size
    if present < size_octets:
        return f"its file has {present} octets instead of {size_octets}"
    with closing(open_environment(directory, size_octets)) as environment:
        header = read_header(environment)
        if header.size_octets != size_octets:
            return f"its file was made for {header.size_octets} octets, not {size_octets}"
        offset = moment.wall - moment.monotonic
        shift = header.shift
        if header.boot != moment.boot:
            if not header.clean:
                return "its file was not closed before the machine stopped"
            if moment.wall < header.wall:
                return "the clock stands before the time at which its file was closed"
            shift += offset - header.offset
        _write_header(
            environment,
            Header(
                clean=False,
                offset=offset,
                shift=shift,
                wall=moment.wall,
                size_octets=size_octets,
                boot=moment.boot,
            ),
        )
        environment.reader_check()
    return None


def _make(directory: Path, size_octets: int, moment: Moment) -> None:
    remove_file(directory)
    if size_octets < SMALLEST_OCTETS:
        raise OSError(errno.EINVAL, "too small for a cache")
    offset = moment.wall - moment.monotonic
    with closing(open_environment(directory, size_octets)) as environment:
        _write_header(
            environment,
            Header(
                clean=False,
                offset=offset,
                shift=0.0,
                wall=moment.wall,
                size_octets=size_octets,
                boot=moment.boot,
            ),
        )


def _allocate(directory: Path, size_octets: int) -> None:
    with _file(directory).open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, size_octets)


def _write_header(environment: lmdb.Environment, header: Header) -> None:
    """Write the first row and see it onto the disk."""
    *fields, boot = header
    state = environment.open_db(b"state")
    with environment.begin(state, write=True) as transaction:
        transaction.put(b"header", _HEADER.pack(_FORMAT, *fields) + boot)
    environment.sync(True)  # noqa: FBT003 -- the parameter has no name
