"""The chain of trust of an answer, put together from what its validation found.

Zones are those at or above a name of the answer's chain of aliases, shortest first:
that is from the anchor down. What was validated only for the sake of name servers is
left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.dnssec import chain, digests, keys, validation
from dnsd.dnssec.algorithms import HASHES, Algorithm, DigestType
from dnsd.dnssec.claims import DENIAL_TYPES
from dnsd.resolver.cache.contract import Security
from dnsd.resolver.outcome import BOGUS_CODES
from dnsd.resolver.security.evidence import Concluded, Entered, SigningEnds, Verified
from dnsd.wire import names
from dnsd.wire.iana import RRType, rcode_to_text, rrtype_to_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dnsd.control.chain_shapes import (
        BrokenLink,
        ChainDs,
        ChainEnd,
        ChainKey,
        ChainLink,
        ChainSignature,
        SignedSet,
        TrustChain,
    )
    from dnsd.dnssec.digests import Ds
    from dnsd.dnssec.keys import Key
    from dnsd.dnssec.signatures import Signature
    from dnsd.resolver.outcome import Explanation, Outcome
    from dnsd.resolver.security.evidence import Evidence
    from dnsd.resolver.security.trust import Trust
    from dnsd.wire.rrset import RRset

_DS = int(RRType.DS)
_CNAME = int(RRType.CNAME)


class Findings:
    """Collects what the validation of one question finds."""

    def __init__(self, name: bytes, trust: Trust | None) -> None:
        """Begin with nothing.

        Args:
            name: asked for, in canonical form.
            trust: where trust begins; ``None`` where nothing is validated.
        """
        self._name = name
        self._trust = trust
        self._verified: dict[tuple[bytes, int], Verified] = {}
        self._entered: dict[bytes, Entered] = {}
        self._ends: dict[bytes, SigningEnds] = {}
        self._concluded: dict[tuple[bytes, int], Concluded] = {}

    def add(self, found: Evidence) -> None:
        """Note one finding in the place of an earlier one about the same."""
        match found:
            case Verified():
                self._verified[found.rrset.owner, found.rrset.type] = found
            case Entered():
                self._entered[found.keys.owner] = found
            case SigningEnds():
                self._ends[found.name] = found
            case Concluded():
                self._concluded[found.name, found.type] = found

    def chain(self, outcome: Outcome, records: Iterable[str], seconds: float) -> TrustChain:
        """Put the chain of trust together.

        Args:
            outcome: of the question.
            records: of the answer, as text.
            seconds: that finding it took.
        """
        path = self._aliases(outcome)
        broken = self._broken(path, outcome) if outcome.security is Security.BOGUS else None
        reason = outcome.explanation or self._reason(path)
        anchors = self._trust.anchors if self._trust is not None else ()
        return {
            "status": outcome.security.name.lower(),
            "rcode": rcode_to_text(outcome.rcode),
            "answer": list(records),
            "anchors": [names.to_text(each) for each in sorted(anchors, key=len)],
            "links": [self._link(zone) for zone in self._zones(path)],
            "ends": [_end(each) for each in self._ends.values() if _is_above(each.name, path)],
            "signed": list(self._signed(outcome)),
            "broken": broken,
            "reason_code": None if reason is None else reason.code,
            "reason": "" if reason is None else reason.text,
            "packets": outcome.packets,
            "seconds": round(seconds, 4),
        }

    def _aliases(self, outcome: Outcome) -> list[bytes]:
        """List the name asked for and those that aliases lead to."""
        rrsets = [rrset for each in self._concluded.values() for rrset in each.chain]
        leads = {
            rrset.owner: names.lower(rrset.rdatas[0])
            for rrset in (*rrsets, *outcome.answer)
            if rrset.type == _CNAME
        }
        path = [self._name]
        while (target := leads.get(path[-1])) is not None and target not in path:
            path.append(target)
        return path

    def _broken(self, path: list[bytes], outcome: Outcome) -> BrokenLink | None:
        """Name the first thing that was bogus for the one reason: all else follows from it."""
        if outcome.explanation is not None and outcome.explanation.code not in BOGUS_CODES:
            # Nothing was wrong but that nobody gave the keys.
            for link in map(self._link, reversed(self._zones(path))):
                if link["status"] == "unknown":
                    return {"name": link["zone"], "type": "DNSKEY"}
        for each in self._concluded.values():
            is_reason = each.judged.explanation == outcome.explanation
            if each.judged.is_bogus and is_reason and _is_above(each.name, path):
                return {"name": names.to_text(each.name), "type": rrtype_to_text(each.type)}
        return None

    def _reason(self, path: list[bytes]) -> Explanation | None:
        """Say why something that may be answered is not secure."""
        for (name, rrtype), each in reversed(self._concluded.items()):
            if name in path and rrtype != _DS and each.judged.explanation is not None:
                return each.judged.explanation
        return None

    def _zones(self, path: list[bytes]) -> list[bytes]:
        anchors = self._trust.anchors if self._trust is not None else ()
        found = {*self._entered, *(zone for zone, rrtype in self._verified if rrtype == _DS)}
        used = {*found, *(each for each in anchors if self._is_closest(each, path))}
        return sorted(
            (zone for zone in used if _is_above(zone, path)),
            key=lambda zone: (names.label_count(zone), zone),
        )

    def _is_closest(self, anchor: bytes, path: list[bytes]) -> bool:
        assert self._trust is not None
        return any(self._trust.anchor_above(name) == anchor for name in path)

    def _link(self, zone: bytes) -> ChainLink:
        entered = self._entered.get(zone)
        anchors = self._trust.anchors if self._trust is not None else {}
        vouching = self._verified.get((zone, _DS)) if zone not in anchors else None
        records = anchors.get(zone) or tuple(_read(vouching))
        zone_keys = [] if entered is None else _keys(entered.keys)
        named = digests.entry(zone, _comparable(records), zone_keys).keys if zone_keys else ()
        status, reason = self._status(zone, entered, vouching)
        return {
            "zone": names.to_text(zone),
            "anchor": zone in anchors,
            "ds": [_ds(ds, zone, zone_keys) for ds in records],
            "ds_signature": self._signature_of(vouching),
            "keys": [_key(key, named) for key in zone_keys],
            "keys_signature": self._of_keys(entered),
            "status": status,
            "reason": reason,
        }

    def _status(
        self, zone: bytes, entered: Entered | None, vouching: Verified | None
    ) -> tuple[str, str]:
        """Say what a zone's place in the chain is worth, and why it is not secure."""
        if vouching is not None and not isinstance(vouching.verdict, validation.Secure):
            concluded = self._concluded.get((zone, _DS))
            is_bogus = concluded is None or concluded.judged.is_bogus
            return "bogus" if is_bogus else "insecure", vouching.verdict.text
        if entered is None:
            end = self._ends.get(zone)
            if end is None:
                return "unknown", ""
            return "insecure", "" if end.explanation is None else end.explanation.text
        match entered.verdict:
            case chain.Trusted():
                return "secure", ""
            case chain.Unsupported():
                return "insecure", entered.verdict.text
            case _:
                return "bogus", entered.verdict.text

    def _signed(self, outcome: Outcome) -> Iterator[SignedSet]:
        """List what of an answer, and of what proves it, is covered by a signature."""
        told = set()
        for rrset in (*outcome.answer, *outcome.authority):
            key = rrset.owner, rrset.type
            found = self._verified.get(key)
            signature = self._signature_of(found)
            if found is None or signature is None or key in told:
                continue
            told.add(key)
            assert isinstance(found.verdict, validation.Secure)
            wildcard = found.verdict.wildcard
            yield {
                "name": names.to_text(rrset.owner),
                "type": rrtype_to_text(rrset.type),
                "wildcard": "" if wildcard is None else names.to_text(wildcard),
                "signature": signature,
            }

    def _signature_of(self, found: Verified | None) -> ChainSignature | None:
        if found is None or not isinstance(found.verdict, validation.Secure):
            return None
        return self._signature(found.verdict.signature)

    def _of_keys(self, found: Entered | None) -> ChainSignature | None:
        if found is None or not isinstance(found.verdict, chain.Trusted):
            return None
        return self._signature(found.verdict.signature)

    def _signature(self, signature: Signature) -> ChainSignature:
        assert self._trust is not None
        return {
            "zone": names.to_text(signature.signer),
            "key_tag": signature.key_tag,
            "algorithm": _algorithm(signature.algorithm),
            "expires_s": signature.remaining_s(self._trust.unix_time()),
        }


