"""The program ``dnsd``: its commands, and how their errors become an exit status."""

from __future__ import annotations

from typing import Any, Final

import click

from dnsd.cli.groups import LazyGroup
from dnsd.cli.printing import report
from dnsd.source.problems import ConfigError

_NO: Final = 1  # the answer is no
_USAGE: Final = 2  # usage or configuration


class Program(LazyGroup):
    """The outermost group; what an operator can mend is a report and no traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command and turn errors of the operator's into an exit status."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            click.echo(report(error.problems), err=True)
            ctx.exit(_USAGE)
        except click.ClickException:
            raise
        except Exception as error:
            line = _refusal(error)
            if line is None:
                raise
            click.echo(line, err=True)
            ctx.exit(_NO)


def _refusal(error: Exception) -> str | None:
    """Write what the daemon or the store refused as one line; None for a fault of ours."""
    from dnsd.authority.store import StoreError  # noqa: PLC0415 - commands that need none start faster
    from dnsd.control.client import ControlError  # noqa: PLC0415
    from dnsd.mail.stores import StoreFailed  # noqa: PLC0415

    return str(error) if isinstance(error, ControlError | StoreError | StoreFailed) else None


def _print_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's way
    if wanted and not context.resilient_parsing:
        from importlib import metadata  # noqa: PLC0415 - costs 40 ms

        try:
            click.echo(f"dnsd {metadata.version('dnsd')}")
        except metadata.PackageNotFoundError:
            click.echo("dnsd, not installed")
        context.exit()


@click.group(
    cls=Program,
    commands_at={
        "serve": "dnsd.cli.serve:serve",
        "check": "dnsd.cli.check:check",
        "lookup": "dnsd.cli.lookup:lookup",
        "cache": "dnsd.cli.cache:cache",
        "leaktest": "dnsd.cli.leaktest:leaktest",
        "zone": "dnsd.cli.zone:zone",
        "key": "dnsd.cli.key:key",
        "mail": "dnsd.cli.mail:mail",
        "account": "dnsd.cli.account:account",
        "queue": "dnsd.cli.queue:queue",
        "status": "dnsd.cli.status:status",
        "config": "dnsd.cli.config:config",
        "lab": "dnsd.cli.lab:lab",
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
def main() -> None:
    """Name server for zones that a person can read."""
