"""What the compiler notes about a zone in its catalog row.

It is all that the next run needs to see, without reading a file or a node,
that nothing changed.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class RowNotes:
    """Notes on one served zone.

    Attributes:
        file: the zone's file or directory; of a generated zone the forward
            zone's.
        signature: every file read for it and the digest of its octets; empty
            when a file changed while it was read, so that it is read again.
        serial: of the served version.
        digest: of its content, hex (``soa.content_digest``).
        records: number of records, SOA included.
        reverse: networks whose addresses get PTR records; an empty list is
            every address, ``None`` no address.
        pointers: digest of what the zone gives to reverse zones; empty for
            nothing.
        reverse_state: of a reverse zone, the digest of everything that all
            forward zones gave when it was made.
        signing: of a signed version, the fields of ``zone_signing.SigningNotes``.
    """

    file: str = ""
    signature: dict[str, str] = field(default_factory=dict)
    serial: int = 0
    digest: str = ""
    records: int = 0
    reverse: list[str] | None = None
    pointers: str = ""
    reverse_state: str = ""
    signing: list[Any] | None = None

    def to_octets(self) -> bytes:
        """Write the notes as a row keeps them."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def from_octets(cls, octets: bytes) -> RowNotes:
        """Read notes; whatever another version wrote counts as no notes."""
        try:
            return cls(**json.loads(octets))
        except (TypeError, ValueError):
            return cls()
