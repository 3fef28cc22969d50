"""Read the configuration of a running daemon again.

Verify first, change afterwards: a file with any error changes nothing. What was
settled before privileges were dropped stays as it is until a restart, and that is
said.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dnsd.config.loader import load
from dnsd.run import certificates
from dnsd.source.problems import ConfigError

if TYPE_CHECKING:
    from dnsd.config.machine import Machine
    from dnsd.config.schema import Config
    from dnsd.observe.log import EventLog
    from dnsd.run.inheritance import Inheritance
    from dnsd.source.problems import Problem

_CONFINED = "with workers: 0, paths elsewhere than those of the start need a restart"

# Sockets, rows and the user are as old as the supervisor; the state directory is
# what it owns and what its children are confined to.
_SETTLED = ("listen", "workers", "state_directory", "user", "control")
# Of mail too; where its files lie follows from the state directory.
_SAID_OF_MAIL = ("enabled", "listen", "maildir")
_SETTLED_OF_MAIL = (*_SAID_OF_MAIL, "queue")


def next_config(present: Config, machine: Machine, log: EventLog) -> Config | None:
    """Read the file of a configuration again.

    Args:
        present: what the daemon runs on.
        machine: what ``auto`` was decided by at the start.
        log: is told what is wrong, and what needs a restart.

    Returns:
        The configuration to change to; None if it cannot be used or is the same.
    """
    try:
        written = load(present.file, machine=machine)
    except ConfigError as error:
        for problem in error.problems:
            _tell(problem, present, log)
        log.error("config_kept", "the configuration has problems, the one before stays in use")
        return None
    for warning in written.warnings:
        log.warning("config_warning", warning.message, where=str(warning.where), check=warning.id)
    for key in _SETTLED:
        if getattr(written, key) != getattr(present, key):
            log.warning("config_restart", f"{key}: changes only by a restart", key=key)
    for key in _SAID_OF_MAIL:
        if getattr(written.mail, key) != getattr(present.mail, key):
            log.warning(
                "config_restart", f"mail.{key}: changes only by a restart", key=f"mail.{key}"
            )
    settled: dict[str, Any] = {key: getattr(present, key) for key in _SETTLED}
    settled["mail"] = replace(
        written.mail, **{key: getattr(present.mail, key) for key in _SETTLED_OF_MAIL}
    )
    changed = replace(written, **settled)
    if changed == replace(present, warnings=changed.warnings):
        return None
    log.info("config_changed", "a new configuration is taken over")
    return changed


def next_inheritance(present: Inheritance, wall_now: int) -> Inheritance | None:
    """Read configuration and certificate again.

    Args:
        present: what the daemon runs on.
        wall_now: Unix seconds.

    Returns:
        What to change to; None if it cannot be used or is the same.
    """
    log = present.log
    config = next_config(present.config, present.machine, log) or present.config
    try:
        contexts = certificates.again(config, present.tls, wall_now)
        of_mail = certificates.again(config, present.mail_tls, wall_now, certificates.MAIL)
    except ConfigError as error:
        for problem in error.problems:
            _tell(problem, present.config, log)
        log.error("config_kept", "the certificate cannot be used, the one before stays in use")
        return None
    is_new = False
    for read, before in ((contexts, present.tls), (of_mail, present.mail_tls)):
        if read is not before and read is not None:
            is_new = True
            log.info("certificate_changed", "a new certificate is taken over")
            for notice in read.notices:
                log.warning("certificate_warning", notice)
    if not is_new and config is present.config:
        return None
    return replace(present, config=config, tls=contexts, mail_tls=of_mail)


def _tell(problem: Problem, present: Config, log: EventLog) -> None:
    """Write why the file cannot be used, and what would be right."""
    hint = problem.hint
    if problem.id in {"unreadable-path", "tls-unreadable"} and not present.workers:
        # The only process is confined already; a new control would be to the new paths.
        hint = _CONFINED
    log.error(
        "config_problem",
        problem.message,
        where=str(problem.where),
        check=problem.id,
        expected=problem.expected,
        hint=hint,
    )
