"""What delivery to a domain would do, shown without sending: every answer, every host.

The same plan that a delivery makes, over a resolver that keeps what it was asked; so what
is shown is what would happen, not a second opinion about it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dnsd.mail.delivery import plan
from dnsd.mail.lookup import LookupFailed, Recorded
from dnsd.mail.plan import PlanFailure
from dnsd.mail.tls_policy import TlsKind
from dnsd.wire import names, rdata
from dnsd.wire.errors import FormError
from dnsd.wire.iana import rrtype_to_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.mail.lookup import Answer, Resolver
    from dnsd.mail.plan import Host, Plan, PlanOptions, PolicySource

_TLS_WORDS = {
    TlsKind.OPPORTUNISTIC: "encrypted if the host offers it, whatever its certificate",
    TlsKind.ENCRYPTED: "encrypted, whatever its certificate: no TLSA record can be used",
    TlsKind.DANE: "encrypted, and its certificate must fit the TLSA records",
    TlsKind.STS: "encrypted, with a certificate for its name of an authority that is trusted",
    TlsKind.STS_TESTING: "encrypted if the host offers it; a failure of its policy is noted only",
}


class TracedAnswer(NamedTuple):
    """One question and what came of it.

    Attributes:
        question: name and type.
        outcome: records in presentation form joined by ``, ``, or why there are none.
        security: ``secure``, ``insecure``, ``bogus`` or ``unknown``.
    """

    question: str
    outcome: str
    security: str


class Trace(NamedTuple):
    """What a delivery would do.

    Attributes:
        domain: that mail is for.
        answers: in the order in which they were asked for.
        outcome: the plan, or why there is none.
    """

    domain: str
    answers: tuple[TracedAnswer, ...]
    outcome: Plan | PlanFailure


async def trace(
    domain: str,
    options: PlanOptions,
    resolver: Resolver,
    entropy: Callable[[int], bytes],
    sts: PolicySource | None = None,
) -> Trace:
    """Make the plan for a domain and keep all that it rests on; see ``delivery.plan``."""
    recorded = Recorded(resolver)
    outcome = await plan(domain, options, recorded, entropy, sts)
    answers = tuple(_traced(*each) for each in recorded.answers)
    return Trace(domain, answers, outcome)


def words(traced: Trace) -> list[str]:
    """Return a trace as lines for people."""
    lines = [f"Mail for {traced.domain}", "What the DNS says:"]
    lines += [f"  {a.question}: {a.outcome} [{a.security}]" for a in traced.answers]
    outcome = traced.outcome
    if isinstance(outcome, PlanFailure):
        what = "would be returned" if outcome.permanent else "would wait and be tried again"
        return [*lines, f"It {what} ({outcome.reason.value}, {outcome.enhanced}): {outcome.text}"]
    lines.append(f"It would be given to (found by {outcome.found_by}):")
    for number, host in enumerate(outcome.hosts, 1):
        lines += _host_lines(number, host)
    return lines + [f"Note: {note}" for note in outcome.notes]


def _host_lines(number: int, host: Host) -> list[str]:
    where = ", ".join(host.addresses)
    security = "secure" if host.secure else "insecure"
    lines = [
        (
            f"  {number}. {host.name} (preference {host.preference}) at {where}, port {host.port}"
            f" [addresses {security}]"
        ),
        f"     TLS: {_TLS_WORDS[host.tls.kind]}",
    ]
    if host.tls.origin:
        lines.append(f"     by: {host.tls.origin}")
    return lines


def _traced(name: bytes, rtype: int, found: Answer | LookupFailed) -> TracedAnswer:
    question = f"{names.to_text(name)} {rrtype_to_text(rtype)}"
    if isinstance(found, LookupFailed):
        kind = "bogus" if found.kind.value == "bogus" else "unknown"
        return TracedAnswer(question, found.text, kind)
    if not found.exists:
        outcome = "there is no such name"
    elif not found.rdatas:
        outcome = "none"
    else:
        outcome = ", ".join(_text(rtype, octets) for octets in found.rdatas)
    if found.canonical != found.name:
        outcome = f"{outcome} (through an alias, at {names.to_text(found.canonical)})"
    return TracedAnswer(question, outcome, "secure" if found.secure else "insecure")


def _text(rtype: int, octets: bytes) -> str:
    try:
        return rdata.to_text(rtype, octets)
    except FormError:
        return rf"\# {len(octets)} {octets.hex()}"
