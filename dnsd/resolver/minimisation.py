"""How much of a name a server is shown: no more than it needs.

A name is asked for label by label from the zone cut down, with type A, which
servers answer best and which tells least (RFC 9156 §2.1), until a referral leads
on or the whole name is reached; only then the type asked for appears.

Bounds (RFC 9156 §2.3): the first ``single_label_steps`` shortened names of a fetch
add one label each, the rest share the labels that are left, and after
``minimised_steps`` the whole name is asked. Counted over the whole fetch,
referrals included.

A label that begins with an underscore is no zone cut as good as ever (RFC 8552),
so from such a label on the whole name is asked.

``relaxed`` goes on with the whole name when a server denies or refuses a shortened
one, as servers that get empty non-terminals wrong make necessary, and believes the
denial when the whole name is denied as well; ``strict`` takes it for what it is
(RFC 8020); ``off`` asks for whole names only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.wire.iana import RRType
from dnsd.wire.names import label_count

if TYPE_CHECKING:
    from dnsd.resolver.delegation import Delegation
    from dnsd.resolver.options import ResolverOptions

#: Type asked for with a shortened name.
MINIMISED_TYPE: Final = int(RRType.A)

_UNDERSCORE = 0x5F


def shortened(name: bytes, known: int, taken: int, options: ResolverOptions) -> bytes:
    """Return the name to ask for next.

    Args:
        name: whose records are sought.
        known: labels of its longest ending that needs no asking: that of the zone
            cut, or what its servers were asked for already; fewer than it has.
        taken: shortened names asked for so far.
        options: mode and bounds.

    Returns:
        The name itself or an ending of it that has more labels than are known.
    """
    limits = options.limits
    left_steps = limits.minimised_steps - taken
    if options.minimisation == "off" or left_steps <= 0:
        return name
    surplus = label_count(name) - known
    # Rounded down, so that what is left over goes into the last steps.
    step = 1 if taken < limits.single_label_steps else max(1, surplus // left_steps)
    offset = 0
    for _ in range(surplus - step):
        offset += 1 + name[offset]
    if not offset or name[offset + 1] == _UNDERSCORE:
        return name
    return name[offset:]


class Minimiser:
    """The shortened names of one fetch, one after the other."""

    __slots__ = ("_known", "_name", "_options", "_taken", "_type", "_whole", "_zone")

    def __init__(self, name: bytes, rrtype: int, options: ResolverOptions) -> None:
        """Begin.

        Args:
            name: whose records are sought, in canonical form.
            rrtype: their type.
            options: mode and bounds.
        """
        self._name = name
        self._type = rrtype
        self._options = options
        self._zone = b""
        self._known = 0
        self._taken = 0
        self._whole = options.minimisation == "off"

    def next(self, cut: Delegation) -> tuple[bytes, int]:
        """Return the name and type to ask the servers of a zone cut for.

        Every call goes further: to the whole name after few of them.

        Args:
            cut: at or above the name.
        """
        name = self._name
        if self._whole:
            return name, self._type
        if cut.zone != self._zone:
            self._zone = cut.zone
            self._known = label_count(cut.zone)
        asked = shortened(name, self._known, self._taken, self._options)
        if len(asked) == len(name):
            return name, self._type
        self._known = label_count(asked)
        self._taken += 1
        return asked, MINIMISED_TYPE

    def is_final_denial(self) -> bool:
        """Tell whether the denial of a shortened name denies the whole one (RFC 8020)."""
        return self._options.minimisation == "strict"

    def denied(self) -> None:
        """Go on with the whole name: a shortened one was said not to exist."""
        self._whole = True

    def failed(self) -> bool:
        """Go on with the whole name, if that is allowed: a shortened one got no answer.

        Returns:
            Whether it is; strict minimisation shows a server no more than it needs.
        """
        self._whole = True
        return self._options.minimisation != "strict"
