"""Secrets of DNS cookies that change every day, the same in all processes.

Nothing is told from process to process: each derives the secrets of a day from one
seed, which was made before the fork and dies with the daemon. A cookie lives an
hour, so today's secret and yesterday's are all that is needed (RFC 9018 §5).
"""

from __future__ import annotations

import hashlib

from dnsd.query.cookies import SECRET_OCTETS

SEED_OCTETS = 32
PERIOD_S = 86400


def secrets_at(seed: bytes, wall_now: int) -> tuple[bytes, bytes]:
    """Derive the secret that makes cookies now, and the one before it.

    Args:
        seed: 32 octets from the system's generator.
        wall_now: Unix seconds.
    """
    day = wall_now // PERIOD_S
    return _secret(seed, day), _secret(seed, day - 1)


def next_change_s(wall_now: int) -> int:
    """Return the seconds until other secrets hold, at least 1."""
    return PERIOD_S - wall_now % PERIOD_S


def _secret(seed: bytes, day: int) -> bytes:
    octets = day.to_bytes(8, "big", signed=True)
    return hashlib.blake2s(octets, key=seed, digest_size=SECRET_OCTETS).digest()
