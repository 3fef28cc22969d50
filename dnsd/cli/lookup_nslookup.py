"""Replies in the form of nslookup, for eyes and programs that are used to it.

As nslookup of BIND 9.20 writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.wire import names, rdata
from dnsd.wire.iana import RRClass, RRType, rcode_to_text
from dnsd.wire.message import AA

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dnsd.cli.lookup_exchange import Reply
    from dnsd.wire.rrset import RRset

_PHRASES: Final[dict[int, str]] = {
    RRType.NS: "nameserver = ",
    RRType.CNAME: "canonical name = ",
    RRType.PTR: "name = ",
    RRType.MX: "mail exchanger = ",
    RRType.TXT: "text = ",
    RRType.HINFO: "hardware = ",
    RRType.SRV: "service = ",
    RRType.NAPTR: "naptr = ",
}
_SOA_FIELDS: Final = (
    "origin", "mail addr", "serial", "refresh", "retry", "expire", "minimum"
)  # fmt: skip


def nslookup_lines(replies: Sequence[Reply]) -> Iterator[str]:
    """Write the replies to the questions about one name."""
    server = replies[0].server
    yield f"Server:\t\t{server.name or server.address}"
    yield f"Address:\t{server.address}#{server.port}"
    yield ""
    answered = [reply for reply in replies if not reply.message.rcode and reply.message.answer]
    if answered and not answered[0].message.flags & AA:
        yield "Non-authoritative answer:"
    seen: set[str] = set()
    for reply in answered:
        for rrset in reply.message.answer:
            for line in _records(rrset):
                if line not in seen:
                    seen.add(line)
                    yield from line.split("\n")
    if not answered:
        yield _failure(replies[0])
    yield ""


def _failure(reply: Reply) -> str:
    question = next(iter(reply.message.questions), None)
    name = names.to_text(question.name_as_sent) if question else "."
    name = name.removesuffix(".") or "."
    if not reply.message.rcode:
        return f"*** Can't find {name}: No answer"
    return f"** server can't find {name}: {rcode_to_text(reply.message.rcode)}"


def _records(rrset: RRset) -> Iterator[str]:
    owner = names.to_text(rrset.owner)
    owner = owner.removesuffix(".") or "."
    for octets in rrset.rdatas:
        text = rdata.to_text(rrset.type, octets)
        if rrset.rdclass == RRClass.IN and rrset.type in (RRType.A, RRType.AAAA):
            yield f"Name:\t{owner}\nAddress: {text}"
        elif rrset.type == RRType.SOA:
            fields = zip(_SOA_FIELDS, text.split(), strict=True)
            lines = [f"\t{label} = {_relative(value)}" for label, value in fields]
            yield "\n".join([owner, *lines])
        else:
            phrase = _PHRASES.get(rrset.type, f"rdata_{rrset.type} = ")
            yield f"{owner}\t{phrase}{text}"


def _relative(text: str) -> str:
    return text.removesuffix(".") or "."
