"""Whom to ask about a zone: what its parent's servers said in a referral."""

from __future__ import annotations

from dataclasses import dataclass, field

from dnsd.resolver.commands import Transport


@dataclass(slots=True)
class Delegation:
    """A zone cut as its parent describes it.

    Attributes:
        zone: name of the child zone, in canonical form.
        servers: names of its servers, in canonical form, in the referral's order.
        addresses: those that came with the referral and may be used: name →
            addresses of 4 or 16 octets. Used for this zone only, never answered.
        expiry: monotonic seconds; no later reply moves it but a new referral.
        source: address of the server that said so; empty for hints and configuration.
        forward: the servers are resolvers that are asked to recurse.
        stub: configured; what other servers say about this zone does not matter.
        port: where the servers are asked; 0 for the resolver's own choice.
        transport: how the servers are asked first.
        ds: rdata of the DS RRset that came with the referral.
    """

    zone: bytes
    servers: tuple[bytes, ...]
    addresses: dict[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    expiry: float = float("inf")
    source: bytes = b""
    forward: bool = False
    stub: bool = False
    port: int = 0
    transport: Transport = Transport.UDP
    ds: tuple[bytes, ...] = ()

    @property
    def way(self) -> bytes:
        """What stands behind the addresses of its servers in their keys, see ``servers``."""
        if not self.port and self.transport is Transport.UDP:
            return b""
        return self.port.to_bytes(2, "big") + bytes((self.transport,))
