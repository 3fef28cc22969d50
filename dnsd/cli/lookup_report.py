"""Replies in words: records in columns, then what is to be said about them.

    www.example.test.  5m  CNAME  web.example.test.
    web.example.test.  5m  A      192.0.2.1

    status  answered (NOERROR)
    flags   recursion offered
    server  127.0.0.1 port 5300 over UDP, 2 ms

What a server sends is shown with everything escaped that could be no plain text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import idna

from dnsd.cli.lookup_servers import place
from dnsd.wire import names, rdata
from dnsd.wire.edns_options import Error, parse_error
from dnsd.wire.errors import FormError
from dnsd.wire.iana import (
    ExtendedError,
    OptionCode,
    Rcode,
    RRClass,
    RRType,
    rcode_to_text,
    rrclass_to_text,
    rrtype_to_text,
)
from dnsd.wire.message import AA, AD, CD, RA, RD, TC

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from dnsd.cli.lookup_exchange import Reply
    from dnsd.wire.message import Message
    from dnsd.wire.rrset import RRset

Row = tuple[str, ...]

_RCODES: Final[dict[int, str]] = {
    Rcode.FORMERR: "the server could not read the query",
    Rcode.SERVFAIL: "the server failed to find out",
    Rcode.NXDOMAIN: "the name does not exist",
    Rcode.NOTIMP: "the server does not know how to answer that",
    Rcode.REFUSED: "the server refuses to answer",
    Rcode.NOTAUTH: "the server is not authoritative for the zone",
    Rcode.BADVERS: "the server does not know our version of EDNS",
    Rcode.BADCOOKIE: "the server wants another cookie",
}
_FLAGS: Final = (
    (AA, "AA", "authoritative"),
    (TC, "TC", "truncated"),
    (RD, "RD", ""),
    (RA, "RA", "recursion offered"),
    (AD, "AD", "validated"),
    (CD, "CD", "validation was not wanted"),
)
_TERMS: Final = {
    "RRSIGS": "RRSIGs",
    **{each: each for each in ("DNSSEC", "DNSKEY", "DS", "NSEC", "NSEC3")},
}
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def has_answer(reply: Reply) -> bool:
    """Tell whether a reply holds a record of the type asked for."""
    question = next(iter(reply.message.questions), None)
    if reply.message.rcode or question is None:
        return False
    return any(question.type in (rrset.type, RRType.ANY) for rrset in reply.message.answer)


def word_lines(replies: Sequence[Reply]) -> Iterator[str]:
    """Write the replies to the questions about one name."""
    rows = list(_records(rrset for reply in replies for rrset in reply.message.answer))
    yield from columns(rows)
    if rows:
        yield ""
    yield from columns(list(_facts(replies)))


def short_lines(replies: Iterable[Reply]) -> Iterator[str]:
    """Write the data of the answers, a line each, and nothing else."""
    seen = set()
    for reply in replies:
        for rrset in reply.message.answer:
            for octets in rrset.rdatas:
                text = rdata.to_text(rrset.type, octets)
                if text not in seen:
                    seen.add(text)
                    yield text


def to_json(reply: Reply) -> dict[str, Any]:
    """Return a reply for programs."""
    message, edns = reply.message, reply.message.edns
    return {
        "question": [
            {
                "name": names.to_text(question.name_as_sent),
                "type": rrtype_to_text(question.type),
                "class": rrclass_to_text(question.rdclass),
            }
            for question in message.questions
        ],
        "status": rcode_to_text(message.rcode),
        "flags": [letters for bit, letters, _ in _FLAGS if message.flags & bit],
        "answer": list(_json_records(message.answer)),
        "authority": list(_json_records(message.authority)),
        "additional": list(_json_records(message.additional)),
        "edns": None if edns is None else {"udp_size": edns.udp_size, "dnssec_ok": edns.do},
        "errors": [
            {"code": error.code, "name": error_name(error.code), "text": plain(error.text)}
            for error in errors_of(message)
        ],
        "server": {
            "address": reply.server.address,
            "port": reply.server.port,
            "name": reply.server.name,
        },
        "transport": reply.way.value,
        "seconds": round(reply.seconds, 6),
        "octets": len(reply.octets),
        "truncated_over_udp": reply.truncated,
        "strays": reply.strays,
        "certificate": plain(reply.certificate),
    }


def span(seconds: int) -> str:
    """Write a TTL in its two largest units: ``5m``, ``1h30m``, ``0s``."""
    parts: list[str] = []
    for length, unit in _UNITS:
        if seconds >= length and len(parts) < 2:
            parts.append(f"{seconds // length}{unit}")
            seconds %= length
        elif parts:
            break
    return "".join(parts) or "0s"


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Write rows whose last column is not padded."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        yield "  ".join(cells).rstrip()


def plain(text: str) -> str:
    """Write text of a peer's with nothing in it that moves a terminal's cursor."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def errors_of(message: Message) -> list[Error]:
    """List the extended errors of a message (RFC 8914); unreadable ones are left out."""
    found = []
    for code, value in message.edns.options if message.edns else ():
        if code == OptionCode.EDE:
            try:
                found.append(parse_error(value))
            except FormError:
                continue
    return found


def error_name(code: int) -> str:
    """Write what the code of an extended error means (RFC 8914 §4)."""
    try:
        words = ExtendedError(code).name.split("_")
    except ValueError:
        return f"extended error {code}"
    return " ".join(_TERMS.get(word, word.lower()) for word in words)


def error_text(error: Error) -> str:
    """Write an extended error: what it means, and what the server adds."""
    text = error_name(error.code)
    return f"{text}: {plain(error.text)}" if error.text else text


