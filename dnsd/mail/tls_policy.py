"""What a host must prove about itself before it is given mail.

Source: RFC 7435 (opportunistic), RFC 7672 §2.2 (DANE), RFC 8461 §4 and §5 (MTA-STS).
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from dnsd.mail.smtp.client_events import TlsUse


class TlsKind(enum.Enum):
    """Which policy; the value is the label in metrics and reports."""

    OPPORTUNISTIC = "opportunistic"  # encrypted if offered, whoever it is
    ENCRYPTED = "encrypted"  # TLSA records that we cannot use: encrypted, whoever it is
    DANE = "dane"
    STS = "sts"
    STS_TESTING = "sts_testing"


class Tlsa(NamedTuple):
    """A TLSA record (RFC 6698 §2.1).

    Attributes:
        usage: 2 names an authority of the chain, 3 the server's own.
        selector: 0 the certificate, 1 its public key.
        matching: 0 the octets, 1 SHA-256, 2 SHA-512.
        association: octets to find.
    """

    usage: int
    selector: int
    matching: int
    association: bytes


class TlsPolicy(NamedTuple):
    """What one host must prove.

    Attributes:
        kind: which policy.
        server_name: that we say we look for (SNI).
        names: one of which the certificate must have, where names count.
        tlsa: usable records, for DANE.
        origin: where the policy came from, for people; empty for none.
    """

    kind: TlsKind
    server_name: str = ""
    names: tuple[str, ...] = ()
    tlsa: tuple[Tlsa, ...] = ()
    origin: str = ""

    @property
    def use(self) -> TlsUse:
        """Whether a conversation must be encrypted."""
        return TlsUse.WHEN_OFFERED if self.kind is TlsKind.OPPORTUNISTIC else TlsUse.ALWAYS

    @property
    def needs_authority(self) -> bool:
        """Whether the certificate must be signed by an authority that we trust."""
        return self.kind in (TlsKind.STS, TlsKind.STS_TESTING)

    @property
    def may_fall_back(self) -> bool:
        """Whether a host whose TLS fails is given the mail all the same."""
        return self.kind in (TlsKind.OPPORTUNISTIC, TlsKind.STS_TESTING)
