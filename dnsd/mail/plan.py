"""What delivery to a domain comes to: hosts in order, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dnsd.mail.mtasts import Policy
    from dnsd.mail.reasons import ReasonClass
    from dnsd.mail.tls_policy import TlsPolicy


class Host(NamedTuple):
    """A host that takes mail for a domain.

    Attributes:
        name: without a final dot; an address literal where that was asked for.
        preference: of its MX record; 0 without one.
        addresses: in the order in which to try them.
        port: of SMTP there.
        secure: the whole way to these addresses was validated.
        tls: what it must prove.
    """

    name: str
    preference: int
    addresses: tuple[str, ...]
    port: int
    secure: bool
    tls: TlsPolicy


class Plan(NamedTuple):
    """Hosts to try.

    Attributes:
        hosts: in order, at least one, five addresses together at most.
        found_by: ``MX``, ``address``, ``literal`` or ``smart host``.
        notes: what was left out, and why; for people.
    """

    hosts: tuple[Host, ...]
    found_by: str
    notes: tuple[str, ...] = ()


class PlanFailure(NamedTuple):
    """There is nowhere to deliver to.

    Attributes:
        reason: class.
        enhanced: status code, ``5.…`` exactly if permanent.
        text: for people, with what the DNS said.
    """

    reason: ReasonClass
    enhanced: str
    text: str

    @property
    def permanent(self) -> bool:
        """Whether it will not be otherwise later."""
        return self.enhanced.startswith("5")


class PolicySource(Protocol):
    """Knows the MTA-STS policies of domains."""

    async def policy(self, domain: str, /) -> Policy | None:
        """Return the policy that counts now; None without one."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What a plan goes by.

    Attributes:
        port: of other servers.
        smart_host: name or literal, and port, of what takes all mail; None for MX.
        routes: the same of single domains.
        own_names: of this host, lower case, no final dot.
        own_addresses: at which it takes mail, text.
        loopback_is_own: a loopback address of a host leads back here.
        dane: RFC 7672 is followed.
    """

    port: int = 25
    smart_host: tuple[str, int] | None = None
    routes: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    own_names: frozenset[str] = frozenset()
    own_addresses: frozenset[str] = frozenset()
    loopback_is_own: bool = True
    dane: bool = True
