"""Pairs of our own: kept, read again, published."""

import pytest

from dnsd.mail.dkim import keys


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_pair_is_kept_and_published(kind):
    made = keys.make(kind)
    again = keys.from_pem(keys.to_pem(made))
    assert keys.kind_of(again) == kind
    published = keys.parse([keys.record_of(again).encode()])
    assert (published.kind, published.is_test, published.is_strict) == (kind, False, False)
    digest = bytes(32)
    assert keys.verify(published.key, keys.sign(made, digest), digest)
    assert not keys.verify(published.key, keys.sign(made, digest), b"\1" * 32)


def test_a_file_is_checked_once_however_often_it_is_read():
    octets = keys.to_pem(keys.make("rsa"))
    assert keys.from_pem(octets) is keys.from_pem(octets)


def test_flags_are_read():
    record = keys.record_of(keys.make("ed25519")) + "; t=y:s; n=note"
    found = keys.parse([record.encode()])
    assert (found.is_test, found.is_strict) == (True, True)


def test_of_several_records_the_one_that_is_a_key_counts():
    record = keys.record_of(keys.make("ed25519")).encode()
    assert keys.parse([b"v=spf1 -all", record]).kind == "ed25519"


@pytest.mark.parametrize("octets", [b"", b"nonsense", b"-----BEGIN PRIVATE KEY-----\n"])
def test_what_is_no_private_key_is_refused(octets):
    with pytest.raises(keys.UnusableKey):
        keys.from_pem(octets)
