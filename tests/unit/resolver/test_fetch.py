"""The way down to one name: referrals, minimised names, what failed."""

from dataclasses import replace

import pytest
from fakes.internet import Asker
from fakes.rehearsal import Rehearsal

from dnsd.lab.authority import Authority
from dnsd.lab.internet import Internet
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.commands import Result, Transport
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.wire import names
from dnsd.wire.iana import rrtype_from_text
from dnsd.wire.message import parse_query
from dnsd.wire.names import ROOT

A, DS = 1, 43
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
ROOT_SERVER = names.from_text("a.root.test.")
HINTS = Delegation(ROOT, (ROOT_SERVER,), {ROOT_SERVER: (b"\xc0\0\2\1",)})
OPTIONS = ResolverOptions(minimisation="off", priming=False)
WWW = names.from_text("www.bank.test.")
ROOT_AT, TEST_AT, BANK_AT, HOST_AT = (bytes((192, 0, 2, number)) for number in (1, 2, 3, 4))
PLACES = {ROOT_AT: "root", TEST_AT: "test", BANK_AT: "bank", HOST_AT: "host"}
ZONES = {
    ROOT_AT: (".", "@ NS a.roots\na.roots A 192.0.2.1\ntest NS ns.test\nns.test A 192.0.2.2\nexample NS ns.test."),
    TEST_AT: ("test.", """@ NS ns
ns A 192.0.2.2
bank NS ns.bank
ns.bank A 192.0.2.3
bank DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000001
away NS ns.city.example.
host NS ns.host
ns.host A 192.0.2.4
loop NS ns.loop2
loop2 NS ns.loop"""),
    BANK_AT: ("bank.test.", """@ NS ns
ns A 192.0.2.3
www A 192.0.2.80
a.b.c A 192.0.2.81
deep NS ns.deep
ns.deep A 192.0.2.3"""),
    HOST_AT: ("host.test.", "@ NS ns\nns A 192.0.2.4"),
}  # fmt: skip
REFERRAL = {
    "flags": 0x8000,
    "authority": "bank.test. 300 NS ns.bank.test.",
    "additional": "ns.bank.test. 300 A 192.0.2.2",
}


def stage(mode="off", **limits):
    options = replace(OPTIONS, minimisation=mode, limits=ResolverLimits(**limits))
    asker = Asker(Rehearsal(), HINTS, options)
    return asker, asker.internet


def asked(network):
    query = network.asked()
    return names.to_text(query.qname), query.qtype, network.open[0][0].address


def test_a_referral_is_kept_and_followed():
    asker, network = stage()
    found = asker.start(WWW, A)
    assert asked(network) == ("www.bank.test.", A, b"\xc0\0\2\1")
    network.says(**REFERRAL)
    assert asked(network) == ("www.bank.test.", A, b"\xc0\0\2\2")
    network.says(answer="www.bank.test. A 192.0.2.80")
    assert found[0].rcode == NOERROR
    cut = asker.delegations.closest(WWW, network.now())
    assert (names.to_text(cut.zone), cut.expiry) == ("bank.test.", network.now() + 300)


def test_the_next_name_of_the_zone_is_asked_for_there_at_once():
    asker, network = stage()
    asker.start(WWW, A)
    network.says(**REFERRAL)
    network.says(answer="www.bank.test. A 192.0.2.80")
    asker.start(names.from_text("mail.bank.test."), A)
    assert asked(network) == ("mail.bank.test.", A, b"\xc0\0\2\2")


def test_the_ds_of_a_zone_is_asked_for_at_its_parent():
    asker, network = stage()
    asker.start(WWW, A)
    network.says(**REFERRAL)
    network.says(answer="www.bank.test. A 192.0.2.80")
    asker.start(names.from_text("bank.test."), DS)
    assert asked(network) == ("bank.test.", DS, b"\xc0\0\2\1")


def test_referrals_come_to_an_end():
    asker, network = stage(referrals=1)
    found = asker.start(WWW, A)
    network.says(**REFERRAL)
    assert found[0].rcode == SERVFAIL
    assert "too many referrals" in found[0].explanation.text


def test_a_shortened_name_is_asked_for_label_by_label():
    asker, network = stage("relaxed")
    asker.start(WWW, A)
    assert asked(network)[:2] == ("test.", A)
    network.says(authority=". 600 SOA ns. host. 1 2 3 4 60")
    assert asked(network)[:2] == ("bank.test.", A)


@pytest.mark.parametrize(
    ("mode", "rcode"),
    [
        pytest.param("strict", NXDOMAIN, id="strict takes the denial of a shortened name"),
        pytest.param("relaxed", None, id="relaxed asks for the whole name"),
    ],
)
def test_the_denial_of_a_shortened_name(mode, rcode):
    asker, network = stage(mode)
    found = asker.start(WWW, A)
    network.says(rcode=NXDOMAIN, authority=". 600 SOA ns. host. 1 2 3 4 60")
    if rcode is None:
        assert asked(network)[:2] == ("www.bank.test.", A)
    else:
        assert found[0].rcode == rcode


