"""Where mail for a domain goes, and what hosts must prove: tables of small worlds."""

import itertools

import pytest
from fakes.resolver import FakeResolver, finished

from dnsd.mail.delivery import MAX_ADDRESSES, MAX_HOSTS, plan
from dnsd.mail.mtasts import Mode, Policy
from dnsd.mail.plan import Plan, PlanFailure, PlanOptions
from dnsd.mail.reasons import ReasonClass
from dnsd.mail.tls_policy import TlsKind

DIGEST = "ab" * 32
WORLD = f"""
one.test.       MX   10 mx.one.test.
mx.one.test.    A    192.0.2.1
_25._tcp.mx.one.test. TLSA 3 1 1 {DIGEST}
two.test.       MX   20 b.two.test.
two.test.       MX   10 a.two.test.
a.two.test.     A    192.0.2.10
a.two.test.     AAAA 2001:db8::10
b.two.test.     A    192.0.2.20
bare.test.      A    192.0.2.30
bare.test.      AAAA 2001:db8::30
nothing.test.   TXT  "x"
null.test.      MX   0 .
alias.test.     CNAME one.test.
cname.test.     MX   10 mail.cname.test.
mail.cname.test. CNAME mx.one.test.
gone.test.      MX   10 mx.gone.test.
us.test.        MX   10 relay.example.
backup.test.    MX   10 mx.backup.test.
backup.test.    MX   20 relay.example.
backup.test.    MX   20 also.backup.test.
backup.test.    MX   30 worse.backup.test.
mx.backup.test. A    192.0.2.40
also.backup.test. A  192.0.2.41
worse.backup.test. A 192.0.2.42
relay.example.  A    203.0.113.1
sly.test.       MX   10 mx.sly.test.
mx.sly.test.    A    203.0.113.1
loop.test.      MX   10 mx.loop.test.
mx.loop.test.   A    127.0.0.1
zero.test.      MX   10 mx.zero.test.
mx.zero.test.   A    0.0.0.0
mapped.test.    MX   10 mx.mapped.test.
mx.mapped.test. AAAA ::ffff:127.0.0.1
odd.test.       MX   10 mx.odd.test.
mx.odd.test.    A    192.0.2.50
_25._tcp.mx.odd.test. TLSA 1 0 1 {DIGEST}
named.test.     MX   10 n.named.test.
n.named.test.   CNAME plain.other.test.
plain.other.test. A  192.0.2.60
_25._tcp.n.named.test. TLSA 2 0 1 {DIGEST}
"""
OWN = PlanOptions(
    own_names=frozenset({"relay.example"}), own_addresses=frozenset({"203.0.113.1", "127.0.0.1"})
)


class Sts:
    def __init__(self, mode=Mode.ENFORCE, *hosts):
        self.found = Policy(mode, hosts, 86400)

    async def policy(self, domain, /):
        return self.found


def made(domain, *, options=OWN, sts=None, world=WORLD, **how):
    entropy = itertools.count()
    resolver = FakeResolver(world, **how)
    return finished(
        plan(domain, options, resolver, lambda n: next(entropy).to_bytes(n, "big"), sts)
    )


def hosts(found):
    assert isinstance(found, Plan), found
    return [(host.name, *host.addresses) for host in found.hosts]


@pytest.mark.parametrize(
    ("domain", "expected", "found_by"),
    [
        ("one.test", [("mx.one.test", "192.0.2.1")], "MX"),
        ("two.test", [("a.two.test", "2001:db8::10", "192.0.2.10"), ("b.two.test", "192.0.2.20")],
         "MX"),
        ("bare.test", [("bare.test", "2001:db8::30", "192.0.2.30")], "address"),
        ("alias.test", [("mx.one.test", "192.0.2.1")], "MX"),
        ("cname.test", [("mail.cname.test", "192.0.2.1")], "MX"),
        ("backup.test", [("mx.backup.test", "192.0.2.40")], "MX"),
        ("[192.0.2.9]", [("[192.0.2.9]", "192.0.2.9")], "literal"),
        ("[IPv6:2001:db8::9]", [("[IPv6:2001:db8::9]", "2001:db8::9")], "literal"),
    ],
)  # fmt: skip
def test_hosts_in_order(domain, expected, found_by):
    found = made(domain)
    assert hosts(found) == expected
    assert found.found_by == found_by


