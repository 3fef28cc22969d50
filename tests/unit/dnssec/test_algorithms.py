import base64
from unittest import mock

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from fakes.signed import rsa_dnskey, signing_key

from dnsd.dnssec import algorithms
from dnsd.dnssec.algorithms import Algorithm, KeyFault, PublicKey, load_public_key

MODULUS = bytes.fromhex("c3" + "5b" * 254 + "01")  # 2,048 bits, odd


def rsa_octets(modulus, exponent=b"\x01\x00\x01"):
    return rsa_dnskey(modulus, exponent)[4:]


def test_sha_1_signatures_do_not_count():
    """RFC 9905 §2: 5 and 7 are unsupported; the rest is what the registry has signed with."""
    assert {8, 10, 13, 14, 15, 16} == algorithms.SUPPORTED
    assert algorithms.HASHES.keys() == {1, 2, 4}


def test_an_algorithm_that_the_library_lacks_is_unsupported():
    lacking = mock.Mock(side_effect=UnsupportedAlgorithm("not in this build"))
    assert not algorithms.is_built_in(lacking)
    assert algorithms.is_built_in(mock.Mock())


def test_every_algorithm_has_a_price():
    assert algorithms.VERIFICATION_WORK.keys() == set(Algorithm)


@pytest.mark.parametrize("algorithm", sorted(algorithms.SUPPORTED))
def test_a_signature_is_verified(algorithm):
    key = signing_key(algorithm)
    public = load_public_key(algorithm, key.key.octets)
    signature = key._signature(b"message")
    assert public.verify(signature, b"message")
    assert public.work == algorithms.VERIFICATION_WORK[algorithm]
    assert not public.verify(signature, b"massage")
    assert not public.verify(b"", b"message")
    assert not public.verify(signature[:-1], b"message")
    assert not public.verify(signature + b"\x00", b"message")
    assert not public.verify(b"\x00" + signature, b"message")
    assert not public.verify(bytes(len(signature)), b"message")
    assert not public.verify(b"\xff" * len(signature), b"message")


@pytest.mark.parametrize(("algorithm", "half"), [(13, 32), (14, 48)])
def test_the_halves_of_a_signature_have_their_length(algorithm, half):
    """RFC 6605 §4: zeros in front of a number are another signature."""
    key = signing_key(algorithm)
    signature = key._signature(b"message")
    longer = signature[:half] + b"\x00" + signature[half:]
    assert not load_public_key(algorithm, key.key.octets).verify(longer, b"message")


