"""What must hold of answers in a world whose replies were changed on the way.

What is true, the untouched world says.
"""

import random
from collections import Counter

from fakes.signed_mutations import Mutation, any_question, any_world

from dnsd.resolver.cache.contract import NXDOMAIN_TYPE, Kind, Security
from dnsd.wire import names

A, CNAME = 1, 5
SERVFAIL, NXDOMAIN = 2, 3
MAX_PACKETS = 100


def plain(rrsets):
    return sorted((each.owner, each.type, tuple(sorted(each.rdatas))) for each in rrsets)


class Truth:
    """What the untouched world says; asked in it, each question once."""

    def __init__(self, world):
        self._world = world
        self._known = {}

    def ask(self, name, rrtype):
        if (name, rrtype) not in self._known:
            self._known[name, rrtype] = self._world.ask(name, rrtype)
        return self._known[name, rrtype]


def complaints_about(outcome, true, question):
    """What must not be about an outcome."""
    if outcome.packets > MAX_PACKETS:
        yield f"{question}: {outcome.packets} packets"
    if outcome.rcode == SERVFAIL:
        return
    if true.rcode == SERVFAIL:
        yield f"{question}: {outcome}, the true world says nothing"
    elif outcome.security is Security.SECURE:
        if true.security is not Security.SECURE:
            yield f"{question}: secure, but in truth {true.security.name}"
        if (outcome.rcode, plain(outcome.answer)) != (true.rcode, plain(true.answer)):
            yield f"{question}: {outcome.rcode} {outcome.answer}, true is {true.rcode} {true.answer}"
        longest = {(each.owner, each.type): each.ttl for each in true.answer}
        for each in outcome.answer:
            if each.ttl > longest.get((each.owner, each.type), 0):
                yield f"{question}: TTL {each.ttl} of {each.owner}"
    elif true.security is Security.SECURE:
        yield f"{question}: {outcome.security.name} {outcome.answer}, but secure in truth"


def complaints_about_cache(entries, truth):
    """What must not be in a cache."""
    for entry in entries:
        if entry.security is Security.BOGUS:
            continue
        rrtype = A if entry.type == NXDOMAIN_TYPE else entry.type
        true = truth.ask(names.to_text(entry.name), rrtype)
        what = f"kept {names.to_text(entry.name)} {rrtype} {entry.kind.name}"
        if entry.security is Security.INSECURE and true.security is Security.SECURE:
            yield f"{what}: insecure, but secure in truth"
        if entry.security is not Security.SECURE or true.rcode == SERVFAIL:
            continue
        if true.security is not Security.SECURE and not true.answer:
            yield f"{what}: secure, but in truth {true.security.name}"
        if entry.kind is not Kind.POSITIVE:
            if (entry.kind is Kind.NXDOMAIN) != (true.rcode == NXDOMAIN) or plain(true.answer):
                yield f"{what}: in truth {true.rcode} {true.answer}"
        elif plain([entry.rrset])[0] not in plain(true.answer):
            yield f"{what}: {entry.rrset}, in truth {true.answer}"


def complaints_of_others(outcome, true, question, liar):
    """What must not be of names that a liar does not own: anything but the truth, or nothing."""

    def of_others(outcome):
        return plain(each for each in outcome.answer if not names.is_subdomain(each.owner, liar))

    if names.is_subdomain(names.from_text(question[0]), liar):
        return
    if outcome.rcode == SERVFAIL:
        # Who asks for an alias that leads to the liar depends on it.
        if true.rcode != SERVFAIL and not any_within(true, liar):
            yield f"{question}: SERVFAIL, {outcome.explanation}, true is {true.answer}"
        return
    if of_others(outcome) != of_others(true):
        yield f"{question}: {outcome.answer}, true is {true.answer}"
    if outcome.rcode != true.rcode and not any_within(true, liar):
        yield f"{question}: {outcome.rcode}, true is {true.rcode}"


def concerns(liar, question, true):
    """Tell whether a question is about names of the liar's, of which he may say anything."""
    own = names.from_text(liar)
    return names.is_subdomain(names.from_text(question[0]), own) or any_within(true, own)


def any_within(outcome, liar):
    """Tell whether aliases lead to a name of the liar's."""
    return any(each.type == CNAME and names.is_subdomain(each.rdatas[0].lower(), liar)
               for each in outcome.answer)  # fmt: skip


def examine(seed, liar=None, *, on_path=False):
    """Change replies in one world: of all servers, or all those of one liar.

    Args:
        seed: makes the world and what happens in it.
        liar: zone that he owns, with its keys; ``None`` for somebody who has none.
        on_path: the liar changes what all servers say, and not his own only.

    Returns:
        What must not be, and how many outcomes of each kind there were.
    """
    rng = random.Random(seed)
    world, truth = any_world(rng), Truth(any_world(random.Random(seed)))
    servers = None if liar is None or on_path else [liar]
    if liar is not None and liar not in world.servers:
        return [], Counter()
    share = 0.9 if liar else rng.choice((0.1, 0.5, 1.0))
    mutation = Mutation(rng, world, share=share, servers=servers)
    found, counts = [], Counter()
    if liar is not None:
        mutation.owner = liar
    for number in range(8):
        if number == 6:
            mutation.end()
        question = any_question(rng, world)
        if rng.random() < 0.8:
            mutation.target = names.from_text(question[0])
        outcome, true = world.ask(*question), truth.ask(*question)
        mutation.target = None
        counts["failed" if outcome.rcode == SERVFAIL else outcome.security.name.lower()] += 1
        if on_path and concerns(liar, question, true):
            continue
        if liar is None or on_path:
            found += complaints_about(outcome, true, question)
        else:
            found += complaints_of_others(outcome, true, question, names.from_text(liar))
    entries = list(world.asker.records.entries())
    if liar is not None:
        own = names.from_text(liar)
        entries = [each for each in entries if not names.is_subdomain(each.name, own)]
    found += complaints_about_cache(entries, truth)
    return [f"seed {seed}: {each} after {mutation.done[-12:]}" for each in found], counts
