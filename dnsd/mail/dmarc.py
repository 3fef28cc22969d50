"""Does the domain that a reader sees stand behind a message; what it wants if not.

The domain of From must be that of a signature or of the sender that passed, or, unless it
wants that strictly, of the same organization. Which domain is an organization's is found
by walking up the tree of the DNS (RFC 9989 §4.10): no list of suffixes has to be kept.

Source: RFC 9989, which reads the records of its predecessor too.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.mail.dkim import tags
from dnsd.mail.lookup import LookupFailed, domain_name, texts
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Collection

    from dnsd.mail.lookup import Resolver

_TXT: Final = int(RRType.TXT)
# RFC 9989 §4.10: of longer names the walk leaves out the middle.
_MAX_LABELS: Final = 8
_RESUME_LABELS: Final = 7


class Disposition(enum.Enum):
    """What a domain wants done with messages that it does not stand behind."""

    NONE = "none"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class Result(enum.Enum):
    """What became of the check; the value is that of Authentication-Results."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    NONE = "none"
    TEMPORARY = "temperror"
    PERMANENT = "permerror"


@dataclass(frozen=True, slots=True)
class Record:
    """What a domain publishes.

    Attributes:
        domain: that publishes it.
        policy: for the domain itself.
        below: for those below it that exist.
        absent: for those below it that do not.
        strict_dkim: signatures must be of the very domain.
        strict_spf: senders likewise.
        is_test: one step milder than what is said (``t=y``).
        is_suffix: the domain is a public suffix (``psd=y``), no organization.
        is_organization: the domain says that it is one (``psd=n``).
        reports: where aggregates are to go (``rua=``), as it came.
    """

    domain: str
    policy: Disposition
    below: Disposition
    absent: Disposition
    strict_dkim: bool
    strict_spf: bool
    is_test: bool
    is_suffix: bool
    is_organization: bool
    reports: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a message.

    Attributes:
        result: see there.
        domain: of From.
        disposition: what the domain wants; NONE unless it failed.
        reason: in words; may be empty.
        record: that counted; ``None`` if there is none.
        is_aligned_by_dkim: a signature of the domain or its organization passed.
        is_aligned_by_spf: a sender of it passed.
    """

    result: Result
    domain: str
    disposition: Disposition = Disposition.NONE
    reason: str = ""
    record: Record | None = None
    is_aligned_by_dkim: bool = False
    is_aligned_by_spf: bool = False


def parse(octets: bytes, domain: str) -> Record | None:
    """Read a record.

    Args:
        octets: of the TXT record.
        domain: whose it is.

    Returns:
        ``None`` for a record of something else, or one that says nothing that counts.
    """
    if octets.partition(b";")[0].replace(b" ", b"").lower() != b"v=dmarc1":
        return None
    try:
        found = tags.parse(octets)
    except tags.TagError:
        return None
    values = {
        name.lower(): value.decode("ascii", "replace").strip() for name, value in found.items()
    }
    policy = _disposition(values.get("p"))
    if policy is None:
        # RFC 9989 §4.7: without a policy, and with somebody to report to, it is none.
        if not values.get("rua"):
            return None
        policy = Disposition.NONE
    below = _disposition(values.get("sp")) or policy
    return Record(
        domain=domain,
        policy=policy,
        below=below,
        absent=_disposition(values.get("np")) or below,
        strict_dkim=values.get("adkim", "r").lower() == "s",
        strict_spf=values.get("aspf", "r").lower() == "s",
        is_test=values.get("t", "n").lower() == "y",
        is_suffix=values.get("psd", "u").lower() == "y",
        is_organization=values.get("psd", "u").lower() == "n",
        reports=values.get("rua", ""),
    )


async def check(
    author: str,
    signed_by: Collection[str],
    sent_by: str | None,
    resolver: Resolver,
) -> Verdict:
    """Check a message.

    Args:
        author: domain of From, A-labels in lower case.
        signed_by: domains of the signatures that passed.
        sent_by: domain that SPF passed for; ``None`` if it did not.
        resolver: finds records.
    """
    walks = _Walks(resolver)
    try:
        record, is_there = await walks.policy(author)
        if record is None:
            return Verdict(Result.NONE, author)
        by_dkim = any(
            [await walks.are_aligned(author, each, strict=record.strict_dkim) for each in signed_by]
        )
        by_spf = sent_by is not None and await walks.are_aligned(
            author, sent_by, strict=record.strict_spf
        )
    except LookupFailed as failed:
        return Verdict(Result.TEMPORARY, author, reason=failed.text)
    if by_dkim or by_spf:
        return Verdict(
            Result.PASS, author, record=record, is_aligned_by_dkim=by_dkim, is_aligned_by_spf=by_spf
        )
    wanted = _wanted(record, author, is_there=is_there)
    return Verdict(Result.FAIL, author, wanted, f"{record.domain} wants {wanted.value}", record)


def _wanted(record: Record, author: str, *, is_there: bool) -> Disposition:
    wanted = record.policy
    if record.domain != author:
        wanted = record.below if is_there else record.absent
    if record.is_test:
        milder = {Disposition.REJECT: Disposition.QUARANTINE}
        return milder.get(wanted, Disposition.NONE)
    return wanted


class _Walks:
    """Records of one message's domains, each asked for once."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._records: dict[str, Record | None] = {}

    async def policy(self, author: str) -> tuple[Record | None, bool]:
        """Find the record that counts for a domain, and whether there is such a domain."""
        record = await self._record(author)
        if record is not None:
            return record, True
        organization = await self._organization(author)
        record = await self._record(organization)
        if record is None:
            record = next(
                (
                    each
                    for name in _walk(author)
                    if (each := self._records.get(name)) and each.is_suffix
                ),
                None,
            )
        if record is None:
            return None, True
        answer = await self._resolver.look_up(domain_name(author), int(RRType.A))
        return record, answer.exists

    async def are_aligned(self, author: str, other: str, *, strict: bool) -> bool:
        """Tell whether two domains are the same, or of one organization."""
        if author == other:
            return True
        if strict or author.rpartition(".")[2] != other.rpartition(".")[2]:
            return False
        return await self._organization(author) == await self._organization(other)

    async def _organization(self, domain: str) -> str:
        """Walk up from a domain to that of its organization (RFC 9989 §4.10.2)."""
        found = domain
        below = domain
        for name in _walk(domain):
            record = await self._record(name)
            if record is not None and record.is_organization:
                return name
            if record is not None and record.is_suffix and name != domain:
                return below
            if record is not None:
                found = name
            below = name
        return found

    async def _record(self, domain: str) -> Record | None:
        if domain in self._records:
            return self._records[domain]
        try:
            answer = await self._resolver.look_up(domain_name(f"_dmarc.{domain}"), _TXT)
        except FormError:
            self._records[domain] = None
            return None
        read = [record for text in texts(answer) if (record := parse(text, domain)) is not None]
        # Of several records none counts.
        self._records[domain] = read[0] if len(read) == 1 else None
        return self._records[domain]


def _walk(domain: str) -> list[str]:
    """List a domain and those above it, at most eight, up to one of one label."""
    labels = domain.split(".")
    names = [domain]
    if len(labels) > _MAX_LABELS:
        labels = labels[-_RESUME_LABELS:]
        names.append(".".join(labels))
    while len(labels) > 1:
        labels = labels[1:]
        names.append(".".join(labels))
    return names


def _disposition(text: str | None) -> Disposition | None:
    try:
        return Disposition((text or "").lower())
    except ValueError:
        return None
