"""What SPF records say of hosts, through our resolver."""

import asyncio

import pytest

from dnsd.mail import spf
from dnsd.mail.lookup import Answer, FailureKind, LookupFailed
from dnsd.mail.spf import MAX_LOOKUPS, Result
from dnsd.wire import names, rdata

A, PTR, MX, TXT, AAAA = 1, 12, 15, 16, 28
ZONE = {
    ("example.test.", TXT): ['"v=spf1 ip4:192.0.2.0/24 mx " "include:other.test -all"', '"other"'],
    ("example.test.", MX): ["10 MX.example.test."],
    ("mx.example.test.", A): ["198.51.100.1"],
    ("mx.example.test.", AAAA): ["2001:db8::1"],
    ("other.test.", TXT): ['"v=spf1 ip4:203.0.113.7 ptr:other.test ?all"'],
    ("9.113.0.203.in-addr.arpa.", PTR): ["host.other.test."],
    ("host.other.test.", A): ["203.0.113.9"],
    ("soft.test.", TXT): ['"v=spf1 ~all"'],
    ("neutral.test.", TXT): ['"v=spf1 ?all"'],
    ("two.test.", TXT): ['"v=spf1 -all"', '"v=spf1 +all"'],
    ("syntax.test.", TXT): ['"v=spf1 ip4:nonsense -all"'],
    ("void.test.", TXT): ['"v=spf1 a:1.void.test a:2.void.test a:3.void.test -all"'],
    ("circle.test.", TXT): ['"v=spf1 include:circle.test -all"'],
    ("many.test.", TXT): ['"v=spf1 ' + " ".join(f"mx:m{n}.test" for n in range(10)) + ' -all"'],
    **{(f"m{n}.test.", MX): [f"{m} h{m}.m{n}.test." for m in range(10)] for n in range(10)},
    **{(f"h{m}.m{n}.test.", A): ["192.0.2.1"] for n in range(10) for m in range(10)},
    ("macro.test.", TXT): ['"v=spf1 exists:%{ir}.%{l1r+}._spf.%{d} -all"'],
    ("1.2.0.192.alice._spf.macro.test.", A): ["127.0.0.2"],
}


class Zone:
    def __init__(self, failing=()):
        self.failing, self.asked = failing, []

    async def look_up(self, name, rtype, /):
        text = names.to_text(name)
        self.asked.append((text, rtype))
        if text in self.failing:
            raise LookupFailed(FailureKind.BOGUS, f"{text}: RRSIG expired (EDE 7)")
        rdatas = tuple(rdata.from_text(rtype, each, b"\0") for each in ZONE.get((text, rtype), ()))
        return Answer(name, rtype, rdatas, name, False, 60)


def check(address, sender, helo="helo.test", zone=None):
    return asyncio.run(spf.check(address, helo, sender, zone or Zone()))


@pytest.mark.parametrize(
    ("address", "sender", "result"),
    [
        ("192.0.2.77", "a@example.test", Result.PASS),
        ("198.51.100.1", "a@example.test", Result.PASS),
        ("2001:db8::1", "a@example.test", Result.PASS),
        ("203.0.113.7", "a@example.test", Result.PASS),
        ("203.0.113.9", "a@example.test", Result.PASS),
        ("203.0.113.8", "a@example.test", Result.FAIL),
        ("2001:db8::2", "a@example.test", Result.FAIL),
        ("192.0.2.1", "a@soft.test", Result.SOFT_FAIL),
        ("192.0.2.1", "a@neutral.test", Result.NEUTRAL),
        ("192.0.2.1", "a@nothing.test", Result.NONE),
        ("192.0.2.1", "a@two.test", Result.PERMANENT),
        ("192.0.2.1", "a@syntax.test", Result.PERMANENT),
        ("192.0.2.1", "a@void.test", Result.PERMANENT),
        ("192.0.2.1", "a@circle.test", Result.PERMANENT),
        ("192.0.2.1", "alice@macro.test", Result.PASS),
        ("192.0.2.1", "bob@macro.test", Result.FAIL),
        ("192.0.2.1", "a@[192.0.2.1]", Result.NONE),
    ],
)
def test_a_host_may_or_may_not(address, sender, result):
    found = check(address, sender)
    assert found.result is result
    assert not found.is_helo


def test_without_a_sender_the_name_of_helo_counts():
    found = check("192.0.2.1", None, "example.test")
    assert (found.result, found.domain, found.is_helo) == (Result.PASS, "example.test", True)
    assert check("192.0.2.1", None, "[192.0.2.1]").result is Result.NONE


def test_what_is_not_to_be_found_now_is_no_verdict():
    found = check("203.0.113.9", "a@example.test", zone=Zone(["other.test."]))
    assert found.result is Result.TEMPORARY
    assert "RRSIG expired (EDE 7)" in found.reason


# Threats: a record made to have us ask for a hundred hosts.
def test_a_record_that_is_a_weapon_is_put_down():
    zone = Zone()
    found = check("203.0.113.9", "a@many.test", zone=zone)
    assert found.result in {Result.PERMANENT, Result.FAIL}
    assert len(zone.asked) <= MAX_LOOKUPS


def test_each_record_is_asked_for_once():
    zone = Zone()
    check("203.0.113.8", "a@example.test", zone=zone)
    assert len(zone.asked) == len(set(zone.asked))


def test_two_checks_do_not_see_each_other():
    async def both():
        return await asyncio.gather(
            spf.check("192.0.2.1", "h.test", "a@example.test", Zone()),
            spf.check("192.0.2.1", "h.test", "a@soft.test", Zone()),
        )

    assert [each.result for each in asyncio.run(both())] == [Result.PASS, Result.SOFT_FAIL]


def test_an_explanation_may_stand_in_a_header(monkeypatch):
    monkeypatch.setitem(ZONE, ("bad.test.", TXT), ['"v=spf1 x\\013\\010y:z -all"'])
    found = check("192.0.2.1", "a@bad.test")
    assert found.reason.isprintable()


def test_a_quoted_local_part_does_not_choose_the_domain():
    zone = Zone()
    assert check("192.0.2.77", '"a@other"@example.test', zone=zone).result is Result.PASS
    assert zone.asked == [("example.test.", TXT)]
