"""RFC 8484: DNS over HTTPS."""

import dns.flags
import dns.message
import pytest
from conformance.conftest import Arrangement
from conformance.encrypted import http_1, http_2, parsed
from fakes.doh import MEDIA, PATH, target
from peers.servers import Setup

pytestmark = pytest.mark.reference("named")


@pytest.fixture
def arrangement():
    return Arrangement(setup=Setup(is_encrypted=True))


def query(name="www.example.test.", rrtype="A", number=0):
    made = dns.message.make_query(name, rrtype, use_edns=0)
    made.flags, made.id = 0, number
    return made.to_wire()


def fetch(subject, method, octets):
    with http_2(subject) as web:
        stream = getattr(web.client, method)(octets)
        ((status, body),) = web.wait(stream)
        return status, body, web.client.headers[stream]


@pytest.mark.rfc("8484", "4.1")
@pytest.mark.rfc("8484", "4.2")
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("name", ["www.example.test.", "none.example.test.", "elsewhere.example."])
def test_everything_that_udp_answers_is_answered_over_https(subject, method, name):
    status, body, headers = fetch(subject, method, query(name))
    over_udp = subject.exchange(dns.message.from_wire(query(name)))
    assert status == 200, "also when the answer is no"
    assert headers[b"content-type"] == MEDIA
    secret = parsed(body)
    assert (secret.rcode(), secret.answer) == (over_udp.rcode(), over_udp.answer)


@pytest.mark.rfc("8484", "4.1")
@pytest.mark.parametrize("number", [0, 1, 65535])
def test_the_id_is_the_queries(subject, number):
    _, body, _ = fetch(subject, "post", query(number=number))
    assert parsed(body).id == number


# named answers 400.
@pytest.mark.rfc("8484", "4.1")
@pytest.mark.reference(None)
def test_other_variables_mean_nothing(subject):
    with http_2(subject) as web:
        path = target(query()) + b"&ct=application/dns-message"
        ((status, body),) = web.wait(web.client.request(b"GET", path))
    assert status == 200
    assert parsed(body).answer


# named answers 400 to all of these.
@pytest.mark.rfc("8484", "4.2.1")
@pytest.mark.reference(None)
@pytest.mark.parametrize(
    ("method", "path", "media", "body", "status"),
    [
        pytest.param(b"GET", b"/", b"", b"", 404, id="another path"),
        pytest.param(b"GET", PATH, b"", b"", 400, id="no query"),
        pytest.param(b"GET", PATH + b"?dns=a*a", b"", b"", 400, id="no base64url"),
        pytest.param(b"GET", target(query()) + b"==", b"", b"", 400, id="padding"),
        pytest.param(b"PUT", PATH, MEDIA, query(), 405, id="another method"),
        pytest.param(b"POST", PATH, b"text/plain", query(), 415, id="another type"),
        pytest.param(b"POST", PATH, MEDIA, b"", 400, id="an empty body"),
        pytest.param(b"GET", PATH + b"?dns=" + b"A" * 9000, b"", b"", 414, id="a long target"),
    ],
)
def test_what_is_no_query_is_refused_with_the_status_for_it(
    subject, method, path, media, body, status
):
    headers = [(b"content-type", media)] if media else []
    with http_2(subject) as web:
        ((got, _),) = web.wait(web.client.request(method, path, headers, body))
        assert got == status
        ((after, _),) = web.wait(web.client.get(query()))
        assert after == 200


# named closes the connection.
@pytest.mark.rfc("8484", "4.2.1")
@pytest.mark.reference(None)
def test_a_body_longer_than_any_message_is_refused_before_it_is_sent(subject):
    headers = [(b"content-type", MEDIA), (b"content-length", b"65536")]
    with http_2(subject) as web:
        stream = web.client.request(b"POST", PATH, headers, end=False)
        ((status, _),) = web.wait(stream)
    assert status == 413


@pytest.mark.rfc("8484", "5.1")
@pytest.mark.parametrize("name", ["www.example.test.", "none.example.test."])
def test_a_response_is_fresh_as_long_as_its_records(subject, name):
    _, body, headers = fetch(subject, "get", query(name))
    reply = parsed(body)
    ttls = [rrset.ttl for rrset in reply.answer]
    if not ttls:
        (soa,) = reply.authority
        ttls = [soa.ttl, soa[0].minimum]
    assert headers[b"cache-control"] == b"max-age=%d" % min(ttls)


@pytest.mark.rfc("8484", "5.2")
def test_many_queries_wait_on_one_connection(subject):
    with http_2(subject) as web:
        streams = [web.client.get(query(number=number)) for number in range(50)]
        replies = [parsed(body) for _, body in web.wait(*streams)]
    assert [reply.id for reply in replies] == list(range(50))
    assert all(reply.answer for reply in replies)


# named and knotd speak HTTP/2 only.
@pytest.mark.rfc("8484", "5.2")
@pytest.mark.reference(None)
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_older_version_of_http_is_spoken_too(subject, method):
    status, body, headers = http_1(subject, lambda client: getattr(client, method)(query()))
    assert (status, headers[b"content-type"]) == (200, MEDIA)
    assert parsed(body).answer


@pytest.mark.rfc("8484", "6")
def test_a_reply_too_long_for_udp_comes_whole(subject):
    status, body, _ = fetch(subject, "post", query("65000.sizes.test.", "TXT"))
    assert status == 200
    assert len(body) > 64000
    assert not parsed(body).flags & dns.flags.TC
