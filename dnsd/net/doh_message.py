"""DNS in HTTP: a request becomes a query, a reply a response (RFC 8484).

Pure functions, the same for both versions of HTTP. What is refused::

    404  another path                      405  neither GET nor POST
    400  no query in it, or none that DNS  413  a longer body than a message has
         would answer                      414  a longer target than we read
    415  a body that is no DNS message

A response may be kept for as long as its records live (RFC 8484 §5.1), which is
the least TTL of the answer section or, without an answer, what RFC 2308 §5 says.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType
from dnsd.wire.reader import HEADER_OCTETS, Reader
from dnsd.wire.records import read_record

if TYPE_CHECKING:
    from collections.abc import Iterable

MEDIA_TYPE: Final = b"application/dns-message"

# The query itself is bounded by the headers' own limit in HTTP/2.
MAX_TARGET_OCTETS: Final = 8192

_QR: Final = 0x80
_SOA: Final = int(RRType.SOA)
_QUESTION_TAIL: Final = 4  # octets of type and class
_MINIMUM: Final = 4  # octets of the last field of an SOA
_BASE64URL: Final = bytes.maketrans(b"-_", b"+/")


@dataclass(frozen=True, slots=True)
class DohOptions:
    """What is served, and how much of a request is read.

    Attributes:
        path: of the URL, as in the request.
        body_octets: of a query (``doh_body``).
        headers_octets: of one request (``doh_headers``).
        streams: requests of one connection that wait (``doh_streams``).
        resets_per_second: of one connection (``doh_resets``).
    """

    path: bytes = b"/dns-query"
    body_octets: int = 65535
    headers_octets: int = 16384
    streams: int = 100
    resets_per_second: int = 200


@dataclass(slots=True)
class Head:
    """What of a request's headers matters here.

    Attributes:
        method: as sent.
        target: path and query.
        content_type: of the body, without parameters, in lower case.
        content_length: announced octets of the body; -1 when it is not said.
        forwarded_for: values of X-Forwarded-For and Forwarded, in their order.
    """

    method: bytes = b""
    target: bytes = b""
    content_type: bytes = b""
    content_length: int = -1
    forwarded_for: tuple[tuple[bytes, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A response without DNS.

    Attributes:
        status: of the response.
        limit: name of the limit that was hit; may be empty.
    """

    status: HTTPStatus
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """What goes back over HTTP.

    Attributes:
        status: 200, or why not.
        headers: names in lower case.
        body: a DNS message, or a line for people.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes


NOT_FOUND: Final = Refusal(HTTPStatus.NOT_FOUND)
NO_QUERY: Final = Refusal(HTTPStatus.BAD_REQUEST)
BODY_TOO_LARGE: Final = Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "doh_body")


def head_of(method: bytes, target: bytes, headers: Iterable[tuple[bytes, bytes]]) -> Head:
    """Read the headers that matter.

    Args:
        method: as sent.
        target: as sent.
        headers: their names in lower case.
    """
    head = Head(method, target)
    for name, value in headers:
        if name == b"content-type":
            head.content_type = value.partition(b";")[0].strip().lower()
        elif name == b"content-length":
            # Both versions have refused what is no number.
            head.content_length = int(value) if value.isdigit() else -1
        elif name in {b"x-forwarded-for", b"forwarded"}:
            head.forwarded_for += ((name, value),)
    return head


def judge(head: Head, options: DohOptions) -> Refusal | None:
    """Refuse a request by its headers, before its body is read."""
    target = head.target
    if len(target) > MAX_TARGET_OCTETS:
        return Refusal(HTTPStatus.REQUEST_URI_TOO_LONG, "doh_headers")
    if target.partition(b"?")[0] != options.path:
        return NOT_FOUND
    if head.method not in {b"GET", b"POST"}:
        return Refusal(HTTPStatus.METHOD_NOT_ALLOWED)
    if head.content_length > options.body_octets:
        return BODY_TOO_LARGE
    if head.method == b"POST" and head.content_type != MEDIA_TYPE:
        return Refusal(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    return None


def query_of(head: Head, body: bytes, options: DohOptions) -> bytes | Refusal:
    """Return the DNS message of a whole request.

    Args:
        head: not refused by `judge`.
        body: all of it; that of a GET means nothing.
        options: bounds.
    """
    if head.method == b"GET":
        message = _variable(head.target)
        if message is None:
            return NO_QUERY
        if len(message) > options.body_octets:
            return BODY_TOO_LARGE
    else:
        message = body
    # DNS has no answer to these, HTTP must have one.
    if len(message) < HEADER_OCTETS or message[2] & _QR:
        return NO_QUERY
    return message


def _variable(target: bytes) -> bytes | None:
    """Decode the variable ``dns`` of a target (RFC 8484 §4.1, §6)."""
    for part in target.partition(b"?")[2].split(b"&"):
        name, _, value = part.partition(b"=")
        if name == b"dns":
            try:
                padded = value.translate(_BASE64URL) + b"=" * (-len(value) % 4)
                # RFC 4648 §3.2, §3.5: no padding where none is asked for, nothing unknown.
                if b"=" in value or b"+" in value or b"/" in value:
                    return None
                return base64.b64decode(padded, validate=True)
            except binascii.Error:
                return None
    return None


def response_of(reply: bytes) -> Response:
    """Put a DNS message into a response."""
    age = b"max-age=%d" % freshness_s(reply)
    headers = (
        (b"content-type", MEDIA_TYPE),
        (b"content-length", b"%d" % len(reply)),
        (b"cache-control", age),
    )
    return Response(200, headers, reply)


def refused(refusal: Refusal, method: bytes = b"GET") -> Response:
    """Make the response of a refusal.

    Args:
        refusal: why.
        method: a HEAD gets no body (RFC 9110 §9.3.2).
    """
    status = refusal.status
    body = b"" if method == b"HEAD" else f"{status.value} {status.phrase}\n".encode()
    headers: tuple[tuple[bytes, bytes], ...] = (
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
        (b"cache-control", b"no-store"),
    )
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        headers += ((b"allow", b"GET, POST"),)
    return Response(status.value, headers, body)


def freshness_s(reply: bytes) -> int:
    """Return how long a reply may be kept, in seconds.

    Args:
        reply: a message of our own making.
    """
    reader = Reader(reply, HEADER_OCTETS)
    questions, answers, authorities = (reply[place] << 8 | reply[place + 1] for place in (4, 6, 8))
    try:
        for _ in range(questions):
            reader.name()
            reader.skip(_QUESTION_TAIL)
        if answers:
            return min(_ttls(reader, answers))
        return _negative_ttl(reader, authorities)
    except FormError:
        return 0  # a question that could only be echoed


def _ttls(reader: Reader, count: int) -> Iterable[int]:
    for _ in range(count):
        record = read_record(reader)
        reader.skip(record.rdlength)
        yield record.ttl


def _negative_ttl(reader: Reader, count: int) -> int:
    for _ in range(count):
        record = read_record(reader)
        rdata = reader.octets(record.rdlength)
        if record.type == _SOA:
            return min(record.ttl, int.from_bytes(rdata[-_MINIMUM:], "big"))
    return 0
