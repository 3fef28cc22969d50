"""Learning the root's servers from the root (RFC 9609)."""

from dataclasses import replace

import pytest
from fakes.internet import Asker
from fakes.rehearsal import Rehearsal

from dnsd.resolver.commands import Result
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverOptions
from dnsd.wire import names
from dnsd.wire.names import ROOT

A, NS, SERVFAIL = 1, 2, 2
FIRST = names.from_text("a.roots.test.")
HINTS = Delegation(ROOT, (FIRST,), {FIRST: (b"\xc0\0\2\1",)})
OPTIONS = ResolverOptions(minimisation="off")
ROOTS = {
    "answer": ". 86400 NS a.roots.test.\n. 86400 NS b.roots.test.",
    "additional": "a.roots.test. A 192.0.2.11\nb.roots.test. A 192.0.2.12",
}
WWW = names.from_text("www.bank.test.")


def stage(options=OPTIONS):
    asker = Asker(Rehearsal(), HINTS, options)
    return asker, asker.internet


def question(network):
    return network.asked().qname, network.asked().qtype


def test_the_root_is_asked_for_its_servers_before_all_else():
    asker, network = stage()
    asker.start(WWW, A)
    assert question(network) == (ROOT, NS)
    network.says(**ROOTS)
    assert question(network) == (WWW, A)
    assert network.open[0][0].address in (b"\xc0\0\2\x0b", b"\xc0\0\2\x0c")


def test_it_is_asked_once_for_as_long_as_its_answer_lives():
    asker, network = stage()
    for number, seconds in enumerate((0, 10, 86_300)):
        network.time = 1000.0 + seconds
        asker.start(names.from_text(f"n{number}.test."), A)
        if not number:
            network.says(**ROOTS)
        assert question(network)[1] == A
        network.says(answer=f"n{number}.test. A 192.0.2.80")
    network.time = 1000.0 + 86_401
    asker.start(WWW, A)
    assert question(network) == (ROOT, NS)


def test_many_clients_wait_for_one_answer_of_the_root():
    asker, network = stage()
    for number in range(20):
        asker.start(names.from_text(f"n{number}.test."), A)
    assert len(network.open) == 1
    network.says(**ROOTS)
    assert len(network.open) == 20


def test_letter_case_of_the_servers_names_does_not_matter():
    asker, network = stage()
    asker.start(WWW, A)
    network.says(answer=". NS A.Roots.Test.", additional="a.ROOTS.test. A 192.0.2.11")
    assert network.open[0][0].address == b"\xc0\0\2\x0b"
    assert asker.delegations.closest(ROOT, network.time).servers == (FIRST,)


def test_what_the_root_says_is_an_answer_to_clients_too():
    asker, network = stage()
    found = asker.start(ROOT, NS)
    network.says(**ROOTS)
    assert [rrset.type for rrset in found[0].answer] == [NS]
    assert asker.start(ROOT, NS)[0].cached


@pytest.mark.parametrize(
    "reaction",
    [
        pytest.param(lambda network: network.ends(Result.TIMED_OUT), id="silence"),
        pytest.param(lambda network: network.says(rcode=SERVFAIL), id="an error"),
        pytest.param(lambda network: network.says(authority=". SOA a.test. h.test. 1 2 3 4 5"), id="a denial"),
        pytest.param(lambda network: network.says(answer=". NS b.roots.test."), id="no addresses"),
        pytest.param(lambda network: network.says(answer=". NS b.roots.test.", additional="b.roots.test. A 127.0.0.1"), id="a loopback address"),
        pytest.param(lambda network: network.says(answer=". NS b.roots.test.", additional="c.roots.test. A 192.0.2.66"), id="addresses of others"),
    ],
)  # fmt: skip
def test_without_an_answer_that_helps_the_hints_stand(reaction):
    asker, network = stage()
    asker.start(WWW, A)
    while question(network) == (ROOT, NS):
        reaction(network)
    assert network.open[0][0].address == b"\xc0\0\2\1"
    assert asker.delegations.closest(ROOT, network.time) is None


def test_a_root_that_failed_is_not_asked_again_at_once():
    asker, network = stage()
    asker.start(WWW, A)
    network.says(rcode=SERVFAIL)
    network.says(answer="www.bank.test. A 192.0.2.80")
    asker.start(names.from_text("other.test."), A)
    assert question(network)[1] == A


def test_it_can_be_turned_off():
    asker, network = stage(replace(OPTIONS, priming=False))
    asker.start(WWW, A)
    assert question(network) == (WWW, A)
