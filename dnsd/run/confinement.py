"""Which paths each role needs, for Landlock.

A worker has opened the store and its sockets before it is confined; later it reads
modules that Python imports late, files of local names, compiled block lists, and the
authorities that vouch for servers it asks over TLS.
Control reads zone files, starts the compiler, fetches block lists, traces lookups from
the root hints, and writes below the state directory. The only process reads its
configuration again, with all that this names.
"""

from __future__ import annotations

import ssl
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dnsd.control.scan import ZoneFiles, look
from dnsd.run import anchor_upkeep, certificates
from dnsd.run.landlock import Paths

if TYPE_CHECKING:
    from dnsd.config.schema import Config

# The dynamic linker's own files, time zones, what closes descriptors before an exec.
_SYSTEM = tuple(
    map(Path, ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/dev", "/proc"))
)
_PACKAGE = Path(__file__).parents[1]


# What a fetch needs to find a server and to know its certificate.
_NETWORK = tuple(
    map(
        Path,
        (
            "/etc/hosts", "/etc/host.conf", "/etc/nsswitch.conf", "/etc/resolv.conf",
            "/etc/gai.conf", "/etc/services", "/run/systemd/resolve", "/run/NetworkManager",
            "/run/resolvconf", "/etc/ssl", "/etc/pki", "/etc/ca-certificates",
        ),
    )
)  # fmt: skip


# Where systems keep authorities; the private keys beside these are not for a worker.
_AUTHORITIES = tuple(
    map(
        Path,
        (
            "/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/ca-bundle.pem", "/etc/pki/tls/certs",
            "/etc/pki/tls/cert.pem", "/etc/pki/ca-trust", "/etc/ca-certificates",
        ),
    )
)  # fmt: skip


def worker_paths(config: Config) -> Paths:
    """Return what a worker may touch once it serves."""
    anchors = anchor_upkeep.state_directory(config)
    return Paths(read=(*_SYSTEM, *_python(), *_local(config), *_authorities(config), anchors))


def control_paths(config: Config) -> Paths:
    """Return what the process may touch that compiles zones and reads configuration."""
    settings = (config.file, config.cookies.file)
    return Paths(
        # Of both an editor may put another file in the place.
        read=(
            *_zones(config),
            *(file.parent for file in settings if file),
            *(each.file.parent for each in config.resolver.block if each.file),
            *_local(config),
            *_beginnings(config),
            *_NETWORK,
        ),
        execute=(*_SYSTEM, *_python()),
        write=(config.state_directory,),
    )


def mail_paths(config: Config) -> Paths:
    """Return what the process of mail may touch: queue, mailboxes, accounts, keys that sign."""
    worker = worker_paths(config)
    trust = config.mail.delivery.tls_trust
    return Paths(
        read=(*worker.read, *_AUTHORITIES, *((trust.parent,) if trust else ())),
        write=(config.state_directory, config.mail.maildir),
    )


def single_paths(config: Config) -> Paths:
    """Return what the only process may touch: it reads a renewed certificate too."""
    control = control_paths(config)
    own = (*certificates.paths(config), *certificates.paths(config, certificates.MAIL))
    read = (*control.read, *own, *_authorities(config))
    if not config.mail.enabled:
        return replace(control, read=read)
    of_mail = mail_paths(config)
    return replace(control, read=(*read, *of_mail.read), write=(*control.write, *of_mail.write))


def _python() -> set[Path]:
    """Return where this Python and its modules are."""
    found = {Path(place) for place in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    found |= {Path(place) for place in sys.path if place}
    found |= {_PACKAGE, Path(sys.executable).resolve()}
    return found


def _authorities(config: Config) -> set[Path]:
    """Return where those are that certificates of name servers must lead to."""
    resolver = config.resolver
    forward = [
        *resolver.forward,
        *(each for policy in resolver.policies for each in policy.forward),
    ]
    if not any(each.server_name for each in forward):
        return set()
    if resolver.tls_trust is not None:
        return {resolver.tls_trust.parent, resolver.tls_trust.resolve().parent}
    usual = ssl.get_default_verify_paths()
    found = (usual.cafile, usual.capath, usual.openssl_cafile, usual.openssl_capath)
    return {*_AUTHORITIES, *(Path(path) for path in found if path)}


def _beginnings(config: Config) -> set[Path]:
    """Return where root hints and trust anchors are, which are read again with the rest."""
    resolver = config.resolver
    files = [each for each in (resolver.root_hints, resolver.validation.file) if each is not None]
    return {each.parent for each in files} | {each.resolve().parent for each in files}


def _local(config: Config) -> set[Path]:
    """Return where local names and compiled block lists are.

    A file may be put in the place of another: its directory counts.
    """
    local = config.resolver.local
    found = {path.parent for path in (*local.hosts, *local.leases)}
    found |= {path.resolve().parent for path in (*local.hosts, *local.leases)}
    return found | {config.block_lists}


def _zones(config: Config) -> set[Path]:
    """Return where zone files are, and where links among them lead."""
    authority = config.authority
    where = ZoneFiles(authority.zone_directories, authority.zone_files)
    # An editor saves a file by putting another in its place: the directory counts.
    found = {*authority.zone_directories, *(file.parent for file in authority.zone_files)}
    found |= {Path(file).resolve().parent for file in look(where).facts}
    return found
