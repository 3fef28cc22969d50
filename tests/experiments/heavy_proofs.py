"""Keys, signatures and denials that are made to cost their validator more than their octets.

Each kind is (sizes, prepare, seconds): rising sizes; what makes of such a size the call
that validates; and the CPU time that the largest may take (KeyTrap, CVE-2023-50387;
NSEC3, CVE-2023-50868).
"""

from __future__ import annotations

from dataclasses import replace

from experiments.validator_work import timed
from fakes.signed import (
    NOW,
    ZONE,
    colliding_keys,
    rrset,
    rsa_dnskey,
    sign,
    signature,
    signing_key,
)
from fakes.signed_world import SignedWorld, every_rrset

from dnsd.dnssec import chain, denial, digests, keys
from dnsd.dnssec.bitmaps import render
from dnsd.dnssec.claims import Claim, Statement
from dnsd.dnssec.nsec3_hash import HashWork, Parameters, owner_of
from dnsd.dnssec.validation import Work, validate
from dnsd.wire import names
from dnsd.wire.message import AA, QR, Message, Question, parse_message, render_message
from dnsd.wire.rrset import RRset

A, NS, DS, NSEC, DNSKEY, NSEC3 = 1, 2, 43, 47, 48, 50
SERVFAIL = 2
TAG = 4711
BANK = names.from_text("bank.test.")
DENIED = names.from_text("nobody.example.test.")
#: The dearest parameters that are not refused: 51 blocks of SHA-1 for a short name.
DEAREST = Parameters(50, bytes(35))


def _trap_signatures(records, count, **fields):
    """So many signatures by keys with one tag, none of which match."""
    one = signature(records, signing_key(13), key_tag=TAG, algorithm=8, **fields)
    # As long as a right one, or they would be refused before any mathematics.
    return tuple(one[:-64] + n.to_bytes(4, "big") * 32 for n in range(1, count + 1))


def trapped_records(count):
    """As many keys with one tag as signatures of one RRset."""
    records = rrset()
    records.signatures = _trap_signatures(records, count)
    dnskeys = tuple(key.rdata for key in colliding_keys(count, TAG))
    return lambda: timed(validate(records, ZONE, keys.usable_keys(dnskeys), NOW, Work()))


def trapped_keys(count):
    """As many DS records as keys with their tag and as signatures of those."""
    rdatas = tuple(key.rdata for key in colliding_keys(count, TAG))
    dnskeys = rrset(names.to_text(ZONE), DNSKEY, rdatas)
    dnskeys.signatures = _trap_signatures(dnskeys, count)
    records = tuple(digests.to_wire(ZONE, keys.from_wire(rdata), 2) for rdata in rdatas)

    def enter():
        return timed(chain.trusted_keys(dnskeys, chain.supported(records), NOW, Work()))

    return enter


def false_digests(count):
    """As many DS records as keys, all of one tag, whose digests are of other keys."""
    rdatas = tuple(key.rdata for key in colliding_keys(count, TAG))
    dnskeys = rrset(names.to_text(ZONE), DNSKEY, rdatas)
    dnskeys.signatures = _trap_signatures(dnskeys, count)
    start = TAG.to_bytes(2, "big") + b"\x08\x02"
    records = tuple(start + n.to_bytes(4, "big") * 8 for n in range(count))

    def enter():
        return timed(chain.trusted_keys(dnskeys, chain.supported(records), NOW, Work()))

    return enter


def huge_keys(count):
    """So many keys whose RSA numbers are out of bounds, and signatures by them."""
    exponent = b"\xff" * 65
    rdatas = tuple(
        rsa_dnskey(b"\xff" * 64 + n.to_bytes(4, "big") * 16 + b"\1", exponent, tag=TAG)
        for n in range(count)
    )
    records = rrset()
    records.signatures = _trap_signatures(records, count)
    return lambda: timed(validate(records, ZONE, keys.usable_keys(rdatas), NOW, Work()))


def large_rrset(count):
    """So many addresses with a right signature, which are to be put in order."""
    addresses = [(0xC6120000 + n).to_bytes(4, "big") for n in reversed(range(count))]
    records = sign(rrset(rdatas=addresses), signing_key(13))
    return lambda: timed(validate(records, ZONE, (signing_key(13).key,), NOW, Work()))


def _proving(statement, records):
    """Read records from a message and hold a statement against them."""
    question = Question(statement.name, A, 1)
    octets = render_message(Message(1, QR | AA | 3, [question], [], records))

    def prove():
        found = parse_message(octets).authority
        return denial.prove(statement, found, HashWork())

    return prove


def _nsec3(digest, following, parameters=DEAREST, types=(A,)):
    head = b"\1\0" + parameters.iterations.to_bytes(2, "big")
    salt = bytes((len(parameters.salt),)) + parameters.salt
    return RRset(owner_of(digest, ZONE), NSEC3, 60,
                 (head + salt + b"\x14" + following + render(types),))  # fmt: skip


