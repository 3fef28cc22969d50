"""Asking the root's servers who the root's servers are (RFC 9609).

Hints are only where to begin: what the root says about itself replaces them, for
as long as its NS RRset lives. Every name lies in the root zone, so that the
addresses in the reply are its own to give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dnsd.resolver.asking import Asking
from dnsd.resolver.commands import Ask
from dnsd.resolver.fetch import remembering
from dnsd.resolver.keep import keep_chain
from dnsd.resolver.outcome import Explanation, Failed
from dnsd.resolver.referral import delegation_of
from dnsd.resolver.scrub import Meaning
from dnsd.resolver.security.judgement import Judge
from dnsd.wire.iana import ExtendedError, RRType
from dnsd.wire.names import ROOT

if TYPE_CHECKING:
    from collections.abc import Generator

    from dnsd.resolver.budget import Budget
    from dnsd.resolver.cache.contract import Entry
    from dnsd.resolver.world import World

_QUESTION = Ask(ROOT, int(RRType.NS))
_ADDRESSES = (int(RRType.A), int(RRType.AAAA))
_NOT_ANSWERED = Failed(
    Explanation(int(ExtendedError.NO_REACHABLE_AUTHORITY), "the root did not name its servers")
)


def prime(world: World, budget: Budget) -> Generator[Any, Any, Entry | Failed]:
    """Learn the root's servers, as a procedure.

    Returns:
        The root's NS RRset, which is kept as a record too.
    """
    return remembering(world, _QUESTION, _prime(world, budget))


def _prime(world: World, budget: Budget) -> Generator[Any, Any, Entry | Failed]:
    told = yield from Asking(world, world.hints, budget).ask(_QUESTION)
    if isinstance(told, Failed):
        return told
    said = told.said
    if said.meaning is not Meaning.ANSWER or not said.chain:
        return _NOT_ANSWERED
    rrset = said.chain[0]
    addresses: dict[bytes, tuple[bytes, ...]] = {}
    for each in told.message.additional if told.message is not None else ():
        if each.type in _ADDRESSES and each.owner in rrset.rdatas:
            addresses[each.owner] = addresses.get(each.owner, ()) + each.rdatas
    if world.trust is not None:
        told.judged = yield from Judge(world, budget, ROOT).reply(said, _QUESTION.type)
    now = world.network.now()
    said.cut, said.servers, said.ttl, said.addresses = ROOT, rrset.rdatas, rrset.ttl, addresses
    delegation = delegation_of(said, now, told.server, world.options, hit=budget.hit)
    if delegation.addresses:
        world.delegations.put(delegation, now)
    return keep_chain(world, told, ROOT, budget)
