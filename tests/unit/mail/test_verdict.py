"""What the checks of a message come to, and that nobody can put words into our mouth."""

import asyncio

import pytest

from dnsd.mail import verdict
from dnsd.mail.dkim.verify import Verifier
from dnsd.mail.lookup import Answer, FailureKind, LookupFailed
from dnsd.mail.verdict import HostName, Refusing
from dnsd.wire import names, rdata

A, PTR, TXT = 1, 12, 16
ZONE = {
    ("1.2.0.192.in-addr.arpa.", PTR): ["other.test.", "Mail.example.test."],
    ("mail.example.test.", A): ["192.0.2.1"],
    ("other.test.", A): ["192.0.2.2"],
    ("example.test.", TXT): ['"v=spf1 ip4:192.0.2.1 -all"'],
    ("_dmarc.example.test.", TXT): ['"v=DMARC1; p=reject"'],
}
FIELDS = [b"From: a@example.test\r\n", b"Subject: x\r\n"]


class Zone:
    def __init__(self, failing=()):
        self.failing = failing

    async def look_up(self, name, rtype, /):
        text = names.to_text(name)
        if text in self.failing:
            raise LookupFailed(FailureKind.TEMPORARY, f"{text}: no answer (EDE 22)")
        rdatas = tuple(rdata.from_text(rtype, each, b"\0") for each in ZONE.get((text, rtype), ()))
        return Answer(name, rtype, rdatas, name, False, 60)


def check(address="192.0.2.1", sender="a@example.test", authors=("example.test",), zone=None):
    client = (address, "mail.example.test", sender)
    verifier = Verifier(FIELDS, 1_900_000_000)
    return asyncio.run(verdict.check(client, authors, verifier, zone or Zone()))


def test_all_is_said_in_one_field():
    assert check().field("mx1.example.org").decode() == (
        "Authentication-Results: mx1.example.org;\r\n"
        "\tiprev=pass policy.iprev=mail.example.test;\r\n"
        "\tspf=pass (sender SPF authorized) smtp.mailfrom=example.test;\r\n"
        "\tdkim=none;\r\n"
        "\tdmarc=pass (p=reject) header.from=example.test\r\n"
    )


def test_a_message_is_refused_where_its_domain_asks_for_it():
    found = check("192.0.2.9")
    refusal = found.refusal()
    assert (refusal.code, refusal.enhanced) == (550, "5.7.1")
    assert "example.test" in refusal.text
    assert found.refusal(Refusing.NEVER) is None
    assert b"dmarc=fail (p=reject)" in found.field("h.test")


def test_what_passes_is_not_refused():
    assert check().refusal() is None


def test_what_could_not_be_found_out_refuses_nothing():
    found = check("192.0.2.9", zone=Zone(["example.test.", "_dmarc.example.test."]))
    assert found.refusal() is None
    assert b"spf=temperror" in found.field("h.test")
    assert b"dmarc=temperror" in found.field("h.test")


def test_without_an_author_there_is_no_domain_to_ask():
    assert check(authors=()).dmarc is None


@pytest.mark.parametrize(
    "authors", [("example.test", "other.test"), ("other.test", "example.test")]
)
def test_an_author_beside_another_does_not_hide_it(authors):
    assert check("192.0.2.9", authors=authors).refusal().code == 550


def test_two_mailboxes_of_one_domain_are_one():
    assert check(authors=("example.test", "example.test")).dmarc is not None


@pytest.mark.parametrize(
    ("address", "failing", "host"),
    [
        ("192.0.2.1", (), HostName.PASS),
        ("192.0.2.2", (), HostName.FAIL),
        ("2001:db8::1", (), HostName.FAIL),
        ("192.0.2.1", ("1.2.0.192.in-addr.arpa.",), HostName.TEMPORARY),
    ],
)
def test_the_name_of_an_address_leads_back_to_it(address, failing, host):
    assert check(address, zone=Zone(failing)).host is host


def test_a_name_that_is_no_host_name_is_not_written_down(monkeypatch):
    monkeypatch.setitem(ZONE, ("3.2.0.192.in-addr.arpa.", PTR), ["a\\059dkim=pass.test."])
    monkeypatch.setitem(ZONE, ("a\\;dkim=pass.test.", A), ["192.0.2.3"])
    found = check("192.0.2.3")
    assert (found.host, found.host_name) == (HostName.FAIL, "")


def test_the_null_sender_has_the_name_of_helo():
    assert b"smtp.helo=mail.example.test" in check(sender=None).field("h.test")


def test_nobody_speaks_in_our_name():
    fields = [
        b"Authentication-Results: MX1.example.test; dkim=pass\r\n",
        b"authentication-results :\r\n\tmx1.example.test 1;\r\n\tspf=pass\r\n",
        b"Authentication-Results: (x) mx1.example.test; spf=pass\r\n",
        b"Authentication-Results:\r\n",
        b"Authentication-Results: mx1.example.test.; dkim=pass\r\n",
        b"Authentication-Results: mx1.example.test(x); dkim=pass\r\n",
        b"Authentication-Results: mx1.example.test/1; dkim=pass\r\n",
        b'Authentication-Results: "mx1.example.test"; dkim=pass\r\n',
        b'Authentication-Results: "mx1\\.example.test" 1; dkim=pass\r\n',
    ]
    kept = [b"Authentication-Results: other.test; dkim=pass\r\n", b"From: a@b.test\r\n"]
    assert verdict.without_forged([*fields, *kept], "mx1.example.test") == kept


def test_a_reason_cannot_end_its_comment():
    assert verdict._said('a) ; dkim=pass ("\\\r\n') == " (a  dkim=pass )"
    assert verdict._said("") == ""
