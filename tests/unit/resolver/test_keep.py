"""What becomes entries of the cache, and for how long."""

from dataclasses import replace

import pytest
from fakes.internet import Asker
from fakes.rehearsal import Rehearsal

from dnsd.resolver.cache.contract import NXDOMAIN_TYPE, Kind, Rank
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.wire import names
from dnsd.wire.message import AA, QR
from dnsd.wire.names import ROOT

A, CNAME, TXT, DNAME = 1, 5, 16, 39
ZONE = names.from_text("bank.test.")
NS = names.from_text("ns.bank.test.")
WWW = names.from_text("www.bank.test.")
BANK = Delegation(ZONE, (NS,), {NS: (b"\xc0\0\2\1",)}, stub=True)
OPTIONS = ResolverOptions(minimisation="off", priming=False)


def kept(*, options=OPTIONS, rrtype=A, cut=BANK, **reply):
    """Ask with one reply; entries by name and type, the outcome, and the network."""
    asker = Asker(Rehearsal(), Delegation(ROOT, ()), options, configured={ZONE: cut})
    found = asker.start(WWW, rrtype)
    for _ in range(2):  # over TCP again, if it wants that
        if network_wants(asker.internet):
            asker.internet.says(**reply)
    entries = {(names.to_text(e.name), e.type): e for e in asker.records.entries()}
    return entries, (found or [None])[0], asker.internet


def network_wants(network):
    return network.open and network.asked().qname == WWW


def life(entry):
    return entry.expiry - entry.stored


@pytest.mark.parametrize(
    ("ttl", "options", "expected"),
    [
        pytest.param(300, {}, 300, id="as its server says"),
        pytest.param(0, {}, 1, id="at least a second"),
        pytest.param(0, {"min_ttl": 60}, 60, id="at least the configured minimum"),
        pytest.param(10**6, {}, 86_400, id="at most a day"),
        pytest.param(10**6, {"max_ttl": 3600}, 3600, id="at most the configured maximum"),
        pytest.param(2**31, {}, 1, id="no time at all above 31 bits"),
    ],
)
def test_answers_are_kept(ttl, options, expected):
    entries, outcome, _ = kept(
        options=replace(OPTIONS, **options), answer=f"www.bank.test. {ttl} A 192.0.2.80"
    )
    assert life(entries["www.bank.test.", A]) == expected
    assert outcome.answer[0].ttl == expected


def test_an_answer_without_time_to_live_is_given_once():
    entries, outcome, _ = kept(
        options=replace(OPTIONS, min_ttl=0), answer="www.bank.test. 0 A 192.0.2.80"
    )
    assert outcome.answer[0].ttl == 0
    assert all(life(entry) == 0 for entry in entries.values())


@pytest.mark.parametrize(
    ("soa_ttl", "minimum", "options", "expected"),
    [
        pytest.param(600, 60, {}, 60, id="MINIMUM"),
        pytest.param(60, 600, {}, 60, id="the TTL of the SOA"),
        pytest.param(10**6, 10**6, {}, 3600, id="at most an hour"),
        pytest.param(0, 600, {}, 1, id="at least a second"),
        pytest.param(0, 600, {"min_ttl": 30}, 30, id="at least the configured minimum"),
    ],
)
@pytest.mark.parametrize(("rcode", "key"), [(3, NXDOMAIN_TYPE), (0, A)], ids=["NXDOMAIN", "NODATA"])
def test_denials_are_kept_as_long_as_their_soa_says(rcode, key, soa_ttl, minimum, options, expected):  # fmt: skip
    entries, outcome, _ = kept(
        options=replace(OPTIONS, **options), rcode=rcode,
        authority=f"bank.test. {soa_ttl} SOA ns.bank.test. host.bank.test. 1 2 3 4 {minimum}",
    )  # fmt: skip
    assert life(entries["www.bank.test.", key]) == expected
    assert [rrset.ttl for rrset in outcome.authority] == [expected]


@pytest.mark.parametrize("rcode", [0, 3])
def test_a_denial_without_soa_is_answered_and_not_kept(rcode):
    entries, outcome, _ = kept(rcode=rcode)
    assert (entries, outcome.rcode) == ({}, rcode)


def test_each_link_of_a_chain_is_an_entry_of_its_own():
    entries, outcome, _ = kept(
        answer="www.bank.test. CNAME b.bank.test.\nb.bank.test. 60 A 192.0.2.80"
    )
    assert {key: life(entry) for key, entry in entries.items()} == {
        ("www.bank.test.", CNAME): 300,
        ("b.bank.test.", A): 60,
    }
    assert outcome.packets == 1


def test_a_chain_that_ends_in_a_denial_keeps_both():
    entries, outcome, _ = kept(
        rcode=3, answer="www.bank.test. CNAME b.bank.test.",
        authority="bank.test. SOA ns.bank.test. host.bank.test. 1 2 3 4 60",
    )  # fmt: skip
    assert set(entries) == {("www.bank.test.", CNAME), ("b.bank.test.", NXDOMAIN_TYPE)}
    assert (outcome.rcode, outcome.packets) == (3, 1)


def test_an_alias_keeps_the_dname_that_it_was_made_of():
    entries, _, _ = kept(
        answer="bank.test. DNAME city.example.\nwww.bank.test. CNAME www.city.example."
    )
    assert set(entries) == {("bank.test.", DNAME), ("www.bank.test.", CNAME)}
    assert [rrset.type for rrset in entries["www.bank.test.", CNAME].proof] == [DNAME]


@pytest.mark.parametrize(
    ("flags", "forward", "rank"),
    [
        pytest.param(QR | AA, False, Rank.AUTHORITATIVE, id="of a server"),
        pytest.param(QR, True, Rank.ANSWER, id="of a forwarder"),
    ],
)
def test_rank_follows_authority(flags, forward, rank):
    cut = replace(BANK, forward=forward, stub=not forward)
    entries, _, _ = kept(cut=cut, flags=flags, answer="www.bank.test. A 192.0.2.80")
    entry = entries["www.bank.test.", A]
    assert (entry.rank, entry.kind) == (rank, Kind.POSITIVE)
    assert (entry.zone, entry.server) == (ZONE, b"\xc0\0\2\1")


def test_what_a_client_may_not_add_is_answered_and_not_kept():
    options = replace(OPTIONS, limits=ResolverLimits(query_rrsets=1))
    entries, outcome, network = kept(
        options=options, answer="www.bank.test. CNAME b.bank.test.\nb.bank.test. A 192.0.2.80"
    )
    assert set(entries) == {("www.bank.test.", CNAME)}
    assert network.asked().qname == names.from_text("b.bank.test.")
    assert outcome is None


def test_an_rrset_that_is_too_large_is_answered_and_its_limit_named():
    text = " ".join(f'"{letter * 250}"' for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGH")
    entries, outcome, _ = kept(rrtype=TXT, answer=f"www.bank.test. TXT {text}")
    assert (entries, outcome.limits) == ({}, ("rrset_octets",))
    assert [rrset.type for rrset in outcome.answer] == [TXT]