DENIAL = {"rcode": NXDOMAIN, "authority": "bank.test. 600 SOA ns. host. 1 2 3 4 60"}
BANK = Delegation(
    names.from_text("bank.test."), (ROOT_SERVER,), {ROOT_SERVER: (b"\xc0\0\2\3",)}, stub=True
)


class TestTheDenialOfAShortenedNameInRelaxedMode:
    def stage(self):
        options = replace(OPTIONS, minimisation="relaxed")
        asker = Asker(Rehearsal(), HINTS, options, configured={BANK.zone: BANK})
        return asker, asker.internet

    def denials(self, asker):
        return {names.to_text(entry.name) for entry in asker.records.entries() if not entry.type}

    def test_it_says_nothing_of_names_below_when_the_whole_name_exists(self):
        asker, network = self.stage()
        found = asker.start(names.from_text("a.c.bank.test."), A)
        network.says(**DENIAL)
        network.says(answer="a.c.bank.test. A 192.0.2.80")
        assert (found[0].rcode, self.denials(asker)) == (NOERROR, set())
        found = asker.start(names.from_text("b.c.bank.test."), A)
        while network.open and network.asked().qname != names.from_text("b.c.bank.test."):
            network.says(**DENIAL)
        network.says(answer="b.c.bank.test. A 192.0.2.81")
        assert found[0].rcode == NOERROR

    @pytest.mark.parametrize(
        "reply",
        [
            pytest.param({"authority": DENIAL["authority"]}, id="NODATA"),
            pytest.param({"answer": "a.c.bank.test. CNAME d.example."}, id="an alias"),
            pytest.param(
                {"rcode": NXDOMAIN, "answer": "a.c.bank.test. CNAME d.bank.test.",
                 "authority": DENIAL["authority"]}, id="an alias to a name that is not",
            ),
            pytest.param(
                {"flags": 0x8000, "authority": "a.c.bank.test. NS ns.a.c.bank.test.",
                 "additional": "ns.a.c.bank.test. A 192.0.2.9"}, id="a referral",
            ),
        ],
    )  # fmt: skip
    def test_it_is_not_kept_where_the_whole_name_has_something_else(self, reply):
        asker, network = self.stage()
        asker.start(names.from_text("a.c.bank.test."), A)
        network.says(**DENIAL)
        network.says(**reply)
        if network.open:
            network.says(rcode=NXDOMAIN, authority="a.c.bank.test. SOA ns. host. 1 2 3 4 60")
        assert "c.bank.test." not in self.denials(asker)

    def test_it_is_kept_when_the_whole_name_is_denied_as_well(self):
        asker, network = self.stage()
        found = asker.start(names.from_text("a.c.bank.test."), A)
        network.says(**DENIAL)
        assert self.denials(asker) == set()
        network.says(**DENIAL)
        assert found[0].rcode == NXDOMAIN
        assert self.denials(asker) == {"c.bank.test.", "a.c.bank.test."}
        assert asker.start(names.from_text("b.c.bank.test."), A)[0].rcode == NXDOMAIN


def test_strict_mode_keeps_the_denial_of_a_shortened_name():
    options = replace(OPTIONS, minimisation="strict")
    asker = Asker(Rehearsal(), HINTS, options, configured={BANK.zone: BANK})
    asker.start(names.from_text("a.c.bank.test."), A)
    asker.internet.says(**DENIAL)
    assert [names.to_text(entry.name) for entry in asker.records.entries()] == ["c.bank.test."]


@pytest.mark.parametrize("limit", ["zone_in_flight", "server_in_flight"])
def test_what_fails_for_the_moments_load_is_asked_again_at_once(limit):
    asker, network = stage(**{limit: 1})
    asker.start(names.from_text("a.test."), A)
    (outcome,) = asker.start(WWW, A)
    assert (outcome.rcode, outcome.limits) == (SERVFAIL, (limit,))
    network.says(answer="a.test. A 192.0.2.80")
    found = asker.start(WWW, A)
    assert asked(network)[0] == "www.bank.test."
    network.says(answer="www.bank.test. A 192.0.2.80")
    assert found[0].rcode == NOERROR


def test_what_failed_is_not_asked_again_for_a_while_and_then_forgotten():
    asker, network = stage()
    found = asker.start(WWW, A)
    while network.open:
        network.ends(Result.UNREACHABLE)
    assert found[0].rcode == SERVFAIL
    assert asker.start(WWW, A)[0].rcode == SERVFAIL
    assert not network.open
    network.time += 6
    found = asker.start(WWW, A)
    network.says(answer="www.bank.test. A 192.0.2.80")
    assert found[0].rcode == NOERROR
    assert asker.world.failures.find(WWW, A, network.now()) is None


