"""RFC 8906: a server answers everything, also what it does not know.

Its section 8 is the list of ISC's compliance test, which is here as a table with
the names that the test gives to its queries. Each reply is held to all rules of
that test: flags that are copied and those that are not, OPT exactly when asked
for, nothing of what is unknown.
"""

import struct
from dataclasses import dataclass

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

AA, TC, RD, RA, Z, AD, CD = 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010
DO = 0x8000
NSID, SUBNET, EXPIRE, COOKIE = (3, b""), (8, b"\0\1\0\0"), (9, b""), (10, b"\1\2\3\4\5\6\7\x08")
UNKNOWN_OPTION = 100, b""


@dataclass(frozen=True)
class Probe:
    """One query of the list; ``size`` 0 is without EDNS."""

    section: str
    rrtype: str = "SOA"
    flags: int = 0
    opcode: int = 0
    tcp: bool = False
    size: int = 0
    version: int = 0
    ednsflags: int = 0
    options: tuple[tuple[int, bytes], ...] = ()

    def octets(self):
        """Make the query."""
        if self.opcode:
            return struct.pack("!6H", 4711, self.opcode << 11 | self.flags, 0, 0, 0, 0)
        query = dns.message.make_query("example.test.", self.rrtype, use_edns=False)
        query.flags = self.flags
        if self.size:
            options = [dns.edns.GenericOption(code, value) for code, value in self.options]
            query.use_edns(
                edns=self.version, payload=self.size, ednsflags=self.ednsflags, options=options
            )
        return query.to_wire()


PROBES = {
    "dns": Probe("8.1.1"),
    "aa": Probe("8.1.3", flags=AA),
    "ad": Probe("8.1.3.1", flags=AD),
    "cd": Probe("8.1.3.1", flags=CD),
    "ra": Probe("8.1.3", flags=RA),
    "rd": Probe("8.1.3.3", flags=RD),
    "tc": Probe("8.1.3", flags=TC),
    "zflag": Probe("8.1.3.2", flags=Z),
    "opcode": Probe("8.1.4", opcode=15),
    "opcodeflg": Probe("8.1.4", opcode=15, flags=AA | TC | RD | RA | Z | AD | CD),
    "type666": Probe("8.1.2", "TYPE666"),
    "tcp": Probe("8.1.5", tcp=True),
    "edns": Probe("8.2.1", size=4096),
    "edns1": Probe("8.2.2", size=4096, version=1),
    "edns@512": Probe("8.2.6", "DNSKEY", size=512, ednsflags=DO),
    "ednsopt": Probe("8.2.3", size=4096, options=(UNKNOWN_OPTION,)),
    "edns1opt": Probe("8.2.5", size=4096, version=1, options=(UNKNOWN_OPTION,)),
    "do": Probe("8.2.7", size=4096, ednsflags=DO),
    "docd": Probe("8.2.7", flags=CD, size=4096, ednsflags=DO),
    "edns1do": Probe("8.2.8", size=4096, version=1, ednsflags=DO),
    "ednsflags": Probe("8.2.4", size=4096, ednsflags=0x0080),
    "optlist": Probe("8.2.9", size=4096, options=(NSID, SUBNET, EXPIRE, COOKIE)),
    "ednsnsid": Probe("8.2.9", size=4096, options=(NSID,)),
    "ednscookie": Probe("8.2.9", size=4096, options=(COOKIE,)),
    "ednsexpire": Probe("8.2.9", size=4096, options=(EXPIRE,)),
    "ednssubnet": Probe("8.2.9", size=4096, options=(SUBNET,)),
    "edns1nsid": Probe("8.2.5", size=4096, version=1, options=(NSID,)),
    "edns1cookie": Probe("8.2.5", size=4096, version=1, options=(COOKIE,)),
    "edns1expire": Probe("8.2.5", size=4096, version=1, options=(EXPIRE,)),
    "edns1subnet": Probe("8.2.5", size=4096, version=1, options=(SUBNET,)),
    "ednstcp": Probe("8.2.6", "DNSKEY", tcp=True, size=512, ednsflags=DO),
    "bind11": Probe("8.2.9", size=4096, ednsflags=DO, options=(COOKIE,)),
    "dig11": Probe("8.2.9", flags=RD | AD, size=4096, options=(COOKIE,)),
}

