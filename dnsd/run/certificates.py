"""Which certificate the daemon serves, and one of its own where it is given none.

What the operator gives is read before privileges are dropped, since keys often are
for root alone; what we make ourselves is written afterwards, by the user who owns
the state directory and could have put a link in its place.
"""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from dnsd.durable import files
from dnsd.net import tls
from dnsd.net.tls_self_signed import Subject, make_certificate, make_key, still_fits
from dnsd.source.problems import ConfigError, Problem, Severity, Where

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dnsd.config.schema import Config, Tls
    from dnsd.net.tls import Contexts

_TRANSPORTS = frozenset(("dot", "doh"))


@dataclass(frozen=True, slots=True)
class Use:
    """What a certificate is for.

    Attributes:
        key: of the configuration, where the operator names one.
        pair: finds what the operator named.
        is_needed: tells whether anything speaks TLS.
        stem: how the names begin of the files of one that we make.
        subject: finds whom that is for.
    """

    key: str
    pair: Callable[[Config], Tls]
    is_needed: Callable[[Config], bool]
    stem: str
    subject: Callable[[Config], Subject]


def is_needed(config: Config, use: Use | None = None) -> bool:
    """Tell whether anything speaks TLS."""
    return (use or DNS).is_needed(config)


def given(config: Config, wall_now: int, use: Use | None = None) -> Contexts | None:
    """Read the operator's certificate; ``None`` where none is given or needed.

    Args:
        config: of the program.
        wall_now: Unix seconds.
        use: what for, ``DNS`` unless said; so in all functions here.

    Raises:
        ConfigError: it cannot be used.
    """
    use = use or DNS
    pair = use.pair(config)
    if pair.certificate is None or pair.key is None or not use.is_needed(config):
        return None
    return tls.load(pair.certificate, pair.key, wall_now)


def problems(config: Config, wall_now: int, use: Use | None = None) -> list[Problem]:
    """List what is wrong or unwise with the operator's certificate."""
    try:
        contexts = given(config, wall_now, use)
    except ConfigError as error:
        return list(error.problems)
    where = Where(str((use or DNS).pair(config).certificate))
    return [
        Problem(where, "tls-validity", notice, severity=Severity.WARNING)
        for notice in (contexts.notices if contexts else ())
    ]


def own(config: Config, wall_now: int, use: Use | None = None) -> Contexts | None:
    """Read the certificate of our own, made when there is none; ``None`` if not needed.

    Raises:
        ConfigError: it can be neither read nor made.
    """
    use = use or DNS
    if use.pair(config).certificate is not None or not use.is_needed(config):
        return None
    certificate = config.state_directory / f"{use.stem}-certificate.pem"
    key = config.state_directory / f"{use.stem}-key.pem"
    subject = use.subject(config)
    try:
        if not key.exists():
            files.put(key, make_key(), 0o600)
        if not certificate.exists() or not still_fits(certificate.read_bytes(), subject, wall_now):
            files.put(certificate, make_certificate(key.read_bytes(), subject, wall_now), 0o600)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = f"set {use.key}: certificate: and key:, or another state_directory"
        raise _refused(certificate, f"a certificate cannot be made here: {reason}", hint) from None
    except (ValueError, TypeError):
        hint = f"remove it, and another one is made; or set {use.key}: key: {key}"
        raise _refused(key, "this is no key that a certificate can be made for", hint) from None
    return tls.load(certificate, key, wall_now)


def again(
    config: Config, present: Contexts | None, wall_now: int, use: Use | None = None
) -> Contexts | None:
    """Read what `given` or `own` would, at a reload.

    Returns:
        The present contexts if the files are the same: new ones would end every
        session that clients could have resumed.

    Raises:
        ConfigError: it cannot be used.
    """
    read = given(config, wall_now, use) or own(config, wall_now, use)
    if read is not None and present is not None and read.fingerprint == present.fingerprint:
        return present
    return read


def paths(config: Config, use: Use | None = None) -> tuple[Path, ...]:
    """List the directories that a reload reads the operator's certificate from.

    An issuer's program puts new files into the place of links, so where these lead
    counts as well.
    """
    pair = (use or DNS).pair(config)
    named = [path for path in (pair.certificate, pair.key) if path is not None]
    return tuple({each for path in named for each in (path.parent, path.resolve().parent)})


def later_unreadable(config: Config, use: Use | None = None) -> str | None:
    """Say, once privileges are dropped, that a reload cannot read the key."""
    use = use or DNS
    key = use.pair(config).key
    if key is None or not use.is_needed(config) or os.access(key, os.R_OK):
        return None
    return (
        f"{key} can be read by root only, so a reload will be refused: "
        "let the user of dnsd read it, or restart instead"
    )


def _speaks_tls(config: Config) -> bool:
    return any(_TRANSPORTS.intersection(listener.transports) for listener in config.listen)


def _dns_subject(config: Config) -> Subject:
    addresses = [
        listener.address
        for listener in config.listen
        if _TRANSPORTS.intersection(listener.transports)
    ]
    host = socket.gethostname()
    return Subject(host if host and host.isascii() else "localhost", tuple(addresses))


def _mail_subject(config: Config) -> Subject:
    return Subject(config.mail.hostname, ())


def _refused(path: Path, message: str, hint: str) -> ConfigError:
    return ConfigError([Problem(Where(str(path)), "tls-own-certificate", message, "", hint)])


DNS: Final = Use("tls", lambda config: config.tls, _speaks_tls, "tls", _dns_subject)
# Its key lasts, since the zones of its hosts may publish what it is (RFC 7672).
MAIL: Final = Use(
    "mail.tls",
    lambda config: config.mail.tls,
    lambda config: config.mail.enabled,
    "mail-tls",
    _mail_subject,
)
