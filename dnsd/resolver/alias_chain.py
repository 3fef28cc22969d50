"""The chain of aliases in an answer section, as far as its sender may say it.

The walk begins at the question's name and takes one link at a time, whatever the
order of the records: the data asked for, a DNAME above the name, a CNAME at it.
It ends where the sender's zone ends, so that nothing can be smuggled in behind an
alias to somewhere else.

A DNAME covers all names below it, and so would one forged datagram: it counts only
over a transport that forgers off the path cannot use, as in named since 9.21.14. A
signature beside it changes nothing, for it is not validated yet when this is
decided. The CNAME that it makes is made here, whatever was sent.

Bounds: eleven links, and each name once. Of several CNAME or DNAME records at one
name the first counts, without signatures, for they do not fit any more.

Source: RFC 1034 §3.6.2, RFC 2181 §10.1, RFC 5452 §6, RFC 6672 §2.4, §3.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final, NamedTuple

from dnsd.wire.iana import RRClass, RRType
from dnsd.wire.names import MAX_NAME_OCTETS, ROOT, is_subdomain, parent
from dnsd.wire.rrset import RRset

#: Aliases kept of one reply: as many as are followed for a question.
MAX_LINKS: Final = 11

_IN = int(RRClass.IN)
_CNAME = int(RRType.CNAME)
_DNAME = int(RRType.DNAME)
_DS = int(RRType.DS)
_RRSIG = int(RRType.RRSIG)
_ANY = int(RRType.ANY)
_SPECIAL = frozenset((_DNAME, _RRSIG))


class Asked(NamedTuple):
    """What was asked of whom, and how the reply came.

    Attributes:
        name: that was asked for.
        type: that was asked for.
        zone: that the sender may speak for.
        trusted_transport: a forger off the path cannot have sent the reply.
        forwarder: the sender was asked to recurse.
    """

    name: bytes
    type: int
    zone: bytes
    trusted_transport: bool
    forwarder: bool

    def is_of_sender(self, name: bytes) -> bool:
        """Tell whether the sender may say anything of the type at that name."""
        zone = self.zone
        if name == zone:
            # RFC 4035 §2.4: the DS of a zone is its parent's to say.
            return self.type != _DS or self.forwarder or zone == ROOT
        return is_subdomain(name, zone)


class ChainEnd(enum.IntEnum):
    """How a chain ends."""

    DATA = 0
    OPEN = 1  # at a name of the zone that the section says no more about
    AWAY = 2  # at a name that must be asked for
    UNTRUSTED = 3  # with a DNAME that the transport does not carry; nothing is kept
    TOO_LONG = 4  # with a DNAME that makes a name over 255 octets


@dataclass(slots=True)
class Chain:
    """What an answer section says from the question on.

    Attributes:
        rrsets: links and data, in order.
        name: at which the chain ends.
        end: how it ends.
        used: RRsets of the section that are on it.
    """

    rrsets: list[RRset]
    name: bytes
    end: ChainEnd = ChainEnd.AWAY
    used: int = 0


def follow(answer: list[RRset], asked: Asked) -> Chain:
    """Walk along the aliases of an answer section.

    Args:
        answer: the section, in any order.
        asked: the question; its name is the sender's to speak for.
    """
    first = answer[0] if answer else None
    if first is not None and first.type not in _SPECIAL and _answers(first, asked):
        # Nearly every answer; what stands behind it would not be looked at anyway.
        return Chain([first], asked.name, ChainEnd.DATA, 1)
    section = _Section(answer)
    chain = Chain([], asked.name)
    visited: set[bytes] = set()
    while len(visited) <= MAX_LINKS and chain.name not in visited:
        if not asked.is_of_sender(chain.name):
            break
        visited.add(chain.name)
        end = _take_link(chain, section, asked)
        if end == ChainEnd.UNTRUSTED:
            return Chain([], asked.name, end)
        if end != ChainEnd.AWAY:
            chain.end = end
            break
    return chain


def _answers(rrset: RRset, asked: Asked) -> bool:
    return rrset.owner == asked.name and rrset.type == asked.type and rrset.rdclass == _IN


class _Section:
    """The records of class IN of a section, by name and type; the first of each."""

    __slots__ = ("dnames", "found", "rrsets")

    def __init__(self, answer: list[RRset]) -> None:
        self.rrsets = [rrset for rrset in answer if rrset.rdclass == _IN]
        self.found: dict[tuple[bytes, int], RRset] = {}
        self.dnames: dict[bytes, RRset] = {}
        for rrset in self.rrsets:
            self.found.setdefault((rrset.owner, rrset.type), rrset)
            if rrset.type == _DNAME:
                self.dnames.setdefault(rrset.owner, rrset)


def _take_link(chain: Chain, section: _Section, asked: Asked) -> ChainEnd:
    """Go one link on; how that ends the chain, ``AWAY`` when it goes on."""
    name = chain.name
    data = _records_at(name, asked.type, section)
    dname = _dname_covering(name, asked, section.dnames, has_data=bool(data))
    if dname is not None and not asked.trusted_transport:
        return ChainEnd.UNTRUSTED
    if data and (dname is None or dname.owner == name):
        chain.rrsets += data
        chain.used += len(data)
        return ChainEnd.DATA
    if dname is not None:
        end = _redirect(chain, dname, section)
        if asked.type == _CNAME and end == ChainEnd.AWAY:
            # The CNAME that the DNAME makes is what was asked for.
            chain.name = name
            return ChainEnd.DATA
        return end
    cname = section.found.get((name, _CNAME))
    if cname is None:
        return ChainEnd.OPEN
    chain.rrsets.append(the_one(cname))
    chain.name = cname.rdatas[0].lower()
    chain.used += 1
    return ChainEnd.AWAY


def _records_at(name: bytes, rrtype: int, section: _Section) -> list[RRset]:
    """Return the RRsets of a name that answer a question of that type."""
    if rrtype == _ANY:
        return [rrset for rrset in section.rrsets if rrset.owner == name]
    data = section.found.get((name, rrtype))
    if data is None:
        return []
    if rrtype == _RRSIG:
        # The reader makes an RRset for each type covered; the question knows one.
        parts = [x for x in section.rrsets if x.owner == name and x.type == _RRSIG]
        rdatas = tuple(dict.fromkeys(rdata for each in parts for rdata in each.rdatas))
        return [RRset(name, _RRSIG, min(each.ttl for each in parts), rdatas)]
    return [data]


def the_one(rrset: RRset) -> RRset:
    """Return an RRset of a type of which a name has one record."""
    if len(rrset.rdatas) == 1:
        return rrset
    return RRset(rrset.owner, rrset.type, rrset.ttl, rrset.rdatas[:1])


def _dname_covering(
    name: bytes, asked: Asked, dnames: dict[bytes, RRset], *, has_data: bool
) -> RRset | None:
    """Return the DNAME that is to be kept: a name's own data, or the closest above it."""
    if not dnames:
        return None
    # No name below a DNAME has a CNAME of its own (RFC 6672 §2.4).
    if has_data and asked.type != _CNAME:
        return dnames.get(name) if asked.type in (_DNAME, _ANY) else None
    while name != asked.zone:
        name = parent(name)
        if dname := dnames.get(name):
            return dname
    return None


