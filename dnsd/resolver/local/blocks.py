"""Block lists, compiled: which lists is a name on, and what becomes of it.

A compiled store is one LMDB file that never changes once it is published; a new
version is a new file. So one read transaction serves for as long as it is open::

    name (wire form, canonical)   ->  the lists it is on, bit i for list i, little-endian
    0xff "lists"                  ->  JSON: format, names of the lists, which of them mean
                                      all names below, names of one label

A name is looked up with its ancestors: exactly itself for lists of hosts, at or below
for lists of domains. An exception, on a list of what is allowed, wins.

One process writes, :func:`write_store`; what it is called and when it is published is
``control``'s to say.
"""

from __future__ import annotations

import enum
import json
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import lmdb

from dnsd.resolver.local.answer import LocalAnswer, Source
from dnsd.resolver.local.special import soa_of
from dnsd.resolver.outcome import Explanation
from dnsd.wire import names
from dnsd.wire.iana import ExtendedError, Rcode, RRType
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

_FORMAT: Final = 1
# No name begins so: labels have at most 63 octets.
_LISTS_KEY: Final = b"\xfflists"
_NAMES_PER_TRANSACTION: Final = 20_000

#: TTL of what is answered for a blocked name: an exception is to work soon.
TTL: Final = 60

_NOERROR = int(Rcode.NOERROR)
_NXDOMAIN = int(Rcode.NXDOMAIN)
_REFUSED = int(Rcode.REFUSED)
_NULL: Final = {int(RRType.A): bytes(4), int(RRType.AAAA): bytes(16)}


class Action(enum.Enum):
    """What becomes of a name on a list; the words of the configuration."""

    NXDOMAIN = "nxdomain"
    NULL = "null"
    REFUSE = "refuse"
    ALLOW = "allow"


class BlocksError(Exception):
    """A compiled store cannot be read or written; the message says why."""


@dataclass(frozen=True, slots=True)
class CompiledList:
    """One list of a store.

    Attributes:
        name: as configured.
        tree: its names mean all names below them.
    """

    name: str
    tree: bool


def write_store(
    path: Path, lists: Sequence[CompiledList], entries: Mapping[bytes, int], map_size: int
) -> None:
    """Write a store into a new file; it is on the disk when this returns.

    Args:
        path: the file; there is none yet.
        lists: in the order of the bits.
        entries: name in canonical form → the lists it is on, bit i for list i.
        map_size: octets of the largest file.

    Raises:
        BlocksError: no room for it, in the map or on the disk.
    """
    octets = (len(lists) + 7) // 8
    about = {
        "format": _FORMAT,
        "lists": [each.name for each in lists],
        "trees": [each.tree for each in lists],
        "short": [name.hex() for name in entries if not name[1 + name[0]]],
    }
    try:
        environment = lmdb.open(
            str(path), map_size=map_size, subdir=False, lock=False, sync=False, mode=0o640
        )
        try:
            ordered = sorted(entries)
            for start in range(0, len(ordered), _NAMES_PER_TRANSACTION):
                with environment.begin(write=True) as transaction:
                    for name in ordered[start : start + _NAMES_PER_TRANSACTION]:
                        mask = entries[name].to_bytes(octets, "little")
                        transaction.put(name, mask, append=True)
            with environment.begin(write=True) as transaction:
                transaction.put(_LISTS_KEY, json.dumps(about).encode())
            environment.sync(True)  # noqa: FBT003 - the parameter has no other name
        finally:
            environment.close()
    except (lmdb.Error, OSError) as error:
        raise BlocksError(f"{path}: {error}") from error


def open_blocks(path: Path) -> BlockStore:
    """Open a published store, or share it when this process has it open already.

    LMDB opens no file twice in a process, and while a new configuration takes over
    from the one before it, both read. A store is closed when nobody has it any more.

    Raises:
        BlocksError: there is none, or it is damaged.
    """
    try:
        facts = path.stat()
    except OSError as error:
        raise BlocksError(f"{path}: {error.strerror}") from error
    file = (facts.st_dev, facts.st_ino)
    store = _open_stores.get(file)
    if store is None:
        store = _open_stores[file] = BlockStore(path)
    return store


