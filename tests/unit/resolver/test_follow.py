"""Chains of aliases: how far they are followed, and what is found here on the way."""

from dataclasses import replace

import pytest
from fakes.internet import Asker
from fakes.rehearsal import Rehearsal

from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.resolver.outcome import Explanation, Outcome
from dnsd.wire import names
from dnsd.wire.names import ROOT
from dnsd.wire.rrset import RRset

A, CNAME, DNAME, ANY, ALIAS = 1, 5, 39, 255, 65401
NOERROR, SERVFAIL, NXDOMAIN, YXDOMAIN = 0, 2, 3, 6
ZONE = names.from_text("bank.test.")
NS = names.from_text("ns.bank.test.")
BANK = Delegation(ZONE, (NS,), {NS: (b"\xc0\0\2\1",)}, stub=True)
SOA = "bank.test. 600 SOA ns.bank.test. host.bank.test. 1 2 3 4 60"
OPTIONS = ResolverOptions(minimisation="off", priming=False)


def stage(options=OPTIONS, **limits):
    options = replace(options, limits=ResolverLimits(**limits))
    asker = Asker(Rehearsal(), Delegation(ROOT, ()), options, configured={ZONE: BANK})
    return asker, asker.internet


def name(label):
    return names.from_text(label, ZONE)


def ask(asker, label, rrtype=A, local=None):
    """Ask; the list gets the outcome."""
    found = []
    early = asker.resolver.resolve(name(label), rrtype, found.append, local=local)
    return [early] if isinstance(early, Outcome) else found


def owners(outcome):
    return [(names.to_text(rrset.owner), rrset.type) for rrset in outcome.answer]


def link(network, label, target):
    network.says(answer=f"{label}.bank.test. CNAME {target}.bank.test.")


def test_a_chain_comes_in_its_order_and_each_link_is_asked_for():
    asker, network = stage()
    found = ask(asker, "a")
    link(network, "a", "b")
    link(network, "b", "c")
    network.says(answer="c.bank.test. A 192.0.2.80")
    assert owners(found[0]) == [("a.bank.test.", 5), ("b.bank.test.", 5), ("c.bank.test.", 1)]
    assert found[0].packets == 3


def test_a_target_is_looked_up_whatever_letters_it_is_written_in():
    asker, network = stage()
    found = ask(asker, "a")
    network.says(answer="a.bank.test. CNAME B.Bank.TEST.")
    assert network.asked().qname == name("b")
    network.says(answer="b.bank.test. A 192.0.2.80")
    assert found[0].rcode == NOERROR


@pytest.mark.parametrize(
    "links",
    [
        pytest.param(["aa"], id="to itself"),
        pytest.param(["ab", "ba"], id="to each other"),
        pytest.param(["ab", "bc", "cb"], id="later"),
    ],
)
def test_aliases_in_a_circle_are_given_up(links):
    asker, network = stage()
    found = ask(asker, "a")
    for owner, target in links:
        link(network, owner, target)
    assert (found[0].rcode, network.open) == (SERVFAIL, [])
    assert found[0].explanation.text == "aliases go round in a circle"


@pytest.mark.parametrize(("links", "rcode"), [(3, NOERROR), (4, SERVFAIL)])
def test_so_many_links_are_followed_and_no_more(links, rcode):
    asker, network = stage(alias_links=3)
    found = ask(asker, "n0")
    for number in range(links):
        link(network, f"n{number}", f"n{number + 1}")
    while network.open:
        network.says(answer=f"n{links}.bank.test. A 192.0.2.80")
    assert found[0].rcode == rcode
    assert found[0].limits == (() if rcode == NOERROR else ("alias_links",))


LONG = ".".join(["x" * 62] * 3) + ".old"
LENGTHENS = "old.bank.test. DNAME " + "y" * 63 + ".bank.test."


