"""What all checks of a message from elsewhere come to: one field for readers, one decision.

Signatures, sender and address are checked once, when the message is whole; what came of
it is written down in one Authentication-Results field, which mail programs and filters
read. A message is refused only where the domain that its reader would see asks for that.

Source: RFC 8601; RFC 9989 §5; RFC 5321 §4.2.4 (refusing is said at once, not bounced).
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

from dnsd.mail import dmarc, lookup, spf
from dnsd.mail.address import AddressError, parse_domain
from dnsd.mail.dkim import verify
from dnsd.mail.lookup import LookupFailed, domain_name, domain_text
from dnsd.mail.reply import Reply
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dnsd.mail.dkim.verify import Verifier
    from dnsd.mail.lookup import Resolver

#: Names of one address that are tried (RFC 8601 §2.7.3 asks for a bound).
MAX_NAMES: Final = 5
_FIELD: Final = b"authentication-results"
_SAID_BY: Final = re.compile(rb"[\s\"]*([^\s\";(/]*)")


class HostName(enum.Enum):
    """Whether the name of an address leads back to it; the value is that of ``iprev``."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    TEMPORARY = "temperror"


class Refusing(enum.Enum):
    """Which messages are refused."""

    BY_POLICY = "policy"  # those whose domain asks for it
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Checks:
    """What came of all checks of one message.

    Attributes:
        host: whether the client's address has a name that leads back.
        host_name: that name; empty without.
        spf: of its sender, or of the name it gave.
        signatures: each that was looked at.
        dmarc: of the domain of From that wants most; ``None`` where there is none.
    """

    host: HostName
    host_name: str
    spf: spf.Verdict
    signatures: tuple[verify.Verdict, ...]
    dmarc: dmarc.Verdict | None

    def refusal(self, refusing: Refusing = Refusing.BY_POLICY) -> Reply | None:
        """Return what the client is told instead of that its message was taken."""
        if refusing is Refusing.NEVER or self.dmarc is None:
            return None
        if self.dmarc.disposition is not dmarc.Disposition.REJECT:
            return None
        return Reply(550, "5.7.1", f"{self.dmarc.domain} asks to refuse mail that it did not send")

    def field(self, hostname: str) -> bytes:
        """Return the Authentication-Results field.

        Args:
            hostname: ours, by which readers know whose word it is.
        """
        parts = [f"Authentication-Results: {hostname}", *self._results()]
        return (";\r\n\t".join(parts) + "\r\n").encode()

    def _results(self) -> Iterator[str]:
        yield f"iprev={self.host.value} policy.iprev={self.host_name or 'none'}"
        scope = "helo" if self.spf.is_helo else "mailfrom"
        yield f"spf={self.spf.result.value}{_said(self.spf.reason)} smtp.{scope}={self.spf.domain}"
        if not self.signatures:
            yield "dkim=none"
        for each in self.signatures:
            where = f" header.d={each.domain} header.s={each.selector}" if each.domain else ""
            yield f"dkim={each.result.value}{_said(each.reason)}{where}"
        if self.dmarc is not None:
            wants = self.dmarc.record.policy.value if self.dmarc.record else "none"
            said = _said(self.dmarc.reason)
            yield f"dmarc={self.dmarc.result.value} (p={wants}){said} header.from={self.dmarc.domain}"


async def check(
    client: tuple[str, str, str | None],
    authors: Sequence[str],
    verifier: Verifier,
    resolver: Resolver,
) -> Checks:
    """Check a message that is whole.

    Args:
        client: its address, what it called itself, and the sender; ``None`` for the
            null one.
        authors: domains of the mailboxes in From.
        verifier: was given header and body.
        resolver: finds what is published.
    """
    address, helo, sender = client
    host, host_name = await _host(address, resolver)
    sent = await spf.check(address, helo, sender, resolver)
    signatures = tuple(await verifier.verdicts(resolver))
    passed = {each.domain for each in signatures if each.result is verify.Result.PASS}
    sent_by = sent.domain if sent.result is spf.Result.PASS else None
    stands_behind = None
    # Of several the one that wants most: an author beside another must not hide it.
    for author in dict.fromkeys(authors):
        found = await dmarc.check(author, passed, sent_by, resolver)
        if stands_behind is None or _wants_more(found, stands_behind):
            stands_behind = found
    return Checks(host, host_name, sent, signatures, stands_behind)


def without_forged(fields: Iterable[bytes], hostname: str) -> list[bytes]:
    """Leave out fields that claim to be our own word (RFC 8601 §5)."""
    return [each for each in fields if not _claims_to_be_ours(each, hostname)]


def _claims_to_be_ours(field: bytes, hostname: str) -> bool:
    name, _, value = field.partition(b":")
    if name.strip().lower() != _FIELD:
        return False
    # A comment in front could hide the name: such a field is nobody's word. Readers differ in
    # what they take for the name; quotes, a dot at its end, what follows at once are no other.
    said = _SAID_BY.match(value.replace(b"\\", b""))
    name = said[1].rstrip(b".").lower() if said else b""
    return not name or name == hostname.encode()


async def _host(address: str, resolver: Resolver) -> tuple[HostName, str]:
    """Look for a name of an address that leads back to it (RFC 8601 §2.7.3)."""
    ip = ip_address(address)
    try:
        pointers = await resolver.look_up(domain_name(ip.reverse_pointer), int(RRType.PTR))
        for rdata in pointers.rdatas[:MAX_NAMES]:
            name = rdata.lower()
            rtype = RRType.A if ip.version == 4 else RRType.AAAA
            answer = await resolver.look_up(name, int(rtype))
            if address in lookup.addresses(answer):
                # Octets that are no host name would stand in our field as words of ours.
                return HostName.PASS, parse_domain(domain_text(name))
    except LookupFailed:
        return HostName.TEMPORARY, ""
    except (FormError, AddressError):
        return HostName.FAIL, ""
    return HostName.FAIL, ""


def _wants_more(found: dmarc.Verdict, other: dmarc.Verdict) -> bool:
    order = list(dmarc.Disposition)
    return order.index(found.disposition) > order.index(other.disposition)


def _said(reason: str) -> str:
    """Return a reason as a comment; what could end that is left out."""
    plain = "".join(each for each in reason if " " <= each <= "~" and each not in '()\\";')
    return f" ({plain})" if plain else ""
