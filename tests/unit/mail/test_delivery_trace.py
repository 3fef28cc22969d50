"""What a person is shown of a delivery that is not made."""

from fakes.resolver import FakeResolver, finished

from dnsd.mail.delivery_trace import trace, words
from dnsd.mail.plan import PlanOptions

RECORDS = f"""
one.test.       MX   10 mx.one.test.
one.test.       MX   20 old.one.test.
mx.one.test.    A    192.0.2.1
old.one.test.   CNAME plain.one.test.
plain.one.test. A    192.0.2.2
_25._tcp.mx.one.test. TLSA 3 1 1 {"ab" * 32}
"""


def shown(domain, **how):
    resolver = FakeResolver(RECORDS, **how)
    return words(finished(trace(domain, PlanOptions(), resolver, bytes)))


def test_the_way_to_two_hosts():
    assert shown("one.test", secure=["one.test."], insecure=["plain.one.test."]) == [
        "Mail for one.test",
        "What the DNS says:",
        "  one.test. MX: 10 mx.one.test., 20 old.one.test. [secure]",
        "  mx.one.test. AAAA: none [secure]",
        "  mx.one.test. A: 192.0.2.1 [secure]",
        f"  _25._tcp.mx.one.test. TLSA: 3 1 1 {'ab' * 32} [secure]",
        "  old.one.test. AAAA: none (through an alias, at plain.one.test.) [insecure]",
        "  old.one.test. A: 192.0.2.2 (through an alias, at plain.one.test.) [insecure]",
        "  old.one.test. CNAME: plain.one.test. [secure]",
        "  _25._tcp.old.one.test. TLSA: there is no such name [secure]",
        "It would be given to (found by MX):",
        "  1. mx.one.test (preference 10) at 192.0.2.1, port 25 [addresses secure]",
        "     TLS: encrypted, and its certificate must fit the TLSA records",
        "     by: TLSA at _25._tcp.mx.one.test.",
        "  2. old.one.test (preference 20) at 192.0.2.2, port 25 [addresses insecure]",
        "     TLS: encrypted if the host offers it, whatever its certificate",
    ]


def test_a_domain_that_is_not_there():
    assert shown("no.test")[2:] == [
        "  no.test. MX: there is no such name [insecure]",
        "It would be returned (dns_nxdomain, 5.1.2): there is no domain no.test",
    ]


def test_what_cannot_be_found_out_waits():
    assert shown("one.test", bogus=["one.test."])[2:] == [
        "  one.test. MX: one.test. RRSIG expired (EDE 7) [bogus]",
        "It would wait and be tried again (dns_bogus, 4.7.0): one.test. RRSIG expired (EDE 7)",
    ]
