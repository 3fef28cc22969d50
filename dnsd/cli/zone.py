"""``dnsd zone``: the commands about zones."""

from __future__ import annotations

import click

from dnsd.cli.groups import LazyGroup


@click.group(
    cls=LazyGroup,
    commands_at={
        "list": "dnsd.cli.zone_served:list_zones",
        "show": "dnsd.cli.zone_served:show",
        "diff": "dnsd.cli.zone_served:diff",
        "reload": "dnsd.cli.zone_served:reload",
        "import": "dnsd.cli.zone_files:import_file",
        "export": "dnsd.cli.zone_files:export",
    },
)
def zone() -> None:
    """Show, compare, reload, import and export zones."""
