"""The one exception that reading foreign DNS octets or text may raise."""

from __future__ import annotations


class FormError(ValueError):
    """Octets or text do not have the form that the standard gives them.

    Attributes:
        reason: a short phrase in lower case, fit for a log line.
        offset: where in the input it was noticed, in octets; -1 if unknown.
    """

    def __init__(self, reason: str, offset: int = -1) -> None:
        super().__init__(reason if offset < 0 else f"{reason} at octet {offset}")
        self.reason = reason
        self.offset = offset
