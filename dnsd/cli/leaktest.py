"""``dnsd leaktest``: who answers this machine's questions, and how well."""

from __future__ import annotations

import os
import time
from dataclasses import asdict
from pathlib import Path  # noqa: TC003 - in the signature of the command
from typing import TYPE_CHECKING, Any

import click

from dnsd.cli import leaktest_probe, lookup_servers
from dnsd.cli.leaktest_findings import Asked, Observations, findings
from dnsd.cli.leaktest_probe import LABELS, Prober, name_of, own_address
from dnsd.cli.lookup_exchange import AskError, AskOptions, Server, Way, ask
from dnsd.cli.lookup_question import QueryForm, query_octets
from dnsd.cli.lookup_report import plain
from dnsd.cli.options import ZONE_NAME, client, config_option, json_option, load
from dnsd.cli.printing import print_json
from dnsd.control.client import ControlError
from dnsd.wire import names, rdata
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dnsd.cli.leaktest_findings import Finding
    from dnsd.cli.lookup_exchange import Reply
    from dnsd.control.client import ControlClient
    from dnsd.control.shapes import SightingShape

_HERE = "here"  # the account of questions that this machine asks our own server
_OUTSIDE = "outside"  # and of those that it asks it by its public address
_COLORS = {"good": "green", "note": "yellow", "bad": "red"}
# Resolvers ask again after a second or two when something got lost.
_SETTLE_S = 0.5
_MAX_SERVERS = 3
_MAX_NAMED = 8  # addresses whose names are looked up


@click.command()
@click.option("--zone", type=ZONE_NAME, metavar="NAME", help="Zone of ours to ask below.")
@click.option(
    "--timeout", default=5.0, type=click.FloatRange(0.1, 60), help="Seconds to wait for a reply."
)
@config_option
@json_option
def leaktest(zone: bytes | None, timeout: float, config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """Find out who looks up names for this machine, and whether that is safe.

    Asks every resolver of this machine for names below a zone that the running dnsd
    serves, and has dnsd watch who comes to ask for them. To see resolvers on the
    Internet the zone must be delegated to this dnsd. Exit status 1 if something is bad.
    """
    daemon = client(config_file)
    listener = lookup_servers.configured(load(config_file).listen, Way.UDP)
    if listener is None:
        raise click.UsageError("the configuration has no listener for UDP")
    zone = zone or _only_zone(daemon)
    prober = Prober(zone, f"leaktest-{os.urandom(4).hex()}-", os.urandom, AskOptions(timeout, 1))
    observed = _observe(daemon, prober, listener[0])
    found = findings(observed)
    if as_json:
        print_json(_to_json(found, observed))
    else:
        for line in _lines(found):
            click.echo(line)
    if any(finding.kind == "bad" for _, sentences in found for finding in sentences):
        click.get_current_context().exit(1)


def _only_zone(daemon: ControlClient) -> bytes:
    zones = [zone["origin"] for zone in daemon.zones() if not zone["generated"]]
    if len(zones) != 1:
        raise click.UsageError(
            f"--zone must say below which zone to ask: {', '.join(zones[:10]) or 'none is served'}"
        )
    return names.from_text(zones[0])


def _observe(daemon: ControlClient, prober: Prober, here: Server) -> Observations:
    """Ask everybody while the daemon watches."""
    resolvers = lookup_servers.of_system()
    daemon.watch(names.to_text(prober.zone), prober.prefix)
    try:
        at_home = prober.ask_once(here, _HERE)
        for server in _public_servers(prober, here):
            prober.ask_once(server, _OUTSIDE)
        outcomes = [(server.address, prober.ask_resolver(server)) for server in resolvers]
        outcomes.append(("", (prober.ask_system(),)))
        placeholders = tuple(
            (address, prober.ask_once(Server(address), address))
            for address in leaktest_probe.PLACEHOLDERS
        )
        time.sleep(_SETTLE_S)
    finally:
        seen = daemon.sightings(end=True)
    sightings = seen["sightings"]
    if not prober.sightings_of(_HERE, sightings):
        raise ControlError(f"asking {lookup_servers.place(here)} was not seen: {at_home}")
    return Observations(
        zone=names.to_text(prober.zone),
        labels=LABELS + names.label_count(prober.zone),
        asked=tuple(
            Asked(address, found, prober.sightings_of(address, sightings))
            for address, found in outcomes
        ),
        own=_clients(prober.sightings_of(_HERE, sightings)) | _own_addresses(resolvers),
        outside=_clients(prober.sightings_of(_OUTSIDE, sightings)),
        names=_names_of_askers(sightings, resolvers[0], prober),
        placeholders=placeholders,
        rewritten_here=at_home != "nxdomain",
        omitted=seen["omitted"],
    )


def _public_servers(prober: Prober, here: Server) -> Iterator[Server]:
    """List where the Internet finds the zone's servers, as far as our own server knows."""
    options = prober.options
    query = query_octets(prober.zone, int(RRType.NS), QueryForm(), os.urandom)
    try:
        for name in _rdatas(ask(query, here, Way.UDP, options), RRType.NS)[:_MAX_SERVERS]:
            query = query_octets(name.lower(), int(RRType.A), QueryForm(), os.urandom)
            for octets in _rdatas(ask(query, here, Way.UDP, options), RRType.A)[:1]:
                yield Server(rdata.to_text(int(RRType.A), octets))
    except AskError:
        return  # then our own Internet address stays unknown


def _rdatas(reply: Reply, rrtype: int) -> list[bytes]:
    return [
        octets for rrset in reply.message.answer if rrset.type == rrtype for octets in rrset.rdatas
    ]


def _clients(sightings: Iterable[SightingShape]) -> frozenset[str]:
    return frozenset(sighting["client"] for sighting in sightings)


def _own_addresses(resolvers: Iterable[Server]) -> frozenset[str]:
    return frozenset(filter(None, map(own_address, resolvers)))


def _names_of_askers(
    sightings: Iterable[SightingShape], resolver: Server, prober: Prober
) -> dict[str, str]:
    clients = sorted(_clients(sightings))[:_MAX_NAMED]
    found = {address: name_of(address, resolver, prober) for address in clients}
    return {address: plain(name) for address, name in found.items() if name}


def _lines(found: list[tuple[str, list[Finding]]]) -> Iterator[str]:
    for place, (heading, sentences) in enumerate(found):
        if place:
            yield ""
        yield click.style(heading, bold=True)
        for finding in sentences:
            yield f"  {click.style(f'{finding.kind:4}', fg=_COLORS[finding.kind])}  {finding.text}"


def _to_json(found: list[tuple[str, list[Finding]]], observed: Observations) -> dict[str, Any]:
    return {
        "findings": [
            {"about": heading, "kind": finding.kind, "text": finding.text}
            for heading, sentences in found
            for finding in sentences
        ],
        "observations": {
            **asdict(observed),
            "own": sorted(observed.own),
            "outside": sorted(observed.outside),
        },
    }
