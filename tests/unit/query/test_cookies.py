"""DNS cookies: the vectors of RFC 9018, and that nothing else is accepted."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.query.cookies import CLIENT_ONLY, INVALID, MALFORMED, VALID, Cookies, Verdict

SECRET = bytes.fromhex("e5e973e5a6b2a43f48e7dc849e37bfcf")
OTHER = bytes.fromhex("445536bcd2513298075a5d379663c962")
ROLLED = bytes.fromhex("dd3bdf9344b678b185a6f5cb60fca715")
CLIENT = ipaddress.ip_address("198.51.100.100").packed
NOW = 1_700_000_000


def packed(address):
    return ipaddress.ip_address(address).packed


# RFC 9018 appendix A
@pytest.mark.parametrize(
    ("secret", "client", "sent", "wall_now", "verdict", "expected"),
    [
        pytest.param(
            SECRET,
            "198.51.100.100",
            "2464c4abcf10c957",
            1559731985,
            CLIENT_ONLY,
            "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
            id="A.1 learning a new server cookie",
        ),
        pytest.param(
            SECRET,
            "198.51.100.100",
            "2464c4abcf10c957010000005cf79f111f8130c3eee29480",
            1559734385,
            VALID,
            "2464c4abcf10c957010000005cf7a871d4a564a1442aca77",
            id="A.2 the same client learning a renewed cookie",
        ),
        pytest.param(
            SECRET,
            "203.0.113.203",
            "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5",
            1559734700,
            INVALID,
            "fc93fc62807ddb86010000005cf7a9acf73a7810aca2381e",
            id="A.3 a cookie of more than an hour",
        ),
        pytest.param(
            OTHER,
            "2001:db8:220:1:59de:d0f4:8769:82b8",
            "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
            1559741961,
            VALID,
            "22681ab97d52c298010000005cf7c609a6bb79d16625507a",
            id="A.4 IPv6, rolled secret",
        ),
    ],
)
def test_the_vectors_of_the_standard(secret, client, sent, wall_now, verdict, expected):
    assert Cookies([secret, ROLLED]).answer(bytes.fromhex(sent), packed(client), wall_now) == (
        verdict,
        bytes.fromhex(expected),
    )


def test_reserved_octets_are_hashed_as_they_came():
    """The cookie of RFC 9018 appendix A.3, made by another implementation."""
    option = bytes.fromhex("fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5")
    assert Cookies([SECRET]).verify(option, packed("203.0.113.203"), 1559728000) == VALID


@pytest.mark.parametrize(
    ("length", "verdict"),
    [(n, MALFORMED) for n in (0, 1, 7, 9, 15, 41, 100)]
    + [(8, CLIENT_ONLY), (16, INVALID), (23, INVALID), (24, INVALID), (25, INVALID), (40, INVALID)],
)
def test_the_length_decides_first(length, verdict):
    assert Cookies([SECRET]).verify(b"\1" * length, CLIENT, NOW) == verdict


@pytest.mark.parametrize(
    ("age", "verdict"),
    [
        pytest.param(0, VALID, id="just made"),
        pytest.param(3600, VALID, id="an hour"),
        pytest.param(3601, INVALID, id="over an hour"),
        pytest.param(-300, VALID, id="five minutes ahead"),
        pytest.param(-301, INVALID, id="further ahead"),
    ],
)
def test_a_cookie_is_good_for_an_hour_and_five_minutes_ahead(age, verdict):
    cookies = Cookies([SECRET])
    option = cookies.make(b"abcdefgh", CLIENT, NOW - age)
    assert cookies.verify(option, CLIENT, NOW) == verdict


def test_time_wraps_around():
    cookies = Cookies([SECRET])
    option = cookies.make(b"abcdefgh", CLIENT, 2**32 - 10)
    assert cookies.verify(option, CLIENT, 2**32 + 20) == VALID
    assert cookies.verify(option, CLIENT, 2**32 + 5000) == INVALID


@pytest.mark.parametrize(
    ("age", "same"),
    [
        pytest.param(0, True, id="young"),
        pytest.param(1800, True, id="half an hour"),
        pytest.param(1801, False, id="older"),
        pytest.param(-1, False, id="from the future"),
    ],
)
def test_a_valid_cookie_is_renewed_when_it_gets_old(age, same):
    cookies = Cookies([SECRET])
    option = cookies.make(b"abcdefgh", CLIENT, NOW - age)
    verdict, answer = cookies.answer(option, CLIENT, NOW)
    assert verdict == VALID
    assert (answer == option) is same
    assert answer[:8] == b"abcdefgh"
    assert cookies.verify(answer, CLIENT, NOW) == VALID


@pytest.mark.parametrize(
    ("option", "verdict"),
    [(b"abcdefgh", CLIENT_ONLY), (b"abcdefgh" + bytes(8), INVALID), (b"abcdefgh" * 3, INVALID)],
)
def test_a_client_without_a_good_cookie_gets_one(option, verdict):
    cookies = Cookies([SECRET])
    assert cookies.answer(option, CLIENT, NOW) == (verdict, cookies.make(b"abcdefgh", CLIENT, NOW))


def test_nothing_is_answered_to_a_malformed_cookie():
    assert Cookies([SECRET]).answer(b"short", CLIENT, NOW) == (Verdict.MALFORMED, b"")


def test_a_rotation_keeps_the_last_secret_and_drops_the_one_before():
    cookies = Cookies([SECRET])
    option = cookies.make(b"abcdefgh", CLIENT, NOW)
    cookies.replace_secrets([OTHER, SECRET])
    assert cookies.verify(option, CLIENT, NOW) == VALID
    assert cookies.make(b"abcdefgh", CLIENT, NOW) != option
    cookies.replace_secrets([bytes(16), OTHER])
    assert cookies.verify(option, CLIENT, NOW) == INVALID


@pytest.mark.parametrize(
    "secrets", [[], [b"short"], [SECRET + b"x"], [SECRET, OTHER, SECRET]], ids=len
)
def test_secrets_are_one_or_two_of_16_octets(secrets):
    with pytest.raises(ValueError):
        Cookies(secrets)


def test_a_cookie_belongs_to_its_address():
    cookies = Cookies([SECRET])
    option = cookies.make(b"abcdefgh", CLIENT, NOW)
    assert cookies.verify(option, packed("198.51.100.101"), NOW) == INVALID
    assert cookies.verify(option, packed("2001:db8::1"), NOW) == INVALID


@given(option=st.binary(max_size=48), client=st.sampled_from([CLIENT, packed("2001:db8::1")]))
def test_nothing_is_valid_without_the_secret(option, client):
    verdict = Cookies([SECRET, OTHER]).verify(option, client, NOW)
    assert verdict in set(Verdict) - {Verdict.VALID}


@given(position=st.integers(0, 23), bit=st.integers(0, 7))
def test_no_bit_of_a_cookie_can_change(position, bit):
    cookies = Cookies([SECRET])
    option = bytearray(cookies.make(b"abcdefgh", CLIENT, NOW))
    option[position] ^= 1 << bit
    assert cookies.verify(bytes(option), CLIENT, NOW) == INVALID
