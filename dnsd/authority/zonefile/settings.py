"""The keys of the wrapped form beside ``records:``.

==========  =================================================================
key         value
==========  =================================================================
zone        the origin, when the file's name does not say it; ``.`` is the root
ttl         TTL of records that have none, default 1h
soa         primary, hostmaster (a mail address or a name), refresh, retry,
            expire, minimum, ttl
dnssec      ``{policy: default}``: sign the zone by this policy of dnsd.yaml
reverse     ``auto``, or ``{networks: [192.0.2.0/24]}``: make PTR records
silence     ids of warnings that are known and accepted
==========  =================================================================
"""

from __future__ import annotations

import ipaddress

from dnsd.authority.zonefile import idn
from dnsd.authority.zonefile.draft import DnssecSettings, ReverseSettings, SoaSettings
from dnsd.authority.zonefile.fields import NAME_FORM
from dnsd.source.nearest import did_you_mean
from dnsd.source.nodes import Broken, Mapping, Node, Scalar, Sequence, is_null, where
from dnsd.source.problems import Problem, Report, Severity, quoted, shortened
from dnsd.source.units import DURATION_FORM, duration_s
from dnsd.wire import names
from dnsd.wire.errors import FormError

RECORDS = "records"
KEYS = ("zone", "ttl", "soa", "dnssec", "reverse", "silence", RECORDS)
LATER_KEYS = ("mail",)  # of the format, but nothing here acts on them yet
MAX_TTL_S = 2**31 - 1  # RFC 2181 §8
_SOA_TIMERS = ("refresh", "retry", "expire", "minimum", "ttl")
_SOA_KEYS = ("primary", "hostmaster", *_SOA_TIMERS)


def read_ttl(node: Node, report: Report) -> int | None:
    """Read a TTL in seconds, ``300`` or ``5m``; ``None`` when it was reported."""
    text = text_of(node, "ttl", report)
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= 10 and text[0] != "0":
        seconds = int(text)
        if seconds <= MAX_TTL_S:
            return seconds
    return _seconds(node, text, "ttl", report)


def _seconds(node: Node, text: str, key: str, report: Report) -> int | None:
    """Read whole seconds within the range of TTLs, or say why not."""
    label = key.replace("-", ".")
    expected = f"{DURATION_FORM}; at most {MAX_TTL_S} seconds (RFC 2181 §8)"
    if text.isdigit() and len(text) > 1 and text[0] == "0":
        hint = shortened(text.lstrip("0") or "0")
        message = f"{label} {shortened(text)} has a leading zero"
        report(Problem(where(node), f"{key}-form", message, expected, hint))
        return None
    try:
        seconds = duration_s(text)
    except ValueError:
        message = f"{label} {quoted(text)} is not a duration"
        report(Problem(where(node), f"{key}-form", message, expected))
        return None
    if seconds > MAX_TTL_S or seconds != int(seconds):
        reason = "is out of range" if seconds > MAX_TTL_S else "is not whole seconds"
        report(Problem(where(node), f"{key}-range", f"{label} {text} {reason}", expected))
        return None
    return int(seconds)


def text_of(node: Node, key: str, report: Report) -> str | None:
    """Take a setting that is text; ``None`` when it was reported."""
    if isinstance(node, Scalar) and not is_null(node):
        return str(node.value)
    if not isinstance(node, Broken):
        found = "a list" if isinstance(node, Sequence) else "a mapping"
        message = f"{key.replace('-', '.')} is {'empty' if isinstance(node, Scalar) else found}"
        report(Problem(where(node), f"{key}-form", message, "text"))
    return None


def read_origin(node: Node, report: Report) -> bytes | None:
    """Read ``zone:``, with or without its final dot."""
    text = text_of(node, "zone", report)
    if text is None:
        return None
    try:
        return origin_from_text(text)
    except FormError as error:
        message = f"{quoted(text)} is not a zone name: {error.reason}"
        report(Problem(where(node), "zone-name", message, "a name as example.com"))
        return None


def origin_from_text(text: str) -> bytes:
    """Read the name of a zone, international or escaped, final dot or not.

    Raises:
        FormError: not a name.
    """
    if text == "@":
        raise FormError("'@' needs an origin")
    return names.from_text(idn.to_ascii(text))


def read_soa(node: Node, report: Report) -> SoaSettings:
    """Read ``soa:``; what is wrong or missing keeps its default."""
    settings = SoaSettings(where(node))
    if not isinstance(node, Mapping):
        if not isinstance(node, Broken):
            expected = f"a mapping of {', '.join(_SOA_KEYS)}"
            report(Problem(where(node), "soa-form", "soa is not a mapping", expected))
        return settings
    for key, (key_node, value) in node.fields.items():
        if key == "primary":
            settings.primary = _name(value, key, report)
        elif key == "hostmaster":
            settings.hostmaster = _hostmaster(value, report)
        elif key in _SOA_TIMERS:
            text = text_of(value, f"soa-{key}", report)
            seconds = None if text is None else _seconds(value, text, f"soa-{key}", report)
            if seconds is not None:
                setattr(settings, key, seconds)
        else:
            _unknown(key_node, _SOA_KEYS, "soa-key", report)
    return settings


