"""Options and arguments that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dnsd.authority.zonefile.idn import to_ascii
from dnsd.config import loader
from dnsd.wire import names
from dnsd.wire.errors import FormError

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.config.schema import Config
    from dnsd.control.client import ControlClient


class _Name(click.ParamType[bytes]):
    """A name, with or without its final dot, read as octets."""

    name = "name"

    def __init__(self, noun: str) -> None:
        self._noun = noun

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> bytes:
        """Read presentation form, international names too."""
        try:
            return value if isinstance(value, bytes) else names.from_text(to_ascii(value))
        except FormError as error:
            self.fail(f"{value!r} is not {self._noun}: {error}", param, ctx)


ZONE_NAME = _Name("the name of a zone")
NAME = _Name("a name")

_Command = TypeVar("_Command", bound="Callable[..., Any]")


def config_option(command: _Command) -> _Command:
    """Add ``--config``; without it the file is looked for where it usually is."""
    return click.option(
        "--config",
        "config_file",
        envvar="DNSD_CONFIG",
        metavar="FILE",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Configuration; else ./dnsd.yaml, /etc/dnsd/dnsd.yaml, or defaults.",
    )(command)


def json_option(command: _Command) -> _Command:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")(
        command
    )


def load(config_file: Path | None) -> Config:
    """Read the configuration named, or the one that is found.

    Raises:
        ConfigError: with every problem of the file.
    """
    return loader.load(config_file or loader.find(Path.cwd()))


def client(config_file: Path | None) -> ControlClient:
    """Make a client of the daemon that runs on this configuration."""
    from dnsd.control.client import ControlClient  # noqa: PLC0415 - commands without a daemon start faster

    return ControlClient(load(config_file).control.socket)
