"""Which certificate the daemon serves, and one of its own where it is given none.

What the operator gives is read before privileges are dropped, since keys often are
for root alone; what we make ourselves is written afterwards, by the user who owns
the state directory and could have put a link in its place.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

from dnsd.durable import files
from dnsd.net import tls
from dnsd.net.tls_self_signed import Subject, make_certificate, make_key, still_fits
from dnsd.source.problems import ConfigError, Problem, Severity, Where

if TYPE_CHECKING:
    from pathlib import Path

    from dnsd.config.schema import Config
    from dnsd.net.tls import Contexts

_CERTIFICATE = "tls-certificate.pem"
_KEY = "tls-key.pem"
_TRANSPORTS = frozenset(("dot", "doh"))


def is_needed(config: Config) -> bool:
    """Tell whether anything speaks TLS."""
    return any(_TRANSPORTS.intersection(listener.transports) for listener in config.listen)


def given(config: Config, wall_now: int) -> Contexts | None:
    """Read the operator's certificate; ``None`` where none is given or needed.

    Raises:
        ConfigError: it cannot be used.
    """
    certificate, key = config.tls.certificate, config.tls.key
    if certificate is None or key is None or not is_needed(config):
        return None
    return tls.load(certificate, key, wall_now)


def problems(config: Config, wall_now: int) -> list[Problem]:
    """List what is wrong or unwise with the operator's certificate."""
    try:
        contexts = given(config, wall_now)
    except ConfigError as error:
        return list(error.problems)
    where = Where(str(config.tls.certificate))
    return [
        Problem(where, "tls-validity", notice, severity=Severity.WARNING)
        for notice in (contexts.notices if contexts else ())
    ]


def own(config: Config, wall_now: int) -> Contexts | None:
    """Read the certificate of our own, made when there is none; ``None`` if not needed.

    Raises:
        ConfigError: it can be neither read nor made.
    """
    if config.tls.certificate is not None or not is_needed(config):
        return None
    certificate, key = config.state_directory / _CERTIFICATE, config.state_directory / _KEY
    subject = _subject(config)
    try:
        if not key.exists():
            files.put(key, make_key(), 0o600)
        if not certificate.exists() or not still_fits(certificate.read_bytes(), subject, wall_now):
            files.put(certificate, make_certificate(key.read_bytes(), subject, wall_now), 0o600)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "set tls: certificate: and key:, or another state_directory"
        raise _refused(certificate, f"a certificate cannot be made here: {reason}", hint) from None
    except (ValueError, TypeError):
        hint = f"remove it, and another one is made; or set tls: key: {key}"
        raise _refused(key, "this is no key that a certificate can be made for", hint) from None
    return tls.load(certificate, key, wall_now)


def again(config: Config, present: Contexts | None, wall_now: int) -> Contexts | None:
    """Read what `given` or `own` would, at a reload.

    Returns:
        The present contexts if the files are the same: new ones would end every
        session that clients could have resumed.

    Raises:
        ConfigError: it cannot be used.
    """
    read = given(config, wall_now) or own(config, wall_now)
    if read is not None and present is not None and read.fingerprint == present.fingerprint:
        return present
    return read


def paths(config: Config) -> tuple[Path, ...]:
    """List the directories that a reload reads the operator's certificate from.

    An issuer's program puts new files into the place of links, so where these lead
    counts as well.
    """
    files = [path for path in (config.tls.certificate, config.tls.key) if path is not None]
    return tuple({each for path in files for each in (path.parent, path.resolve().parent)})


def later_unreadable(config: Config) -> str | None:
    """Say, once privileges are dropped, that a reload cannot read the key."""
    key = config.tls.key
    if key is None or not is_needed(config) or os.access(key, os.R_OK):
        return None
    return (
        f"{key} can be read by root only, so a reload will be refused: "
        "let the user of dnsd read it, or restart instead"
    )


def _subject(config: Config) -> Subject:
    addresses = [
        listener.address
        for listener in config.listen
        if _TRANSPORTS.intersection(listener.transports)
    ]
    host = socket.gethostname()
    return Subject(host if host and host.isascii() else "localhost", tuple(addresses))


def _refused(path: Path, message: str, hint: str) -> ConfigError:
    return ConfigError([Problem(Where(str(path)), "tls-own-certificate", message, "", hint)])
