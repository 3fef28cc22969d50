"""Which mailboxes are ours, and whom their mail goes to.

A domain is ours because a zone of ours has mail or because the operator says so; the
name of this host is ours too, for mail to its postmaster. Of a mailbox the first of
these counts: an account of that name; the account before the ``+`` of a sub-address;
an alias, of that mailbox or of its local part in every domain; whoever gets
the rest of the domain.

Source: RFC 5321 §3.9 (aliases), §4.5.1 (postmaster).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.mail.address import Mailbox, parse_mailbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_SEPARATOR: Final = "+"
# An alias may lead to an alias; more of them in a row are a circle or a mistake.
MAX_ALIASES: Final = 10
#: A list of more is the business of a program for lists.
MAX_TARGETS: Final = 100


class MailDirectory:
    """Implements `route.Directory`."""

    def __init__(
        self,
        is_local: Callable[[str], bool],
        has_account: Callable[[str], bool],
        aliases: Mapping[str, tuple[str, ...]],
    ) -> None:
        """Look these up at each question, so that what changes counts at once.

        Args:
            is_local: whether a domain is ours.
            has_account: whether there is an account with a ``Mailbox.key``.
            aliases: from ``local``, ``local@domain`` or ``@domain`` in lower case to
                mailboxes, as the configuration has them.
        """
        self._is_local = is_local
        self._has_account = has_account
        self._aliases = {
            name: tuple(parse_mailbox(text, utf8=True) for text in targets)
            for name, targets in aliases.items()
        }

    def is_local(self, domain: str) -> bool:
        """Tell whether mail for a domain or an address literal ends here."""
        return self._is_local(domain)

    def resolve(self, mailbox: Mailbox) -> tuple[Mailbox, ...]:
        """Return who gets the mail of a mailbox of ours; see `route.Directory`."""
        found: dict[str, Mailbox] = {}
        seen: set[str] = set()
        waiting = [(mailbox, 0)]
        while waiting and len(found) < MAX_TARGETS:
            target, aliases = waiting.pop(0)
            if target.key in seen:
                continue
            seen.add(target.key)
            if not self._is_local(target.domain):
                found[target.key] = target
            elif (account := self._account(target)) is not None:
                found[account.key] = account
            elif aliases < MAX_ALIASES:
                waiting += [(each, aliases + 1) for each in self._alias(target)]
        return tuple(found.values())

    def _account(self, mailbox: Mailbox) -> Mailbox | None:
        return next((each for each in _names(mailbox) if self._has_account(each.key)), None)

    def _alias(self, mailbox: Mailbox) -> tuple[Mailbox, ...]:
        for name in _names(mailbox):
            local = name.key.rpartition("@")[0]
            targets = self._aliases.get(name.key) or self._aliases.get(local)
            if targets:
                return targets
        return self._aliases.get(f"@{mailbox.domain}", ())


def _names(mailbox: Mailbox) -> Iterator[Mailbox]:
    """List the names that a mailbox may have here: its own, and that of its sub-address."""
    yield mailbox
    user, separator, _ = mailbox.local.partition(_SEPARATOR)
    if separator and user:
        yield Mailbox(user, mailbox.domain)
