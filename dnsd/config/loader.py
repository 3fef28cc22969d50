"""Read ``dnsd.yaml``: from octets to :class:`.schema.Config`, or every problem of it.

What ``auto`` means is decided here, by the machine the file is read on. Reading
has no side effects and binds nothing, so ``dnsd check`` is this same code.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from dnsd.config import machine as machines
from dnsd.config import report, schema
from dnsd.config.normal import check, normalize
from dnsd.config.places import Surroundings
from dnsd.config.written import WrittenConfig
from dnsd.source.entry_stream import EntryStream
from dnsd.source.marked_yaml import Document
from dnsd.source.nodes import CONFIG_POLICY
from dnsd.source.problems import ConfigError, Problem, Where, errors

if TYPE_CHECKING:
    from dnsd.config.machine import Machine

FILE_NAME: Final = "dnsd.yaml"
SYSTEM_FILE: Final = Path("/etc/dnsd/dnsd.yaml")


def find(directory: Path) -> Path | None:
    """Find the configuration when none is named: here, or the system's."""
    here = directory / FILE_NAME
    return next((path for path in (here, SYSTEM_FILE) if path.exists()), None)


def load(
    path: Path | None, *, directory: Path | None = None, machine: Machine | None = None
) -> schema.Config:
    """Read the configuration.

    Args:
        path: the file, or None for the built-in defaults.
        directory: where relative paths of the defaults start, None for the
            working directory; those of a file start at the file's directory.
        machine: what ``auto`` is decided by, None for this machine.

    Raises:
        ConfigError: with every problem of the file.
    """
    problems: list[Problem] = []
    document = None
    if path is not None:
        document = _read(path, problems)
        directory = (Path.cwd() / path).parent
    surroundings = Surroundings(directory or Path.cwd(), machine or machines.inspect())
    try:
        written = WrittenConfig.model_validate(
            document.plain() if document else {}, context=surroundings
        )
    except ValidationError as found:
        assert document, "the defaults are valid"
        # A value that YAML could not read has been reported for that already.
        reported = {problem.where for problem in problems}
        news = report.problems_of(found, document)
        problems += [problem for problem in news if problem.where not in reported]
        raise ConfigError(problems) from None
    config = normalize(written, surroundings, path)
    problems += check(written, config, surroundings.machine, document)
    if errors(problems):
        raise ConfigError(problems)
    return replace(config, warnings=tuple(problems))


def _read(path: Path, problems: list[Problem]) -> Document | None:
    """Read the file as YAML; defects that can be passed over go to the list.

    Returns:
        The file, None when it says nothing.
    """
    limit = CONFIG_POLICY.limits.octets
    try:
        with path.open("rb") as file:
            octets = file.read(limit + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError([Problem(Where(str(path)), "unreadable-file", reason)]) from None
    root = None
    with EntryStream(octets, str(path), CONFIG_POLICY, problems) as stream:
        root = stream.node()
    if [problem.id for problem in problems] == ["yaml-empty"]:
        problems.clear()  # as good as no file
        return None
    if root is None:
        raise ConfigError(problems)
    return Document(root)
