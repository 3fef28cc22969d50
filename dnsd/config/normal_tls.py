"""What only certificate and key together can show, of DNS and of mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dnsd.source.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dnsd.config.schema import Tls
    from dnsd.source.problems import Where

_EXAMPLE: Final = {"certificate": "fullchain.pem", "key": "privkey.pem"}


def check(pair: Tls, key: str, where: Where) -> Iterator[Problem]:
    """Check that certificate and key come together.

    Args:
        pair: as the program would run on it.
        key: where it stands in the configuration.
        where: its place in the file.
    """
    found = {"certificate": pair.certificate, "key": pair.key}
    missing = [name for name, path in found.items() if path is None]
    if len(missing) == 1:
        yield Problem(
            where,
            "half-a-certificate",
            f"{key}.{missing[0]} is missing",
            "both certificate and key, or neither",
            f"{missing[0]}: {_EXAMPLE[missing[0]]}",
        )
