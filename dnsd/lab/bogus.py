"""Domains that no validator believes, one for each thing that can be wrong, and some that are insecure.

Each is a zone of its own, signed in order but for one fault. Its parent is signed
and vouches for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from dnsd.dnssec.algorithms import DigestType
from dnsd.dnssec.bitmaps import render
from dnsd.dnssec.keys import REVOKED, SECURE_ENTRY_POINT, ZONE_KEY, Key
from dnsd.dnssec.nsec3_chain import Nsec3Policy
from dnsd.dnssec.nsec3_hash import Parameters
from dnsd.dnssec.signing import Validity, make_key
from dnsd.lab.signed import DAY_S, SignedZone, two_keys, usual_validity
from dnsd.lab.zone import rrsets_from_text, zone
from dnsd.wire import names
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

if TYPE_CHECKING:
    from collections.abc import Callable

    from dnsd.lab.zone import MemoryZone

_A: Final = int(RRType.A)
_DNSKEY: Final = int(RRType.DNSKEY)
_NSEC: Final = int(RRType.NSEC)
_NSEC3: Final = int(RRType.NSEC3)
_AAAA: Final = int(RRType.AAAA)
_LABELS: Final = 3  # place in an RRSIG (RFC 4034 §3.1)
_UNKNOWN_ALGORITHM: Final = 3  # DSA
_UNKNOWN_DIGEST: Final = 3  # GOST R 34.11-94


class Made(NamedTuple):
    """A zone as it is served, and what its parent says of it.

    Attributes:
        zone: with its fault.
        ds: DS rdata; none where the parent says that it is not signed.
    """

    zone: MemoryZone
    ds: tuple[bytes, ...]


class Draft:
    """A zone on its way to have one fault.

    Attributes:
        signed: what is in order.
        ds: DS rdata for the parent; that of its key until it is changed.
    """

    def __init__(self, origin: bytes, text: str, now: int) -> None:
        """Begin with a zone in order, signed at a time in Unix seconds."""
        self.signed = SignedZone(origin, rrsets_from_text(origin, text), usual_validity(now))
        self.now = now
        self.ds: tuple[bytes, ...] | None = None
        self._rrsets: list[RRset] = []

    @property
    def rrsets(self) -> list[RRset]:
        """All that is served; signed when it is first asked for."""
        if not self._rrsets:
            self._rrsets = self.signed.signed()
        return self._rrsets

    def rrset(self, rrtype: int) -> RRset:
        """Return the first RRset of a type."""
        return next(each for each in self.rrsets if each.type == rrtype)

    def sign(self, rrset: RRset, validity: Validity | None = None) -> None:
        """Sign an RRset that was changed."""
        signed = self.signed
        rrset.signatures = (
            signed.keys.zone.sign(rrset, signed.origin, validity or signed.validity),
        )

    def change_flags(self, flags: int) -> None:
        """Give its key other flags, and sign with that."""
        key = self.signed.keys.entry
        key.key = Key(flags.to_bytes(2, "big") + key.key.rdata[2:])

    def made(self) -> Made:
        """Make what is served."""
        ds = (self.signed.ds,) if self.ds is None else self.ds
        return Made(zone(self.signed.origin, self.rrsets), ds)


@dataclass(frozen=True, slots=True)
class Odd:
    """A domain with something wrong or unusual about it.

    Attributes:
        label: of the domain.
        says: what that is, in a few words.
        spoil: does it.
        ask: what to ask for, with ``@`` for the domain, and a type if that is not A.
    """

    label: str
    says: str
    spoil: Callable[[Draft], None]
    ask: str = "@"

    def question(self, parent: str) -> str:
        """Return the words for ``dnsd lookup``; the parent without a final dot."""
        return self.ask.replace("@", f"{self.label}.{parent}")

    def make(self, parent: bytes, text: str, now: int) -> Made:
        """Make the zone.

        Args:
            parent: in canonical form.
            text: its lines.
            now: Unix seconds.
        """
        draft = Draft(names.from_text(self.label, parent), text, now)
        self.spoil(draft)
        return draft.made()


def _expired(draft: Draft) -> None:
    draft.signed.validity = Validity(draft.now - 30 * DAY_S, draft.now - 3 * 3600)


def _not_yet_valid(draft: Draft) -> None:
    draft.signed.validity = Validity(draft.now + 300 * DAY_S, draft.now + 330 * DAY_S)


def _never_valid(draft: Draft) -> None:
    draft.sign(draft.rrset(_A), Validity(draft.now + DAY_S, draft.now - DAY_S))


def _other_ds(draft: Draft) -> None:
    draft.ds = (make_key().ds(draft.signed.origin),)


def _unsigned(draft: Draft) -> None:
    draft.rrsets[:] = [RRset(each.owner, each.type, each.ttl, each.rdatas)
                       for each in draft.rrsets if each.type not in (_DNSKEY, _NSEC)]  # fmt: skip


def _unsigned_keys(draft: Draft) -> None:
    draft.rrset(_DNSKEY).signatures = ()


def _unsigned_address(draft: Draft) -> None:
    draft.rrset(_A).signatures = ()


def _tampered(draft: Draft) -> None:
    draft.rrset(_A).rdatas = (bytes((192, 0, 2, 66)),)


def _other_signer(draft: Draft) -> None:
    rrset = draft.rrset(_A)
    elsewhere = names.from_text("shop.test.")
    octets = rrset.signatures[0].replace(draft.signed.origin, elsewhere, 1)
    rrset.signatures = (octets,)


def _unknown_key(draft: Draft) -> None:
    rrset = draft.rrset(_A)
    rrset.signatures = (make_key().sign(rrset, draft.signed.origin, draft.signed.validity),)


def _keys_by_zone_key(draft: Draft) -> None:
    draft.signed.keys = two_keys()
    draft.sign(draft.rrset(_DNSKEY))


def _no_zone_key(draft: Draft) -> None:
    draft.change_flags(SECURE_ENTRY_POINT)


def _revoked(draft: Draft) -> None:
    draft.change_flags(ZONE_KEY | REVOKED | SECURE_ENTRY_POINT)


def _labels(draft: Draft, count: int) -> None:
    rrset = draft.rrset(_A)
    octets = bytearray(rrset.signatures[0])
    octets[_LABELS] = count
    rrset.signatures = (bytes(octets),)


def _too_many_labels(draft: Draft) -> None:
    _labels(draft, names.label_count(draft.signed.origin) + 1)


def _too_few_labels(draft: Draft) -> None:
    _labels(draft, names.label_count(draft.signed.origin) - 1)


def _stolen_wildcard(draft: Draft) -> None:
    """Give a name of its own what is signed for the names that there are not."""
    wildcard = RRset(names.from_text("*", draft.signed.origin), _A, 300, (bytes((192, 0, 2, 66)),))
    draft.sign(wildcard)
    own = names.from_text("inside", draft.signed.origin)
    draft.rrsets.append(RRset(own, _A, 300, wildcard.rdatas, wildcard.signatures))


def _no_denial(draft: Draft) -> None:
    draft.rrsets[:] = [each for each in draft.rrsets if each.type != _NSEC]


def _wrong_denial(draft: Draft) -> None:
    rrset = draft.rrset(_NSEC)
    following = names.from_text("a", draft.signed.origin)
    rrset.rdatas = (following + rrset.rdatas[0][len(draft.signed.origin) :],)
    draft.sign(rrset)


def _wrong_types(draft: Draft) -> None:
    rrset = draft.rrset(_NSEC)
    rrset.rdatas = (draft.signed.origin + render((_A, _AAAA, _NSEC)),)
    draft.sign(rrset)


def _wrong_hash(draft: Draft) -> None:
    """Let the only NSEC3 record, which denies all, end before anything else begins."""
    draft.signed.nsec3 = Nsec3Policy()
    rrset = draft.rrset(_NSEC3)
    following = draft.signed.nsec3.parameters.digest(draft.signed.origin)
    after = (int.from_bytes(following, "big") + 1).to_bytes(len(following), "big")
    rrset.rdatas = (rrset.rdatas[0].replace(following, after),)
    draft.sign(rrset)


def without_ds(draft: Draft) -> None:
    """Let a zone be unsigned, and its parent have no DS of it."""
    _unsigned(draft)
    draft.ds = ()


def _unknown_ds(draft: Draft, algorithm: int | None, digest_type: int | None) -> None:
    octets = draft.signed.ds
    draft.ds = (
        octets[:2] + bytes((algorithm or octets[2], digest_type or octets[3])) + octets[4:],
    )


def _unknown_algorithm(draft: Draft) -> None:
    _unknown_ds(draft, _UNKNOWN_ALGORITHM, DigestType.SHA256)


def _unknown_digest(draft: Draft) -> None:
    _unknown_ds(draft, None, _UNKNOWN_DIGEST)


def _many_iterations(draft: Draft) -> None:
    draft.signed.nsec3 = Nsec3Policy(Parameters(100))


#: The domain whose parent lost its proof that there is no DS of it.
DOWNGRADED: Final = "downgraded"

#: What must not be believed.
BOGUS: Final = (
    Odd("expired", "its signatures have expired", _expired),
    Odd("not-yet-valid", "its signatures do not hold yet", _not_yet_valid),
    Odd("never-valid", "a signature expires before it holds", _never_valid),
    Odd("other-ds", "the DS above is of another key", _other_ds),
    Odd("unsigned", "not signed at all, although the DS above says so", _unsigned),
    Odd("unsigned-keys", "its keys are not signed", _unsigned_keys),
    Odd("keys-by-zone-key", "its keys are signed by one without DS", _keys_by_zone_key),
    Odd("no-zone-key", "the key that the DS names may sign no zone", _no_zone_key),
    Odd("revoked-key", "the key that the DS names is revoked", _revoked),
    Odd("unsigned-address", "its address is not signed", _unsigned_address),
    Odd("tampered", "its address was changed after it was signed", _tampered),
    Odd("other-signer", "its address is signed by somebody else", _other_signer),
    Odd("unknown-key", "its address is signed by a key that is not there", _unknown_key),
    Odd("too-many-labels", "a signature is for a longer name", _too_many_labels),
    Odd("too-few-labels", "a signature is for half the Internet", _too_few_labels),
    Odd("stolen-wildcard", "a wildcard's address for a name of its own", _stolen_wildcard,
        "inside.@"),
    Odd("no-denial", "a name is denied without proof", _no_denial, "missing.@"),
    Odd("wrong-denial", "a name is denied by proof for others", _wrong_denial, "missing.@"),
    Odd("wrong-hash", "the same with NSEC3", _wrong_hash, "missing.@"),
    Odd("wrong-types", "addresses are denied by proof that they are there", _wrong_types,
        "@ AAAA"),
    Odd(DOWNGRADED, "said to be unsigned, which nobody proves", without_ds),
)  # fmt: skip

#: What may be believed as if it were not signed, although some of it is.
INSECURE: Final = (
    Odd("unsigned", "not signed, which the zone above proves", without_ds),
    Odd("unknown-algorithm", "signed with an algorithm that is not known", _unknown_algorithm),
    Odd("unknown-digest", "its DS has a digest that is not known", _unknown_digest),
    Odd("many-iterations", "denies names with too many hashes", _many_iterations, "missing.@"),
)
