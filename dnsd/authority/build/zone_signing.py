"""Signing as a compile run does it: policies, keys, and what becomes of versions.

A zone with ``dnssec:`` gets its keys at its first run, and with them DNSKEY,
CDS and CDNSKEY records as if its file had them. Later runs use the keys that are
there; a key that is missing is an error, never an unsigned zone.

Which key is replaced when is not decided here: a zone keeps its keys.
"""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.authority.build.signer import Signer
from dnsd.authority.signing_keys import CSK, KSK, ZSK, SigningError
from dnsd.authority.zonefile.draft import Record
from dnsd.source.problems import Problem, Severity
from dnsd.wire.iana import RRType

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dnsd.authority.build.row_notes import RowNotes
    from dnsd.authority.build.signer import Previous
    from dnsd.authority.build.sorted_zone import SortedZone
    from dnsd.authority.signing_keys import KeyRow, SigningKeys
    from dnsd.authority.zonefile.draft import DnssecSettings, ZoneDraft
    from dnsd.dnssec.policy import SigningPolicy

_KEY_TTL_S: Final = 3600
_STATE_OCTETS: Final = 8


class SigningNotes(NamedTuple):
    """What is noted of the signatures of a served version.

    Attributes:
        policy: its name.
        state: digest of policy and keys; with another one all is signed anew.
        renew_at: when the first signature is to be renewed, Unix seconds.
        expires: when the first signature ends, Unix seconds.
    """

    policy: str
    state: str
    renew_at: int
    expires: int


