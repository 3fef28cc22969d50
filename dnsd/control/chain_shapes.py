"""The chain of trust of an answer, as the control interface tells it."""

from __future__ import annotations

from typing import TypedDict


class ChainSignature(TypedDict):
    """A signature that holds: by which key of which zone, and how long it still does."""

    zone: str
    key_tag: int
    algorithm: str
    expires_s: int


class ChainDs(TypedDict):
    """A DS record, with ``digest`` in hexadecimal; ``vouches``: a key of the zone is its."""

    key_tag: int
    algorithm: str
    digest_type: str
    digest: str
    vouches: bool


class ChainKey(TypedDict):
    """A DNSKEY; ``vouched_for``: a DS record names it, and it may sign the others."""

    key_tag: int
    algorithm: str
    vouched_for: bool


class ChainLink(TypedDict):
    """A zone of the chain of trust.

    ``anchor``: trust begins here, so that ``ds`` is configured and not signed.
    ``status`` is ``secure``, ``insecure``, ``bogus``, with a ``reason`` why it is not the
    first, or ``unknown`` where no keys were received, or needed.
    """

    zone: str
    anchor: bool
    ds: list[ChainDs]
    ds_signature: ChainSignature | None
    keys: list[ChainKey]
    keys_signature: ChainSignature | None
    status: str
    reason: str


class ChainEnd(TypedDict):
    """A zone cut at which signing ends.

    ``zone`` is the zone above, ``proof`` what it proves that with: ``NSEC``, ``NSEC3``, or
    ``DS`` with a ``reason`` where it has one that nobody here understands.
    """

    name: str
    zone: str
    proof: str
    reason: str


class SignedSet(TypedDict):
    """A record set of the answer, or of what proves it, and the signature that covers it."""

    name: str
    type: str
    wildcard: str
    signature: ChainSignature


class BrokenLink(TypedDict):
    """What was asked for, by name and type, when something first was bogus."""

    name: str
    type: str


class TrustChain(TypedDict):
    """An answer with its chain of trust, from the anchor down.

    ``status`` is ``secure``, ``insecure``, ``bogus`` or ``indeterminate``; ``reason_code``
    of an extended error (RFC 8914) and ``reason`` say why it is bogus, or not secure
    although something there is signed; null and empty if that needs no reason.
    ``anchors`` are the zones that trust begins at; nothing is validated without any.
    """

    status: str
    rcode: str
    answer: list[str]
    anchors: list[str]
    links: list[ChainLink]
    ends: list[ChainEnd]
    signed: list[SignedSet]
    broken: BrokenLink | None
    reason_code: int | None
    reason: str
    packets: int
    seconds: float