def server(zone, where, **kind):
    return Delegation(names.from_text(zone), (b"\1s\0",), {b"\1s\0": (where,)}, **kind)


def internet(*, configured=(), **options):
    limits = {key: options.pop(key) for key in list(options) if hasattr(ResolverLimits(), key)}
    network = Internet()
    for where, (origin, text) in ZONES.items():
        network.servers[where] = Authority([zone_from_text(origin, text)])
    network.servers[HOST_AT] = Authority(
        [zone_from_text("away.test.", "@ NS ns.city.example.\nwww A 192.0.2.82")]
    )  # fmt: skip
    network.servers[TEST_AT] = Authority(
        [
            zone_from_text(*ZONES[TEST_AT]),
            zone_from_text("example.", "@ NS ns.test.\nns.city A 192.0.2.4"),
        ]
    )
    made = replace(ResolverOptions(**options), limits=ResolverLimits(**limits))
    return Asker(network, HINTS, made, configured={each.zone: each for each in configured})


def ask(asker, question):
    """Ask as in ``www.bank.test. A``."""
    name, rrtype = question.split()
    return asker.ask(names.from_text(name), rrtype_from_text(rrtype))


def conversation(asker, since=0):
    """Who was asked what, in words."""
    found = []
    for packet in asker.internet.packets[since:]:
        query = parse_query(packet.query)
        assert packet.transport is Transport.UDP
        found.append(f"{PLACES[packet.address]}: {names.to_text(query.qname)} {query.qtype}")
    return found


class TestInASmallInternet:
    def test_from_the_root_down_with_no_more_labels_than_needed(self):
        asker = internet()
        assert ask(asker, "www.bank.test. TXT").rcode == NOERROR
        assert conversation(asker) == [
            "root: . 2", "root: test. 1", "test: bank.test. 1", "bank: www.bank.test. 16",
        ]  # fmt: skip

    @pytest.mark.parametrize(
        ("minimisation", "shown"),
        [
            pytest.param("relaxed", ["test. 1", "bank.test. 1", "c.bank.test. 1", "b.c.bank.test. 1", "a.b.c.bank.test. 16"], id="relaxed"),
            pytest.param("strict", ["test. 1", "bank.test. 1", "c.bank.test. 1", "b.c.bank.test. 1", "a.b.c.bank.test. 16"], id="strict"),
            pytest.param("off", ["a.b.c.bank.test. 16"] * 3, id="off"),
        ],
    )  # fmt: skip
    def test_names_are_shown_as_configured(self, minimisation, shown):
        asker = internet(minimisation=minimisation, priming=False)
        ask(asker, "a.b.c.bank.test. TXT")
        assert [line.partition(": ")[2] for line in conversation(asker)] == shown

    def test_nothing_below_a_denied_name_is_asked_for(self):
        asker = internet()
        ask(asker, "none.bank.test. A")
        sent = len(asker.internet.packets)
        outcome = ask(asker, "a.b.none.bank.test. TXT")
        assert (outcome.rcode, conversation(asker, sent)) == (NXDOMAIN, [])
        assert [names.to_text(rrset.owner) for rrset in outcome.authority] == ["bank.test."]

    def test_a_parent_without_ds_denies_it(self):
        asker = internet()
        outcome = ask(asker, "deep.bank.test. DS")
        assert (outcome.rcode, outcome.answer) == (NOERROR, [])
        assert [names.to_text(rrset.owner) for rrset in outcome.authority] == ["bank.test."]

    def test_servers_without_glue_are_looked_up(self):
        asker = internet()
        outcome = ask(asker, "www.away.test. A")
        assert [rrset.rdatas for rrset in outcome.answer] == [(b"\xc0\0\2\x52",)]
        assert conversation(asker)[-2:] == ["test: ns.city.example. 1", "host: www.away.test. 1"]

    def test_zones_that_need_each_other_are_given_up(self):
        asker = internet()
        outcome = ask(asker, "www.loop.test. A")
        assert (outcome.rcode, asker.faults, len(asker.resolver)) == (SERVFAIL, [], 0)

    def test_a_stub_zone_is_asked_at_once_and_label_by_label(self):
        asker = internet(configured=[server("test.", TEST_AT, stub=True)])
        ask(asker, "www.bank.test. TXT")
        assert conversation(asker) == ["test: bank.test. 1", "bank: www.bank.test. 16"]

    def test_a_forwarder_is_asked_for_the_whole_name(self):
        asker = internet(configured=[server("bank.test.", BANK_AT, forward=True)])
        assert ask(asker, "a.b.c.bank.test. A").rcode == NOERROR
        assert conversation(asker) == ["bank: a.b.c.bank.test. 1"]

    def test_a_cut_ends_no_later_than_the_one_above_it(self):
        asker = internet(priming=False)
        ask(asker, "www.bank.test. A")
        written = {names.to_text(cut.zone): cut for _, cut in asker.delegations.written}
        assert written["bank.test."].expiry <= written["test."].expiry
