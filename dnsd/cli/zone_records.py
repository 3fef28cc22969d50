"""All records of a served zone as lines of a master file, signatures included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dnsd.authority.node import Node
from dnsd.authority.store import open_store
from dnsd.dnssec.nsec3_hash import owner_of
from dnsd.wire import names, rdata
from dnsd.wire.iana import RRType, rrtype_to_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.authority.store import ZoneVersion
    from dnsd.config.schema import Config
    from dnsd.wire.rrset import RRset

_CHAIN = slice(2, None)  # of NSEC3PARAM rdata, as the store names a chain
_SALT_LENGTH = 4  # of NSEC3 rdata: where it stands
_HASH_OCTETS = 20


def served_records(name: bytes, config: Config) -> list[str]:
    """Write a zone as the store has it.

    Raises:
        StoreError: the store cannot be read.
        click.ClickException: the zone is not served.
    """
    store = open_store(config.zone_store, read_only=True)
    try:
        with store.snapshot() as snapshot:
            row = snapshot.row(name)
            if row is None:
                raise click.ClickException(f"no zone {names.to_text(name)} is served")
            version = snapshot.version(row, name)
            return [line for rrset in _rrsets(version) for line in _lines(rrset)]
    finally:
        store.close()


def _rrsets(version: ZoneVersion) -> Iterator[RRset]:
    parameters = None
    for owner, octets in version.scan():
        for rrset in Node(octets).rrsets(owner):
            if rrset.type == RRType.NSEC3PARAM and owner == version.origin:
                parameters = rrset
            yield rrset
    for rdata_octets in parameters.rdatas if parameters is not None else ():
        yield from _nsec3(version, rdata_octets[_CHAIN])


def _nsec3(version: ZoneVersion, chain: bytes) -> Iterator[RRset]:
    """Go once around a chain of NSEC3 records, along the hashes that they name."""
    wanted = bytes(_HASH_OCTETS)
    seen: set[bytes] = set()
    while True:
        found = version.hash_at_or_before(chain, wanted)
        if found is None or found[0] in seen:
            return
        digest, octets = found
        seen.add(digest)
        (rrset,) = Node(octets).rrsets(owner_of(digest, version.origin))
        yield rrset
        start = _SALT_LENGTH + 1 + rrset.rdatas[0][_SALT_LENGTH] + 1
        wanted = rrset.rdatas[0][start : start + _HASH_OCTETS]


def _lines(rrset: RRset) -> Iterator[str]:
    head = f"{names.to_text(rrset.owner)} {rrset.ttl} IN"
    for octets in rrset.rdatas:
        yield f"{head} {rrtype_to_text(rrset.type)} {rdata.to_text(rrset.type, octets)}"
    for octets in rrset.signatures:
        yield f"{head} RRSIG {rdata.to_text(RRType.RRSIG, octets)}"
