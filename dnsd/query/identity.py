"""What the server tells about itself: NSID and the names of class CHAOS.

Off until set (RFC 5001, RFC 4892): an empty value is not answered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dnsd.wire.iana import RRType

_VERSION_NAMES: Final = frozenset((b"\x07version\x04bind\x00", b"\x07version\x06server\x00"))
_SERVER_NAMES: Final = frozenset((b"\x08hostname\x04bind\x00", b"\x02id\x06server\x00"))
_TYPES: Final = frozenset((int(RRType.TXT), int(RRType.ANY)))


@dataclass(frozen=True, slots=True)
class Identity:
    """The values, at most 255 octets each.

    Attributes:
        nsid: value of the NSID option, also the text of ``id.server`` and
            ``hostname.bind``.
        version: text of ``version.bind`` and ``version.server``.
    """

    nsid: bytes = b""
    version: bytes = b""

    def chaos_text(self, qname: bytes, qtype: int) -> bytes | None:
        """Return the TXT rdata for a name of class CHAOS, ``None`` to refuse."""
        if qtype not in _TYPES:
            return None
        if qname in _VERSION_NAMES:
            text = self.version
        elif qname in _SERVER_NAMES:
            text = self.nsid
        else:
            return None
        return bytes([len(text)]) + text if text else None