class BlockStore:
    """An open store of compiled lists.

    Attributes:
        lists: their names, in the order of the bits.
    """

    __slots__ = (
        "__weakref__",
        "_environment",
        "_get",
        "_short",
        "_transaction",
        "_trees",
        "lists",
    )

    def __init__(self, path: Path) -> None:
        """Open a published store.

        Raises:
            BlocksError: there is none, or it is damaged.
        """
        try:
            self._environment = lmdb.open(
                str(path), subdir=False, readonly=True, lock=False, create=False, max_readers=1
            )
        except (lmdb.Error, OSError) as error:
            raise BlocksError(f"{path}: {error}") from error
        try:
            self._refuse_torn_file(path)
            self._transaction = self._environment.begin()
            self._get = self._transaction.get
            about = json.loads(self._get(_LISTS_KEY) or b"{}")
            if about.get("format") != _FORMAT:
                raise BlocksError(f"{path}: another version of dnsd wrote it")  # noqa: TRY301
            self.lists: tuple[str, ...] = tuple(about["lists"])
            self._trees = sum(1 << bit for bit, tree in enumerate(about["trees"]) if tree)
            self._short = frozenset(map(bytes.fromhex, about["short"]))
        except (lmdb.Error, ValueError, KeyError, TypeError) as error:
            self._environment.close()
            raise BlocksError(f"{path}: damaged: {error}") from error
        except BlocksError:
            self._environment.close()
            raise

    def _refuse_torn_file(self, path: Path) -> None:
        """Refuse a file that ends before its last page, which LMDB would die of."""
        needed = (self._environment.info()["last_pgno"] + 1) * self._environment.stat()["psize"]
        present = path.stat().st_size
        if present < needed:
            raise BlocksError(f"{path}: cut short, {present} of {needed} octets")

    def close(self) -> None:
        """Close it; it is of no use afterwards."""
        self._transaction.abort()
        self._environment.close()

    def find(self, name: bytes) -> int:
        """Return the lists that a name is on, bit i for list i.

        Args:
            name: in canonical form, not the root.
        """
        get = self._get
        found = get(name)
        lists = int.from_bytes(found, "little") if found else 0
        trees = self._trees
        above = name[1 + name[0] :]
        while len(above) > 1:
            rest = above[1 + above[0] :]
            # Top-level domains are hardly ever listed.
            if (len(rest) > 1 or above in self._short) and (found := get(above)):
                lists |= int.from_bytes(found, "little") & trees
            above = rest
        return lists


#: What this process has open, by device and inode.
_open_stores: weakref.WeakValueDictionary[tuple[int, int], BlockStore] = (
    weakref.WeakValueDictionary()
)


class Blocks:
    """What becomes of names on lists; a new version of the lists makes a new one."""

    __slots__ = ("_actions", "_allow", "_bits", "_explanations", "store")

    def __init__(self, store: BlockStore, actions: Mapping[str, str]) -> None:
        """Take over what the configuration says of the lists.

        Args:
            store: compiled lists.
            actions: name of each list → ``nxdomain``, ``null``, ``refuse`` or ``allow``,
                in the order of precedence.
        """
        self.store = store
        order = {name: place for place, name in enumerate(actions)}
        known = [(name, 1 << bit) for bit, name in enumerate(store.lists) if name in actions]
        known.sort(key=lambda each: order[each[0]])
        self._bits = dict(known)
        self._actions = tuple((bit, name, Action(actions[name])) for name, bit in known)
        self._allow = sum(bit for bit, _, action in self._actions if action is Action.ALLOW)
        self._explanations = {
            name: Explanation(int(ExtendedError.BLOCKED), f"on block list {name}")
            for name in self._bits
        }

    def mask(self, lists: Iterable[str]) -> int:
        """Return the bits of some lists; those that are not compiled yet have none."""
        return sum(self._bits.get(name, 0) for name in dict.fromkeys(lists))

    def find(self, name: bytes, rrtype: int, mask: int) -> LocalAnswer | None:
        """Answer for a name that is blocked; ``None`` for any other.

        Args:
            name: in canonical form.
            rrtype: type asked for.
            mask: lists that count.
        """
        if name == names.ROOT:
            return None
        lists = self.store.find(name) & mask
        if not lists or lists & self._allow:
            return None
        for bit, list_name, action in self._actions:
            if lists & bit:
                return _answer(name, rrtype, action, self._explanations[list_name])
        return None


def _answer(name: bytes, rrtype: int, action: Action, explanation: Explanation) -> LocalAnswer:
    if action is Action.REFUSE:
        return LocalAnswer(_REFUSED, Source.BLOCK, explanation=explanation)
    if action is Action.NULL and rrtype in _NULL:
        answer = [RRset(name, rrtype, TTL, (_NULL[rrtype],))]
        return LocalAnswer(_NOERROR, Source.BLOCK, answer, explanation=explanation)
    rcode = _NOERROR if action is Action.NULL else _NXDOMAIN
    return LocalAnswer(rcode, Source.BLOCK, [], [soa_of(name, TTL)], explanation)
