"""Newer signatures for a version that is served, in place.

Every signature is looked at and only what is due is made again. Each RRset is right
with either of its signatures, so those of many are written in several transactions;
the apex with its new serial is left for the publication. A run that dies between
leaves a version that is sooner done the next time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.authority.build.amendment import Amendment
from dnsd.authority.build.signer import CHAIN
from dnsd.dnssec.nsec3_hash import owner_of

if TYPE_CHECKING:
    from dnsd.authority.build.signer import Signer
    from dnsd.authority.store import ZoneStore
    from dnsd.authority.zone_row import ZoneRow

_NODES_A_TRANSACTION: Final = 1000


def resign(store: ZoneStore, row: ZoneRow, origin: bytes, signer: Signer, serial: int) -> Amendment:
    """Renew what is due in a version.

    Args:
        store: that has the version.
        row: of the zone.
        origin: its apex.
        signer: with the keys and policy that the version was signed with; its first
            expiration is that of the whole version afterwards.
        serial: of the version to be.

    Returns:
        What is still to be written, when the serial is published: the apex.

    Raises:
        StoreError: the store cannot be read or written.
    """
    due, due_hashes = _due(store, row, origin, signer)
    for start in range(0, len(due), _NODES_A_TRANSACTION):
        amended = Amendment()
        with store.snapshot() as snapshot:
            version = snapshot.version(row, origin)
            for name in due[start : start + _NODES_A_TRANSACTION]:
                octets = version.get(name)
                assert octets is not None
                amended.nodes[name] = signer.renewed(name, octets)
        store.amend(amended.items(row.version, origin))
    for start in range(0, len(due_hashes), _NODES_A_TRANSACTION):
        amended = Amendment()
        with store.snapshot() as snapshot:
            version = snapshot.version(row, origin)
            for digest in due_hashes[start : start + _NODES_A_TRANSACTION]:
                found = version.hash_at_or_before(CHAIN, digest)
                assert found is not None
                renewed = signer.renewed(owner_of(digest, origin), found[1])
                amended.hashes[CHAIN, digest] = renewed
        store.amend(amended.items(row.version, origin))
    with store.snapshot() as snapshot:
        octets = snapshot.version(row, origin).get(origin)
    assert octets is not None
    return Amendment({origin: signer.renewed(origin, octets, serial)})


def _due(
    store: ZoneStore, row: ZoneRow, origin: bytes, signer: Signer
) -> tuple[list[bytes], list[bytes]]:
    """List the names, but for the apex, and the hashes with signatures that are due."""
    with store.snapshot() as snapshot:
        version = snapshot.version(row, origin)
        found = [name for name, _ in version.scan(signer.is_due) if name != origin]
        return found, [h for h, octets in version.hashes(CHAIN) if signer.is_due(octets)]
