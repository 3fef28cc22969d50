"""``dnssec:`` of ``dnsd.yaml`` as it is written: how zones of ours are signed."""

from __future__ import annotations

from typing import Annotated, Final

from dnsd.config.kinds import Choice, Duration, SeveralSections, SwitchOr, Text
from dnsd.config.section import Section, key
from dnsd.dnssec.algorithms import Algorithm

ALGORITHMS: Final = {
    "ecdsa-p256": Algorithm.ECDSAP256SHA256,
    "ed25519": Algorithm.ED25519,
    "rsa-2048": Algorithm.RSASHA256,
}


class WrittenSigningPolicy(Section):
    """One way to sign a zone, which a zone file names as dnssec: {policy: NAME}."""

    name: Annotated[bytes, Text(63)] = key(
        "What zone files call it; default is there already and may be written anew.",
        example="hashed",
    )
    keys: Annotated[str, Choice(("csk", "ksk-zsk"))] = key(
        "Keys made for a zone that has none: one that signs everything, or one for the keys and"
        " one for the zone.",
        "csk",
        example="ksk-zsk",
    )
    algorithm: Annotated[str, Choice(tuple(ALGORITHMS))] = key(
        "Algorithm of the keys made.", "ecdsa-p256", example="ed25519"
    )
    nsec3: Annotated[bool | None, SwitchOr("opt_out")] = key(
        "Deny names by their hashes (no salt, no iterations; RFC 9276); opt_out leaves unsigned"
        " delegations out.",
        "off",
        example="on",
    )
    validity: Annotated[float, Duration("1m", "365d")] = key(
        "How long a signature lasts, a tenth more or less; it is renewed in its last third.",
        "14d",
        example="30d",
    )


class WrittenDnssec(Section):
    """Signing the zones this server answers for."""

    policies: Annotated[
        list[WrittenSigningPolicy] | None,
        SeveralSections("a list of mappings with name, keys, algorithm, nsec3 and validity"),
    ] = key(
        "Ways to sign a zone, by name.",
        [],
        example=[{"name": "hashed", "nsec3": "on"}],
    )
