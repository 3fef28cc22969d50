"""What of HTTP is a query, what is refused and how, and how long a reply may be kept."""

import base64
from http import HTTPStatus

import dns.message
import dns.rrset
import pytest
from fakes.octets import query

from dnsd.net.doh_message import (
    BODY_TOO_LARGE,
    MAX_TARGET_OCTETS,
    DohOptions,
    Head,
    Refusal,
    freshness_s,
    head_of,
    judge,
    query_of,
    refused,
    response_of,
)

OPTIONS = DohOptions()
QUERY = query("www.example.test.")
MEDIA = b"application/dns-message"


def base64url(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=")


def get(variable=b"", path=b"/dns-query"):
    return Head(b"GET", path + b"?dns=" + (variable or base64url(QUERY)))


def post(content_type=MEDIA, length=-1, path=b"/dns-query"):
    return Head(b"POST", path, content_type, length)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(get(), id="get"),
        pytest.param(post(), id="post"),
        pytest.param(post(length=65535), id="the longest body"),
        pytest.param(Head(b"GET", b"/dns-query"), id="a variable is looked for later"),
    ],
)
def test_these_requests_are_read(head):
    assert judge(head, OPTIONS) is None


@pytest.mark.parametrize(
    ("head", "status", "limit"),
    [
        pytest.param(get(path=b"/"), 404, "", id="another path"),
        pytest.param(get(path=b"/dns-query/"), 404, "", id="nearly the path"),
        pytest.param(post(path=b"//dns-query"), 404, "", id="nearly the path, posted"),
        pytest.param(Head(b"PUT", b"/dns-query", MEDIA), 405, "", id="another method"),
        pytest.param(Head(b"HEAD", b"/dns-query?dns=AAAA"), 405, "", id="head"),
        pytest.param(post(length=65536), 413, "doh_body", id="a longer body"),
        pytest.param(post(b"application/json"), 415, "", id="another type"),
        pytest.param(post(b""), 415, "", id="no type"),
        pytest.param(get(b"A" * MAX_TARGET_OCTETS), 414, "doh_headers", id="a long target"),
    ],
)
def test_these_requests_are_refused_before_their_body(head, status, limit):
    assert judge(head, OPTIONS) == Refusal(status, limit)


def test_the_path_is_the_operators():
    options = DohOptions(path=b"/secret")
    assert judge(get(path=b"/secret"), options) is None
    assert judge(get(), options).status == 404


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param(b"dns=" + base64url(QUERY), QUERY, id="alone"),
        pytest.param(b"a=1&dns=" + base64url(QUERY) + b"&b", QUERY, id="among others"),
        pytest.param(b"dns=" + base64url(b"\xfb\xff" * 8), 400, id="a response"),
        pytest.param(b"dns=" + base64url(b"\0" * 9 + b"\xfb\xff\xbf"), None, id="all letters"),
        pytest.param(b"dns=" + base64.urlsafe_b64encode(QUERY), 400, id="padding"),
        pytest.param(b"dns=" + base64.b64encode(b"\0" * 9 + b"\xfb\xff\xbf"), 400, id="base64"),
        pytest.param(b"dns=AAA*AAAAAAAAAAAAAAAAAAAA", 400, id="no letter"),
        pytest.param(b"dns=%41AAA", 400, id="percent"),
        pytest.param(b"dns=AAAAAAAAAAAAAAAAA", 400, id="a length that cannot be"),
        pytest.param(b"dns=", 400, id="empty"),
        pytest.param(b"dns", 400, id="no value"),
        pytest.param(b"DNS=" + base64url(QUERY), 400, id="another variable"),
        pytest.param(b"dns=" + base64url(QUERY[:11]), 400, id="less than a header"),
    ],
)
def test_the_variable_of_a_get_is_the_query(variables, expected):
    found = query_of(Head(b"GET", b"/dns-query?" + variables), b"", OPTIONS)
    if expected is None:
        expected = b"\0" * 9 + b"\xfb\xff\xbf"
    if isinstance(expected, int):
        assert found == Refusal(expected)
    else:
        assert found == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(QUERY, QUERY, id="a query"),
        pytest.param(b"\xff" * 2 + b"\0" * 10, b"\xff" * 2 + b"\0" * 10, id="any query"),
        pytest.param(b"", Refusal(400), id="nothing"),
        pytest.param(QUERY[:11], Refusal(400), id="less than a header"),
        pytest.param(QUERY[:2] + b"\x80" + QUERY[3:], Refusal(400), id="a response"),
    ],
)
def test_the_body_of_a_post_is_the_query(body, expected):
    assert query_of(post(), body, OPTIONS) == expected


