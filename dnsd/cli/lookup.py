"""``dnsd lookup``: nslookup and dig in one."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dnsd.cli import lookup_servers
from dnsd.cli.lookup_chain import chain_lines
from dnsd.cli.lookup_exchange import AskError, AskOptions, Way, ask
from dnsd.cli.lookup_nslookup import nslookup_lines
from dnsd.cli.lookup_question import QueryForm, WordsError, query_octets, read_words
from dnsd.cli.lookup_report import has_answer, short_lines, to_json, word_lines
from dnsd.cli.lookup_servers import ServerError, place
from dnsd.cli.lookup_trace import leads_to_records, trace_lines
from dnsd.cli.options import client, config_option, json_option, load
from dnsd.cli.printing import print_json
from dnsd.control.client import ControlError
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.iana import Rcode, rrclass_from_text, rrtype_to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from types import ModuleType

    from dnsd.cli.lookup_exchange import Reply, Server
    from dnsd.cli.lookup_question import Asked
    from dnsd.control.shapes import Trace

Told = TypeVar("Told")

_FORMS = {"words": word_lines, "short": short_lines, "nslookup": nslookup_lines}


@click.command()
@click.argument("words", nargs=-1, metavar="NAME [TYPE] [@SERVER]")
@click.option("--trace", is_flag=True, help="Show the way to the answer, from the root down.")
@click.option("--tcp", "way", flag_value="TCP", help="Ask over TCP.")
@click.option("--tls", "way", flag_value="TLS", help="Ask over TLS.")
@click.option("--https", "way", flag_value="HTTPS", help="Ask over HTTPS.")
@click.option("-p", "--port", type=click.IntRange(1, 65535), help="Port of SERVER.")
@click.option("-x", "--reverse", is_flag=True, help="Insist that NAME is an address.")
@click.option("--class", "rdclass", default="IN", metavar="CLASS", help="Ask in another class.")
@click.option("--no-recurse", is_flag=True, help="Ask for what the server has itself.")
@click.option(
    "--dnssec", is_flag=True, help="Show the chain of trust. Of a SERVER, ask for signatures."
)
@click.option("--no-edns", is_flag=True, help="Ask as before EDNS.")
@click.option("--timeout", default=5.0, type=click.FloatRange(0.1, 60), help="Seconds to wait.")
@click.option("--tls-name", default="", metavar="NAME", help="Insist on a certificate for NAME.")
@click.option(
    "--ca",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Insist on a certificate by these authorities.",
)
@click.option("--short", "form", flag_value="short", help="Print the data and nothing else.")
@click.option("--nslookup", "form", flag_value="nslookup", help="Print as nslookup does.")
@config_option
@json_option
def lookup(words: tuple[str, ...], config_file: Path | None, **given: Any) -> None:
    """Look up NAME and say in words what comes back.

    NAME may be an address. Without TYPE its addresses of both kinds are asked for.
    SERVER is an address, a name or an https:// URL; without it the dnsd of this
    machine is asked, else the resolvers of /etc/resolv.conf. Exit status 1 if there
    is no answer.
    """
    try:
        asked = read_words(words, reverse=given["reverse"])
        if given["trace"]:
            _trace(asked, config_file, given)
            return
        if given["dnssec"] and not _is_for_a_server(asked, given):
            _chain(asked, config_file, given)
            return
        form = _query_form(given)
        candidates = list(_candidates(asked, config_file, given))
    except (WordsError, ServerError) as error:
        raise click.UsageError(str(error)) from None
    options = AskOptions(given["timeout"], tls_name=given["tls_name"], authorities=given["ca"])
    replies = _ask_all(asked, form, candidates, options)
    if given["as_json"]:
        print_json([to_json(reply) for reply in replies])
    elif replies:
        for line in _FORMS[given["form"] or "words"](replies):
            click.echo(line)
    if not any(map(has_answer, replies)):
        click.get_current_context().exit(1)


def _trace(asked: Asked, config_file: Path | None, given: dict[str, Any]) -> None:
    """Print how the resolver finds an answer when it knows nothing."""
    if asked.server or given["way"] or given["form"] or given["dnssec"]:
        raise WordsError("--trace asks the servers itself, from the root down: give no other way")
    kinds = [rrtype_to_text(rrtype) for rrtype in asked.types]
    traces = _traces(asked, config_file)
    if given["as_json"]:
        print_json(traces)
    else:
        for trace, kind in zip(traces, kinds, strict=True):
            for line in trace_lines(trace, asked.name, kind):
                click.echo(line)
    if not any(map(leads_to_records, traces, kinds)):
        click.get_current_context().exit(1)


def _traces(asked: Asked, config_file: Path | None) -> list[Trace]:
    """Have the running daemon trace, or do it here where none runs."""
    return _of_daemon(asked, client(config_file).trace) or _own().trace_here(
        load(config_file), [(asked.name, rrtype) for rrtype in asked.types]
    )


def _is_for_a_server(asked: Asked, given: dict[str, Any]) -> bool:
    """Tell whether only a server can be meant, and not the resolver's own judgement."""
    special = ("way", "port", "form", "no_recurse", "no_edns")
    return bool(asked.server) or given["rdclass"] != "IN" or any(given[key] for key in special)


