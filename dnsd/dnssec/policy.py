"""How a zone of ours is signed: which keys, which denial of existence, for how long."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

from dnsd.dnssec.algorithms import Algorithm

#: The policy that needs no configuration.
DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True)
class SigningPolicy:
    """What the operator decides about signatures.

    Attributes:
        algorithm: of new keys, one of ``algorithms.SUPPORTED``.
        split_keys: one key signs the keys and another the zone; else one key
            does both.
        nsec3: deny existence by hashes instead of names.
        opt_out: with ``nsec3``, unsigned delegations have no record of their own.
        validity_s: how long a new signature lasts, in the mean.
    """

    algorithm: int = Algorithm.ECDSAP256SHA256
    split_keys: bool = False
    nsec3: bool = False
    opt_out: bool = False
    validity_s: int = 14 * 86400

    @property
    def renewal_s(self) -> int:
        """Seconds before its expiration from which a signature is to be renewed."""
        return self.validity_s // 3

    def to_json(self) -> dict[str, Any]:
        """Return values that JSON knows."""
        return asdict(self)
