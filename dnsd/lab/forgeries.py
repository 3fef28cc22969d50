"""Replies that speak for other people's names: what a resolver must not believe.

Each function returns a forgery for :class:`.hostile.Hostile`. What it makes is well
formed and answers the question that was asked, so that only its meaning is wrong.

Source: RFC 5452 §6 lists what a reply may be believed of; the attacks are those of
CVE-2021-25220, CVE-2025-11411, CVE-2025-40778, CVE-2025-59023, CVE-2026-42960,
and for names that do not die CVE-2022-30698, CVE-2022-30699 and CVE-2026-40622.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.lab.zone import zone
from dnsd.wire import names
from dnsd.wire.iana import Rcode
from dnsd.wire.message import AA, QR, RD
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from dnsd.lab.hostile import Aim, Forge, Forgery

_A = 1
_NS = 2
_CNAME = 5
_MX = 15
_TXT = 16
_DNAME = 39
_CHAOS = 3
_NXDOMAIN = int(Rcode.NXDOMAIN)


def claim_zone(aim: Aim, victim: bytes, section: str = "authority") -> Forge:
    """Add NS records that give somebody's zone to the liar, with glue."""

    def forge(forgery: Forgery) -> None:
        forgery.section(section).append(aim.name_servers(victim))
        forgery.message.additional += [aim.address_rrset(server) for server in aim.servers]

    return forge


def claim_servers(aim: Aim, zone_: bytes, servers: tuple[bytes, ...]) -> Forge:
    """Add NS records that are right, and glue that puts these servers elsewhere."""

    def forge(forgery: Forgery) -> None:
        forgery.message.authority.append(RRset(zone_, _NS, aim.ttl, servers))
        forgery.message.additional += [aim.address_rrset(server) for server in servers]

    return forge


def claim_address(aim: Aim, victim: bytes, section: str = "additional") -> Forge:
    """Add an address record of somebody's name."""

    def forge(forgery: Forgery) -> None:
        forgery.section(section).append(aim.address_rrset(victim))

    return forge


def claim_mail_server(aim: Aim, victim: bytes, section: str = "authority") -> Forge:
    """Add an MX record that names somebody's host, and an address of that host.

    CVE-2026-42960: glue was taken for records other than NS.
    """

    def forge(forgery: Forgery) -> None:
        forgery.section(section).append(RRset(aim.own, _MX, aim.ttl, (b"\x00\x0a" + victim,)))
        forgery.message.additional.append(aim.address_rrset(victim))

    return forge


def alias_to(aim: Aim, victim: bytes) -> Forge:
    """Answer with a CNAME to somebody's name and an address of it."""

    def forge(forgery: Forgery) -> None:
        forgery.clear()
        forgery.message.answer += [
            RRset(forgery.name, _CNAME, aim.ttl, (victim,)),
            aim.address_rrset(victim),
        ]

    return forge


def redirect(aim: Aim, ancestor: bytes, target: bytes) -> Forge:
    """Answer with a DNAME above the question, the CNAME that it makes, and an address.

    One record that is believed redirects every name below ``ancestor``.
    """

    def forge(forgery: Forgery) -> None:
        if forgery.name == ancestor or not names.is_subdomain(forgery.name, ancestor):
            return
        made = forgery.name[: len(forgery.name) - len(ancestor)] + target
        if len(made) > names.MAX_NAME_OCTETS:
            return
        forgery.clear()
        forgery.message.answer += [
            RRset(ancestor, _DNAME, aim.ttl, (target,)),
            RRset(forgery.name, _CNAME, aim.ttl, (made,)),
            aim.address_rrset(made),
        ]

    return forge


def add_redirection(aim: Aim, ancestor: bytes, target: bytes) -> Forge:
    """Add a DNAME of somebody's zone to whatever is answered."""

    def forge(forgery: Forgery) -> None:
        forgery.message.answer.append(RRset(ancestor, _DNAME, aim.ttl, (target,)))

    return forge