def _chain(asked: Asked, config_file: Path | None, given: dict[str, Any]) -> None:
    """Print who vouches for an answer."""
    kinds = [rrtype_to_text(rrtype) for rrtype in asked.types]
    chains = _of_daemon(asked, client(config_file).chain) or _own().chains_here(
        load(config_file), [(asked.name, rrtype) for rrtype in asked.types]
    )
    if given["as_json"]:
        print_json(chains)
    else:
        for number, (chain, kind) in enumerate(zip(chains, kinds, strict=True)):
            if number:
                click.echo()
            for line in chain_lines(chain, asked.name, kind):
                click.echo(line)
    is_bogus = any(chain["status"] == "bogus" for chain in chains)
    if is_bogus or not any(map(leads_to_records, chains, kinds)):
        click.get_current_context().exit(1)


def _of_daemon(asked: Asked, ask_daemon: Callable[[str, str], Told]) -> list[Told] | None:
    """Ask the running daemon; ``None`` where none runs, or it does not resolve."""
    name = names.to_text(asked.name)
    try:
        return [ask_daemon(name, rrtype_to_text(rrtype)) for rrtype in asked.types]
    except ControlError as error:
        if error.status not in (0, 404):
            raise
    return None


def _own() -> ModuleType:
    """Load the resolver, with Twisted, which plain look-ups do not need."""
    from dnsd.cli import lookup_own_trace  # noqa: PLC0415

    return lookup_own_trace


def _query_form(given: dict[str, Any]) -> QueryForm:
    try:
        rdclass = rrclass_from_text(given["rdclass"])
    except FormError as error:
        raise WordsError(str(error)) from None
    if given["dnssec"] and given["no_edns"]:
        raise WordsError("signatures cannot be asked for without EDNS")
    return QueryForm(
        rdclass=rdclass,
        recurse=not given["no_recurse"],
        dnssec=given["dnssec"],
        edns=not given["no_edns"],
    )


def _candidates(
    asked: Asked, config_file: Path | None, given: dict[str, Any]
) -> Iterator[tuple[Server, Way]]:
    """List whom to ask: the next one where the one before does not answer.

    Raises:
        WordsError, ServerError: there is nobody.
    """
    way = Way[given["way"]] if given["way"] else None
    if asked.server:
        if asked.server.startswith("https://"):
            way = Way.HTTPS
        for server in lookup_servers.named(asked.server, given["port"]):
            yield server, way or Way.UDP
        return
    if given["port"]:
        raise WordsError("--port is the port of @SERVER, and there is none")
    ours = lookup_servers.configured(load(config_file).listen, way)
    if ours:
        yield ours
    if config_file is None:
        for server in lookup_servers.of_system():
            yield server, way or Way.UDP
    elif not ours:
        raise ServerError(f"the configuration has no listener for {given['way']}")


def _ask_all(
    asked: Asked, form: QueryForm, candidates: Iterable[tuple[Server, Way]], options: AskOptions
) -> list[Reply]:
    """Ask every question of the first server that will answer, and say who did not reply.

    A dnsd that only serves zones refuses all else; then the next one is asked.
    """
    failures = []
    replies: list[Reply] = []
    refusals: list[Reply] = []
    for server, way in candidates:
        pad = form.edns and way in (Way.TLS, Way.HTTPS)
        try:
            for rrtype in asked.types:
                query = query_octets(asked.name, rrtype, replace(form, pad=pad), os.urandom)
                replies.append(ask(query, server, way, options))
        except AskError as error:
            failures.append((f"{place(server.by(way))} over {way.value}: {error}", error.refused))
        if any(reply.message.rcode != Rcode.REFUSED for reply in replies):
            break
        refusals, replies = refusals or replies, []
    replies = replies or refusals
    for line, refused in failures:
        # That no dnsd runs here is not worth a line when somebody else replied.
        if not (refused and replies):
            click.echo(line, err=True)
    return replies
