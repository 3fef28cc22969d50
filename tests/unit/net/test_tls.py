"""Certificates as operators have them: what is wrong is said, what is right is served."""

import datetime as dt
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from dnsd.net import tls
from dnsd.net.tls_self_signed import Subject, make_certificate, make_key
from dnsd.source.problems import ConfigError

NOW = int(dt.datetime(2026, 6, 1, tzinfo=dt.UTC).timestamp())
DAY = 86400


@pytest.fixture(scope="module")
def pair():
    """A key and its certificate, as PEM."""
    key = make_key()
    return make_certificate(key, Subject("ns1.example.test", ("192.0.2.53",)), NOW), key


@pytest.fixture
def files(tmp_path, pair):
    """Both in files; a test may put something else there."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate.write_bytes(pair[0])
    key.write_bytes(pair[1])
    return certificate, key


def problem(files):
    with pytest.raises(ConfigError) as caught:
        tls.load(*files, NOW)
    (found,) = caught.value.problems
    return found


def test_contexts_agree_to_what_is_safe(files):
    contexts = tls.load(*files, NOW)
    for context in (contexts.dot, contexts.https):
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert context.options & ssl.OP_NO_RENEGOTIATION
        assert context.options & ssl.OP_NO_COMPRESSION
        for cipher in context.get_ciphers():
            assert cipher["aead"]
            assert cipher["kea"] in {"kx-ecdhe", "kx-any"}
    assert contexts.notices == ()


def test_other_files_have_another_fingerprint(files):
    before = tls.load(*files, NOW).fingerprint
    assert tls.load(*files, NOW).fingerprint == before
    certificate, key = files
    certificate.write_bytes(make_certificate(key.read_bytes(), Subject("other.test", ()), NOW))
    assert tls.load(*files, NOW).fingerprint != before


def test_the_key_is_never_printed(files):
    assert "SSLContext" not in repr(tls.load(*files, NOW))


def test_a_file_that_is_not_there_is_named(files):
    files[0].unlink()
    found = problem(files)
    assert (found.id, found.message) == ("tls-unreadable", "no such file or directory")
    assert found.where.file == str(files[0])


def test_a_file_without_a_certificate_is_named(files):
    files[0].write_text("no PEM\n")
    found = problem(files)
    assert (found.id, found.message) == ("tls-certificate", "there is no certificate in the file")
    assert "BEGIN CERTIFICATE" in found.expected


def test_a_file_without_a_key_is_named(files, pair):
    files[1].write_bytes(pair[0])
    found = problem(files)
    assert (found.id, found.where.file) == ("tls-key", str(files[1]))
    assert found.message == "there is no private key in the file that can be read"


def test_a_key_with_a_password_comes_with_the_command_that_takes_it_off(files, pair):
    key = load_pem_private_key(pair[1], None)
    files[1].write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    )
    found = problem(files)
    assert found.message == "the private key is locked with a password"
    assert found.hint.startswith("openssl pkey -in ")


def test_a_key_of_another_certificate_is_refused(files):
    files[1].write_bytes(make_key())
    found = problem(files)
    assert found.id == "tls-key-mismatch"
    assert found.message == "the private key does not belong to the certificate"


@pytest.mark.parametrize(
    ("days", "words"),
    [
        pytest.param(3651, "has expired on 2036-05-29", id="expired"),
        pytest.param(-2, "is valid from 2026-05-31 on", id="not yet valid"),
        pytest.param(3645, "expires on 2036-05-29", id="expires soon"),
    ],
)
def test_a_certificate_out_of_its_time_is_served_and_said(files, days, words):
    (notice,) = tls.load(*files, NOW + days * DAY).notices
    assert words in notice


def test_the_first_certificate_of_a_chain_is_the_servers(files, pair):
    other = make_certificate(make_key(), Subject("issuer.test", ()), NOW)
    files[0].write_bytes(pair[0] + other)
    assert tls.load(*files, NOW)
    files[0].write_bytes(other + pair[0])
    assert problem(files).hint.endswith("the server's own comes first")
    assert len(x509.load_pem_x509_certificates(files[0].read_bytes())) == 2
