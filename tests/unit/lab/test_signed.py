import dns.dnssec
import dns.name
import dns.rrset
import pytest
from fakes.signed import as_signature_rrset, dnspython_rrset

from dnsd.dnssec.nsec3_chain import Nsec3Policy
from dnsd.dnssec.nsec3_hash import Parameters
from dnsd.lab.signed import signed_zone, two_keys
from dnsd.wire import names
from dnsd.wire.iana import RRType

NOW = 1_750_000_000
N = names.from_text
APEX = N("bank.test.")
LINES = """
@ NS ns
ns A 192.0.2.53
*.wild A 192.0.2.1
deep.ent TXT "below nothing"
loose NS ns.loose
ns.loose A 192.0.2.54
bound NS ns.loose
"""
POLICIES = {"NSEC": None, "NSEC3": Nsec3Policy(), "salted": Nsec3Policy(Parameters(3, b"salt"))}


def bank(nsec3=None):
    made = signed_zone("bank.test.", LINES, NOW)
    made.nsec3 = nsec3
    return made


def by_owner(rrsets, rrtype):
    return {names.to_text(each.owner): each for each in rrsets if each.type == rrtype}


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_what_is_signed_holds_for_dnspython(policy):
    made = bank(policy)
    made.keys = two_keys()
    made.delegate(N("bound.bank.test."), b"\x12\x34\x0d\x02" + bytes(32))
    rrsets = made.signed()
    dnskeys = dnspython_rrset(by_owner(rrsets, RRType.DNSKEY)["bank.test."])
    assert len(dnskeys) == 2
    signed = [each for each in rrsets if each.signatures]
    for rrset in signed:
        dns.dnssec.validate(
            dnspython_rrset(rrset), as_signature_rrset(rrset),
            {dns.name.from_text("bank.test."): dnskeys}, now=NOW,
        )  # fmt: skip
    unsigned = {(names.to_text(each.owner), each.type) for each in rrsets if not each.signatures}
    assert unsigned == {
        ("loose.bank.test.", RRType.NS), ("bound.bank.test.", RRType.NS), ("ns.loose.bank.test.", RRType.A),
    }  # fmt: skip
    kinds = {each.type for each in signed}
    assert (RRType.NSEC in kinds, RRType.NSEC3 in kinds) == (policy is None, policy is not None)


def test_the_ds_is_that_of_the_key_which_signs_the_keys():
    made = bank()
    made.keys = two_keys()
    (dnskey,) = [each for each in made.signed() if each.type == RRType.DNSKEY]
    tag = int.from_bytes(made.ds[:2], "big")
    assert tag == made.keys.entry.key.tag
    assert int.from_bytes(dnskey.signatures[0][16:18], "big") == tag


def test_ds_records_take_the_place_of_those_before():
    made, child = bank(), N("bound.bank.test.")
    for rdata in (b"\x01" * 36, b"\x02" * 36):
        made.delegate(child, rdata)
    assert by_owner(made.signed(), RRType.DS)["bound.bank.test."].rdatas == (b"\x02" * 36,)
    made.delegate(child)
    assert by_owner(made.signed(), RRType.DS) == {}


def test_it_can_be_signed_again():
    made = bank()
    first = made.signed()
    assert [(each.owner, each.type, each.rdatas) for each in made.signed()] == [
        (each.owner, each.type, each.rdatas) for each in first
    ]
