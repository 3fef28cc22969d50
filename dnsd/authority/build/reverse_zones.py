"""The reverse zones of a run: who gives PTR records, and where they go.

A digest of everything that all forward zones give, the *reverse state*, stands
in the notes of each reverse zone. While it stays the same and no file of a
reverse zone changed, nothing is gathered: no file is read and no node.
Otherwise all pointers are gathered, those of zones that were not read from the
store, and every reverse zone is made again; one whose content comes out the
same keeps its version.

A zone that is kept because its new file is wrong gives what it is served with.
Pointers into a reverse zone whose own file is wrong wait until that is right.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from dnsd.authority.build import reverse
from dnsd.authority.build.report import Status
from dnsd.authority.node import Node
from dnsd.source.problems import Where
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dnsd.authority.build.candidate import Candidate, Served
    from dnsd.authority.store import ZoneStore


def is_giver(candidate: Candidate) -> bool:
    """Tell whether a zone, as it is served after the run, gives pointers."""
    return candidate.is_served and bool(candidate.notes_after.pointers)


def takers_of(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Pick the reverse zones that have a file."""
    return [
        candidate
        for candidate in candidates
        if candidate.status is not Status.REMOVED and reverse.is_reverse(candidate.origin)
    ]


def reverse_state(candidates: Sequence[Candidate]) -> str:
    """Digest everything that decides on pointers, as hex; empty without any.

    Args:
        candidates: all zones with files.
    """
    givers = [
        f"{candidate.origin.hex()} {candidate.notes_after.pointers}"
        for candidate in candidates
        if is_giver(candidate)
    ]
    if not givers:
        return ""
    takers = [candidate.origin.hex() for candidate in takers_of(candidates)]
    text = "\n".join([*sorted(givers), *sorted(takers)])
    return blake2b(text.encode(), digest_size=16).hexdigest()


def is_stale(
    candidates: Sequence[Candidate], generated: Mapping[bytes, Served], state: str
) -> bool:
    """Tell whether reverse zones must be made again.

    Args:
        candidates: all zones with files.
        generated: the generated zones that are served.
        state: from :func:`reverse_state`.
    """
    takers = takers_of(candidates)
    states = {served.notes.reverse_state for served in generated.values()}
    states |= {c.served.notes.reverse_state for c in takers if c.served is not None}
    if any(candidate.draft is not None for candidate in takers):
        return True
    return states != {state} and bool(states or state)


def gather(
    candidates: Iterable[Candidate], store: ZoneStore | None
) -> list[tuple[reverse.Donor, list[reverse.Pointer]]]:
    """Collect the pointers of all zones that give some, by origin.

    Raises:
        StoreError: the store cannot be read.
    """
    found = []
    for candidate in sorted(candidates, key=lambda candidate: candidate.origin):
        if not is_giver(candidate):
            continue
        if candidate.donor is None and store is not None:
            found.append(_from_store(candidate, store))
        else:
            assert candidate.donor is not None
            found.append((candidate.donor, candidate.pointers or []))
    return found


def _from_store(
    candidate: Candidate, store: ZoneStore
) -> tuple[reverse.Donor, list[reverse.Pointer]]:
    served = candidate.served
    assert served is not None
    where = Where(served.notes.file)
    networks = reverse.Networks.from_text(served.notes.reverse or ())
    origin = candidate.origin
    with store.snapshot() as snapshot:
        version = snapshot.version(served.row, origin)
        apex = Node(version.get(origin) or b"")
        soa, name_servers = apex.rrset(origin, RRType.SOA), apex.rrset(origin, RRType.NS)
        assert soa is not None
        assert name_servers is not None
        donor = reverse.donor_of(
            soa.rdatas[0], soa.ttl, name_servers.rdatas, name_servers.ttl, where
        )
        return donor, reverse.pointers_of_nodes(version.scan(), networks, where)


def distribute(
    given: Iterable[tuple[reverse.Donor, list[reverse.Pointer]]], origins: frozenset[bytes]
) -> tuple[
    dict[bytes, list[reverse.Pointer]],
    dict[bytes, tuple[reverse.Donor, list[reverse.Pointer]]],
]:
    """Say where each pointer goes.

    Args:
        given: from :func:`gather`.
        origins: of reverse zones with files.

    Returns:
        Pointers by zone with a file; then, by generated zone, the first donor
        of it and its pointers.
    """
    filed: dict[bytes, list[reverse.Pointer]] = {}
    made: dict[bytes, tuple[reverse.Donor, list[reverse.Pointer]]] = {}
    for donor, pointers in given:
        for pointer in pointers:
            origin = reverse.closest_zone(pointer.owner, origins)
            if origin is not None:
                filed.setdefault(origin, []).append(pointer)
            else:
                origin = reverse.generated_origin(pointer.owner)
                made.setdefault(origin, (donor, []))[1].append(pointer)
    return filed, made
