"""An authoritative server of the simulated Internet: a query in, a reply out.

What it says is what ``authority.answer`` says, so the lab shows the daemon's own
answers. How it says it can be set to what is seen on the Internet: no EDNS, no
cookies, other sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol, cast

from dnsd.authority.answer import answer
from dnsd.lab.zone import MemoryZones
from dnsd.resolver.commands import Transport
from dnsd.wire.edns import Edns, render_opt
from dnsd.wire.errors import FormError
from dnsd.wire.iana import OptionCode, Rcode, RRClass
from dnsd.wire.message import AA, QR, RD, TC, parse_query
from dnsd.wire.writer import ADDITIONAL, ANSWER, AUTHORITY, MAX_MESSAGE_OCTETS, MessageWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dnsd.authority.answer import Answer
    from dnsd.authority.zones import Zones
    from dnsd.lab.zone import MemoryZone
    from dnsd.wire.message import Query

_COOKIE = int(OptionCode.COOKIE)
_IN = int(RRClass.IN)
_REFUSED = int(Rcode.REFUSED)

#: Any server cookie will do where nobody forges addresses (RFC 7873 §4.2).
SERVER_COOKIE = b"labserve"


class Sent(NamedTuple):
    """What a server sends back.

    Attributes:
        octets: a message; none means that the host says that nobody listens there,
            or that the connection is closed.
        delay_s: seconds between receiving and sending.
    """

    octets: bytes
    delay_s: float = 0.0


class Server(Protocol):
    """Whatever stands at an address."""

    def receive(self, query: bytes, transport: Transport, now: float) -> Sequence[Sent]:
        """Take a query; return what is sent back, nothing for silence."""
        ...


@dataclass(frozen=True, slots=True)
class Manners:
    """How a server speaks.

    Attributes:
        edns: it knows EDNS; else it ignores OPT, as old servers do.
        edns_is_error: without EDNS, it answers FORMERR to OPT instead.
        cookies: it answers cookies (RFC 7873).
        udp_octets: of the largest datagram that it sends.
    """

    edns: bool = True
    edns_is_error: bool = False
    cookies: bool = True
    udp_octets: int = 1232


_USUAL = Manners()


class Authority:
    """Answers for some zones, and REFUSED for all else.

    Attributes:
        zones: what it serves; may be replaced to change the world.
        manners: how it speaks.
    """

    def __init__(self, zones: Iterable[MemoryZone], manners: Manners = _USUAL) -> None:
        self.zones = MemoryZones(zones)
        self.manners = manners

    def receive(self, query: bytes, transport: Transport, now: float) -> Sequence[Sent]:  # noqa: ARG002
        """Answer a query; what is no query at all gets silence."""
        octets = self.reply(query, transport)
        return (Sent(octets),) if octets else ()

    def reply(self, octets: bytes, transport: Transport = Transport.UDP) -> bytes:
        """Return the reply to a query; no octets to what gets none."""
        try:
            query = parse_query(octets)
        except FormError:
            return octets[:2] + b"\x80\x01" + bytes(8) if len(octets) >= 12 else b""
        if query.flags & QR:
            return b""
        manners = self.manners
        if query.edns is not None and not manners.edns and manners.edns_is_error:
            return octets[:2] + b"\x80\x01" + bytes(8)
        limit = MAX_MESSAGE_OCTETS
        if transport is Transport.UDP:
            size = query.edns.udp_size if query.edns is not None and manners.edns else 512
            limit = min(max(size, 512), manners.udp_octets)
        found = None
        do = manners.edns and query.edns is not None and query.edns.do
        if query.qclass == _IN:
            # MemoryZones has the part of Zones that answering uses.
            zones = cast("Zones", self.zones)
            found = answer(zones, query.qname, query.qtype, dnssec_ok=do)
        return _render(query, found, MessageWriter(limit), self._opt(query), do=do)

    def _opt(self, query: Query) -> bytes:
        """Make the OPT record of the reply; no octets for none."""
        if query.edns is None or not self.manners.edns:
            return b""
        cookie = query.edns.option(_COOKIE) if self.manners.cookies else None
        options = ((_COOKIE, cookie[:8] + SERVER_COOKIE),) if cookie is not None else ()
        return render_opt(Edns(self.manners.udp_octets, do=query.edns.do, options=options))


def _render(
    query: Query, found: Answer | None, writer: MessageWriter, opt: bytes, *, do: bool
) -> bytes:
    flags = QR | (query.flags & RD)
    writer.question(query.qname_as_sent, query.qtype, query.qclass)
    if opt:
        writer.opt(opt)
    if found is None:
        writer.header(query.id, flags | _REFUSED)
        return writer.finish()
    if found.authoritative:
        flags |= AA
    writer.header(query.id, flags | found.rcode)
    for section, rrsets in ((ANSWER, found.answer), (AUTHORITY, found.authority)):
        for rrset in rrsets:
            if not writer.rrset(section, rrset, with_signatures=do):
                writer.flags |= TC
                return writer.finish()
    for rrset in found.additional:
        is_written = writer.rrset(ADDITIONAL, rrset, with_signatures=do)
        if not is_written and rrset in found.required_glue:
            writer.flags |= TC
            break
    return writer.finish()