@pytest.mark.parametrize(
    ("domain", "how", "reason", "enhanced", "words"),
    [
        ("no.test", {}, ReasonClass.DNS_NXDOMAIN, "5.1.2", "no domain no.test"),
        ("nothing.test", {}, ReasonClass.DNS_NXDOMAIN, "5.4.4", "no address"),
        ("gone.test", {}, ReasonClass.DNS_NXDOMAIN, "5.4.4", "mx.gone.test has no address"),
        ("null.test", {}, ReasonClass.NULL_MX, "5.1.10", "null MX"),
        ("one.test", {"failing": ["one.test. MX"]}, ReasonClass.DNS_TEMPORARY, "4.4.3", "EDE 22"),
        ("one.test", {"bogus": ["one.test. MX"]}, ReasonClass.DNS_BOGUS, "4.7.0", "EDE 7"),
        ("one.test", {"failing": ["mx.one.test."]}, ReasonClass.DNS_TEMPORARY, "4.4.3", "EDE 22"),
        ("us.test", {}, ReasonClass.LOOP, "5.4.6", "leads back here"),
        ("sly.test", {}, ReasonClass.LOOP, "5.4.6", "mx.sly.test is this host"),
        ("loop.test", {}, ReasonClass.LOOP, "5.4.6", "leads back here"),
        ("zero.test", {}, ReasonClass.LOOP, "5.4.6", "leads back here"),
        ("mapped.test", {}, ReasonClass.LOOP, "5.4.6", "leads back here"),
        ("[127.0.0.1]", {}, ReasonClass.LOOP, "5.4.6", "is this host"),
        ("backup.test", {"failing": ["mx.backup.test."]}, ReasonClass.DNS_TEMPORARY, "4.4.3", "EDE"),
        ("a" * 64 + ".test", {}, ReasonClass.DNS_NXDOMAIN, "5.1.2", "64 octets"),
    ],
)  # fmt: skip
def test_why_there_are_none(domain, how, reason, enhanced, words):
    failure = made(domain, **how)
    assert isinstance(failure, PlanFailure)
    assert (failure.reason, failure.enhanced) == (reason, enhanced)
    assert words in failure.text
    assert failure.permanent == enhanced.startswith("5")


def test_a_host_that_cannot_be_found_out_is_left_out_while_there_are_others():
    found = made("two.test", failing=["a.two.test."])
    assert hosts(found) == [("b.two.test", "192.0.2.20")]
    assert "EDE 22" in found.notes[0]


def test_one_family_is_enough():
    assert hosts(made("two.test", failing=["a.two.test. AAAA"]))[0] == ("a.two.test", "192.0.2.10")


def test_equal_preferences_are_in_an_order_that_nobody_can_foresee():
    records = [f"many.test. MX 10 m{i}.many.test." for i in range(100)]
    records += [f"m{i}.many.test. A 192.0.2.{i}" for i in range(100)]
    resolver, numbers = FakeResolver("\n".join(records)), itertools.count(1)
    found = finished(
        plan("many.test", OWN, resolver, lambda n: (next(numbers) * 37 % 101).to_bytes(n, "big"))
    )
    order = [int(host.name[1:].partition(".")[0]) for host in found.hosts]
    assert order == sorted(range(100), key=lambda i: (i + 1) * 37 % 101)[:MAX_ADDRESSES]
    # Many records are no way to have us ask without end.
    assert len(resolver.asked) <= 1 + 2 * MAX_HOSTS
    assert "90 of 100" in found.notes[0]


def test_five_addresses_are_used_and_the_rest_is_not():
    records = "wide.test. MX 10 w.wide.test.\n" + "\n".join(
        f"w.wide.test. A 192.0.2.{i}\nw.wide.test. AAAA 2001:db8::{i}" for i in range(20)
    )
    ((_, *addresses),) = hosts(made("wide.test", world=records))
    assert len(addresses) == MAX_ADDRESSES
    assert [":" in address for address in addresses] == [True, False, True, False, True]


@pytest.mark.parametrize(
    ("options", "domain", "expected", "port"),
    [
        (PlanOptions(smart_host=("a.two.test", 587)), "one.test", "a.two.test", 587),
        (PlanOptions(smart_host=("a.two.test", 587)), "[192.0.2.9]", "a.two.test", 587),
        (PlanOptions(routes={"one.test": ("[192.0.2.99]", 2525)}), "one.test", "[192.0.2.99]", 2525),
        (PlanOptions(routes={"one.test": ("[192.0.2.99]", 2525)}), "two.test", "a.two.test", 25),
        (PlanOptions(routes={"one.test": ("[127.0.0.1]", 2525)}), "one.test", "[127.0.0.1]", 2525),
        (PlanOptions(port=2525), "one.test", "mx.one.test", 2525),
    ],
)  # fmt: skip
def test_smart_hosts(options, domain, expected, port):
    found = made(domain, options=options)
    assert (found.hosts[0].name, found.hosts[0].port) == (expected, port)