def _name(node: Node, key: str, report: Report) -> bytes | None:
    text = text_of(node, f"soa-{key}", report)
    if text is None:
        return None
    try:
        # Always absolute: `ns1` alone would be a name at the top of the DNS.
        name = names.from_text(idn.to_ascii(text))
        if names.label_count(name) > 1 or names.is_absolute(text):
            return name
        reason = "one label"
    except FormError as error:
        reason = error.reason
    message = f"{key} {quoted(text)} is not a full name: {reason}"
    report(Problem(where(node), f"soa-{key}-name", message, f"{NAME_FORM} (RFC 1035 §3.3.13)"))
    return None


def _hostmaster(node: Node, report: Report) -> bytes | None:
    """Read a mail address, whose local part is one label, or a name.

    Source: RFC 1035 §8.
    """
    text = text_of(node, "soa-hostmaster", report)
    if text is None or "@" not in text:
        return _name(node, "hostmaster", report) if text is not None else None
    local, _, domain = text.rpartition("@")
    try:
        labels = [local.encode("ascii"), *names.to_labels(names.from_text(idn.to_ascii(domain)))]
        return names.from_labels(labels)
    except (FormError, UnicodeEncodeError) as error:
        reason = error.reason
        message = f"hostmaster {quoted(text)} is not a mail address: {reason}"
        expected = "a mail address as hostmaster@example.com"
        report(Problem(where(node), "soa-hostmaster-address", message, expected))
        return None


def read_reverse(node: Node, report: Report) -> ReverseSettings | None:
    """Read ``reverse:``; ``None`` for none, or when it was reported."""
    expected = "auto, or {networks: [192.0.2.0/24, 2001:db8::/64]}"
    if isinstance(node, Broken) or is_null(node):
        return None
    if isinstance(node, Scalar):
        if node.value == "auto":
            return ReverseSettings((), where(node))
        report(Problem(where(node), "reverse-form", f"reverse {quoted(node.value)}", expected))
        return None
    listed = node.get("networks") if isinstance(node, Mapping) else None
    if isinstance(node, Mapping):
        for key, (key_node, _) in node.fields.items():
            if key != "networks":
                _unknown(key_node, ("networks",), "reverse-key", report)
    if not isinstance(listed, Sequence) or not listed.items:
        if not isinstance(listed, Broken):
            message = "reverse has no list of networks"
            report(Problem(where(listed or node), "reverse-form", message, expected))
        return None
    networks = [_network(item, report) for item in listed.items]
    return ReverseSettings(tuple(network for network in networks if network), where(node))


def _network(node: Node, report: Report) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    text = text_of(node, "reverse-network", report)
    if text is None:
        return None
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        try:
            hint = str(ipaddress.ip_network(text, strict=False))
        except ValueError:
            hint = ""
        reason = "has host bits set" if hint else "is not a network"
        del error
        expected = "an address and a prefix length, 192.0.2.0/24"
        message = f"{quoted(text)} {reason}"
        report(Problem(where(node), "reverse-network", message, expected, hint))
        return None


def read_dnssec(node: Node, report: Report) -> DnssecSettings | None:
    """Read ``dnssec:``; ``None`` for none, or when it was reported."""
    if isinstance(node, Broken) or is_null(node):
        return None
    if not isinstance(node, Mapping):
        report(Problem(where(node), "dnssec-form", "dnssec is not a mapping", "{policy: default}"))
        return None
    for key, (key_node, _) in node.fields.items():
        if key != "policy":
            _unknown(key_node, ("policy",), "dnssec-key", report)
    written = node.get("policy")
    if written is None:
        message = "dnssec does not name its policy"
        report(Problem(where(node), "dnssec-form", message, "{policy: default}"))
        return None
    text = text_of(written, "dnssec-policy", report)
    return None if text is None else DnssecSettings(text, where(written))


def read_silence(node: Node, report: Report) -> frozenset[str]:
    """Read ``silence:``, a list of ids of warnings."""
    if isinstance(node, Sequence):
        texts = [text_of(item, "silence", report) for item in node.items]
        return frozenset(text for text in texts if text)
    if not isinstance(node, Broken) and not is_null(node):
        expected = "a list of ids of warnings, as printed: [mx-exchange-dot]"
        report(Problem(where(node), "silence-form", "silence is not a list", expected))
    return frozenset()


def report_unknown_key(key: Scalar, report: Report) -> None:
    """Report a key of the wrapped form that nothing reads."""
    if key.value in LATER_KEYS:
        message = f"{key.value!r} is not acted on by this version"
        hint = "write the records it stands for"
        report(Problem(where(key), "zone-key-later", message, "", hint, Severity.WARNING))
    else:
        _unknown(key, KEYS, "zone-key", report)


def _unknown(key: Scalar, known: tuple[str, ...], problem_id: str, report: Report) -> None:
    report(
        Problem(
            where(key),
            problem_id,
            f"{quoted(key.value)} is not a key here",
            ", ".join(known),
            did_you_mean(key.value, known),
        )
    )
