"""The way down to one name: referrals, minimised names, what failed."""

from dataclasses import replace

import pytest
from fakes.internet import Asker
from fakes.rehearsal import Rehearsal

from dnsd.resolver.commands import Result
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.wire import names
from dnsd.wire.names import ROOT

A, DS = 1, 43
NOERROR, SERVFAIL, NXDOMAIN = 0, 2, 3
ROOT_SERVER = names.from_text("a.root.test.")
HINTS = Delegation(ROOT, (ROOT_SERVER,), {ROOT_SERVER: (b"\xc0\0\2\1",)})
OPTIONS = ResolverOptions(minimisation="off", priming=False)
WWW = names.from_text("www.bank.test.")
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