class ZoneSigning:
    """Signs versions of zones; without a place for keys it only checks settings."""

    def __init__(
        self,
        policies: Mapping[str, SigningPolicy],
        keys: SigningKeys | None,
        wall_now: int,
    ) -> None:
        self._policies = policies
        self._keys = keys
        self._wall_now = wall_now

    def check(self, draft: ZoneDraft, served: RowNotes | None) -> Iterator[Problem]:
        """Say what is wrong with the signing of a zone, before anything is made."""
        settings = draft.dnssec
        if settings is None:
            if served is not None and served.signing is not None:
                yield Problem(
                    draft.soa.where,
                    "dnssec-gone",
                    "the zone was signed and is not any more",
                    "no DS record at the parent, since a day at least",
                    "dnssec: {policy: " + SigningNotes(*served.signing).policy + "}",
                    Severity.WARNING,
                )
            return
        if settings.policy not in self._policies:
            yield self._unknown(settings)
        for record in draft.records:
            if record.type == RRType.ALIAS:
                yield Problem(
                    record.where,
                    "dnssec-alias",
                    "an ALIAS cannot be signed: its addresses are looked up for each answer",
                    "A and AAAA records, or a CNAME below the apex",
                )

    def check_records(self, draft: ZoneDraft, zone: SortedZone) -> Iterator[Problem]:
        """Say that a zone to be signed was signed already."""
        if draft.dnssec is not None and zone.is_signed:
            yield Problem(
                draft.dnssec.where,
                "dnssec-twice",
                "the zone is signed already in its file",
                "a file without RRSIG, NSEC and NSEC3 records, or no dnssec:",
            )

    def _unknown(self, settings: DnssecSettings) -> Problem:
        return Problem(
            settings.where,
            "dnssec-policy",
            f"there is no dnssec policy {settings.policy!r}",
            f"one of {', '.join(sorted(self._policies))} (dnssec: policies: in dnsd.yaml)",
        )

    def key_records(
        self, draft: ZoneDraft, served: RowNotes | None, *, make_keys: bool
    ) -> list[Record]:
        """Return the DNSKEY, CDS and CDNSKEY records of a zone (RFC 7344 §3).

        Args:
            draft: of the zone, with settings that :meth:`check` found right.
            served: notes of the version that is served.
            make_keys: make keys where there are none yet.

        Raises:
            SigningError: keys cannot be read or made.
        """
        assert draft.dnssec is not None
        if self._keys is None:
            return []
        rows = self._keys.of_zone(draft.origin)
        if not rows and served is not None and served.signing is not None:
            raise SigningError(
                "the keys that signed the zone are gone; put the directory of keys back from a"
                " backup; until then the zone stays as it was signed last"
            )
        if not rows and make_keys:
            rows = self._make_keys(draft.origin, self._policies[draft.dnssec.policy])
        found = []
        for row in rows:
            found.append((RRType.DNSKEY, row.dnskey))
            if row.signs_keys:
                found += [(RRType.CDS, row.ds()), (RRType.CDNSKEY, row.dnskey)]
        where = draft.dnssec.where
        return [Record(draft.origin, rrtype, _KEY_TTL_S, rdata, where) for rrtype, rdata in found]

    def _make_keys(self, origin: bytes, policy: SigningPolicy) -> list[KeyRow]:
        assert self._keys is not None
        roles = (KSK, ZSK) if policy.split_keys else (CSK,)
        return [self._keys.make(origin, policy.algorithm, role, self._wall_now) for role in roles]

    def is_due(self, origin: bytes, served: RowNotes) -> bool:
        """Tell whether a served version is to be signed again, in all or in part.

        Raises:
            SigningError: keys cannot be read.
        """
        if served.signing is None or self._keys is None:
            return False
        notes = SigningNotes(*served.signing)
        policy = self._policies.get(notes.policy)
        if policy is None:
            return True  # and then impossible, which is better said now
        state = _state(policy, self._keys.of_zone(origin))
        return notes.renew_at <= self._wall_now or state != notes.state

    def signed(
        self,
        origin: bytes,
        version: tuple[str, Sequence[tuple[bytes, bytes]]],
        served: RowNotes | None,
        previous: Previous | None,
    ) -> SignedVersion:
        """Prepare the signing of a version.

        Args:
            origin: the apex.
            version: name of the policy, and unsigned nodes in canonical order.
            served: notes of the version that is served.
            previous: that version.

        Raises:
            SigningError: a key cannot be read, or the policy is gone.
        """
        name, nodes = version
        policy = self._policies.get(name)
        if policy is None:
            raise SigningError(f"there is no dnssec policy {name!r} in dnsd.yaml")
        if self._keys is None:
            raise SigningError("no directory of keys was given, so no zone can be signed")
        rows = self._keys.of_zone(origin)
        keys = [(row, self._keys.load(row)) for row in rows]
        if not any(row.signs_keys for row in rows) or not any(row.signs_zone for row in rows):
            raise SigningError("keys of the zone are gone; put them back from a backup")
        state = _state(policy, rows)
        noted = SigningNotes(*served.signing) if served and served.signing else None
        if noted is None or noted.state != state:
            previous = None
        signer = Signer(origin, keys, policy, self._wall_now)
        notes = SigningNotes(name, state, -policy.renewal_s, 0)
        return SignedVersion(signer, nodes, previous, notes)

    def signer_as_before(self, origin: bytes, policy: str, served: RowNotes) -> Signer | None:
        """Return what signs a served version in part: with its keys and its policy.

        Args:
            origin: the apex.
            policy: name of the policy to be.
            served: notes of the version.

        Returns:
            ``None`` if all of it has to be signed, or nothing.

        Raises:
            SigningError: a key cannot be read.
        """
        rules = self._policies.get(policy)
        if served.signing is None or self._keys is None or rules is None:
            return None
        noted = SigningNotes(*served.signing)
        rows = self._keys.of_zone(origin)
        if (noted.policy, noted.state) != (policy, _state(rules, rows)):
            return None
        keys = [(row, self._keys.load(row)) for row in rows]
        return Signer(origin, keys, rules, self._wall_now)

    def noted_after(self, notes: RowNotes, signer: Signer) -> RowNotes:
        """Note what some new signatures change: the first of all may be among them."""
        assert notes.signing is not None
        found = SigningNotes(*notes.signing)
        expires = min(found.expires, signer.first_expiration or found.expires)
        renew_at = min(found.renew_at, expires - signer.policy.renewal_s)
        return replace(notes, signing=list(found._replace(renew_at=renew_at, expires=expires)))

    def noted_anew(self, notes: RowNotes, signer: Signer) -> RowNotes:
        """Note what a signer knows that has looked at every signature of a version."""
        assert notes.signing is not None
        expires = signer.first_expiration
        found = SigningNotes(*notes.signing)
        found = found._replace(renew_at=expires - signer.policy.renewal_s, expires=expires)
        return replace(notes, signing=list(found))


class SignedVersion(NamedTuple):
    """A version that is signed while it is written.

    Attributes:
        signer: does it.
        unsigned: what it signs.
        previous: what signatures may be taken from.
        begun: notes so far.
    """

    signer: Signer
    unsigned: Sequence[tuple[bytes, bytes]]
    previous: Previous | None
    begun: SigningNotes

    def nodes(self) -> Iterator[tuple[bytes, bytes]]:
        """Sign all nodes."""
        return self.signer.nodes(self.unsigned, self.previous)

    def hashes(self) -> Iterator[tuple[bytes, bytes, bytes]]:
        """Make and sign all NSEC3 records."""
        return self.signer.hashes(self.unsigned, self.previous)

    def noted(self, notes: RowNotes) -> RowNotes:
        """Add what is noted of the signatures; all must have been signed."""
        expires = self.signer.first_expiration
        found = self.begun._replace(renew_at=self.begun.renew_at + expires, expires=expires)
        return replace(notes, signing=list(found))


def _state(policy: SigningPolicy, rows: Sequence[KeyRow]) -> str:
    digest = blake2b(json.dumps(policy.to_json()).encode(), digest_size=_STATE_OCTETS)
    for row in rows:
        digest.update(row.dnskey)
    return digest.hexdigest()
