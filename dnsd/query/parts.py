"""What the steps of a query work with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dnsd.authority.answer import Answer
    from dnsd.query.cookies import Cookies
    from dnsd.query.finish import FinishOptions
    from dnsd.query.identity import Identity
    from dnsd.query.lookout import Lookout
    from dnsd.query.ratelimit import Limiter
    from dnsd.query.recursion import Recursion
    from dnsd.query.views import Views


class Authority(Protocol):
    """Finds what our zones say to a question."""

    def __call__(
        self, qname: bytes, qtype: int, *, every_type: bool, dnssec_ok: bool = False
    ) -> Answer | None:
        """Answer a question of class IN; ``None`` if no zone of ours holds it.

        Args:
            qname: name in canonical form.
            qtype: any type that is not for transfers.
            every_type: QTYPE ANY gets all RRsets instead of one (RFC 8482 §4.1).
            dnssec_ok: what proves the answer is wanted too (RFC 4035 §3.1).
        """
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What the steps work with; each part is shared with the fast path.

    Attributes:
        authority: our zones.
        views: who the client is to us.
        limiter: response rate limiting.
        cookies: DNS cookies; ``None`` neither answers nor verifies them.
        identity: NSID and the CHAOS names.
        finish: sizes of replies.
        recursion: finds what our zones do not hold; ``None`` if we do not do that.
        lookout: records queries for names that the operator has watched.
    """

    authority: Authority
    views: Views
    limiter: Limiter
    cookies: Cookies | None
    identity: Identity
    finish: FinishOptions
    recursion: Recursion | None = None
    lookout: Lookout | None = None
