"""What a server of a zone said, on its way from asking to keeping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dnsd.resolver.scrub import Scrubbed
    from dnsd.resolver.security.judgement import Judged
    from dnsd.wire.message import Message


@dataclass(slots=True)
class Told:
    """What a server of a zone said.

    Attributes:
        said: what may be believed of it.
        message: all of it, for those who know better what they may take; ``None`` when
            there is nothing more to take.
        server: address of the server.
        judged: what it is worth; ``None`` where nothing is validated.
    """

    said: Scrubbed
    message: Message | None
    server: bytes
    judged: Judged | None = None