def hashed_denials(count):
    """So many NSEC3 records that match nothing and cover nothing."""
    found = [
        _nsec3(n.to_bytes(20, "big"), (n + 1).to_bytes(20, "big")) for n in range(1, count + 1)
    ]
    return _proving(Statement(Claim.NXDOMAIN, ZONE, DENIED), found)


def differently_hashed(count):
    """So many NSEC3 records, each with parameters of its own, and one hash each."""
    name = names.from_labels([b"a"] * 100, ZONE)
    found = [
        _nsec3(n.to_bytes(20, "big"), (n + 1).to_bytes(20, "big"), Parameters(50 - n % 50, bytes((n % 256,))))
        for n in range(1, count + 1)
    ]  # fmt: skip
    return _proving(Statement(Claim.NXDOMAIN, ZONE, name), found)


def hashed_labels(count):
    """A name of so many labels, every ancestor of which is hashed at the highest price."""
    name = names.from_labels([b"a"] * count, ZONE)
    apex = DEAREST.digest(ZONE)
    found = [_nsec3(apex, apex, types=(6, NS)),
             *(_nsec3(n.to_bytes(20, "big"), (n + 1).to_bytes(20, "big")) for n in range(7))]  # fmt: skip
    found[0].rdatas = (found[0].rdatas[0].replace(apex, (int.from_bytes(apex, "big") + 1).to_bytes(20, "big")),)  # fmt: skip
    return _proving(Statement(Claim.NXDOMAIN, ZONE, name), found)


def iterations(count):
    """So many iterations with the longest salt."""
    parameters = Parameters(count, b"\xff" * 255)
    found = [_nsec3(n.to_bytes(20, "big"), b"\xff" * 20, parameters) for n in range(8)]
    return _proving(Statement(Claim.NXDOMAIN, ZONE, DENIED), found)


def plain_denials(count):
    """So many NSEC records that cover nothing."""
    found = [
        RRset(names.from_text(f"a{n:05}.example.test."), NSEC, 60,
              (names.from_text(f"a{n:05}a.example.test.") + render((A,)),))
        for n in range(count)
    ]  # fmt: skip
    return _proving(Statement(Claim.NXDOMAIN, ZONE, DENIED), found)


def bit_maps(count):
    """An NSEC record of a name with types in so many windows."""
    types = [window << 8 | bit for window in range(count) for bit in (255,)]
    found = [RRset(DENIED, NSEC, 60, (ZONE + render(types),))]
    return _proving(Statement(Claim.NODATA, ZONE, DENIED, A), found)


class TrappedWorld:
    """A resolver in a world with a zone that has so many keys of one tag."""

    def __init__(self, count):
        self.made = SignedWorld({".": "", "test.": "", "bank.test.": "www A 192.0.2.80\n"})
        key = self.made.zones["bank.test."].key
        rdatas = (key.dnskey, *(each.rdata for each in colliding_keys(count, TAG)))
        keyset = RRset(BANK, DNSKEY, 300, rdatas)
        validity = {"inception": self.made.clock - 100, "expiration": self.made.clock + 100}
        keyset.signatures = (signature(keyset, key, signer=BANK, **validity),)

        def trap(each):
            if each.type == DNSKEY:
                return keyset
            if each.type != A:
                return each
            false = _trap_signatures(each, count, signer=BANK, **validity)
            return replace(each, signatures=false)

        self.made.servers["bank.test."].tamper = lambda _name, _type, found: every_rrset(
            found, trap
        )

    def ask(self):
        """Ask with a resolver that knows nothing; what it says is that it failed."""
        self.made.renew()
        outcome = self.made.ask("www.bank.test.")
        assert (outcome.rcode, outcome.explanation.code) == (SERVFAIL, 6)
        return outcome


def whole_question(count):
    """A question about a zone of so many keys with one tag, and as many signatures."""
    return TrappedWorld(count).ask


PROOFS = {
    "keys x signatures with one tag (KeyTrap)": ((62, 125, 250, 500), trapped_records, 0.01),
    "DS x keys x signatures with one tag": ((62, 125, 250, 500), trapped_keys, 0.01),
    "DS of that tag that match no key": ((62, 125, 250, 500), false_digests, 0.01),
    "RSA keys out of bounds x signatures": ((62, 125, 250, 500), huge_keys, 0.01),
    "KeyTrap, the whole question": ((37, 75, 150, 300), whole_question, 0.05),
    "addresses of one signed RRset": ((500, 1000, 2000, 4000), large_rrset, 0.02),
    "NSEC3 records of one denial": ((62, 125, 250, 500), hashed_denials, 0.005),
    "NSEC3 records hashed differently": ((62, 125, 250, 500), differently_hashed, 0.005),
    "labels of a name hashed 51 times each": ((15, 30, 60, 115), hashed_labels, 0.005),
    "NSEC3 iterations, longest salt": ((500, 2000, 8000, 65_535), iterations, 0.005),
    "NSEC records of one denial": ((125, 250, 500, 1000), plain_denials, 0.02),
    "windows of a type bit map": ((32, 64, 128, 256), bit_maps, 0.005),
}
