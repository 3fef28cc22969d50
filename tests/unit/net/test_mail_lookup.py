"""What mail is told of answers: how sure they are, where aliases end, why there is none."""

import pytest
from twisted.internet.defer import Deferred

from dnsd.mail.lookup import Answer, FailureKind, LookupFailed
from dnsd.net.mail_lookup import MailLookup
from dnsd.resolver.cache.contract import Security
from dnsd.resolver.outcome import Explanation, Outcome, servfail
from dnsd.wire.names import from_text as N  # noqa: N812 - as all tests
from dnsd.wire.rrset import RRset

MX, A, CNAME = 15, 1, 5


class FakeResolver:
    """Answers at once, or later by ``done``."""

    def __init__(self, outcome, *, late=False):
        self.outcome, self.late, self.asked = outcome, late, []

    def resolve(self, name, rtype, done, *, local):
        self.asked.append((name, rtype))
        self.done = done
        return object() if self.late else self.outcome


def look_up(outcome, rtype=A, *, here=None, late=False):
    resolver = FakeResolver(outcome, late=late)
    found = Deferred.fromCoroutine(
        MailLookup(resolver, lambda *_: here).look_up(N("a.test."), rtype)
    )
    if late:
        resolver.done(outcome)
    results = []
    found.addBoth(results.append)
    return results[0], resolver


def rrset(owner, rtype, *rdatas, ttl=60):
    return RRset(N(owner), rtype, ttl, rdatas)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("security", [Security.SECURE, Security.INSECURE, Security.INDETERMINATE])
def test_an_answer_is_as_sure_as_the_resolver_is(security, late):
    outcome = Outcome(0, [rrset("a.test.", A, b"\xc0\0\2\1")], [], security=security)
    found, _ = look_up(outcome, late=late)
    name = N("a.test.")
    assert found == Answer(name, A, (b"\xc0\0\2\1",), name, security is Security.SECURE, 60)


def test_what_our_own_zone_says_is_proven_and_nobody_is_asked():
    here = Outcome(0, [rrset("a.test.", A, b"\xc0\0\2\1")], [])
    found, resolver = look_up(None, here=here)
    assert found.secure
    assert resolver.asked == []


def test_an_alias_of_ours_that_leads_away_is_followed_by_the_resolver():
    here = Outcome(0, [rrset("a.test.", CNAME, N("b.example."))], [], unfinished=N("b.example."))
    chain = [rrset("a.test.", CNAME, N("B.example."), ttl=9), rrset("b.example.", A, b"\xc0\0\2\2")]
    found, resolver = look_up(Outcome(0, chain, []), here=here)
    assert resolver.asked == [(N("a.test."), A)]
    assert (found.canonical, found.rdatas, found.ttl) == (N("b.example."), (b"\xc0\0\2\2",), 9)
    assert not found.secure


def test_a_question_for_the_alias_itself_follows_none():
    outcome = Outcome(0, [rrset("a.test.", CNAME, N("b.example."))], [])
    found, _ = look_up(outcome, CNAME)
    assert (found.canonical, found.rdatas) == (N("a.test."), (N("b.example."),))


def test_a_circle_of_aliases_ends():
    chain = [rrset("a.test.", CNAME, N("b.test.")), rrset("b.test.", CNAME, N("a.test."))]
    found, _ = look_up(Outcome(0, chain, []))
    assert found.rdatas == ()


@pytest.mark.parametrize(("rcode", "exists"), [(0, True), (3, False)])
def test_nothing_there_is_an_answer(rcode, exists):
    soa = rrset("test.", 6, b"", ttl=300)
    found, _ = look_up(Outcome(rcode, [], [soa], security=Security.SECURE), MX)
    assert found == Answer(N("a.test."), MX, (), N("a.test."), True, 300, exists)


def test_no_answer_says_why():
    outcome = servfail(Explanation(22, "no server of test. answers"))
    failure, _ = look_up(outcome, MX)
    assert failure.check(LookupFailed)
    assert failure.value.kind is FailureKind.TEMPORARY
    assert failure.value.text == "a.test. MX: no server of test. answers (EDE 22)"


def test_a_bogus_answer_is_none():
    outcome = servfail(Explanation(7, ""))
    outcome.security = Security.BOGUS
    failure, _ = look_up(outcome, MX, late=True)
    assert failure.value.kind is FailureKind.BOGUS
    assert failure.value.text == "a.test. MX: SERVFAIL (EDE 7)"