def test_the_bound_of_bodies_holds_for_variables_too():
    long = QUERY + bytes(500)
    assert query_of(get(base64url(long)), b"", DohOptions(body_octets=512)) == BODY_TOO_LARGE
    assert query_of(get(base64url(long)), b"", OPTIONS) == long


def test_of_the_headers_these_are_read():
    head = head_of(
        b"POST",
        b"/dns-query",
        [
            (b"content-type", b"Application/DNS-Message; charset=x"),
            (b"content-length", b"33"),
            (b"x-forwarded-for", b"192.0.2.1"),
            (b"x-other", b"1"),
            (b"x-forwarded-for", b"192.0.2.2"),
            (b"forwarded", b"for=192.0.2.3"),
        ],
    )
    assert (head.content_type, head.content_length) == (MEDIA, 33)
    assert head.forwarded_for == (
        (b"x-forwarded-for", b"192.0.2.1"),
        (b"x-forwarded-for", b"192.0.2.2"),
        (b"forwarded", b"for=192.0.2.3"),
    )


def reply(*, answer=(), authority=(), rcode=0):
    message = dns.message.make_response(dns.message.make_query("www.example.test.", "A"))
    message.set_rcode(rcode)
    message.answer = [dns.rrset.from_text(*each) for each in answer]
    message.authority = [dns.rrset.from_text(*each) for each in authority]
    return message.to_wire()


A = ("www.example.test.", 300, "IN", "A", "192.0.2.1", "192.0.2.2")
ALIAS = ("www.example.test.", 60, "IN", "CNAME", "host.example.test.")
NS = ("example.test.", 5, "IN", "NS", "ns1.example.test.")
SOA = ("example.test.", 3600, "IN", "SOA", "ns1.example.test. h.example.test. 1 2 3 4 900")
SHORT_SOA = ("example.test.", 30, *SOA[2:])


@pytest.mark.parametrize(
    ("octets", "seconds"),
    [
        pytest.param(reply(answer=[A]), 300, id="an answer"),
        pytest.param(reply(answer=[A, ALIAS]), 60, id="the least of the answer"),
        pytest.param(reply(answer=[A], authority=[NS]), 300, id="other sections do not count"),
        pytest.param(reply(authority=[NS, SOA]), 900, id="no data: the minimum"),
        pytest.param(reply(authority=[SHORT_SOA], rcode=3), 30, id="no name: the SOA's own TTL"),
        pytest.param(reply(authority=[NS]), 0, id="a referral"),
        pytest.param(reply(rcode=2), 0, id="a failure"),
        pytest.param(QUERY[:2] + b"\x80\x01" + bytes(8), 0, id="only a header"),
        pytest.param(QUERY[:2] + b"\x80\x01\0\1" + bytes(6) + b"\xc0", 0, id="a broken question"),
    ],
)
def test_a_reply_is_kept_as_long_as_its_records(octets, seconds):
    assert freshness_s(octets) == seconds


def test_a_response_is_the_reply_and_says_so():
    octets = reply(answer=[A])
    response = response_of(octets)
    assert (response.status, response.body) == (200, octets)
    assert dict(response.headers) == {
        b"content-type": MEDIA,
        b"content-length": b"%d" % len(octets),
        b"cache-control": b"max-age=300",
    }


def test_a_refusal_says_why_and_is_not_kept():
    response = refused(Refusal(HTTPStatus.NOT_FOUND))
    assert (response.status, response.body) == (404, b"404 Not Found\n")
    assert dict(response.headers)[b"cache-control"] == b"no-store"
    assert b"allow" not in dict(response.headers)


def test_a_refused_method_comes_with_those_that_are_not():
    response = refused(Refusal(HTTPStatus.METHOD_NOT_ALLOWED), b"HEAD")
    assert dict(response.headers)[b"allow"] == b"GET, POST"
    assert response.body == b""
