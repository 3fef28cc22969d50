"""Replies that cost their receiver work: what a resolver must survive.

Each function returns a forgery for :class:`.hostile.Hostile`.

Source: NXNSAttack (CVE-2020-8616 and kin), non-responsive delegations
(CVE-2022-3204, CVE-2022-2795), cyclic dependencies (RFC 9520 §1), large RRsets
(CVE-2024-1737), compositions of these (CVE-2026-50045), bad datagrams taken for
events (CVE-2023-29483, CVE-2023-26437).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

from dnsd.lab.authority import Sent
from dnsd.resolver.commands import Transport
from dnsd.wire import names
from dnsd.wire.iana import Rcode
from dnsd.wire.message import QR, TC, Question
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dnsd.lab.hostile import Aim, Forge, Forgery

_A = 1
_NS = 2
_CNAME = 5
_BADCOOKIE = int(Rcode.BADCOOKIE)


def refer_to_many(aim: Aim, count: int, stem: bytes, cut: bytes | None = None) -> Forge:
    """Refer to many name servers without addresses, all in somebody's zone.

    Args:
        aim: who does it.
        count: of name servers; different ones for each name asked for.
        stem: the zone that has to say that they do not exist.
        cut: the zone that is referred; the name asked for unless said.
    """

    def forge(forgery: Forgery) -> None:
        forgery.clear()
        forgery.message.flags = QR
        marker = b"%08x" % (crc32(forgery.name))
        servers = tuple(
            names.from_labels([b"n%d-%b" % (number, marker)], stem) for number in range(count)
        )
        forgery.message.authority.append(RRset(cut or forgery.name, _NS, aim.ttl, servers))

    return forge


def refer_each_to_other(aim: Aim, first: bytes, second: bytes) -> Forge:
    """Refer two zones to servers whose names lie in the respective other one."""

    def forge(forgery: Forgery) -> None:
        for cut, other in ((first, second), (second, first)):
            if names.is_subdomain(forgery.name, cut):
                forgery.clear()
                forgery.message.flags = QR
                server = names.from_labels([b"ns"], other)
                forgery.message.authority.append(RRset(cut, _NS, aim.ttl, (server,)))
                return

    return forge


def refer_deeper(aim: Aim) -> Forge:
    """Refer every question one label further down each time it is asked."""
    cuts: dict[bytes, bytes] = {}

    def forge(forgery: Forgery) -> None:
        above = cuts.get(forgery.name, aim.own)
        surplus = names.label_count(forgery.name) - names.label_count(above)
        labels = names.to_labels(forgery.name)
        cut = names.from_labels(labels[surplus - 1 :]) if surplus > 0 else forgery.name
        cuts[forgery.name] = cut
        forgery.clear()
        forgery.message.flags = QR
        forgery.message.authority.append(aim.name_servers(cut))
        forgery.message.additional += [aim.address_rrset(server) for server in aim.servers]

    return forge


def chain_on(aim: Aim, links: int = 1) -> Forge:
    """Answer with a chain of CNAMEs that never ends.

    Args:
        aim: who does it.
        links: how many links one reply has.
    """

    def forge(forgery: Forgery) -> None:
        forgery.clear()
        owner = forgery.name
        for _ in range(links):
            target = names.from_labels([b"c%08x" % (crc32(owner))], aim.own)
            forgery.message.answer.append(RRset(owner, _CNAME, aim.ttl, (target,)))
            owner = target

    return forge


def many_records(count: int) -> Forge:
    """Answer with an RRset of many records."""
    rdatas = tuple(number.to_bytes(4, "big") for number in range(0xCB000000, 0xCB000000 + count))

    def forge(forgery: Forgery) -> None:
        forgery.clear()
        forgery.message.answer.append(RRset(forgery.name, _A, 300, rdatas))

    return forge


def truncate() -> Forge:
    """Truncate every reply, over TCP as well."""

    def forge(forgery: Forgery) -> None:
        forgery.clear()
        forgery.message.flags |= TC

    return forge


def demand_cookie() -> Forge:
    """Answer BADCOOKIE (RFC 7873 §5.3) to every query."""

    def forge(forgery: Forgery) -> None:
        forgery.clear()
        if forgery.message.edns is not None:
            forgery.message.flags |= _BADCOOKIE & 15
            forgery.message.edns.extended_rcode = _BADCOOKIE >> 4

    return forge


def fail(rcode: int) -> Forge:
    """Answer nothing but an error."""

    def forge(forgery: Forgery) -> None:
        forgery.clear()
        forgery.message.flags |= rcode & 15
        if forgery.message.edns is not None:
            forgery.message.edns.extended_rcode = rcode >> 4

    return forge


def fail_bare(rcode: int) -> Forge:
    """Answer an error as a header without question, as old servers do."""

    def forge(forgery: Forgery) -> None:
        flags = 0x8000 | rcode
        octets = forgery.query.raw[:2] + flags.to_bytes(2, "big") + bytes(8)
        forgery.sent = [Sent(octets)]

    return forge


def change_question(other: bytes) -> Forge:
    """Answer another question than the one that was asked."""

    def forge(forgery: Forgery) -> None:
        question = forgery.query
        forgery.message.questions[:] = [Question(other, question.qtype, question.qclass)]

    return forge


def lower_question() -> Forge:
    """Lower the letters of the question, as some servers do."""

    def forge(forgery: Forgery) -> None:
        question = forgery.query
        forgery.message.questions[:] = [Question(question.qname, question.qtype, question.qclass)]

    return forge


def change_id(mask: int = 0x5A5A) -> Forge:
    """Answer under another ID."""

    def forge(forgery: Forgery) -> None:
        forgery.message.id ^= mask

    return forge


def garbage(octets: Callable[[int], bytes], *, keep_header: bool = False) -> Forge:
    """Send octets that are no message.

    Args:
        octets: returns so many.
        keep_header: the header and question are right, so that the reply is taken.
    """

    def forge(forgery: Forgery) -> None:
        made = octets(80)
        if keep_header:
            end = forgery.query.question_end
            header = forgery.query.raw[:2] + b"\x84\x00\x00\x01\x00\x05\x00\x01\x00\x00"
            made = header + forgery.query.raw[12:end] + made
        forgery.sent = [Sent(made)]

    return forge


def first_this(datagrams: Sequence[bytes], delay_s: float = 0.05) -> Forge:
    """Send datagrams at once, and what was to be sent later.

    Args:
        datagrams: with the ID of the query put over their first two octets.
        delay_s: how much later.
    """

    def forge(forgery: Forgery) -> None:
        usual = forgery.sent if forgery.sent is not None else [Sent(forgery.octets())]
        if forgery.transport is Transport.UDP:
            first = [Sent(forgery.query.raw[:2] + octets[2:]) for octets in datagrams]
            forgery.sent = [*first, *(Sent(each.octets, delay_s) for each in usual)]

    return forge


def wait(seconds: float) -> Forge:
    """Answer late."""

    def forge(forgery: Forgery) -> None:
        forgery.delay_s += seconds

    return forge


def keep_silent() -> Forge:
    """Answer nothing."""

    def forge(forgery: Forgery) -> None:
        forgery.sent = []

    return forge


def hang_up() -> Forge:
    """Close the connection, or say that nobody listens."""

    def forge(forgery: Forgery) -> None:
        forgery.sent = [Sent(b"")]

    return forge