class TestADnameThatMakesTooLongAName:
    """RFC 6672 §2.2."""

    def lengthens(self, network, rcode=YXDOMAIN):
        network.says(rcode=rcode, answer=LENGTHENS)  # over TCP again
        network.says(rcode=rcode, answer=LENGTHENS)

    @pytest.mark.parametrize("rcode", [NOERROR, YXDOMAIN], ids=["a server that forgot", "a server"])
    @pytest.mark.parametrize("rrtype", [A, CNAME, DNAME, ANY])
    def test_the_client_gets_yxdomain_and_the_dname(self, rcode, rrtype):
        asker, network = stage()
        found = ask(asker, LONG, rrtype)
        self.lengthens(network, rcode)
        assert (found[0].rcode, owners(found[0])) == (YXDOMAIN, [("old.bank.test.", DNAME)])
        assert (found[0].authority, found[0].explanation, found[0].limits) == ([], None, ())

    def test_an_alias_that_leads_there_goes_before(self):
        asker, network = stage()
        found = ask(asker, "a")
        network.says(answer=f"a.bank.test. CNAME {LONG}.bank.test.")
        self.lengthens(network)
        assert found[0].rcode == YXDOMAIN
        assert owners(found[0]) == [("a.bank.test.", CNAME), ("old.bank.test.", DNAME)]

    def test_it_is_no_failure_and_no_denial_that_is_remembered(self):
        asker, network = stage()
        ask(asker, LONG)
        self.lengthens(network)
        assert [(e.name, e.type) for e in asker.records.entries()] == [(name("old"), DNAME)]
        assert asker.world.failures.find(name(LONG), A, network.now()) is None
        ask(asker, LONG)
        assert network.asked().qname == name(LONG)

    def test_the_dname_is_an_answer_to_who_asks_for_it(self):
        asker, network = stage()
        ask(asker, LONG)
        self.lengthens(network)
        (outcome,) = ask(asker, "old", DNAME)
        assert (outcome.rcode, owners(outcome)) == (NOERROR, [("old.bank.test.", DNAME)])


@pytest.mark.parametrize(("rcode", "text"), [(NXDOMAIN, "nothing"), (NOERROR, "no data")])
def test_a_chain_that_ends_in_nothing_has_the_rcode_and_the_soa_of_its_end(rcode, text):
    asker, network = stage()
    found = ask(asker, "a")
    link(network, "a", "b")
    network.says(rcode=rcode, authority=SOA)
    assert (found[0].rcode, owners(found[0])) == (rcode, [("a.bank.test.", 5)]), text
    assert [rrset.ttl for rrset in found[0].authority] == [60]


def test_an_alias_is_an_answer_to_who_asks_for_it():
    asker, network = stage()
    found = ask(asker, "a", CNAME)
    link(network, "a", "b")
    assert owners(found[0]) == [("a.bank.test.", 5)]


def test_a_dname_stands_before_the_alias_made_of_it():
    asker, network = stage()
    for _ in range(2):
        found = ask(asker, "www.old")
        if not found:
            for _ in range(2):  # over UDP, then over TCP
                network.says(
                    answer="old.bank.test. DNAME new.bank.test.\n"
                    "www.old.bank.test. CNAME www.new.bank.test.\n"
                    "www.new.bank.test. A 192.0.2.80"
                )
        assert [rrtype for _, rrtype in owners(found[0])] == [DNAME, CNAME, A]


def test_who_asks_for_everything_gets_addresses():
    asker, network = stage()
    found = ask(asker, "www", ANY)
    assert network.asked().qtype == A
    network.says(answer="www.bank.test. A 192.0.2.80")
    assert owners(found[0]) == [("www.bank.test.", 1)]


