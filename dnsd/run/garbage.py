"""When Python looks for garbage.

What lives as long as the process is taken out of every search. The youngest objects
are those of the queries in hand, nearly all of which go away by themselves: looked
through after every 700 new ones, as Python does by itself, they cost a recursive
answer a tenth of its time.
"""

from __future__ import annotations

import gc
from typing import Final

# New objects before the youngest are looked through: more than a thousand
# queries in flight have. Then so many such searches before the next older, and so on.
_THRESHOLDS: Final = (50_000, 20, 50)


def settle() -> None:
    """Keep all that exists out of later searches, and have few of them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