def deny(aim: Aim, victim: bytes, rcode: int = _NXDOMAIN) -> Forge:
    """Deny with the SOA of somebody's zone; with NOERROR the type only is denied."""
    (soa,) = zone(victim, []).rrsets
    soa.ttl = aim.ttl

    def forge(forgery: Forgery) -> None:
        forgery.clear()
        forgery.message.flags |= rcode
        forgery.message.authority.append(soa)

    return forge


def refer(aim: Aim, cut: bytes) -> Forge:
    """Refer to the liar's servers for any zone: upwards, sideways, to itself, or below."""

    def forge(forgery: Forgery) -> None:
        _clear_for_referral(forgery)
        forgery.message.authority.append(aim.name_servers(cut))
        forgery.message.additional += [aim.address_rrset(server) for server in aim.servers]

    return forge


def refer_to(aim: Aim, cut: bytes, servers: tuple[bytes, ...], *, glue: bool = False) -> Forge:
    """Refer to servers of any name, with the liar's address for them if that is wanted."""

    def forge(forgery: Forgery) -> None:
        _clear_for_referral(forgery)
        forgery.message.authority.append(RRset(cut, _NS, aim.ttl, servers))
        if glue:
            forgery.message.additional += [aim.address_rrset(server) for server in servers]

    return forge


def answer_anything(aim: Aim) -> Forge:
    """Answer what was asked with authority, whosever the name is."""

    def forge(forgery: Forgery) -> None:
        if not forgery.message.answer:
            rrset = aim.address_rrset(forgery.name)
            if forgery.query.qtype not in (_A, 255):
                rrset = RRset(forgery.name, forgery.query.qtype, aim.ttl, (_made(aim, forgery),))
            forgery.clear()
            forgery.message.answer.append(rrset)

    return forge


def change_class(aim: Aim, victim: bytes) -> Forge:
    """Add records of class CH to the answer and to the authority section."""

    def forge(forgery: Forgery) -> None:
        address = aim.address_rrset(victim)
        address.rdclass = _CHAOS
        servers = aim.name_servers(victim)
        servers.rdclass = _CHAOS
        forgery.message.answer.append(address)
        forgery.message.authority.append(servers)

    return forge


def live_on(aim: Aim, ttl: int) -> Forge:
    """Add the liar's own NS records and glue with a long TTL to every reply.

    A resolver that takes the child's word for its delegation keeps it after the
    parent has ended it: a ghost domain.
    """
    servers = RRset(aim.own, _NS, ttl, aim.servers)
    glue = [aim.address_rrset(server, ttl) for server in aim.servers]

    def forge(forgery: Forgery) -> None:
        message = forgery.message
        if forgery.query.qtype == _NS and forgery.name == aim.own:
            message.answer = [servers]
        else:
            message.authority = [*(r for r in message.authority if r.type != _NS), servers]
        message.additional = glue
        for rrset in message.answer:
            rrset.ttl = ttl

    return forge


def _clear_for_referral(forgery: Forgery) -> None:
    forgery.clear()
    forgery.message.flags = QR | (forgery.query.flags & RD)
    assert not forgery.message.flags & AA


def _made(aim: Aim, forgery: Forgery) -> bytes:
    """Make rdata of the type asked for, a name of the liar's in it where it has names."""
    qtype = forgery.query.qtype
    if qtype in (_NS, _CNAME, _DNAME, 12):
        return aim.servers[0]
    if qtype == _MX:
        return b"\x00\x0a" + aim.servers[0]
    if qtype == _TXT:
        return b"\x06forged"
    if qtype == 28:
        return b"\x20\x01\x0d\xb8" + bytes(11) + b"\x66"
    if qtype == 6:
        return aim.servers[0] + aim.own + bytes(20)
    if qtype in (64, 65):
        return b"\x00\x01\x00"
    return b"\x00\x01\x08\x01" + bytes(20)  # as DS
