"""International names as people write them, to the form that DNS carries."""

from __future__ import annotations

import idna

from dnsd.wire.errors import FormError

MAX_TEXT = 1_016  # 254 octets, each escaped as \DDD


def to_ascii(text: str) -> str:
    """Write the labels of a name that are not ASCII in their ``xn--`` form.

    ASCII labels stay as they are: they may be wildcards, have underscores or
    escapes. Source: RFC 5891 §4, as octoDNS does it.

    Raises:
        FormError: a label is not allowed in IDNA, or the name is far too long.
    """
    if text.isascii():
        return text
    if len(text) > MAX_TEXT:
        raise FormError(f"{len(text)} characters are more than a name can have")
    return ".".join(label if label.isascii() else _label(label) for label in text.split("."))


def _label(label: str) -> str:
    try:
        return idna.encode(label.lower()).decode()
    except idna.IDNAError as error:
        raise FormError(f"{label!r} is not an international label: {str(error).lower()}") from None