def _end(found: SigningEnds) -> ChainEnd:
    kinds = [each.type for each in found.proof if each.type in (_DS, *DENIAL_TYPES)]
    return {
        "name": names.to_text(found.name),
        "zone": names.to_text(found.zone),
        "proof": rrtype_to_text(kinds[0]) if kinds else "",
        "reason": "" if found.explanation is None else found.explanation.text,
    }


def _is_above(zone: bytes, path: list[bytes]) -> bool:
    return any(names.is_subdomain(name, zone) for name in path)


def _read(found: Verified | None) -> Iterator[Ds]:
    rdatas = () if found is None else found.rrset.rdatas
    for octets in rdatas[: digests.MAX_DS]:
        ds = digests.from_wire(octets)
        if ds is not None:
            yield ds


def _comparable(records: Iterable[Ds]) -> list[Ds]:
    return [ds for ds in records if ds.digest_type in HASHES]


def _keys(rrset: RRset) -> list[Key]:
    read = map(keys.from_wire, rrset.rdatas[: keys.MAX_ZONE_KEYS])
    return [key for key in read if key is not None]


def _ds(ds: Ds, zone: bytes, zone_keys: list[Key]) -> ChainDs:
    try:
        digest_type = DigestType(ds.digest_type).name
    except ValueError:
        digest_type = str(ds.digest_type)
    is_known = bool(_comparable([ds]))
    return {
        "key_tag": ds.tag,
        "algorithm": _algorithm(ds.algorithm),
        "digest_type": digest_type,
        "digest": ds.digest.hex(),
        "vouches": is_known and any(digests.matches(ds, zone, key) for key in zone_keys),
    }


def _key(key: Key, named: tuple[Key, ...]) -> ChainKey:
    return {
        "key_tag": key.tag,
        "algorithm": _algorithm(key.algorithm),
        "vouched_for": key in named,
    }


def _algorithm(number: int) -> str:
    try:
        return Algorithm(number).name
    except ValueError:
        return str(number)
