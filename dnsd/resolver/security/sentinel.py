"""What clients and the root may learn of the keys that are trusted here.

A secure answer to ``root-key-sentinel-is-ta-20326.…`` is given if the key with that tag
is trusted for the root, else SERVFAIL; with ``not-ta`` it is the other way round
(RFC 8509). The root is told by a question, ``_ta-4f66-9728.`` (RFC 8145 §5).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dnsd.resolver.cache.contract import Security
from dnsd.wire.iana import RRType
from dnsd.wire.names import ROOT, from_labels

if TYPE_CHECKING:
    from dnsd.resolver.outcome import Outcome
    from dnsd.resolver.security.trust import Trust

_PREFIX: Final = b"root-key-sentinel-"
_LABEL: Final = re.compile(rb"root-key-sentinel-(is|not)-ta-([0-9]{5})")
_TYPES: Final = frozenset(map(int, (RRType.A, RRType.AAAA)))


def withholds(trust: Trust | None, name: bytes, rrtype: int, outcome: Outcome) -> bool:
    """Tell whether an answer is SERVFAIL to a client that asks about a key.

    Source: RFC 8509 §3.1, §3.2.

    Args:
        trust: of the resolver.
        name: of the client's question, in canonical form.
        rrtype: of it.
        outcome: what was found.
    """
    if trust is None or not trust.sentinel or not name.startswith(_PREFIX, 1):
        return False
    found = _LABEL.fullmatch(name[1 : 1 + name[0]])
    if found is None or rrtype not in _TYPES or outcome.security is not Security.SECURE:
        return False
    # "root-key-sentinel-is-ta-00000" is no key's; it is a tag like any other all the same.
    is_trusted = int(found[2]) in tags(trust)
    return is_trusted is not (found[1] == b"is")


def tags(trust: Trust) -> set[int]:
    """Return the tags of the keys that are trusted for the root."""
    return {ds.tag for ds in trust.anchors.get(ROOT, ())}


def signal(trust: Trust) -> bytes | None:
    """Return the name by which the root is told its trusted keys; ``None`` if it has none."""
    found = sorted(tags(trust))
    if not found:
        return None
    return from_labels([b"_ta-" + "-".join(f"{tag:04x}" for tag in found).encode()])
