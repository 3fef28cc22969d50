"""Where the servers of a zone are asked: known addresses first, then look-ups."""

from dataclasses import replace

import pytest
from fakes.internet import Asker
from fakes.rehearsal import Rehearsal

from dnsd.resolver.cache.contract import Entry, Kind, Rank, Security
from dnsd.resolver.commands import Result
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.resolver.outcome import Outcome
from dnsd.wire import names
from dnsd.wire.message import QR
from dnsd.wire.names import ROOT
from dnsd.wire.rrset import RRset

WWW = names.from_text("www.bank.test.")
ZONE = names.from_text("bank.test.")
ADDRESSES = (b"\xc0\0\2\1", b"\xc0\0\2\2")
NS2 = names.from_text("ns2.bank.test.")
OPTIONS = ResolverOptions(minimisation="off", priming=False)
SERVFAIL = 2
A = 1


def glueless(*servers):
    return Delegation(ZONE, tuple(map(names.from_text, servers)), stub=True)


def place(asker, name, *addresses, rrtype=A):
    """Put addresses into the cache."""
    now = asker.internet.now()
    owner = names.from_text(name)
    asker.records.put(
        Entry(owner, rrtype, Kind.POSITIVE, Rank.AUTHORITATIVE, Security.INDETERMINATE, now,
              now + 300, RRset(owner, rrtype, 300, addresses)),
        now,
    )  # fmt: skip


HELPER = Delegation(
    names.from_text("example."), (b"\2ns\7example\0",), {b"\2ns\7example\0": (b"\xc6\x33\x64\1",)},
    stub=True,
)  # fmt: skip


def glueless_stage(*servers, options=OPTIONS, **limits):
    """A zone whose servers have names in another one, which has one server."""
    options = replace(options, limits=ResolverLimits(**limits))
    configured = {ZONE: glueless(*servers), HELPER.zone: HELPER}
    asker = Asker(Rehearsal(), Delegation(ROOT, ()), options, configured=configured)
    return asker, asker.internet


def test_the_cache_is_looked_into_first():
    asker, network = glueless_stage("ns1.example.")
    place(asker, "ns1.example.", ADDRESSES[0])
    asker.start(WWW, A)
    assert network.asked().qname == WWW
    assert network.open[0][0].address == ADDRESSES[0]


def test_they_are_looked_up_one_after_the_other():
    asker, network = glueless_stage("ns1.example.", "ns2.example.")
    found = asker.start(WWW, A)
    assert network.asked().qname == names.from_text("ns1.example.")
    network.says(answer="ns1.example. A 192.0.2.1")
    assert network.asked().qname == WWW
    network.ends(Result.UNREACHABLE)
    while network.open and network.open[0][0].address == ADDRESSES[0]:
        network.ends(Result.UNREACHABLE)
    assert network.asked().qname == names.from_text("ns2.example.")
    network.says(answer="ns2.example. A 192.0.2.2")
    assert network.open[0][0].address == ADDRESSES[1]
    network.says(answer="www.bank.test. A 192.0.2.80")
    assert found[0].rcode == 0


def test_those_with_addresses_are_asked_first():
    cut = Delegation(ZONE, (b"\3ns1\7example\0", NS2), {NS2: ADDRESSES[1:]}, stub=True)
    asker, network = glueless_stage()
    asker.world.configured[ZONE] = cut
    asker.start(WWW, A)
    assert network.open[0][0].address == ADDRESSES[1]


@pytest.mark.parametrize(
    ("limits", "looked_up"),
    [
        pytest.param({"delegation_name_fetches": 2}, 2, id="delegation_name_fetches"),
        pytest.param({"query_name_fetches": 3}, 3, id="query_name_fetches"),
        pytest.param({"depth": 0}, 0, id="depth"),
    ],
)
def test_few_are_looked_up(limits, looked_up):
    asker, network = glueless_stage(*(f"ns{i}.example." for i in range(9)), **limits)
    found = asker.start(WWW, A)
    for _ in range(looked_up):
        network.says(rcode=3, authority="example. SOA ns.example. host.example. 1 2 3 4 60")
    assert (found[0].rcode, network.open) == (SERVFAIL, [])
    assert found[0].limits == tuple(limits)


@pytest.mark.parametrize("limit", ["query_name_fetches", "depth"])
def test_what_one_question_may_not_look_up_is_not_remembered_for_others(limit):
    asker, network = glueless_stage("ns1.example.", **{limit: 0})
    assert asker.start(WWW, A)[0].limits == (limit,)
    assert asker.world.failures.find(WWW, A, network.now()) is None


