"""What the catalog of the zone store says of one zone, as octets."""

from __future__ import annotations

import struct
from typing import NamedTuple

_ROW = struct.Struct(">IHB")
_ROW_GENERATED = 0x01


class ZoneRow(NamedTuple):
    """What the catalog says of one zone.

    Attributes:
        version: id of the version that is served, from ZoneStore.build.
        slot: generation slot of the zone, 1..4095.
        meta: whatever the compiler notes about the zone, JSON.
        generated: made by the server (a reverse zone), not read from a file.
    """

    version: int
    slot: int
    meta: bytes = b"{}"
    generated: bool = False

    def to_octets(self) -> bytes:
        """Write the row as the catalog keeps it."""
        flags = _ROW_GENERATED if self.generated else 0
        return _ROW.pack(self.version, self.slot, flags) + self.meta

    @classmethod
    def from_octets(cls, octets: bytes) -> ZoneRow:
        """Read a row as the catalog keeps it."""
        version, slot, flags = _ROW.unpack_from(octets)
        return cls(version, slot, octets[_ROW.size :], bool(flags & _ROW_GENERATED))
