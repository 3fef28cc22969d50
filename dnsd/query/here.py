"""Names that are answered here although no zone of ours has them.

In this order: what a policy leaves out, the operator's own names, block lists,
special-use names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.resolver.outcome import Outcome

if TYPE_CHECKING:
    from dnsd.resolver.local.local_names import LocalNames


class LocalAnswers:
    """Answers for local names; the table is replaced when a file of it changes.

    Attributes:
        names: the current table.
    """

    def __init__(self, names: LocalNames) -> None:
        self.names = names

    def __call__(self, name: bytes, rrtype: int, policy: int) -> Outcome | None:  # noqa: ARG002
        """Answer a question for clients of a policy; ``None`` if it is not local."""
        found = self.names.find(name, rrtype)
        if found is None:
            return None
        return Outcome(
            found.rcode,
            found.answer,
            found.authority,
            explanation=found.explanation,
            unfinished=found.unfinished,
        )
