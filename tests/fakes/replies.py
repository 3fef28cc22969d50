"""Replies written as an operator reads them: one record a line, sections by name."""

from dnsd.wire import names, rdata
from dnsd.wire.iana import rrclass_from_text, rrtype_from_text, rrtype_to_text
from dnsd.wire.message import AA, QR, Message, Question, parse_message, render_message
from dnsd.wire.rrset import RRset

TTL = 300


def record(line):
    """One record: owner, perhaps a TTL, perhaps a class other than IN, type, rdata."""
    owner, *fields = line.split()
    ttl = int(fields.pop(0)) if fields[0].isdigit() else TTL
    rdclass = rrclass_from_text(fields.pop(0)) if fields[0] in ("CH", "HS", "ANY") else 1
    rrtype = rrtype_from_text(fields.pop(0))
    octets = rdata.from_text(rrtype, " ".join(fields))
    return RRset(names.from_text(owner), rrtype, ttl, (octets,), (), rdclass)


def records(text):
    """The records of several lines, those of one RRset apart."""
    return [record(line) for line in text.splitlines() if line.strip()]


def reply(question, *, flags=QR | AA, rcode=0, **sections):
    """A reply that went over the wire; sections are lines of records.

    Args:
        question: name and type, as in ``www.example.test. A``.
        flags: of the header.
        rcode: of the header.
        sections: ``answer``, ``authority``, ``additional``.
    """
    name, rrtype = question.split()
    asked = Question(names.from_text(name), rrtype_from_text(rrtype), 1)
    message = Message(0x1234, flags | rcode, [asked])
    for section, text in sections.items():
        getattr(message, section).extend(records(text))
    return parse_message(render_message(message))


def lines(rrsets):
    """RRsets as text: owner, type and rdata, one record a line."""
    return [
        f"{names.to_text(rrset.owner)} {rrtype_to_text(rrset.type)} {rdata.to_text(rrset.type, each)}"
        for rrset in rrsets
        for each in rrset.rdatas
    ]
