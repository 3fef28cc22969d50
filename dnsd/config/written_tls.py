"""A certificate and its key as they are written, of DNS and of mail."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from dnsd.config.places import ReadableFile
from dnsd.config.section import Section, key


class WrittenTls(Section):
    """The certificate that clients see."""

    certificate: Annotated[Path | None, ReadableFile("a certificate chain in PEM form", "none")] = (
        key(
            "The certificate and those that lead to its issuer; none makes one in the state"
            " directory that nobody has signed.",
            "none",
            example="fullchain.pem",
        )
    )
    key: Annotated[Path | None, ReadableFile("a private key in PEM form", "none")] = key(
        "Its private key; none only with certificate none.", "none", example="privkey.pem"
    )