def _redirect(chain: Chain, dname: RRset, section: _Section) -> ChainEnd:
    """Go on where a DNAME says, by way of the CNAME that it makes (RFC 6672 §3.1)."""
    name = chain.name
    target = name[: -len(dname.owner)] + dname.rdatas[0].lower()
    dname = the_one(dname)
    if dname not in chain.rrsets:
        chain.rrsets.append(dname)
        chain.used += 1
    if len(target) > MAX_NAME_OCTETS:
        return ChainEnd.TOO_LONG
    if (name, _CNAME) in section.found:
        chain.used += 1
    chain.rrsets.append(RRset(name, _CNAME, dname.ttl, (target,)))
    chain.name = target
    return ChainEnd.AWAY


def made_of(chain: list[RRset], index: int) -> int | None:
    """Find the DNAME that an alias was made of (RFC 6672 §3.1).

    Args:
        chain: RRsets of an answer, in order.
        index: of the alias in it.

    Returns:
        The index of the DNAME; ``None`` of what was not made of one.
    """
    alias = chain[index]
    if alias.type != _CNAME or alias.signatures:
        return None
    for place, dname in enumerate(chain[:index]):
        owner = dname.owner
        if dname.type != _DNAME or alias.owner == owner or not is_subdomain(alias.owner, owner):
            continue
        if alias.rdatas[0] == alias.owner[: -len(owner)] + dname.rdatas[0].lower():
            return place
    return None
