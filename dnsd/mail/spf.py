"""May this host send mail for this domain; what the domain's SPF record says.

The rules are pyspf's, which passes the test suite of the standard. It asks for records
by calling a function and waiting; here that function raises :class:`_Need` instead, what
is needed is looked up, and the evaluation begins again with all that is known. It has no
state of its own, and comes to the same place.

Source: RFC 7208; its limits (§4.6.4) are pyspf's: 10 terms that need look-ups, 2 of
these without an answer.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import spf as pyspf

from dnsd.mail import lookup
from dnsd.mail.lookup import LookupFailed, domain_name, domain_text
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType
from dnsd.wire.rdata import to_strings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dnsd.mail.lookup import Answer, Resolver

#: Look-ups of one evaluation; ten terms with ten hosts of two address types, and more.
MAX_LOOKUPS: Final = 100
_MAX_EXPLANATION: Final = 200

_Key = tuple[str, str]


class Result(enum.Enum):
    """What SPF says of a host and a domain; the value is that of RFC 7208 §2.6."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    SOFT_FAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    TEMPORARY = "temperror"
    PERMANENT = "permerror"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What SPF says.

    Attributes:
        result: see there.
        domain: that was asked, in A-labels.
        is_helo: the domain is that of HELO, not of the sender.
        reason: in words, ASCII; may be empty.
        lookups: that it took.
    """

    result: Result
    domain: str
    is_helo: bool
    reason: str = ""
    lookups: int = 0


class _Need(Exception):  # noqa: N818 - it is no error
    """The evaluation cannot go on without these records."""

    def __init__(self, key: _Key) -> None:
        super().__init__(key)
        self.key = key


# What the evaluation under way knows: it never waits, so there is one at a time.
_known: dict[_Key, list[tuple[_Key, Any]] | LookupFailed] = {}


def _find(name: str, qtype: str, _strict: object = True, _timeout: object = 20) -> Any:  # noqa: FBT002
    """Give pyspf records that are known, or stop it."""
    found = _known.get((name, qtype))
    if found is None:
        raise _Need((name, qtype))
    if isinstance(found, LookupFailed):
        raise pyspf.TempError(found.text)
    return found


pyspf.DNSLookup = _find


async def check(address: str, helo: str, sender: str | None, resolver: Resolver) -> Verdict:
    """Ask whether a client may use a sender.

    Args:
        address: of the client, IPv4 or IPv6 as text.
        helo: what it calls itself.
        sender: the mailbox of the reverse-path; ``None`` for the null one, for which
            the name of HELO is asked (RFC 7208 §2.4).
        resolver: finds records.
    """
    domain = sender.rpartition("@")[2] if sender is not None else helo
    verdict_of = Verdict(Result.NONE, domain, sender is None)
    if domain.startswith("[") or "." not in domain:
        return verdict_of
    # pyspf takes the first @ for the end of the local part, which may be quoted.
    local = sender.rpartition("@")[0].replace("@", "_") if sender is not None else "postmaster"
    known: dict[_Key, list[tuple[_Key, Any]] | LookupFailed] = {}
    while len(known) < MAX_LOOKUPS:
        found = _evaluate(address, helo, f"{local}@{domain}", known)
        if not isinstance(found, _Need):
            result, reason = found
            return Verdict(result, domain, sender is None, reason, len(known))
        known[found.key] = await _look_up(found.key, resolver)
    return Verdict(Result.PERMANENT, domain, sender is None, "too many look-ups", len(known))


def _evaluate(
    address: str, helo: str, sender: str, known: dict[_Key, list[tuple[_Key, Any]] | LookupFailed]
) -> tuple[Result, str] | _Need:
    global _known  # noqa: PLW0603 - pyspf calls a function of its module
    _known = known
    try:
        query = pyspf.query(i=address, s=sender, h=helo, receiver=None, querytime=0)
        result, _, reason = query.check()
    except _Need as need:
        return need
    except (ValueError, UnicodeError, RecursionError) as error:
        return Result.PERMANENT, f"the record cannot be read ({type(error).__name__})"
    finally:
        _known = {}
    return Result(result.lower()), _plain(reason)


async def _look_up(key: _Key, resolver: Resolver) -> list[tuple[_Key, Any]] | LookupFailed:
    name, qtype = key
    try:
        answer = await resolver.look_up(domain_name(name), int(RRType[qtype]))
    except FormError:
        return []
    except LookupFailed as failed:
        return failed
    return [(key, value) for value in _values(answer, qtype)]


def _values(answer: Answer, qtype: str) -> Sequence[Any]:
    """Return records in the forms that pyspf takes."""
    if qtype in {"A", "AAAA"}:
        texts = lookup.addresses(answer)
        return texts if qtype == "A" else list(answer.rdatas)
    if qtype == "MX":
        return [(number, domain_text(host)) for number, host in lookup.exchanges(answer)]
    if qtype == "PTR":
        return [domain_text(rdata.lower()) for rdata in answer.rdatas]
    if qtype == "TXT":
        return [tuple(to_strings(rdata)) for rdata in answer.rdatas]
    return []


def _plain(text: object) -> str:
    """Return text that may stand in a header and a log."""
    return "".join(each for each in str(text) if " " <= each <= "~")[:_MAX_EXPLANATION]
