"""Groups of commands whose modules are imported when they are called."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one when it is called.

    A command then starts in the time that it alone takes.
    """

    def __init__(self, *arguments: Any, commands_at: Mapping[str, str], **options: Any) -> None:
        """Make the group.

        Args:
            arguments: of click's group.
            commands_at: name to ``module:attribute``, in the order of the help.
            options: of click's group.
        """
        super().__init__(*arguments, **options)
        self._commands_at = commands_at

    def list_commands(self, _context: click.Context) -> list[str]:
        """List the commands in the order that a person meets them."""
        return list(self._commands_at)

    def get_command(self, _context: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        place = self._commands_at.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command
