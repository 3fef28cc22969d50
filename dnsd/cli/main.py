"""The program ``dnsd``: its commands, and how their errors become an exit status."""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import click

from dnsd.source.problems import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Commands and the modules they are in; imported when they are called.
COMMANDS: Final[Mapping[str, str]] = {
    "serve": "dnsd.cli.serve",
    "check": "dnsd.cli.check",
    "zone": "dnsd.cli.zone",
    "status": "dnsd.cli.status",
    "config": "dnsd.cli.config",
}

_NO = 1  # the answer is no
_USAGE = 2  # usage or configuration


class Program(click.Group):
    """A group of commands that are imported on demand."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """List the commands in the order that a person meets them."""
        return list(COMMANDS)

    def get_command(self, _context: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(importlib.import_module(module), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what an operator can mend is a report and no traceback."""
        try:
            return super().invoke(ctx)
        except ConfigError as error:
            click.echo(error, err=True)
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

    if isinstance(error, ControlError) and not error.status:
        return f"{error}; dnsd serve starts one, --config FILE asks another"
    return str(error) if isinstance(error, ControlError | StoreError) else None


def version() -> str:
    """Tell the version of the installed program."""
    try:
        return metadata.version("dnsd")
    except metadata.PackageNotFoundError:
        return "not installed"


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version(), message="dnsd %(version)s")
def main() -> None:
    """Name server for zones that a person can read."""
