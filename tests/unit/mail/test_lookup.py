"""What mail asks, and that "not found out" is never "there is none"."""

import pytest
from fakes.resolver import FakeResolver, finished

from dnsd.mail import lookup
from dnsd.mail.lookup import FailureKind, LookupFailed, Recorded, domain_name, domain_text
from dnsd.wire.iana import RRType

WORLD = """
example.test.      MX    20 MX2.example.test.
example.test.      MX    10 mx1.example.test.
example.test.      TXT   "v=a" "b c"
mx1.example.test.  A     192.0.2.1
mx1.example.test.  AAAA  2001:db8::1
alias.example.test. CNAME mx1.example.test.
"""


def ask(resolver, name, rtype):
    return finished(resolver.look_up(domain_name(name), rtype))


def test_records_are_read_as_mail_needs_them():
    resolver = FakeResolver(WORLD)
    assert lookup.exchanges(ask(resolver, "example.test", RRType.MX)) == [
        (20, domain_name("mx2.example.test")),
        (10, domain_name("mx1.example.test")),
    ]
    assert lookup.texts(ask(resolver, "example.test", RRType.TXT)) == [b"v=ab c"]
    assert lookup.addresses(ask(resolver, "mx1.example.test", RRType.A)) == ["192.0.2.1"]
    assert lookup.addresses(ask(resolver, "mx1.example.test", RRType.AAAA)) == ["2001:db8::1"]


@pytest.mark.parametrize("text", ["example.test", "example.test."], ids=["bare", "final dot"])
def test_a_domain_of_an_address_becomes_a_name_and_comes_back(text):
    assert domain_name(text) == b"\x07example\x04test\x00"
    assert domain_text(domain_name(text)) == "example.test"


def test_the_root_is_a_dot():
    assert domain_text(b"\x00") == "."


def test_an_alias_that_is_not_secure_makes_the_answer_insecure():
    secure = FakeResolver(WORLD, secure=["example.test."])
    assert ask(secure, "alias.example.test", RRType.A).secure
    mixed = FakeResolver(WORLD, secure=["example.test."], insecure=["alias.example.test."])
    answer = ask(mixed, "alias.example.test", RRType.A)
    assert not answer.secure
    assert answer.canonical == domain_name("mx1.example.test")


def test_a_recorded_resolver_asks_once_and_keeps_failures_too():
    fake = FakeResolver(WORLD, failing=["example.test. TLSA"], bogus=["mx1.example.test."])
    resolver = Recorded(fake)
    for _ in range(2):
        ask(resolver, "example.test", RRType.MX)
        with pytest.raises(LookupFailed, match="EDE 22") as failed:
            ask(resolver, "example.test", RRType.TLSA)
        assert failed.value.kind is FailureKind.TEMPORARY
        with pytest.raises(LookupFailed, match="EDE 7") as failed:
            ask(resolver, "mx1.example.test", RRType.A)
        assert failed.value.kind is FailureKind.BOGUS
    assert fake.asked == ["example.test. MX", "example.test. TLSA", "mx1.example.test. A"]
    kinds = [type(found).__name__ for _, _, found in resolver.answers]
    assert kinds == ["Answer", "LookupFailed", "LookupFailed"]
