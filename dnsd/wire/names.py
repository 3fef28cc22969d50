r"""Domain names as octets in wire form.

A name is ``bytes``: length-prefixed labels, uncompressed, ending in the root
label, ASCII letters in lower case. This is the *canonical form* of RFC 4034
§6.2, so two names are equal exactly when their octets are. The client's own
spelling lives only in the octets of its question.

Text follows RFC 1035 §5.1 with ``\DDD`` and ``\X`` escapes, so any label
survives the way to text and back.
"""

from __future__ import annotations

from dnsd.wire.errors import FormError

ROOT = b"\x00"

# RFC 1035 §2.3.4
MAX_NAME_OCTETS = 255
MAX_LABEL_OCTETS = 63

_PLAIN = b"-_*0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SPECIAL = frozenset(b'".;\\@()$')  # characters that master files give a meaning


def lower(octets: bytes) -> bytes:
    """Lower the ASCII letters of a name in wire form.

    Length octets are at most 63 and letters begin at 65, so lowering the whole
    string touches labels only (RFC 4343 §3).
    """
    return octets.lower()


def from_labels(labels: list[bytes], tail: bytes = ROOT) -> bytes:
    """Join labels, the root label left out, to a name.

    Args:
        labels: from the left to the right.
        tail: the name that follows them.

    Raises:
        FormError: a label is empty or over 63 octets, or the name over 255.
    """
    parts = bytearray()
    for label in labels:
        length = len(label)
        if not 0 < length <= MAX_LABEL_OCTETS:
            if not length:
                raise FormError("empty label")
            raise FormError(f"label of {length} octets, the limit is {MAX_LABEL_OCTETS}")
        parts.append(length)
        parts += label
    name = bytes(parts).lower() + tail
    if len(name) > MAX_NAME_OCTETS:
        raise FormError(f"name of {len(name)} octets, the limit is {MAX_NAME_OCTETS}")
    return name


def to_labels(name: bytes) -> list[bytes]:
    """Split a name into its labels, the root label left out."""
    labels = []
    offset = 0
    while length := name[offset]:
        labels.append(name[offset + 1 : offset + 1 + length])
        offset += 1 + length
    return labels


def from_text(text: str, origin: bytes | None = ROOT) -> bytes:
    r"""Read a name in presentation form (RFC 1035 §5.1).

    Args:
        text: e.g. ``www.example.test.``, ``@`` or ``a\.b``.
        origin: what a name without a final dot is relative to; ``None``
            refuses such names.

    Returns:
        The name in canonical form.

    Raises:
        FormError: not a name, a limit exceeded, or relative without origin.
    """
    if text == ".":
        return ROOT
    if text == "@":
        if origin is None:
            raise FormError("'@' needs an origin")
        return origin
    labels, absolute = _split_text(text)
    if absolute:
        return from_labels(labels)
    if origin is None:
        raise FormError("the name must end with a dot")
    return from_labels(labels, origin)


def is_absolute(text: str) -> bool:
    r"""Tell whether a name in presentation form ends with a dot that is none of a label's.

    ``a\.`` ends with an escaped dot, ``a\\.`` with an escaped backslash and a dot.
    """
    before = text[:-1]
    return text.endswith(".") and (len(before) - len(before.rstrip("\\"))) % 2 == 0


def _split_text(text: str) -> tuple[list[bytes], bool]:
    """Split presentation text at its unescaped dots.

    Returns:
        The labels and whether the text ended with a dot.
    """
    if not text:
        raise FormError("empty name")
    if "\\" not in text:
        octets = _ascii(text)
        absolute = octets.endswith(b".")
        return (octets[:-1] if absolute else octets).split(b"."), absolute
    labels: list[bytes] = []
    label = bytearray()
    octets = _ascii(text)
    i = 0
    while i < len(octets):
        octet = octets[i]
        if octet == 0x2E:
            labels.append(bytes(label))
            label.clear()
            i += 1
        elif octet == 0x5C:
            value, i = _unescape(octets, i)
            label.append(value)
        else:
            label.append(octet)
            i += 1
    if label or not labels:
        labels.append(bytes(label))
        return labels, False
    # An escaped final dot would have left its octet in `label`.
    return labels, True


