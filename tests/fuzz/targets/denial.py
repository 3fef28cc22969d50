"""Denial of existence: what is proven of a small zone is true of it, and nothing raises.

The octets choose a zone, its chain, a statement, and which records of the chain
come along; what is left over is put in the place of one record's rdata.

Run: ``python tests/fuzz/targets/denial.py [libFuzzer options]``
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from fakes.small_zone import ANY, CNAME, DNAME, DS, NS, Publication, SmallZone, wire

from dnsd.dnssec.claims import Claim, Insecure, NotProven, Proven, Statement
from dnsd.dnssec.denial import prove
from dnsd.dnssec.nsec3_hash import HashWork
from dnsd.wire.rrset import RRset

LABELS = [b"a", b"b", b"*", b"w", b"a\x00", b"!", b"ab"]
A, MX = 1, 15
TYPE_SETS = [{A}, {A, MX}, {CNAME}, {NS}, {NS, DS}, {DNAME}, {NS, A}, {MX}]
AT_WILDCARDS = [{A}, {MX}, {CNAME}, {A, MX}]
QTYPES = [A, MX, CNAME, NS, DS, DNAME, ANY]
KINDS = ["nsec", "nsec3", "opt-out"]
APEXES = [(), (b"test",), (b"test", b"zone")]
CLAIMS = list(Claim)


class Choices:
    """Octets as an endless supply of small numbers; zeros behind the end."""

    def __init__(self, octets):
        self.rest = octets

    def below(self, limit):
        value, self.rest = self.rest[:1], self.rest[1:]
        return (value[0] if value else 0) % limit

    def of(self, items):
        return items[self.below(len(items))]

    def name(self, apex, most):
        return (*apex, *(self.of(LABELS) for _ in range(self.below(most + 1))))


def zone_of(choices):
    apex = choices.of(APEXES)
    contents = {}
    for _ in range(choices.below(7)):
        name = choices.name(apex, 3)
        if name != apex:
            contents[name] = choices.of(AT_WILDCARDS if name[-1] == b"*" else TYPE_SETS)
    return SmallZone(apex, contents)


def one_input(octets):
    """Make a zone and a statement of the octets; returns the claim and two verdicts."""
    choices = Choices(octets)
    zone = zone_of(choices)
    claim, rrtype = choices.of(CLAIMS), choices.of(QTYPES)
    name = choices.name(zone.apex if choices.below(8) else (b"other",), 4)
    wildcard = (*name[: choices.below(len(name) + 1)], b"*")
    if claim is Claim.WILDCARD_ANSWER and wildcard[: len(zone.apex)] == zone.apex:
        zone.contents.setdefault(wildcard, {A})
    publication = Publication(zone, choices.of(KINDS))
    statement = Statement(claim, wire(zone.apex), wire(name), rrtype, wire(wildcard))

    mask = int.from_bytes(bytes(choices.below(256) for _ in range(2)), "big")
    some = [rrset for i, rrset in enumerate(publication.rrsets) if mask >> i & 1]
    chosen = []
    is_premised = claim is not Claim.WILDCARD_ANSWER or zone.exists(wildcard)
    if is_premised and zone.is_true(claim, name, rrtype, wildcard):
        closest = zone.closest_encloser(name)
        if claim is Claim.WILDCARD_ANSWER:
            closest = wildcard[:-1]
        chosen = publication.choose(claim, name, closest)
        assert len(chosen) <= (2 if publication.kind == "nsec" else 3)
    verdicts = [prove(statement, records, HashWork()) for records in (chosen, some)]
    for verdict, records in zip(verdicts, (chosen, some), strict=True):
        check(verdict, zone, publication, (claim, name, rrtype, wildcard), records)
    if chosen:
        assert not isinstance(verdicts[0], NotProven), verdicts[0]
        # In an opt-out span a wildcard's record adds nothing to the verdict, yet is sent.
        if publication.kind != "opt-out":
            check_minimal(statement, chosen)
    damage(statement, publication.rrsets, choices)
    return claim, verdicts


def check(verdict, zone, publication, said, records):
    """A verdict agrees with the model, and rests on the records given."""
    claim, name, _, wildcard = said
    if claim is Claim.WILDCARD_ANSWER and not zone.exists(wildcard):
        return  # its signature would have shown that it does, so anything follows
    match verdict:
        case Proven():
            assert zone.is_true(*said)
            closest = zone.closest_encloser(name)
            if claim is Claim.WILDCARD_ANSWER:
                closest = wildcard[:-1]
            assert verdict.closest_encloser == wire(closest)
            assert verdict.is_cut == (claim is not Claim.WILDCARD_ANSWER and zone.is_cut(name))
        case Insecure():
            assert publication.kind == "opt-out"
            assert zone.may_be_insecure(claim, name, wildcard)
        case NotProven():
            assert verdict.reason
            return
    assert verdict.records
    assert all(any(used is given for given in records) for used in verdict.records)


def check_minimal(statement, chosen):
    """No record could have stayed away."""
    for i in range(len(chosen)):
        fewer = chosen[:i] + chosen[i + 1 :]
        assert isinstance(prove(statement, fewer, HashWork()), NotProven)


def damage(statement, rrsets, choices):
    """Anything instead of one record, in rdata and owner, raises nothing."""
    place = choices.below(len(rrsets))
    rrset, octets = rrsets[place], choices.rest
    head = choices.below(len(rrset.rdatas[0]) + 1)
    for owner in (rrset.owner, wire((b"x",)), wire(())):
        for rdata in (octets, rrset.rdatas[0][:head] + octets, rrset.rdatas[0][:head]):
            forged = RRset(owner, rrset.type, 300, (rdata,), (octets[:5],))
            work = HashWork()
            verdict = prove(statement, [*rrsets[:place], forged, *rrsets[place + 1 :]], work)
            assert isinstance(verdict, Proven | Insecure | NotProven)
            assert work.spent <= work.limit


if __name__ == "__main__":
    try:
        import atheris
    except ImportError:
        print("skipped: pip install 'dnsd[fuzz]' brings atheris")
        sys.exit()
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
