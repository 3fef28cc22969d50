"""Keys under which names stand in the shared cache: the octets of the name reversed.

The names below a name stand together, because their keys begin with its key.
Between them may stand others whose labels only end alike (the length octet of a
label can be a character of another), so who walks there asks ``is_subdomain``.
At most 255 octets; LMDB takes 511. Cheaper by far than canonical order, which
nothing here needs.
"""

from __future__ import annotations


def of_name(name: bytes) -> bytes:
    """Return the key of a name."""
    return name[::-1]


def to_name(key: bytes) -> bytes:
    """Return the name that a key stands for."""
    return key[::-1]
