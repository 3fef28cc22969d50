import re
from ipaddress import ip_address

import pytest
from fakes.internet import Asker
from fakes.lab_reasons import BOGUS, INSECURE

from dnsd.authority.zonefile.master_file import read_master
from dnsd.cli.lab_world import ROOT_HINTS, LabWorld
from dnsd.cli.lookup_question import QueryForm, query_octets
from dnsd.dnssec.anchors import read_anchors
from dnsd.lab import bogus
from dnsd.lab.internet import Internet
from dnsd.resolver.cache.contract import Security
from dnsd.resolver.commands import Transport
from dnsd.resolver.hints import hints_from
from dnsd.resolver.options import ResolverOptions
from dnsd.resolver.security.trust import Trust
from dnsd.wire import names, rdata
from dnsd.wire.iana import Rcode, rrtype_from_text
from dnsd.wire.message import parse_message

NOW = 1_750_000_000


@pytest.fixture
def world():
    return LabWorld(NOW)


@pytest.fixture
def internet(world):
    made = Internet()
    for place in world.places:
        made.servers[ip_address(place.address).packed] = place.server
    return made


@pytest.fixture
def resolver(world, internet):
    draft = read_master(ROOT_HINTS, names.ROOT, "hints")
    hints = hints_from((record.owner, record.type, record.rdata) for record in draft.records)
    made = Asker(internet, hints, ResolverOptions(query_local_addresses=True))
    made.world.trust = Trust(read_anchors(world.anchor), lambda: NOW)
    return made


def resolve(resolver, text, kind="A"):
    """Return the outcome."""
    outcome = resolver.ask(names.from_text(text), rrtype_from_text(kind))
    assert resolver.faults == []
    return outcome


def ask(resolver, text, kind="A"):
    """Return the response code, and the data of the last RRset."""
    outcome = resolve(resolver, text, kind)
    last = outcome.answer[-1] if outcome.answer else None
    data = [rdata.to_text(last.type, octets) for octets in last.rdatas] if last else []
    return outcome.rcode, data


@pytest.mark.parametrize(
    ("name", "kind", "data"),
    [
        ("www.shop.test.", "A", ["192.0.2.80"]),
        ("www.shop.test.", "AAAA", ["2001:db8::80"]),
        ("shop.test.", "MX", ["10 mail.shop.test."]),
        ("blog.example.", "A", ["192.0.2.81"]),
        ("www.blog.example.", "A", ["192.0.2.80"]),
        ("www.slow.test.", "A", ["192.0.2.82"]),
        ("www.evil.test.", "A", ["192.0.2.66"]),
        ("80.2.0.192.in-addr.arpa.", "PTR", ["web.shop.test."]),
    ],
)
def test_what_is_in_order_is_found_from_the_root(resolver, name, kind, data):
    assert ask(resolver, name, kind) == (Rcode.NOERROR, data)


def test_an_answer_too_large_for_a_datagram_comes_over_tcp(resolver, internet):
    rcode, (text,) = ask(resolver, "big.shop.test.", "TXT")
    assert (rcode, len(text) > 1232) == (Rcode.NOERROR, True)
    assert {packet.transport.name for packet in internet.packets} == {"UDP", "TCP"}


@pytest.mark.parametrize("name", ["www.lame.test.", "www.gone.test."])
def test_what_is_out_of_order_cannot_be_found(resolver, name):
    assert ask(resolver, name) == (Rcode.SERVFAIL, [])


def test_what_the_liar_says_of_others_is_not_believed(resolver):
    assert ask(resolver, "www.evil.test.") == (Rcode.NOERROR, ["192.0.2.66"])
    assert ask(resolver, "web.shop.test.") == (Rcode.NOERROR, ["192.0.2.80"])
    liar = ip_address("127.53.66.1").packed
    of_others = [cut for cut in resolver.delegations.delegations()
                 if not names.is_subdomain(cut.zone, names.from_text("evil.test."))]  # fmt: skip
    assert of_others
    assert not [
        cut for cut in of_others if liar in [a for each in cut.addresses.values() for a in each]
    ]


def test_the_liar_does_lie(internet):
    query = query_octets(names.from_text("www.evil.test."), 1, QueryForm(), bytes)
    server = internet.servers[ip_address("127.53.66.1").packed]
    ((octets, _),) = server.receive(query, Transport.UDP, 0.0)
    claimed = [names.to_text(rrset.owner) for rrset in parse_message(octets).authority]
    assert {"shop.test.", "test."} <= set(claimed)


@pytest.mark.parametrize(
    ("name", "kind", "rcode"),
    [
        ("www.shop.test.", "A", Rcode.NOERROR),
        ("none.shop.test.", "A", Rcode.NXDOMAIN),
        ("www.blog.example.", "A", Rcode.NOERROR),
        ("www.slow.test.", "AAAA", Rcode.NOERROR),
        ("80.2.0.192.in-addr.arpa.", "PTR", Rcode.NOERROR),
        ("bogus.test.", "A", Rcode.NOERROR),
    ],
)
def test_what_is_in_order_is_secure(resolver, name, kind, rcode):
    outcome = resolve(resolver, name, kind)
    assert (outcome.rcode, outcome.security) == (rcode, Security.SECURE)


def test_what_the_liar_serves_is_insecure(resolver):
    assert resolve(resolver, "www.evil.test.").security is Security.INSECURE


@pytest.mark.parametrize("question", BOGUS)
def test_what_is_bogus_is_so_for_its_one_reason(resolver, question):
    code, reason = BOGUS[question]
    outcome = resolve(resolver, *question.split())
    assert (outcome.rcode, outcome.security, outcome.answer) == (
        Rcode.SERVFAIL, Security.BOGUS, [],
    )  # fmt: skip
    assert outcome.explanation.code == code
    assert re.fullmatch(reason, outcome.explanation.text)


@pytest.mark.parametrize("question", INSECURE)
def test_what_is_insecure_is_answered_and_says_why(resolver, question):
    code, reason = INSECURE[question]
    outcome = resolve(resolver, *question.split())
    assert outcome.security is Security.INSECURE
    assert outcome.rcode == (Rcode.NXDOMAIN if "missing." in question else Rcode.NOERROR)
    assert outcome.explanation == ((code, reason) if code is not None else None)


def test_the_lab_shows_nothing_else():
    for table, parent, domains in (
        (BOGUS, "bogus.test", bogus.BOGUS), (INSECURE, "insecure.test", bogus.INSECURE),
    ):  # fmt: skip
        shown = [f"{odd.question(parent)} A".split()[:2] for odd in domains]
        assert [" ".join(each) for each in shown] == list(table)


def test_no_parent_has_a_ds_of_what_dnsd_serves_until_it_is_told(world, resolver):
    outcome = resolve(resolver, "dnsd.example.", "DS")
    assert (outcome.rcode, outcome.answer, outcome.security) == (Rcode.NOERROR, [], Security.SECURE)
    world.delegate(names.from_text("dnsd.test."), (b"\x12\x34\x0d\x02" + bytes(32),))
    outcome = resolve(resolver, "dnsd.test.", "DS")
    assert outcome.security is Security.SECURE
    assert [rdata.to_text(43, each) for each in outcome.answer[0].rdatas] == [
        f"4660 13 2 {'00' * 32}"
    ]
