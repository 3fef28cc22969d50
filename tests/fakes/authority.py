"""Answers of a small zone, without a zone store.

The zone is `RECORDS`; what the real authority says about it, tests/unit/query/
test_pipeline.py compares.
"""

import struct

from dnsd.authority.answer import Answer
from dnsd.wire import names
from dnsd.wire.rrset import RRset

ORIGIN = names.from_text("example.test.")
CUT = names.from_text("sub.example.test.")
SLOT = 7


def _name(text):
    return names.from_text(text, ORIGIN)


def _text(octets):
    return bytes([len(octets)]) + octets


SOA = RRset(
    ORIGIN, 6, 300, (_name("ns1") + _name("host") + struct.pack("!5I", 1, 2, 3, 14400, 300),)
)
NS = RRset(ORIGIN, 2, 300, (_name("ns1"),))
GLUE = [RRset(_name(f"ns{i}.sub"), 28, 300, (bytes(15) + bytes([i]),)) for i in range(8)]

RECORDS = [
    SOA,
    NS,
    RRset(_name("ns1"), 1, 300, (b"\xc0\0\2\1",)),
    RRset(_name("www"), 1, 300, (b"\xc0\0\2\2", b"\xc0\0\2\3")),
    RRset(_name("www"), 16, 300, (_text(b"text"),)),
    RRset(_name("alias"), 5, 300, (_name("big"),)),
    # 5 records of 121 octets: too long for 512 octets, not for 1232.
    RRset(_name("big"), 16, 300, tuple(_text(bytes([65 + i]) * 120) for i in range(5))),
    RRset(_name("huge"), 16, 300, tuple(_text(i.to_bytes(2, "big") * 100) for i in range(100))),
    RRset(CUT, 2, 300, tuple(rrset.owner for rrset in GLUE)),
    *GLUE,
]


class FakeAuthority:
    """Stands for ``partial(dnsd.authority.answer.answer, zones)``.

    Attributes:
        asked: every question, in order.
        failure: raised instead of an answer when set.
        answers: answers by name that replace those of the zone.
    """

    def __init__(self):
        self.asked = []
        self.failure = None
        self.answers = {}
        self._rrsets = {(rrset.owner, rrset.type): rrset for rrset in RECORDS}
        self._owners = {rrset.owner for rrset in RECORDS}

    def __call__(self, qname, qtype, *, every_type=False, dnssec_ok=False):
        self.asked.append((qname, qtype, every_type))
        if self.failure is not None:
            raise self.failure
        if qname in self.answers:
            return self.answers[qname]
        if not names.is_subdomain(qname, ORIGIN):
            return None
        return self._answer(qname, qtype, every_type)

    def _answer(self, qname, qtype, every_type):
        if names.is_subdomain(qname, CUT):
            return Answer(0, False, [], [self._rrsets[CUT, 2]], GLUE, GLUE, slot=SLOT)
        if qtype == 255:
            found = [rrset for rrset in RECORDS if rrset.owner == qname]
            found = sorted(found, key=lambda rrset: rrset.type) if every_type else found[:1]
        else:
            alias = self._rrsets.get((qname, 5))
            if alias and qtype != 5:
                rest = self._answer(alias.rdatas[0], qtype, every_type)
                rest.answer.insert(0, alias)
                return rest
            found = [rrset for rrset in RECORDS if (rrset.owner, rrset.type) == (qname, qtype)]
        if found:
            return Answer(0, True, found, [], [], slot=SLOT)
        rcode = 0 if qname in self._owners else 3
        return Answer(rcode, True, [], [SOA], [], slot=SLOT)
