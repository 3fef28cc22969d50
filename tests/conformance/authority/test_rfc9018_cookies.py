"""RFC 9018: cookies that every server with the secret makes and takes alike.

Whether a cookie was taken is seen by BADCOOKIE: named, which requires cookies
here, sends it to questions, dnsd to a cookie without a question (RFC 7873 §5.4).
"""

import time

import dns.edns
import dns.message
import dns.rcode
import pytest
from conformance.conftest import Arrangement
from peers.servers import Setup
from siphash24 import siphash24

SECRET = "e5e973e5a6b2a43f48e7dc849e37bfcf"
CLIENT = bytes.fromhex("2464c4abcf10c957")
ADDRESS = bytes([127, 0, 0, 1])
MINUTE_S = 60


@pytest.fixture
def arrangement():
    return Arrangement(setup=Setup(cookie_secret=SECRET))


def made(timestamp, *, version=1, reserved=bytes(3), address=ADDRESS, secret=SECRET):
    """Make a cookie as section 4 says."""
    plain = CLIENT + bytes([version]) + reserved + (timestamp & 0xFFFFFFFF).to_bytes(4, "big")
    return plain + siphash24(plain + address, key=bytes.fromhex(secret)).digest()


def ask(subject, cookie):
    """Send a cookie with a question and without; whether it was taken, and what came back."""
    query = dns.message.make_query("example.test.", "SOA", use_edns=False)
    query.flags = 0
    query.use_edns(edns=0, payload=1232, options=[dns.edns.GenericOption(10, cookie)])
    replies = [subject.exchange(query)]
    query.question = []
    replies.append(subject.exchange(query))
    (back,) = [option.to_wire() for option in replies[1].options if option.otype == 10]
    return all(reply.rcode() != dns.rcode.BADCOOKIE for reply in replies), back


def age_s(cookie):
    return int(time.time()) - int.from_bytes(cookie[12:16], "big")


pytestmark = pytest.mark.reference("named")


@pytest.mark.rfc("9018", "4")
def test_a_cookie_is_made_of_version_time_and_hash(subject):
    _, cookie = ask(subject, CLIENT)
    timestamp = int.from_bytes(cookie[12:16], "big")
    assert cookie == made(timestamp)
    assert abs(age_s(cookie)) < MINUTE_S


@pytest.mark.rfc("9018", "4.3")
@pytest.mark.parametrize(
    ("minutes", "is_good"),
    [
        (0, True),
        (-29, True),
        (-58, True),
        (-62, False),
        (-100000, False),
        (4, True),
        (6, False),
    ],
)
def test_a_cookie_is_good_for_an_hour_and_five_minutes_ahead(subject, minutes, is_good):
    taken, cookie = ask(subject, made(int(time.time()) + minutes * MINUTE_S))
    assert taken is is_good
    assert cookie[:8] == CLIENT


@pytest.mark.rfc("9018", "4.3")
@pytest.mark.parametrize("minutes", [-40, -100])
def test_a_cookie_of_more_than_half_an_hour_is_renewed(subject, minutes):
    _, cookie = ask(subject, made(int(time.time()) + minutes * MINUTE_S))
    assert age_s(cookie) < MINUTE_S


@pytest.mark.rfc("9018", "4.4")
@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"address": bytes([127, 0, 0, 2])},
        {"secret": "00" * 16},
    ],
    ids=["another version", "another client", "another secret"],
)
def test_a_cookie_that_others_made_or_for_others_is_not_taken(subject, changes):
    taken, cookie = ask(subject, made(int(time.time()), **changes))
    assert not taken
    assert cookie == made(int.from_bytes(cookie[12:16], "big"))


# named wants them to be zero; the vectors in appendix A.3 of the RFC have others.
@pytest.mark.rfc("9018", "A.3")
@pytest.mark.reference(None)
def test_reserved_octets_of_a_later_version_are_hashed_as_they_came(subject):
    taken, _ = ask(subject, made(int(time.time()), reserved=b"abc"))
    assert taken