class TestNamesAnsweredHere:
    def here(self, asked, answers):
        def local(name_, rrtype):
            asked.append((names.to_text(name_), rrtype))
            return answers.get(name_)

        return local

    def chain(self, answers, *, links=(("a", "b"),)):
        """Ask for an alias; what was found, what was asked here, and the network."""
        asker, network = stage()
        asked = []
        found = ask(asker, "a", local=self.here(asked, answers))
        for owner, target in links:
            link(network, owner, target)
        return found, asked, network

    def test_the_first_name_is_not_looked_for_here(self):
        _, asked, network = self.chain({}, links=())
        assert (asked, len(network.open)) == ([], 1)

    def test_a_chain_ends_where_a_name_is_ours(self):
        ours = Outcome(NOERROR, [RRset(name("b"), A, 60, (b"\x0a\0\0\1",))], [])
        found, asked, network = self.chain({name("b"): ours})
        assert (owners(found[0]), network.open) == ([("a.bank.test.", 5), ("b.bank.test.", 1)], [])
        assert asked == [("b.bank.test.", A)]

    def test_a_denial_of_ours_ends_it_too_and_says_why(self):
        why = Explanation(15, "blocked")
        found, _, network = self.chain({name("b"): Outcome(NXDOMAIN, [], [], explanation=why)})
        assert (found[0].rcode, found[0].explanation, network.open) == (NXDOMAIN, why, [])

    def test_it_goes_on_where_an_alias_of_ours_leads(self):
        alias = RRset(name("b"), CNAME, 60, (name("c"),))
        found, _, network = self.chain({name("b"): Outcome(NOERROR, [alias], [], unfinished=name("c"))})  # fmt: skip
        assert network.asked().qname == name("c")
        network.says(answer="c.bank.test. A 192.0.2.80")
        assert [rrtype for _, rrtype in owners(found[0])] == [CNAME, CNAME, A]

    def test_it_goes_on_below_a_zone_cut_of_ours(self):
        found, _, network = self.chain({name("b"): Outcome(NOERROR, [], [], unfinished=name("b"))})
        assert network.asked().qname == name("b")
        network.says(answer="b.bank.test. A 192.0.2.80")
        assert (found[0].rcode, owners(found[0])[-1]) == (NOERROR, ("b.bank.test.", 1))

    def test_aliases_of_ours_and_theirs_in_a_circle_are_given_up(self):
        back = RRset(name("b"), CNAME, 60, (name("a"),))
        found, _, network = self.chain({name("b"): Outcome(NOERROR, [back], [], unfinished=name("a"))})  # fmt: skip
        assert (found[0].rcode, network.open) == (SERVFAIL, [])

    @pytest.mark.parametrize("rrtype", [CNAME, ALIAS])
    def test_nor_do_they_cost_a_packet_for_each_time_round(self, rrtype):
        asker, network = stage()
        back = RRset(name("b"), rrtype, 60, (name("a"),))
        ours = lambda: Outcome(NOERROR, [back], [], unfinished=name("a"))  # noqa: E731
        found = ask(asker, "a", local=lambda name_, _: ours() if name_ == name("b") else None)
        network.says(answer="a.bank.test. 0 CNAME b.bank.test.")
        assert (found[0].rcode, found[0].packets, network.open) == (SERVFAIL, 1, [])
        assert found[0].explanation.text == "aliases go round in a circle"


class TestAge:
    def test_ttls_count_down(self):
        asker, network = stage()
        ask(asker, "www")
        network.says(answer="www.bank.test. 300 A 192.0.2.80")
        network.time += 100.5
        assert ask(asker, "www")[0].answer[0].ttl == 200

    @pytest.mark.parametrize(
        ("reply", "ttl"),
        [
            pytest.param({"answer": "www.bank.test. 300 A 192.0.2.80"}, 300, id="data"),
            pytest.param({"authority": SOA}, 60, id="denial"),
        ],
    )
    @pytest.mark.parametrize("now", [8184.81, 1000.0, 0.1, 123456.789])
    def test_no_clock_makes_a_ttl_longer_than_it_was(self, now, reply, ttl):
        asker, network = stage()
        network.time = now
        found = ask(asker, "www")
        network.says(**reply)
        assert [each.ttl for each in found[0].answer + found[0].authority] == [ttl]

    def test_an_expired_answer_has_a_short_ttl_and_says_so(self):
        asker, network = stage()
        ask(asker, "www")
        network.says(answer="www.bank.test. 300 A 192.0.2.80")
        network.time += 301
        outcome = asker.resolver.known(name("www"), A, stale=True)
        assert (outcome.answer[0].ttl, outcome.stale, outcome.refresh) == (30, True, ())

    def test_a_current_link_before_an_expired_one_keeps_its_ttl(self):
        asker, network = stage()
        ask(asker, "a")
        network.says(answer="a.bank.test. 3600 CNAME www.bank.test.")
        network.says(answer="www.bank.test. 300 A 192.0.2.80")
        network.time += 400
        outcome = asker.resolver.known(name("a"), A, stale=True)
        assert [rrset.ttl for rrset in outcome.answer] == [3200, 30]

    @pytest.mark.parametrize(
        ("ttl", "at", "is_due"),
        [
            pytest.param(300, 269, False, id="before the last tenth"),
            pytest.param(300, 271, True, id="in the last tenth"),
            pytest.param(9, 8.5, False, id="not worth it"),
        ],
    )
    def test_what_is_in_its_last_tenth_is_to_be_refreshed(self, ttl, at, is_due):
        asker, network = stage()
        ask(asker, "www")
        network.says(answer=f"www.bank.test. {ttl} A 192.0.2.80")
        began = network.time
        network.time += at
        (outcome,) = ask(asker, "www")
        assert bool(outcome.refresh) is is_due
        if not is_due:
            assert outcome.refresh_at == (began + 270 if ttl == 300 else float("inf"))

    def test_without_prefetching_nothing_is(self):
        asker, network = stage(replace(OPTIONS, prefetch=False))
        ask(asker, "www")
        network.says(answer="www.bank.test. 300 A 192.0.2.80")
        network.time += 295
        assert ask(asker, "www")[0].refresh == ()
