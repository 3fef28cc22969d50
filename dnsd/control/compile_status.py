"""How the compiling process ends when it can say nothing any more."""

from __future__ import annotations

from typing import Final

# Exit status; memory ran out, so there is none to write a report with.
STATUS_MEMORY: Final = 3
