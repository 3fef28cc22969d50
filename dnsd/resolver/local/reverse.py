"""Names of addresses, and what looks like one with something behind it."""

from __future__ import annotations

from typing import Final

IN_ADDR_ARPA: Final = b"\x07in-addr\x04arpa\x00"
IP6_ARPA: Final = b"\x03ip6\x04arpa\x00"

_OCTET_LABELS: Final = tuple(bytes((len(str(i)),)) + str(i).encode() for i in range(256))
_NIBBLE_LABELS: Final = tuple(b"\x01" + b"%x" % i for i in range(16))
_NIBBLES: Final = frozenset(b"0123456789abcdef")


def reverse_name(address: bytes) -> bytes:
    """Return the name of an address's PTR record (RFC 1035 §3.5, RFC 3596 §2.5).

    Args:
        address: 4 or 16 octets.
    """
    if len(address) == 4:
        return b"".join([_OCTET_LABELS[octet] for octet in reversed(address)]) + IN_ADDR_ARPA
    labels: list[bytes] = []
    for octet in reversed(address):
        labels += (_NIBBLE_LABELS[octet & 15], _NIBBLE_LABELS[octet >> 4])
    return b"".join(labels) + IP6_ARPA


def begins_with_address(name: bytes) -> bool:
    """Tell whether a name begins with an address written backwards, and goes on.

    So do names that lists of mail senders are asked about (RFC 5782 §2.1, §2.4):
    four labels of decimal octets, or 32 of one hexadecimal digit.

    Args:
        name: in canonical form.
    """
    offset = 0
    for _ in range(4):
        length = name[offset]
        label = name[offset + 1 : offset + 1 + length]
        if not 1 <= length <= 3 or not label.isdigit() or int(label) > 255:
            break
        offset += 1 + length
    else:
        return name[offset] != 0
    return len(name) > 65 and all(name[i] == 1 and name[i + 1] in _NIBBLES for i in range(0, 64, 2))
