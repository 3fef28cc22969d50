import click
from click.testing import CliRunner

from dnsd.cli.groups import LazyGroup

GROUP = LazyGroup(
    "tool", commands_at={"config": "dnsd.cli.config:config", "broken": "no.such.module:command"}
)


def test_only_the_command_that_is_called_is_imported():
    result = CliRunner().invoke(GROUP, ["config", "describe", "workers"])
    assert result.exit_code == 0
    assert result.stdout.startswith("workers\n")


def test_a_command_that_is_not_listed_does_not_exist():
    context = click.Context(GROUP)
    assert GROUP.get_command(context, "other") is None
    assert GROUP.list_commands(context) == ["config", "broken"]