def both_ways(name: bytes) -> str:
    """Write an international name as people write it; empty for other names."""
    text = names.to_text(name)
    labels = [_to_unicode(label) for label in text.split(".")]
    written = ".".join(labels)
    return written if written != text else ""


def _records(rrsets: Iterable[RRset]) -> Iterator[Row]:
    """Make a row of each record, each once, signatures behind what they sign."""
    seen: set[tuple[bytes, int, bytes]] = set()
    for rrset in rrsets:
        for rrtype, octets in _rdatas(rrset):
            if (rrset.owner, rrtype, octets) in seen:
                continue
            seen.add((rrset.owner, rrtype, octets))
            kind = rrtype_to_text(rrtype)
            if rrset.rdclass != RRClass.IN:
                kind = f"{rrclass_to_text(rrset.rdclass)} {kind}"
            yield names.to_text(rrset.owner), span(rrset.ttl), kind, rdata.to_text(rrtype, octets)


def _rdatas(rrset: RRset) -> Iterator[tuple[int, bytes]]:
    for octets in rrset.rdatas:
        yield rrset.type, octets
    for octets in rrset.signatures:
        yield int(RRType.RRSIG), octets


def _json_records(rrsets: Iterable[RRset]) -> Iterator[dict[str, Any]]:
    for rrset in rrsets:
        for rrtype, octets in _rdatas(rrset):
            yield {
                "name": names.to_text(rrset.owner),
                "ttl": rrset.ttl,
                "class": rrclass_to_text(rrset.rdclass),
                "type": rrtype_to_text(rrtype),
                "data": rdata.to_text(rrtype, octets),
            }


def _facts(replies: Sequence[Reply]) -> Iterator[Row]:
    """Say what is to be said, once where the replies agree."""
    yield from _of_each(replies, "status", lambda reply: [_status(reply.message)])
    yield from _of_each(replies, "because", lambda reply: list(_because(reply.message)))
    yield from _of_each(replies, "flags", lambda reply: [_flags(reply.message)])
    for name in _names(replies):
        if written := both_ways(name):
            yield "name", f"{names.to_text(name)} is {written}"
    yield from _of_each(replies, "server", lambda reply: [_server(reply)])
    yield from _of_each(replies, "certificate", lambda reply: [plain(reply.certificate)])
    times = " and ".join(f"{reply.seconds * 1000:.0f} ms" for reply in replies)
    yield "time", times
    strays = sum(reply.strays for reply in replies)
    if strays:
        yield "warning", f"{strays} other datagrams came first: somebody guesses at replies"


def _of_each(
    replies: Sequence[Reply], label: str, say: Callable[[Reply], list[str]]
) -> Iterator[Row]:
    """Say one thing of all replies, with the type in front where they differ."""
    said = [[text for text in say(reply) if text] for reply in replies]
    if all(texts == said[0] for texts in said):
        for text in said[0]:
            yield label, text
        return
    for reply, texts in zip(replies, said, strict=True):
        kinds = "/".join(rrtype_to_text(q.type) for q in reply.message.questions)
        for text in texts:
            yield label, f"{kinds}: {text}" if kinds else text


def _status(message: Message) -> str:
    rcode = message.rcode
    if rcode:
        text = rcode_to_text(rcode)
        known = _RCODES.get(rcode)
        return f"{known} ({text})" if known else text
    types = {question.type for question in message.questions}
    if any(types & {rrset.type, RRType.ANY} for rrset in message.answer):
        return "answered"
    kind = " or ".join(map(rrtype_to_text, sorted(types)))
    if any(rrset.type == RRType.CNAME for rrset in message.answer):
        return f"an alias, and no {kind} record at its end (NODATA)"
    if not message.flags & AA and any(rrset.type == RRType.NS for rrset in message.authority):
        return "a referral to other servers, no answer"
    return f"the name exists, but no {kind} record (NODATA)"


def _because(message: Message) -> Iterator[str]:
    for rrset in message.authority:
        if rrset.type == RRType.SOA and len(rrset.rdatas[0]) >= 20:
            # RFC 2308 §5
            minimum = int.from_bytes(rrset.rdatas[0][-4:], "big")
            ttl = span(min(minimum, rrset.ttl))
            yield f"the zone {names.to_text(rrset.owner)} says so; it may be believed for {ttl}"
        elif rrset.type == RRType.NS and not message.answer:
            servers = ", ".join(rdata.to_text(rrset.type, octets) for octets in rrset.rdatas)
            yield f"ask the servers of {names.to_text(rrset.owner)}: {servers}"
    for error in errors_of(message):
        yield error_text(error)


def _flags(message: Message) -> str:
    flags = [text for bit, _, text in _FLAGS if text and message.flags & bit]
    if message.flags & RD and not message.flags & RA:
        flags.append("recursion not offered")
    return ", ".join(flags)


def _server(reply: Reply) -> str:
    text = f"{place(reply.server)} over {reply.way.value}"
    return f"{text}, since the reply over UDP was truncated" if reply.truncated else text


def _names(replies: Iterable[Reply]) -> list[bytes]:
    """List all names in the answers once."""
    found: dict[bytes, None] = {}
    for reply in replies:
        for question in reply.message.questions:
            found[names.lower(question.name_as_sent)] = None
        for rrset in reply.message.answer:
            found[rrset.owner] = None
            for octets in rrset.rdatas:
                try:
                    found.update(dict.fromkeys(rdata.names_in(rrset.type, octets)))
                except FormError:
                    continue
    return list(found)


def _to_unicode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        return idna.decode(label)
    except (idna.IDNAError, UnicodeError):
        return label