# The types that the list asks for one by one, and a number that nobody has.
TYPES = [
    "A",
    "NS",
    "MD",
    "MF",
    "CNAME",
    "SOA",
    "MB",
    "MG",
    "MR",
    "NULL",
    "WKS",
    "PTR",
    "HINFO",
    "MINFO",
    "MX",
    "TXT",
    "RP",
    "AFSDB",
    "X25",
    "ISDN",
    "RT",
    "NSAP",
    "NSAP-PTR",
    "SIG",
    "KEY",
    "PX",
    "GPOS",
    "AAAA",
    "LOC",
    "NXT",
    "SRV",
    "NAPTR",
    "KX",
    "CERT",
    "A6",
    "DNAME",
    "APL",
    "DS",
    "SSHFP",
    "IPSECKEY",
    "RRSIG",
    "NSEC",
    "DNSKEY",
    "DHCID",
    "NSEC3",
    "NSEC3PARAM",
    "TLSA",
    "SMIMEA",
    "HIP",
    "CDS",
    "CDNSKEY",
    "OPENPGPKEY",
    "SPF",
    "NINFO",
    "L32",
    "L64",
    "LP",
    "EUI48",
    "EUI64",
    "URI",
    "CAA",
    "AVC",
    "TYPE259",
    "DLV",
    "TYPE1000",
]


def faults(probe, octets):
    """Hold a reply to the rules of the list; what breaks them."""
    reply = dns.message.from_wire(octets)
    flags = struct.unpack("!H", octets[2:4])[0]
    is_query = not probe.opcode
    rcode = dns.rcode.NOERROR if is_query else dns.rcode.NOTIMP
    if probe.version:
        rcode = dns.rcode.BADVERS
    has_soa = any(rrset.rdtype == dns.rdatatype.SOA for rrset in reply.answer)
    rules = {
        "the opcode is copied": reply.opcode() == probe.opcode,
        "the rcode": reply.rcode() == rcode,
        "AA with an answer, and only then": bool(flags & AA) == (is_query and not probe.version),
        "RD is copied, but for unknown opcodes": flags & RD
        == (probe.flags & RD if is_query else 0),
        "RA is for queries": is_query or not flags & RA,
        "AD comes only to who said that he knows it": bool(probe.flags & AD | probe.ednsflags & DO)
        or not flags & AD,
        "CD comes only to who sent it": not flags & CD & ~probe.flags,
        "Z is clear": not flags & Z,
        "OPT when asked for, and only then": (reply.edns >= 0) == bool(probe.size),
        "the version of OPT is ours": reply.edns in (-1, 0),
        "DO comes back": not probe.ednsflags & DO or bool(reply.ednsflags & DO),
        "no other flag of EDNS": not reply.ednsflags & 0x7FFF,
        "no unknown option": all(o.otype != UNKNOWN_OPTION[0] for o in reply.options),
        "the SOA when asked for": has_soa
        == (probe.rrtype == "SOA" and rcode == dns.rcode.NOERROR and is_query),
        "no section of a message that is unknown": is_query or octets[4:12] == bytes(8),
        "no more than the client takes": probe.tcp or len(octets) <= (probe.size or 512),
        "a server cookie": COOKIE not in probe.options
        or probe.version
        or any(o.otype == COOKIE[0] and 16 <= len(o.to_wire()) <= 40 for o in reply.options),
    }
    return [rule for rule, kept in rules.items() if not kept]


@pytest.mark.reference("named")
@pytest.mark.parametrize(
    "probe",
    [
        pytest.param(probe, id=name, marks=pytest.mark.rfc("8906", probe.section))
        for name, probe in PROBES.items()
    ],
)
def test_a_query_of_the_compliance_list(subject, probe):
    assert faults(probe, subject.raw(probe.octets(), tcp=probe.tcp)) == []


# named says FORMERR to types that are none of records.
@pytest.mark.rfc("8906", "8.1.2")
@pytest.mark.reference("nsd")
@pytest.mark.parametrize("rrtype", TYPES)
def test_a_type_of_the_compliance_list(subject, rrtype):
    probe = Probe("8.1.2", rrtype)
    assert faults(probe, subject.raw(probe.octets())) == []


@pytest.mark.rfc("8906", "8.2.6")
def test_a_reply_that_needs_truncation_has_opt(subject):
    reply = subject.ask("big.example.test.", "TXT", payload=512)
    assert reply.edns == 0
    assert reply.flags & dns.flags.TC


@pytest.mark.rfc("8906", "3.1.4")
@pytest.mark.parametrize("opcode", [3, 6, 7, 15])
def test_an_unknown_opcode_is_notimp_with_a_question_too(subject, opcode):
    octets = bytearray(dns.message.make_query("example.test.", "SOA", use_edns=False).to_wire())
    octets[2] = opcode << 3
    reply = subject.raw(bytes(octets))
    assert reply[3] & 15 == dns.rcode.NOTIMP
    assert reply[2] >> 3 & 15 == opcode


@pytest.mark.rfc("8906", "3.1.1")
@pytest.mark.reference("nsd")
@pytest.mark.parametrize("rdclass", ["CH", "HS", "CLASS65280"])
def test_another_class_is_refused(subject, rdclass):
    query = dns.message.make_query("example.test.", "SOA", rdclass, use_edns=False)
    assert subject.exchange(query).rcode() == dns.rcode.REFUSED