def _unescape(octets: bytes, i: int) -> tuple[int, int]:
    """Read the escape at ``octets[i]``: its value and the offset behind it."""
    digits = octets[i + 1 : i + 4]
    if digits[:1].isdigit():
        if len(digits) != 3 or not digits.isdigit() or int(digits) > 255:
            raise FormError("an escape is a backslash and three digits up to 255", i)
        return int(digits), i + 4
    if not digits:
        raise FormError("backslash at the end", i)
    return digits[0], i + 2


def _ascii(text: str) -> bytes:
    try:
        return text.encode("ascii")
    except UnicodeEncodeError as error:
        raise FormError(
            "a name is ASCII; write international names in their xn-- form", error.start
        ) from None


def to_text(name: bytes) -> str:
    """Write a name in presentation form, absolute, every odd octet escaped."""
    if name == ROOT:
        return "."
    return ".".join([label_to_text(label) for label in to_labels(name)]) + "."


def label_to_text(label: bytes) -> str:
    """Write one label in presentation form."""
    if label.isalnum() or not label.translate(None, _PLAIN):
        return label.decode("ascii")
    return "".join(
        f"\\{octet:03d}"
        if octet <= 0x20 or octet >= 0x7F
        else f"\\{chr(octet)}"
        if octet in _SPECIAL
        else chr(octet)
        for octet in label
    )


def relative_text(name: bytes, origin: bytes) -> str:
    """Write a name relative to an origin it lies under; the origin is ``''``."""
    count = label_count(name) - label_count(origin)
    return ".".join([label_to_text(label) for label in to_labels(name)[:count]])


def parent(name: bytes) -> bytes:
    """Return the name without its first label. The root has no parent."""
    return name[1 + name[0] :]


def label_count(name: bytes) -> int:
    """Count the labels, the root label left out (RFC 4034 §3.1.3)."""
    count = offset = 0
    while length := name[offset]:
        offset += 1 + length
        count += 1
    return count


def is_subdomain(name: bytes, ancestor: bytes) -> bool:
    """Tell whether a name equals an ancestor or lies below it."""
    surplus = len(name) - len(ancestor)
    if surplus < 0 or not name.endswith(ancestor):
        return False
    # `endswith` may have matched in the middle of a label: walk to be sure.
    offset = 0
    while offset < surplus:
        offset += 1 + name[offset]
    return offset == surplus


def ancestors(name: bytes, stop: bytes) -> list[bytes]:
    """List the parent, its parent and so on, up to and with ``stop``."""
    found = []
    while name != stop:
        name = parent(name)
        found.append(name)
    return found


def order_key(name: bytes) -> bytes:
    """Make octets whose ``memcmp`` order is the canonical order of names.

    Labels are reversed; within a label 0x00 becomes 0x01 0x01 and 0x01 becomes
    0x01 0x02; each label ends with 0x00. A name's key is a prefix of the key
    of every name below it. Source: RFC 4034 §6.1.
    """
    labels = to_labels(name)
    labels.reverse()
    key = bytearray()
    for label in labels:
        # One pass each: escapes of 0x00 must not be escaped again.
        key += label.replace(b"\x01", b"\x01\x02").replace(b"\x00", b"\x01\x01")
        key.append(0)
    return bytes(key)


def from_order_key(key: bytes) -> bytes:
    """Turn an :func:`order_key` back into the name."""
    labels = [
        label.replace(b"\x01\x01", b"\x00").replace(b"\x01\x02", b"\x01")
        for label in key.split(b"\x00")[:-1]
    ]
    labels.reverse()
    return from_labels(labels)
