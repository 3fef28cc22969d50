"""Messages: a value or FormError, stable when written, judged as dnspython and dnslib judge.

Run: ``python tests/fuzz/targets/message.py [libFuzzer options]``
"""

import sys

import dns.exception
import dns.message
import dns.name
import dns.rdata

from dnsd.wire import message, objects, rdata
from dnsd.wire.errors import FormError
from dnsd.wire.iana import Opcode, RRType
from dnsd.wire.layouts import LAYOUTS

# What we refuse and dnspython reads, by our reason.
STRICTER = (
    "pointer into the header",
    "compressed name where none may be",
    "more than 1000 pointers",
    "TSIG with a wrong class or TTL",
)


def parsed(parse, octets):
    """What a reader makes of octets, or why it refuses them."""
    try:
        return parse(octets), ""
    except FormError as error:
        return None, error.reason


def one_input(octets):
    """Read the octets every way there is and compare."""
    ours, reason = parsed(message.parse_message, octets)
    query, query_reason = parsed(message.parse_query, octets)
    record, _ = parsed(objects.parse, octets)
    if ours is None:
        # A query is read less closely than a message, never more.
        assert query is None or query_reason == ""
    else:
        check_names(ours)
        check_stable(ours)
        check_query(ours, query, query_reason)
    check_dnslib(ours, record, reason)
    check_dnspython(octets, ours, reason)


def check_names(ours):
    for rrset in (*ours.answer, *ours.authority, *ours.additional):
        assert 1 <= len(rrset.owner) <= 255
        assert rrset.owner == rrset.owner.lower()
        assert 0 <= rrset.ttl < 2**31
        assert len(set(rrset.rdatas)) == len(rrset.rdatas) > 0


def check_stable(ours):
    written = message.render_message(ours)
    again = message.parse_message(written)
    if again.flags == ours.flags:  # else truncated: expanded names take more room
        assert without_case(again) == without_case(ours)
        assert message.parse_message(message.render_message(again)) == again
    else:
        assert again.flags == ours.flags | message.TC


def without_case(read):
    """A message with all names in lower case: compression does not keep theirs."""
    sections = (read.answer, read.authority, read.additional)
    questions = [(name.lower(), *rest) for name, *rest in read.questions]
    return (read.id, read.flags, questions, read.edns, read.tsig), [
        [
            (rrset.owner, rrset.type, rrset.rdclass, rrset.ttl, lowered(rrset), rrset.signatures)
            for rrset in section
        ]
        for section in sections
    ]


def lowered(rrset):
    """The rdata of an RRset in canonical form, each once."""
    if rrset.rdclass != 1:
        return {each.lower() for each in rrset.rdatas}
    return {rdata.canonical(rrset.type, each) for each in rrset.rdatas}


def check_query(ours, query, reason):
    """A message that reads well is a query unless it breaks a rule of queries."""
    if query is None:
        assert len(ours.questions) != 1 or "records" in reason or "question" in reason, reason
        return
    assert query.flags == ours.flags
    assert query.edns == ours.edns
    assert query.tsig_present == (ours.tsig is not None)
    if ours.questions:
        (question,) = ours.questions
        assert (query.qname_as_sent, query.qtype, query.qclass) == question
        assert query.qname == query.qname_as_sent.lower()


def check_dnslib(ours, record, reason):
    """Both codecs are ours, with nothing in common for names: they agree."""
    if record is None:
        # A malformed option behind those that are looked at is the one difference.
        assert ours is None or (ours.edns and len(ours.edns.options) > 20)
        return
    if ours is None:
        # What only a reader of RRsets minds.
        assert "OPT" in reason or "TSIG" in reason or "more than" in reason, reason
        return
    again = objects.pack(record)
    assert objects.pack(objects.parse(again)) == again
    assert message.parse_message(again) == ours
    str(record)


def check_dnspython(octets, ours, reason):
    try:
        theirs = dns.message.from_wire(octets, ignore_trailing=True, keyring=False)
    except dns.name.PointerChainTooLong:  # 16 are its limit
        return
    except dns.exception.DNSException:
        assert ours is None or is_laxer(ours, octets)
    else:
        assert ours is not None or reason.startswith(STRICTER) or has_opaque_names(theirs), reason


def has_opaque_names(theirs):
    """Whether dnspython took rdata in which we look for names for mere octets."""
    return any(
        isinstance(each, dns.rdata.GenericRdata) and int(each.rdtype) in LAYOUTS
        for rrset in (*theirs.answer, *theirs.authority, *theirs.additional)
        for each in rrset
    )


def is_laxer(ours, octets):
    """Whether dnspython may refuse what we read."""
    if ours.opcode == Opcode.UPDATE or ours.tsig is not None:
        return True
    if ours.edns is not None:
        # It reads the options that it knows, and all of them.
        return True
    for rrset in (*ours.answer, *ours.authority, *ours.additional):
        if rrset.rdclass != 1 or rrset.type in (RRType.TKEY, RRType.SIG, RRType.NXT):
            return True
        for each in (*rrset.rdatas, *rrset.signatures):
            try:
                rdata.check(rrset.type, each)
            except FormError:
                return True
        if rrset.signatures:
            return True
    return False


if __name__ == "__main__":
    try:
        import atheris
    except ImportError:
        print("skipped: pip install 'dnsd[fuzz]' brings atheris")
        sys.exit()
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
