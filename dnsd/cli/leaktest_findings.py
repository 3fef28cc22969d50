"""What a leak test has found out, in words for the people at home: a pure function.

Observations go in: who was asked for names that nobody else knows, what came back,
and which queries for them reached our server. Sentences come out, each of them
``good``, worth a ``note``, or ``bad``: bad is what lets somebody else decide where a
name leads.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Literal

from dnsd.query.acl import Networks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dnsd.control.shapes import SightingShape

Kind = Literal["good", "note", "bad"]

# Fewer numbers than this tell nothing about how they are chosen.
_ENOUGH = 4
# Numbers that rise by no more than this from one query to the next can be guessed.
_STEP = 16
_AT_HOME = Networks.from_text(("loopback", "private"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence.

    Attributes:
        kind: how it is meant.
        text: without a final stop.
    """

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One resolver, and what came of the questions that it got.

    Attributes:
        resolver: its address; empty for whatever the programs of this machine ask.
        outcomes: one for each question: ``nxdomain``, ``nodata``, an address,
            ``silence``, or the name of an error.
        sightings: queries for its names that reached our server, by time.
    """

    resolver: str
    outcomes: tuple[str, ...]
    sightings: tuple[SightingShape, ...] = ()


@dataclass(frozen=True, slots=True)
class Observations:
    """All that was observed.

    Attributes:
        zone: the names are below it, as text.
        labels: labels of the names that were asked for, the root left out.
        asked: every resolver.
        own: addresses of this machine.
        outside: addresses that our server sees when this machine asks it by its public
            address: our Internet address.
        names: names of addresses, where they have one.
        placeholders: addresses where nobody can be, and what came from there:
            ``silence``, ``unreachable``, or what an outcome is.
        rewritten_here: our own server has an answer for such names, so others may.
        omitted: queries that had no room in the record.
    """

    zone: str
    labels: int
    asked: tuple[Asked, ...]
    own: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()
    names: dict[str, str] = field(default_factory=dict)
    placeholders: tuple[tuple[str, str], ...] = ()
    rewritten_here: bool = False
    omitted: int = 0


def findings(observed: Observations) -> list[tuple[str, list[Finding]]]:
    """Say what observations mean: headings, and the sentences below each."""
    found = [
        (_heading(asked), [*_answers(asked, observed), *_askers(asked, observed)])
        for asked in observed.asked
    ]
    on_the_way = [*_interception(observed), *_ways(observed)]
    if on_the_way:
        found.append(("On the way", on_the_way))
    return found


def _heading(asked: Asked) -> str:
    return f"The resolver {asked.resolver}" if asked.resolver else "The programs of this machine"


def _answers(asked: Asked, observed: Observations) -> Iterator[Finding]:
    """Judge what came back."""
    outcomes = dict.fromkeys(asked.outcomes)
    addresses = [outcome for outcome in outcomes if _is_address(outcome)]
    if set(outcomes) == {"silence"}:
        yield Finding("bad", "does not answer")
        return
    if addresses and not observed.rewritten_here:
        yield Finding(
            "bad",
            f"answers {' and '.join(addresses)} for names that do not exist: it sends what is "
            "mistyped to somebody else, usually to advertising",
        )
    elif "nxdomain" in outcomes and not addresses and not observed.rewritten_here:
        yield Finding("good", "says of names that do not exist that they do not")
    errors = [outcome for outcome in outcomes if outcome.isupper()]
    if errors:
        yield Finding("note", f"failed now and then: {', '.join(errors)}")
    elif "silence" in outcomes:
        yield Finding("note", "did not answer every question")


def _askers(asked: Asked, observed: Observations) -> Iterator[Finding]:
    """Say who asked our server, and how."""
    seen = asked.sightings
    if not seen:
        if set(asked.outcomes) != {"silence"}:
            yield Finding(
                "note",
                f"answers, but nobody asked this server: {observed.zone} is not delegated to it "
                "where the resolver looks, so nothing more can be said",
            )
        return
    clients = list(dict.fromkeys(sighting["client"] for sighting in seen))
    if observed.own.issuperset(clients):
        yield Finding("good", "asks this server itself: names of its zones go nowhere else")
        return
    strangers = [client for client in clients if client not in observed.own]
    yield _who(asked.resolver, strangers, observed)
    foreign = [sighting for sighting in seen if sighting["client"] in strangers]
    yield from _numbers(foreign)
    yield from _manners(foreign, observed.labels)


def _who(resolver: str, clients: Sequence[str], observed: Observations) -> Finding:
    shown = " and ".join(_named(client, observed) for client in clients)
    outside = [client for client in clients if _is_public(client)]
    if list(clients) == [resolver]:
        text = "asks the name servers itself"
        if not outside:
            return Finding("good", text)
        return Finding("note", f"{text}; whoever runs it sees every name that you look up")
    if observed.outside.issuperset(clients):
        text = f"has the name servers asked from your own Internet address, {shown}"
        return Finding("good", f"{text}: by your router, or by this machine")
    if not outside:
        return Finding("good", f"has {shown} ask the name servers, in your own network")
    text = f"has {shown} ask the name servers"
    return Finding("note", f"{text}; whoever runs that sees every name that you look up")


def _numbers(seen: Sequence[SightingShape]) -> Iterator[Finding]:
    """Judge source ports and message IDs: they are all that a forger must guess."""
    datagrams = [sighting for sighting in seen if sighting["transport"] == "udp"]
    by_client: dict[str, list[SightingShape]] = {}
    for sighting in datagrams:
        by_client.setdefault(sighting["client"], []).append(sighting)
    most = max(by_client.values(), key=len, default=[])
    if len(most) < _ENOUGH:
        yield Finding("note", "was seen too seldom to judge how well it is armed against forgers")
        return
    for values, noun in (
        ([sighting["port"] for sighting in most], "source port"),
        ([sighting["id"] for sighting in most], "message ID"),
    ):
        yield _spread(values, noun)


def _spread(values: Sequence[int], noun: str) -> Finding:
    steps = {(after - before) % 65_536 for before, after in itertools.pairwise(values)}
    if steps == {0}:
        return Finding("bad", f"always uses {noun} {values[0]}: forged answers are easily made")
    if all(0 < step <= _STEP for step in steps):
        return Finding("bad", f"counts its {noun}s up: the next one can be guessed")
    if len(set(values)) * 2 < len(values):
        return Finding("bad", f"uses few {noun}s: {len(set(values))} in {len(values)} queries")
    return Finding("good", f"chooses its {noun}s so that nobody can guess them")


def _manners(seen: Sequence[SightingShape], labels: int) -> Iterator[Finding]:
    """Say what else its queries tell of a resolver."""
    if any(sighting["name"] != sighting["name"].lower() for sighting in seen):
        yield Finding("good", "spells names in random letter case, which forgers must match")
    else:
        yield Finding("note", "does not use random letter case against forgers")
    if any(sighting["cookie"] for sighting in seen):
        yield Finding("good", "uses DNS cookies, which forgers cannot know")
    if any(sighting["name"].count(".") < labels for sighting in seen):
        yield Finding("good", "tells name servers no more of a name than they need")
    else:
        yield Finding("note", "tells every name server the whole name that is looked up")
    if any(sighting["dnssec"] for sighting in seen):
        yield Finding("note", "asks for signatures (DNSSEC); whether it checks them was not tested")
    else:
        yield Finding("note", "does not ask for signatures, so it can check none (DNSSEC)")


def _interception(observed: Observations) -> Iterator[Finding]:
    answered = [each for each in observed.placeholders if each[1] not in ("silence", "unreachable")]
    if answered:
        address, _ = answered[0]
        yield Finding(
            "bad",
            f"a question to {address} was answered, where nobody can be: somebody between here "
            "and the Internet answers in place of every resolver that you choose",
        )
    elif any(outcome == "silence" for _, outcome in observed.placeholders):
        yield Finding("good", "nobody answers in place of the resolver that is asked")
    elif observed.placeholders:
        yield Finding("note", "whether questions are intercepted could not be tested: no network")


def _ways(observed: Observations) -> Iterator[Finding]:
    """Say whether different resolvers lead to different places."""
    askers = {
        sighting["client"]
        for asked in observed.asked
        for sighting in asked.sightings
        if sighting["client"] not in observed.own
    }
    public = sorted(client for client in askers if _is_public(client))
    if len(public) > 1:
        shown = ", ".join(_named(client, observed) for client in public)
        yield Finding(
            "note",
            f"questions leave by {len(public)} addresses: {shown}. With a VPN or a filter, only "
            "its own should be among them",
        )
    if observed.omitted:
        yield Finding("note", f"{observed.omitted} queries came beyond those that were recorded")


def _named(client: str, observed: Observations) -> str:
    name = observed.names.get(client)
    return f"{client} ({name})" if name else client


def _is_public(address: str) -> bool:
    return not _AT_HOME.contains(ip_address(address).packed)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