@pytest.mark.parametrize("limit", ["zone_in_flight", "server_in_flight"])
def test_a_server_not_found_for_the_moments_load_is_looked_up_again(limit):
    asker, network = glueless_stage("ns1.example.", **{limit: 1})
    asker.start(names.from_text("other.example."), A)
    assert asker.start(WWW, A)[0].rcode == SERVFAIL
    network.says(answer="other.example. A 192.0.2.7")
    asker.start(WWW, A)
    assert network.asked().qname == names.from_text("ns1.example.")


def test_a_cut_is_given_up_after_some_that_do_not_exist():
    asker, network = glueless_stage(*(f"ns{i}.example." for i in range(9)), failed_names=5)
    found = asker.start(WWW, A)
    for _ in range(5):
        network.says(rcode=3, authority="example. SOA ns.example. host.example. 1 2 3 4 60")
    assert found[0].limits == ("failed_names",)
    text = "name servers without addresses; limit failed_names reached"
    assert found[0].explanation.text == text


@pytest.mark.parametrize("is_cached", [False, True], ids=["looked up", "cached"])
def test_few_addresses_of_one_server_are_taken(is_cached):
    asker, network = glueless_stage("ns1.example.", name_addresses=1)
    if is_cached:
        place(asker, "ns1.example.", *ADDRESSES)
    found = asker.start(WWW, A)
    if not is_cached:
        network.says(answer="ns1.example. A 192.0.2.1\nns1.example. A 192.0.2.2")
    network.says(rcode=SERVFAIL, flags=QR)
    assert (found[0].rcode, network.open) == (SERVFAIL, [])
    assert found[0].limits == ("name_addresses",)


def test_servers_with_addresses_that_may_not_be_asked_are_as_good_as_none():
    asker, network = glueless_stage(*(f"ns{i}.example." for i in range(9)), failed_names=2)
    found = asker.start(WWW, A)
    for i in range(2):
        network.says(answer=f"ns{i}.example. A 10.0.0.1")
    assert (network.open, found[0].limits) == ([], ("failed_names",))
    text = "name servers without addresses; limit failed_names reached"
    assert found[0].explanation.text == text


def test_few_addresses_of_all_servers_are_taken():
    asker, network = glueless_stage("ns1.example.", "ns2.example.", delegation_addresses=1)
    for server, address in zip(("ns1.example.", "ns2.example."), ADDRESSES, strict=True):
        place(asker, server, address)
    found = asker.start(WWW, A)
    network.says(rcode=SERVFAIL, flags=QR)
    assert (found[0].rcode, network.open) == (SERVFAIL, [])
    assert found[0].limits == ("delegation_addresses",)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "0.0.0.0"])
@pytest.mark.parametrize("is_cached", [False, True], ids=["looked up", "cached"])
def test_local_addresses_are_not_asked_whoever_names_them(address, is_cached):
    asker, network = glueless_stage("ns1.example.")
    octets = bytes(map(int, address.split(".")))
    if is_cached:
        place(asker, "ns1.example.", octets)
    found = asker.start(WWW, A)
    if not is_cached:
        network.says(answer=f"ns1.example. A {address}")
    while network.open:
        assert network.open[0][0].address != octets
        network.says(rcode=SERVFAIL, flags=QR)
    assert found[0].rcode == SERVFAIL


def test_local_addresses_are_asked_where_that_is_configured():
    options = replace(OPTIONS, query_local_addresses=True)
    asker, network = glueless_stage("ns1.example.", options=options)
    place(asker, "ns1.example.", b"\x7f\0\0\1")
    asker.start(WWW, A)
    assert network.open[0][0].address == b"\x7f\0\0\1"


def test_only_families_that_we_have_are_looked_up_and_asked():
    asker, network = glueless_stage("ns1.example.")
    place(asker, "ns1.example.", bytes(15) + b"\1", rrtype=28)
    asker.start(WWW, A)
    assert (network.asked().qname, network.asked().qtype) == (b"\3ns1\7example\0", A)


@pytest.mark.parametrize("answer", [(), (b"\x7f\0\0\1",)], ids=["no address", "loopback"])
def test_what_is_known_here_of_a_server_is_not_asked_for(answer):
    asker, network = glueless_stage("localhost.")
    rrsets = [RRset(b"\x09localhost\0", A, 300, answer)] if answer else []
    asker.world.local = lambda _name, _rrtype: Outcome(0, rrsets, [])
    assert asker.start(WWW, A)[0].rcode == SERVFAIL
    assert network.open == []
