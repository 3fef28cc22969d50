"""Where a recipient's mail goes: to us, on for this client, or nowhere.

This is the only place that decides about relaying, and it sees parsed mailboxes only.
A way through for strangers is not in it: what is not ours is relayed for accounts and
for clients of listed networks, and refused for everybody else.

Source: RFC 5321 §3.6, §4.1.1.3 and appendix C (source routes), §7.1; RFC 6409 §3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from dnsd.mail import reply

if TYPE_CHECKING:
    from dnsd.mail.address import Mailbox
    from dnsd.mail.reply import Reply

# What old mailers read as a way to go on: `user%host`, `host!user`, `user@host`.
_ROUTING_CHARACTERS: Final = frozenset("%!@")

#: Destinations of a listed network that may relay to all of them.
ANYWHERE: Final = frozenset({"*"})


@dataclass(frozen=True, slots=True)
class ClientStanding:
    """What a client may ask of us, however it calls itself.

    Attributes:
        account: who it proved to be; ``None`` for nobody.
        destinations: domains that its network may relay to without an account, as in
            ``Mailbox.domain``, or ``ANYWHERE``; empty for networks that are not listed.
        may_log_in_plainly: whether its network may log in without TLS.
    """

    account: str | None = None
    destinations: frozenset[str] = frozenset()
    may_log_in_plainly: bool = False

    @property
    def is_listed(self) -> bool:
        """Whether its network is one of those that may relay."""
        return bool(self.destinations)


class Directory(Protocol):
    """Which mailboxes are ours."""

    def is_local(self, domain: str) -> bool:
        """Tell whether mail for a domain or an address literal ends here."""

    def resolve(self, mailbox: Mailbox) -> tuple[Mailbox, ...]:
        """Return the accounts that get the mail of a mailbox of ours; none if unknown.

        An account of that name, the one before the ``+`` of a sub-address, what an
        alias stands for, what catches the rest: the first of these that there is. An
        alias may lead to mailboxes elsewhere.
        """


@dataclass(frozen=True, slots=True)
class Local:
    """It is ours.

    Attributes:
        mailboxes: what the recipient stands for, at least one.
    """

    mailboxes: tuple[Mailbox, ...]


@dataclass(frozen=True, slots=True)
class Relay:
    """It is somebody else's, and this client may have us send it on."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It is not for us to take.

    Attributes:
        reply: what the client is told.
    """

    reply: Reply


Route = Local | Relay | Refused


def route(recipient: Mailbox, client: ClientStanding, directory: Directory) -> Route:
    """Decide about a recipient.

    Args:
        recipient: as parsed.
        client: who asks.
        directory: what is ours.
    """
    if client.account is None and not _ROUTING_CHARACTERS.isdisjoint(recipient.local):
        return Refused(reply.ROUTED_ADDRESS)
    if directory.is_local(recipient.domain):
        mailboxes = directory.resolve(recipient)
        return Local(mailboxes) if mailboxes else Refused(reply.UNKNOWN_RECIPIENT)
    if client.account is not None or _may_relay(client.destinations, recipient.domain):
        return Relay()
    return Refused(reply.RELAY_DENIED)


def _may_relay(destinations: frozenset[str], domain: str) -> bool:
    return destinations == ANYWHERE or domain in destinations