# RFC 6605 §6.1, RFC 8080 §6.1: the examples' keys and signatures over their records.
OWNERS = {13: b"\x07example\x03net\x00", 15: b"\x07example\x03com\x00"}
EXAMPLES = {
    "RFC 6605 §6.1": (
        13,
        "GojIhhXUN/u4v54ZQqGSnyhWJwaubCvTmeexv7bR6edbkrSqQpF64cYbcB7wNcP+e+MAnLr+Wi9xMWyQLc8NAA==",
        "qx6wLYqmh+l9oCKTN6qIc+bw6ya+KJ8oMz0YP107epXAyGmt+3SNruPFKG7tZoLBLlUzGGus7ZwmwWep666VCw==",
        # A 13 3 3600 20100909100439 20100812100439 55648 example.net.
        "00010d0300000e104c88b1374c63c737d960" + OWNERS[13].hex()
        + "03777777076578616d706c65036e657400" + "0001000100000e100004c0000201",
    ),
    "RFC 8080 §6.1": (
        15,
        "l02Woi0iS8Aa25FQkUd9RMzZHJpBoRQwAQEX1SxZJA4=",
        "oL9krJun7xfBOIWcGHi7mag5/hdZrKWw15jPGrHpjQeRAvTdszaPD+QLs3fx8A4M3e23mRZ9VrbpMngwcrqNAg==",
        # MX 15 2 3600 1440021600 1438207200 3613 example.com.
        "000f0f0200000e1055d4fc6055b94ce00e1d" + OWNERS[15].hex()
        + OWNERS[15].hex() + "000f000100000e100014000a046d61696c" + OWNERS[15].hex(),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("algorithm", "key", "signature", "message"), EXAMPLES.values(), ids=EXAMPLES.keys()
)
def test_the_standards_own_examples_verify(algorithm, key, signature, message):
    public = load_public_key(algorithm, base64.b64decode(key))
    assert public.verify(base64.b64decode(signature), bytes.fromhex(message))


@pytest.mark.parametrize(
    ("modulus", "exponent", "fault"),
    [
        pytest.param(MODULUS, b"\x03", None, id="the least exponent"),
        pytest.param(MODULUS, b"\x01\x00\x01", None, id="an ordinary key"),
        pytest.param(MODULUS, b"\x00\x00\x00\x00\x00\x00\x01\x00\x01", None, id="zeros in front"),
        pytest.param(MODULUS, b"\xff" * 8, None, id="exponent of 64 bits"),
        pytest.param(MODULUS, b"\x01" + bytes(7) + b"\x01", KeyFault.UNSUPPORTED, id="of 65 bits"),
        pytest.param(MODULUS, b"\xff" * 255, KeyFault.UNSUPPORTED, id="of 2,040 bits"),
        pytest.param(MODULUS, b"\xff" * 60000, KeyFault.UNSUPPORTED, id="of 480,000 bits"),
        pytest.param(MODULUS[:127] + b"\x02", b"\x03", KeyFault.MALFORMED, id="even modulus"),
        pytest.param(MODULUS[:127] + b"\x01", b"\x03", None, id="1,024 bits"),
        pytest.param(b"\x7f" + MODULUS[1:127] + b"\x01", b"\x03", KeyFault.UNSUPPORTED, id="1,023 bits"),
        pytest.param(MODULUS[:-1] * 2 + b"\x01\x01", b"\x03", None, id="4,096 bits"),
        pytest.param(b"\x01" + MODULUS * 2, b"\x03", KeyFault.UNSUPPORTED, id="4,097 bits"),
        pytest.param(MODULUS * 4, b"\x03", KeyFault.UNSUPPORTED, id="8,192 bits"),
        pytest.param(b"\xff" * 65000, b"\x03", KeyFault.UNSUPPORTED, id="520,000 bits"),
        pytest.param(bytes(256), b"\x03", KeyFault.UNSUPPORTED, id="modulus of zeros"),
        pytest.param(MODULUS, b"\x00", KeyFault.MALFORMED, id="exponent 0"),
        pytest.param(MODULUS, b"\x01", KeyFault.MALFORMED, id="exponent 1"),
        pytest.param(MODULUS, b"\x04", KeyFault.MALFORMED, id="even exponent"),
        pytest.param(b"", b"\x03", KeyFault.MALFORMED, id="no modulus"),
    ],
)  # fmt: skip
def test_rsa_keys_are_bounded(modulus, exponent, fault):
    loaded = load_public_key(8, rsa_octets(modulus, exponent))
    if fault is None:
        assert isinstance(loaded, PublicKey)
    else:
        assert loaded is fault


@pytest.mark.parametrize(
    "octets",
    [b"", b"\x00", b"\x00\x00", b"\x00\x00\x01", b"\x03\x01\x00", b"\x00\x01\x00" + bytes(9)],
)
def test_half_an_rsa_key_is_malformed(octets):
    assert load_public_key(10, octets) is KeyFault.MALFORMED


def test_nothing_is_computed_with_rsa_numbers_out_of_bounds():
    """A modulus of 8,192 bits or an exponent of 3,000 is refused by its length alone."""
    with mock.patch.object(algorithms.rsa, "RSAPublicNumbers") as numbers:
        for octets in (rsa_octets(MODULUS * 4), rsa_octets(MODULUS, b"\xff" * 375)):
            assert load_public_key(8, octets) is KeyFault.UNSUPPORTED
            assert numbers.call_count == 0
        load_public_key(8, rsa_octets(MODULUS))
        assert numbers.call_count == 1


def test_a_long_exponent_costs_more():
    ordinary, long = (load_public_key(8, rsa_octets(MODULUS, e)) for e in (b"\x01\x00\x01", b"\x01\x00\x00\x01"))  # fmt: skip
    assert long.work > ordinary.work


@pytest.mark.parametrize(
    ("algorithm", "octets"),
    [
        pytest.param(13, b"", id="P-256 of nothing"),
        pytest.param(13, bytes(64), id="P-256 of zeros, no point"),
        pytest.param(13, b"\x01" * 64, id="P-256, no point of the curve"),
        pytest.param(13, signing_key(13).key.octets[:-1], id="P-256 of 63"),
        pytest.param(13, signing_key(13).key.octets + b"\x00", id="P-256 of 65"),
        pytest.param(14, signing_key(13).key.octets, id="P-384 of 64"),
        pytest.param(15, bytes(31), id="Ed25519 of 31"),
        pytest.param(15, signing_key(16).key.octets, id="Ed25519 of 57"),
        pytest.param(16, signing_key(15).key.octets, id="Ed448 of 32"),
    ],
)
def test_a_key_of_a_curve_must_be_a_point_of_it(algorithm, octets):
    assert load_public_key(algorithm, octets) is KeyFault.MALFORMED
