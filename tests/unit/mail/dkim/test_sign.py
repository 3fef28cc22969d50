"""What we sign passes at dkimpy and with us, and stops passing when anything is changed."""

import asyncio

import dkim
import pytest

from dnsd.mail.dkim import keys
from dnsd.mail.dkim.sign import Signer, Signing
from dnsd.mail.dkim.verify import Result, Verifier
from dnsd.mail.lookup import Answer
from dnsd.wire import rdata

NOW = 1_790_000_000
FIELDS = [
    b"Received: from a by b\r\n",
    b"From: Alice <alice@example.test>\r\n",
    b"To: bob@example.org,\r\n\tcarol@example.org\r\n",
    b"Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=  two  blanks\r\n",
    b"Date: Tue, 24 Nov 2026 12:00:00 +0000\r\n",
    b"Message-ID: <1@example.test>\r\n",
]
BODY = b"Hello  Bob,\r\n\r\n.dots \t\r\nbye\r\n\r\n\r\n"
KEYS = {kind: keys.make(kind) for kind in ("rsa", "ed25519")}


class Zone:
    """Publishes the keys."""

    async def look_up(self, name, rtype, /):
        selector = name[1 : 1 + name[0]].decode()
        octets = rdata.from_text(16, txt(keys.record_of(KEYS[selector])), b"\0")
        return Answer(name, rtype, (octets,), name, True, 60)


def txt(text):
    return " ".join(f'"{text[i : i + 200]}"' for i in range(0, len(text), 200))


def signed(*kinds, fields=FIELDS, body=BODY):
    signers = [Signer("example.test", kind, KEYS[kind]) for kind in kinds]
    signing = Signing(fields, signers, NOW)
    signing.update(body)
    return signing.finish()


def split(octets):
    """Split header fields that are folded."""
    found = []
    for line in octets.splitlines(keepends=True):
        if line[:1] in b" \t":
            found[-1] += line
        else:
            found.append(line)
    return found


def verdicts(made, fields=FIELDS, body=BODY):
    verifier = Verifier(split(made) + list(fields), NOW)
    for place in range(0, len(body), 7):
        verifier.update(body[place : place + 7])
    return asyncio.run(verifier.verdicts(Zone()))


@pytest.mark.parametrize("kind", KEYS)
def test_dkimpy_says_pass(kind):
    message = signed(kind) + b"".join(FIELDS) + b"\r\n" + BODY
    record = keys.record_of(KEYS[kind]).encode()
    assert dkim.verify(message, dnsfunc=lambda name, timeout=5: record)


@pytest.mark.parametrize("kinds", [("rsa",), ("ed25519",), ("rsa", "ed25519")])
def test_we_say_pass(kinds):
    found = verdicts(signed(*kinds))
    assert [each.result for each in found] == [Result.PASS] * len(kinds)
    assert {each.domain for each in found} == {"example.test"}
    assert {each.selector for each in found} == set(kinds)
    assert all(each.is_secure for each in found)


def test_what_relays_may_change_is_no_change():
    fields = [b"Received: from c by d\r\n", *FIELDS]
    fields[4] = b"subject:=?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n two blanks \r\n"
    (found,) = verdicts(signed("ed25519"), fields, BODY.replace(b"  ", b" ") + b"\r\n")
    assert found.result is Result.PASS


@pytest.mark.parametrize("place", [1, 2, 3, 4, 5])
def test_a_field_that_is_changed_or_added_is_noticed(place):
    made = signed("ed25519")
    changed = list(FIELDS)
    changed[place] = changed[place].replace(b"e", b"3", 1).replace(b"a", b"4", 1)
    assert [each.result for each in verdicts(made, changed)] == [Result.FAIL]
    added = [FIELDS[place], *FIELDS]
    assert [each.result for each in verdicts(made, added)] == [Result.FAIL]


@pytest.mark.parametrize("body", [BODY + b"PS\r\n", BODY.replace(b"Bob", b"Eve"), b""])
def test_a_body_that_is_changed_is_noticed(body):
    (found,) = verdicts(signed("rsa"), body=body)
    assert (found.result, found.reason) == (Result.FAIL, "the body has changed")


def test_a_field_that_is_there_very_often_is_signed_as_often_as_may_be():
    fields = [*FIELDS, *[b"To: a@example.test\r\n"] * 300]
    assert [each.result for each in verdicts(signed("ed25519", fields=fields), fields)] == [
        Result.PASS
    ]


def test_a_signature_has_no_long_line():
    many = FIELDS + [b"List-Id: x\r\n"] * 60
    for line in signed("rsa", fields=many).splitlines():
        assert len(line) <= 998
        assert len(line) <= 78 or b" " not in line[78:]
