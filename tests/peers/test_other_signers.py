"""Zones that ldns and Knot signed: each RRset, and every answer from them, holds here."""

import time

import pytest
from fakes.signed import finish
from peers.signers import SIGNERS
from peers.test_signed_answers import APEX, ORIGIN, TEXT, Judge, is_beside_an_alias, questions
from peers.test_zone_signatures import rrsets

from dnsd.dnssec import chain, digests, keys
from dnsd.dnssec.algorithms import SUPPORTED
from dnsd.dnssec.chain import Trusted
from dnsd.dnssec.validation import Secure, Work, validate
from dnsd.lab.authority import Authority
from dnsd.lab.zone import zone
from dnsd.resolver.commands import Transport
from dnsd.wire import names
from dnsd.wire.edns import Edns
from dnsd.wire.message import Message, Question, parse_message, render_message

pytestmark = [pytest.mark.slow, pytest.mark.peers("ldns-keygen", "ldns-signzone", "knotd")]

NSEC3, DNSKEY, NS = 50, 48, 2
# All algorithms, and all ways to deny, but not each with each.
WAYS = [(algorithm, "nsec") for algorithm in sorted(SUPPORTED)]
WAYS += [(13, "nsec3"), (13, "salted"), (15, "opt-out")]


@pytest.mark.parametrize("signer", SIGNERS)
@pytest.mark.parametrize(("algorithm", "kind"), WAYS)
def test_what_others_sign_is_secure(signer, algorithm, kind, tmp_path):
    signed = list(rrsets(SIGNERS[signer](tmp_path, ORIGIN, TEXT, algorithm, kind)))
    dnskeys = next(rrset for rrset in signed if rrset.type == DNSKEY)
    entry = next(key for key in keys.usable_keys(dnskeys.rdatas) if key.is_entry_point)
    assert entry.algorithm == algorithm
    ds = chain.supported((digests.to_wire(APEX, entry, 2),))
    now = int(time.time())
    trusted, _ = finish(chain.trusted_keys(dnskeys, ds, now, Work()))
    assert isinstance(trusted, Trusted), trusted
    verdicts = [finish(validate(rrset, APEX, trusted.keys, now, Work()))[0] for rrset in signed]
    assert sum(isinstance(verdict, Secure) for verdict in verdicts) > 40
    judge = Judge(dnskeys, opt_out=kind == "opt-out")
    server = Authority([zone(APEX, signed)])
    faults = []
    asked = [each for each in questions() if not is_beside_an_alias(*each)]
    # Every third question where each costs much.
    for name, rrtype in asked if algorithm == 13 else asked[::3]:
        query = Message(7, 0, [Question(name, rrtype, 1)], edns=Edns(1232, do=True))
        reply = parse_message(server.reply(render_message(query), Transport.TCP))
        if fault := judge.fault(name, rrtype, reply):
            faults.append(f"{names.to_text(name)} {rrtype}: {fault}")
    assert not faults, "\n".join(faults[:20])
