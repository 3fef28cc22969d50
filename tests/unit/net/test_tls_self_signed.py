"""A certificate of our own: for whom it is, how long, and when it is made anew."""

import datetime as dt
import ipaddress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dnsd.net.tls_self_signed import Subject, make_certificate, make_key, still_fits

NOW = int(dt.datetime(2026, 6, 1, tzinfo=dt.UTC).timestamp())
DAY = 86400
SUBJECT = Subject("ns1.example.test", ("192.0.2.53", "2001:db8::53", "0.0.0.0", "192.0.2.53"))


@pytest.fixture(scope="module")
def key():
    return make_key()


@pytest.fixture(scope="module")
def certificate(key):
    return make_certificate(key, SUBJECT, NOW)


def test_the_key_is_on_p256_and_not_locked(key):
    assert isinstance(load_pem_private_key(key, None).curve, ec.SECP256R1)


def test_it_names_the_machine_and_every_address_once(certificate):
    parsed = x509.load_pem_x509_certificate(certificate)
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["ns1.example.test", "localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("192.0.2.53"),
        ipaddress.ip_address("2001:db8::53"),
    ]
    assert parsed.subject == parsed.issuer
    assert parsed.subject.rfc4514_string() == "CN=ns1.example.test"


def test_it_is_signed_with_its_own_key(certificate):
    parsed = x509.load_pem_x509_certificate(certificate)
    parsed.verify_directly_issued_by(parsed)


def test_a_long_host_name_is_cut_in_the_common_name_only(key):
    host = ".".join(["a" * 60, "b" * 60, "test"])
    parsed = x509.load_pem_x509_certificate(make_certificate(key, Subject(host, ()), NOW))
    assert parsed.subject.rfc4514_string() == f"CN={host[:64]}"


@pytest.mark.parametrize(
    ("subject", "days", "fits"),
    [
        pytest.param(SUBJECT, 0, True, id="the same"),
        pytest.param(Subject(SUBJECT.host, SUBJECT.addresses[1::-1]), 0, True, id="other order"),
        pytest.param(Subject("ns2.example.test", SUBJECT.addresses), 0, False, id="other name"),
        pytest.param(Subject(SUBJECT.host, ("192.0.2.54",)), 0, False, id="other address"),
        pytest.param(SUBJECT, 3600, True, id="long before its end"),
        pytest.param(SUBJECT, 3630, False, id="shortly before its end"),
        pytest.param(SUBJECT, -10, False, id="of the future"),
    ],
)
def test_it_is_used_on_as_long_as_it_fits(certificate, subject, days, fits):
    assert still_fits(certificate, subject, NOW + days * DAY) is fits


@pytest.mark.parametrize("octets", [b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nAA==\n"])
def test_what_is_no_certificate_does_not_fit(octets):
    assert not still_fits(octets, SUBJECT, NOW)
