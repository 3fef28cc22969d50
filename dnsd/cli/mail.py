"""``dnsd mail trace``: where mail would go, without sending any."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - in the signatures of commands
from typing import TYPE_CHECKING, Any

import click

from dnsd.cli.options import config_option, json_option
from dnsd.cli.printing import print_json
from dnsd.config.loader import load
from dnsd.mail.address import AddressError, parse_domain, parse_mailbox
from dnsd.mail.delivery_trace import words
from dnsd.mail.plan import PlanFailure

if TYPE_CHECKING:
    from dnsd.mail.delivery_trace import Trace
    from dnsd.mail.plan import Plan


class Target(click.ParamType[str]):
    """A domain or a mailbox, read as the domain."""

    name = "domain"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read it."""
        try:
            if "@" in value:
                return parse_mailbox(value, utf8=True).domain
            return parse_domain(value, utf8=True)
        except AddressError as error:
            self.fail(f"{value!r} is neither a domain nor a mailbox: {error}", param, ctx)


@click.group()
def mail() -> None:
    """Mail that this server sends."""


@mail.command()
@click.argument("target", type=Target(), metavar="DOMAIN|MAILBOX")
@config_option
@json_option
def trace(target: str, config_file: Path | None, as_json: bool) -> None:  # noqa: FBT001 - click's way
    """Tell where mail for DOMAIN would go and why, from the root down; nothing is sent.

    Exit status 1 if it would go nowhere.
    """
    config = load(config_file)
    from dnsd.cli.mail_trace import trace_here  # noqa: PLC0415 - imports the reactor

    traced = trace_here(config, target)
    if as_json:
        print_json(_as_json(traced))
    else:
        click.echo("\n".join(words(traced)))
    if isinstance(traced.outcome, PlanFailure):
        click.get_current_context().exit(1)


def _as_json(traced: Trace) -> dict[str, Any]:
    return {
        "domain": traced.domain,
        "answers": [each._asdict() for each in traced.answers],
        "plan": _outcome(traced.outcome),
    }


def _outcome(found: Plan | PlanFailure) -> dict[str, Any]:
    if isinstance(found, PlanFailure):
        return {
            "permanent": found.permanent,
            "reason": found.reason.value,
            "enhanced": found.enhanced,
            "text": found.text,
        }
    hosts = [
        {
            "name": host.name,
            "preference": host.preference,
            "addresses": list(host.addresses),
            "port": host.port,
            "secure": host.secure,
            "tls": host.tls.kind.name.lower(),
        }
        for host in found.hosts
    ]
    return {"found_by": found.found_by, "hosts": hosts, "notes": list(found.notes)}
