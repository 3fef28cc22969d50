"""International names as people write them, to the form that DNS carries."""

from __future__ import annotations

import idna

from dnsd.wire.errors import FormError


def to_ascii(text: str) -> str:
    """Write the labels of a name that are not ASCII in their ``xn--`` form.

    ASCII labels stay as they are: they may be wildcards, have underscores or
    escapes. Source: RFC 5891 §4, as octoDNS does it.

    Raises:
        FormError: a label is not allowed in IDNA.
    """
    if text.isascii():
        return text
    return ".".join(label if label.isascii() else _label(label) for label in text.split("."))


def _label(label: str) -> str:
    try:
        return idna.encode(label.lower()).decode()
    except idna.IDNAError as error:
        raise FormError(f"{label!r} is not an international label: {str(error).lower()}") from None