SIGNED = {"secure": ["test."]}


@pytest.mark.parametrize(
    ("domain", "how", "kind", "server_name", "names"),
    [
        ("one.test", SIGNED, TlsKind.DANE, "mx.one.test", ("mx.one.test", "one.test")),
        ("alias.test", SIGNED, TlsKind.DANE, "mx.one.test",
         ("mx.one.test", "alias.test", "one.test")),
        ("cname.test", SIGNED, TlsKind.DANE, "mx.one.test", ("mx.one.test", "cname.test")),
        ("odd.test", SIGNED, TlsKind.ENCRYPTED, "mx.odd.test", ("mx.odd.test", "odd.test")),
        ("named.test", {**SIGNED, "insecure": ["plain.other.test."]}, TlsKind.DANE, "n.named.test",
         ("n.named.test", "named.test")),
        ("named.test", SIGNED, TlsKind.DANE, "n.named.test", ("n.named.test", "named.test")),
        ("two.test", SIGNED, TlsKind.OPPORTUNISTIC, "a.two.test", ()),
        ("one.test", {}, TlsKind.OPPORTUNISTIC, "mx.one.test", ()),
        ("one.test", {**SIGNED, "insecure": ["one.test."]}, TlsKind.OPPORTUNISTIC, "mx.one.test",
         ()),
        ("one.test", {**SIGNED, "insecure": ["mx.one.test."]}, TlsKind.OPPORTUNISTIC,
         "mx.one.test", ()),
        ("one.test", {**SIGNED, "insecure": ["_25._tcp.mx.one.test."]}, TlsKind.OPPORTUNISTIC,
         "mx.one.test", ()),
    ],
)  # fmt: skip
def test_dane_applies_where_all_of_the_way_is_secure(domain, how, kind, server_name, names):
    tls = made(domain, **how).hosts[0].tls
    assert (tls.kind, tls.server_name, tls.names) == (kind, server_name, names)
    assert ("TLSA at" in tls.origin) == (kind is not TlsKind.OPPORTUNISTIC)


def test_no_tlsa_is_looked_for_behind_an_insecure_answer():
    resolver = FakeResolver(WORLD, secure=["test."], insecure=["one.test."])
    finished(plan("one.test", OWN, resolver, bytes))
    assert not any("TLSA" in asked for asked in resolver.asked)


@pytest.mark.parametrize(
    ("fault", "reason"), [("failing", ReasonClass.DNS_TEMPORARY), ("bogus", ReasonClass.DNS_BOGUS)]
)
def test_a_host_whose_tlsa_records_cannot_be_found_out_gets_nothing(fault, reason):
    failure = made("one.test", **SIGNED, **{fault: ["_25._tcp.mx.one.test. TLSA"]})
    assert failure.reason is reason
    assert not failure.permanent


def test_a_port_of_its_own_has_tlsa_records_of_its_own():
    found = made("one.test", options=PlanOptions(port=2525), **SIGNED)
    assert found.hosts[0].tls.kind is TlsKind.OPPORTUNISTIC


@pytest.mark.parametrize(
    ("sts", "how", "kind", "names"),
    [
        (Sts(Mode.ENFORCE, "*.two.test"), {}, TlsKind.STS, ["a.two.test", "b.two.test"]),
        (Sts(Mode.ENFORCE, "b.two.test"), {}, TlsKind.STS, ["b.two.test"]),
        (Sts(Mode.TESTING, "*.two.test"), {}, TlsKind.STS_TESTING, ["a.two.test", "b.two.test"]),
        (Sts(Mode.TESTING, "x.test"), {}, TlsKind.OPPORTUNISTIC, ["a.two.test", "b.two.test"]),
        (Sts(Mode.NONE), {}, TlsKind.OPPORTUNISTIC, ["a.two.test", "b.two.test"]),
    ],
)
def test_policies_of_mta_sts(sts, how, kind, names):
    found = made("two.test", sts=sts, **how)
    assert [host.name for host in found.hosts] == names
    assert {host.tls.kind for host in found.hosts} == {kind}


def test_mail_whose_every_host_fails_the_policy_waits():
    failure = made("two.test", sts=Sts(Mode.ENFORCE, "mx.test"))
    assert failure.reason is ReasonClass.POLICY
    assert not failure.permanent
    assert "a.two.test is not in the MTA-STS policy of two.test" in failure.text


def test_dane_is_not_overruled_by_mta_sts():
    found = made("one.test", sts=Sts(Mode.ENFORCE, "other.test"), **SIGNED)
    assert found.hosts[0].tls.kind is TlsKind.DANE
