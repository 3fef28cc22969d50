"""Which signatures count, and what is said of those that do not."""

import asyncio
import base64

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from dnsd.mail.dkim import keys
from dnsd.mail.dkim.verify import MAX_SIGNATURES, Result, Verifier
from dnsd.mail.lookup import Answer, FailureKind, LookupFailed
from dnsd.wire import rdata

NOW = 1_900_000_000
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
HEADER = b"From: a@example.test\r\nTo: b@example.org\r\nSubject: x\r\n"
BODY = b"one \t two\r\n\r\n"


class Zone:
    def __init__(self, *records, failure=None):
        self.records, self.failure, self.asked = records, failure, []

    async def look_up(self, name, rtype, /):
        self.asked.append(name)
        if self.failure:
            raise self.failure
        rdatas = tuple(rdata.from_text(16, quoted(text), b"\0") for text in self.records)
        return Answer(name, rtype, rdatas, name, False, 60)


def quoted(text):
    return " ".join(f'"{text[i : i + 200]}"' for i in range(0, len(text), 200)) or '""'


def sign(**options):
    arguments = {"include_headers": [b"From", b"Subject"], "canonicalize": (b"simple", b"simple")}
    return dkim.sign(HEADER + b"\r\n" + BODY, b"s1", b"example.test", PEM, **(arguments | options))


def fields(octets):
    found = []
    for line in octets.splitlines(keepends=True):
        if line[:1] in b" \t":
            found[-1] += line
        else:
            found.append(line)
    return found


def check(header, body=BODY, zone=None):
    verifier = Verifier(fields(header), NOW)
    verifier.update(body)
    return asyncio.run(verifier.verdicts(zone or Zone(keys.record_of(KEY))))


@pytest.mark.parametrize("header", [b"simple", b"relaxed"])
@pytest.mark.parametrize("body", [b"simple", b"relaxed"])
def test_what_dkimpy_signs_passes(header, body):
    (found,) = check(sign(canonicalize=(header, body)) + HEADER)
    assert (found.result, found.reason) == (Result.PASS, "")
    assert (found.domain, found.selector, found.identity) == ("example.test", "s1", "@example.test")


def test_a_part_of_the_body_is_not_enough():
    (found,) = check(sign(length=True) + HEADER, BODY + b"more\r\n")
    assert (found.result, found.reason) == (Result.POLICY, "a part of the body is not signed")
    (found,) = check(sign(length=True) + HEADER)
    assert found.result is Result.PASS, "the length of the whole body leaves nothing out"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ("", "no key is published"),
        ("p=", "the key is revoked"),
        ("v=DKIM2; p=AAAA", "the key is of another version"),
        ("v=DKIM1; h=sha1; p=AAAA", "the key is for another hash"),
        ("v=DKIM1; s=chat; p=AAAA", "the key is not for mail"),
        ("v=DKIM1; k=rsa", "the key has no p="),
        ("v=DKIM1; k=rsa; p=!!!", "the key cannot be read"),
        ("v=DKIM1; k=gost; p=AAAA", "the key is of another kind"),
        ("nonsense", "the key is no list of tags: a tag without a name or ="),
    ],
)
def test_a_key_that_cannot_be_used_is_said(record, reason):
    (found,) = check(sign() + HEADER, zone=Zone(record))
    assert (found.result, found.reason) == (Result.PERMANENT, reason)


@pytest.mark.parametrize(("bits", "exponent"), [(4104, 65537), (1024, 2**40 + 15)])
def test_a_key_that_costs_too_much_is_not_tried(bits, exponent):
    numbers = rsa.RSAPublicNumbers(exponent, (1 << (bits - 1)) + 1)
    key = numbers.public_key()
    octets = key.public_bytes(Encoding.DER, keys.PublicFormat.SubjectPublicKeyInfo)
    record = f"v=DKIM1; p={base64.b64encode(octets).decode()}"
    (found,) = check(sign() + HEADER, zone=Zone(record))
    assert found.result is Result.PERMANENT
    assert "RSA key" in found.reason


def test_a_key_that_is_not_to_be_found_now_may_be_later():
    failed = LookupFailed(
        FailureKind.TEMPORARY, "s1._domainkey.example.test. TXT: no answer (EDE 22)"
    )
    (found,) = check(sign() + HEADER, zone=Zone(failure=failed))
    assert (found.result, found.reason) == (Result.TEMPORARY, failed.text)


def test_keys_of_others_do_not_pass():
    (found,) = check(sign() + HEADER, zone=Zone(keys.record_of(keys.make("rsa"))))
    assert found.result is Result.FAIL
    (found,) = check(sign() + HEADER, zone=Zone(keys.record_of(keys.make("ed25519"))))
    assert found.reason == "the key is for another algorithm"


def test_a_strict_key_is_for_its_own_domain():
    made = sign(identity=b"@sub.example.test") + HEADER
    assert check(made)[0].result is Result.PASS
    strict = Zone(keys.record_of(KEY) + "; t=s")
    assert check(made, zone=strict)[0].reason == "the key is not for domains below its own"


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        (b"v=1;", b"v=2;", "another version than 1"),
        (b"a=rsa-sha256", b"a=rsa-sha1", "unsupported algorithm rsa-sha1"),
        (b"d=example.test", b"d=test", "d= is no domain that signs"),
        (b"d=example.test", b"d=a..b", "d= is no domain"),
        (b"s=s1", b"s=../s1", "s= is no selector"),
        (b"q=dns/txt", b"q=http", "the key is not in the DNS"),
        (b"c=simple", b"c=strict", "an unknown canonical form"),
        (b"; s=s1", b"; s=s1; s=s2", "s= twice"),
        (b"; s=s1", b"; s=s1; x=1", "the signature has expired"),
        (b"; s=s1", b"; s=s1; x=-1", "x= is no number"),
        (b"i=@example.test", b"i=@example.org", "i= is not of the domain of d="),
    ],
)
def test_a_field_that_cannot_be_used_is_said(before, after, reason):
    made = sign(identity=b"@example.test")
    assert before in made
    zone = Zone(keys.record_of(KEY))
    (found,) = check(made.replace(before, after) + HEADER, zone=zone)
    assert (found.result, found.reason) == (Result.PERMANENT, reason)
    assert zone.asked == []


def test_no_more_than_some_signatures_are_looked_at():
    zone = Zone(keys.record_of(KEY))
    assert len(check(sign() * (MAX_SIGNATURES + 3) + HEADER, zone=zone)) == MAX_SIGNATURES
    assert len(zone.asked) == MAX_SIGNATURES


@given(st.binary(max_size=200), st.binary(max_size=100))
def test_whatever_comes_there_is_a_verdict(value, record):
    field = b"DKIM-Signature: " + value.replace(b"\r", b"").replace(b"\n", b"") + b"\r\n"
    text = record.decode("latin-1").replace('"', "").replace("\\", "")
    zone = Zone(text if text.isascii() and text.isprintable() else "x")
    verifier = Verifier([field, b"From: a@b.test\r\n"], NOW)
    verifier.update(BODY)
    assert len(asyncio.run(verifier.verdicts(zone))) == 1
