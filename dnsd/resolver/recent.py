"""A table of what was used lately, bounded without any work for each entry.

The table has two generations. What is used is in the newer; when that holds half
of the bound, it becomes the older and the older is forgotten. So an entry is kept
through at least half the bound of uses of other entries.
"""

from __future__ import annotations

from typing import Generic, TypeVar

Value = TypeVar("Value")


class Recent(Generic[Value]):
    """Values by key, of which the least used go first.

    Attributes:
        turnovers: times that the older generation was forgotten to make room; the
            shell reports it as hits of the limit that bounds the table.
    """

    __slots__ = ("_half", "_newer", "_older", "turnovers")

    def __init__(self, entries: int) -> None:
        self._half = max(1, entries // 2)
        self._newer: dict[bytes, Value] = {}
        self._older: dict[bytes, Value] = {}
        self.turnovers = 0

    def __len__(self) -> int:
        return len(self._newer) + len(self._older)

    def get(self, key: bytes) -> Value | None:
        """Return the value of a key, which is used by that."""
        found = self._newer.get(key)
        if found is None and self._older:
            found = self._older.pop(key, None)
            if found is not None:
                self.put(key, found)
        return found

    def put(self, key: bytes, value: Value) -> None:
        """Keep a value in place of the key's earlier one."""
        newer = self._newer
        if key not in newer:
            self._older.pop(key, None)
            if len(newer) >= self._half:
                # The first time nothing is there to be forgotten.
                self.turnovers += bool(self._older)
                self._older, newer = newer, {}
                self._newer = newer
        newer[key] = value

    def remove(self, key: bytes) -> None:
        """Forget a key, if it is there."""
        self._newer.pop(key, None)
        self._older.pop(key, None)

    def clear(self) -> None:
        """Forget everything."""
        self._newer, self._older = {}, {}
