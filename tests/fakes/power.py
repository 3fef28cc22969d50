"""A disk in memory that remembers what a power failure may leave of it.

A write is safe once the file was synced, a name once its directory was. Until then each
of them may be lost alone, in any order: a rename is a name that comes and another that
goes, in two directories. What a file holds beyond what was synced may be missing, partly
there, or there in length only.
"""

import itertools
import random
from pathlib import Path
from typing import NamedTuple

from dnsd.durable.disk import Disk, Space

# Above so many changes of names that are not safe, subsets are drawn, not listed.
MAX_LISTED = 6
DRAWN = 64


class Name(NamedTuple):
    """A change of a directory that is not safe yet: a name that comes, or goes (None)."""

    path: Path
    node: int | None


class PowerDisk(Disk):
    """The disk.

    Attributes:
        log: a copy of the state after every call that changed it, if `record` is set.
    """

    def __init__(self, files=(), directories=()):
        self.nodes = {}  # number -> octets, how many of them are safe
        self.names = _Names(self)
        self.safe = {}  # path -> node; a directory has node 0
        self.now = {}
        self.pending = []  # `Name`s, the oldest first
        self.descriptors = {}
        self.log = None
        self._count = itertools.count(1)
        for path in directories:
            self.safe[path] = self.now[path] = 0
        for path, octets in dict(files).items():
            node = next(self._count)
            self.nodes[node] = [bytearray(octets), len(octets)]
            self.safe[path] = self.now[path] = node

    def _changed(self):
        if self.log is not None:
            self.log.append(self.state())

    def state(self):
        """Return what is safe, and what may be lost."""
        nodes = {number: (bytes(octets), safe) for number, (octets, safe) in self.nodes.items()}
        return dict(self.safe), tuple(self.pending), nodes

    def _name(self, path, node):
        if node is None:
            self.now.pop(path, None)
        else:
            self.now[path] = node
        self.pending.append(Name(path, node))

    def make_directory(self, path):
        """Make a directory and its parents below the first that is there."""
        for part in [*reversed(path.parents), path]:
            if len(part.parts) > 1 and part not in self.now:
                self._name(part, 0)
        self._changed()

    def create(self, path, mode=0o600):
        """Make a file."""
        if path in self.now:
            raise FileExistsError(17, "File exists")
        if path.parent not in self.now and len(path.parent.parts) > 1:
            raise FileNotFoundError(2, "No such file or directory")
        node = next(self._count)
        self.nodes[node] = [bytearray(), 0]
        self._name(path, node)
        self.descriptors[node] = [node, 0]
        self._changed()
        return node

    def write(self, descriptor, octets):
        """Write at the end."""
        self.nodes[self.descriptors[descriptor][0]][0].extend(octets)
        self._changed()

    def sync(self, descriptor):
        """Have a file's octets safe."""
        node = self.nodes[self.descriptors[descriptor][0]]
        node[1] = len(node[0])
        self._changed()

    def close(self, descriptor):
        """Close a file."""
        del self.descriptors[descriptor]

    def rename(self, path, target):
        """A name comes, another goes."""
        node = self.now[path]
        self._name(target, node)
        self._name(path, None)
        self._changed()

    def sync_directory(self, path):
        """Have the names in a directory safe."""
        for name in self.pending:
            if name.path.parent == path:
                if name.node is None:
                    self.safe.pop(name.path, None)
                else:
                    self.safe[name.path] = name.node
        self.pending = [name for name in self.pending if name.path.parent != path]
        self._changed()

    def remove(self, path):
        """A name goes."""
        if path in self.now:
            self._name(path, None)
            self._changed()

    def open(self, path):
        """Open for reading."""
        if path not in self.now:
            raise FileNotFoundError(2, "No such file or directory")
        descriptor = -next(self._count)
        self.descriptors[descriptor] = [self.now[path], 0]
        return descriptor

    def read(self, descriptor, count):
        """Read on."""
        place = self.descriptors[descriptor]
        octets = bytes(self.nodes[place[0]][0][place[1] : place[1] + count])
        place[1] += len(octets)
        return octets

    def space(self, path):
        """There always is some."""
        return Space(1 << 40, 1.0)


class _Names:
    """``disk.names(path)``: what is in a directory."""

    def __init__(self, disk):
        self._disk = disk

    def __call__(self, path):
        return [found.name for found in self._disk.now if found.parent == path]


def legal_images(state, seed=0):
    """Give every image of files that a power failure may leave of a state.

    Args:
        state: of `PowerDisk`.
        seed: of what is drawn where there is too much to list.

    Yields:
        Octets of each file by path, and the set of directories.
    """
    safe, pending, nodes = state
    unsafe = sorted(number for number, (octets, kept) in nodes.items() if kept < len(octets))
    for kept in _subsets(pending, seed):
        names = dict(safe)
        for name in kept:
            if name.node is None:
                names.pop(name.path, None)
            else:
                names[name.path] = name.node
        names = {path: node for path, node in names.items() if _is_reached(path, names)}
        seen = [number for number in unsafe if number in names.values()]
        for contents in itertools.product(*(_contents(*nodes[number]) for number in seen)):
            octets = {number: whole for number, (whole, _) in nodes.items()}
            octets.update(zip(seen, contents, strict=True))
            files = {path: octets[node] for path, node in names.items() if node}
            yield files, frozenset(path for path, node in names.items() if not node)


def _is_reached(path, names):
    return all(parent in names or len(parent.parts) <= 1 for parent in path.parents)


def _contents(octets, safe):
    rest = len(octets) - safe
    cut = octets[: safe + rest // 2]
    return [octets, octets[:safe], cut, cut + bytes(len(octets) - len(cut)), octets[:-1]]


def _subsets(pending, seed):
    if len(pending) <= MAX_LISTED:
        for flags in itertools.product((True, False), repeat=len(pending)):
            yield list(itertools.compress(pending, flags))
        return
    chance = random.Random(seed)
    yield list(pending)
    yield []
    for place in range(len(pending)):
        yield [pending[place]]
        yield [name for i, name in enumerate(pending) if i != place]
    for _ in range(DRAWN):
        yield [name for name in pending if chance.random() < 0.5]
