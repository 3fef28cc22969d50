"""Signatures of BIND's signer hold here, and ours hold for the verifiers of BIND and ldns."""

import subprocess
import time

import dns.dnssec
import dns.zone
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from fakes.signed import dnspython_rdata, finish, signing_key
from peers.servers import program

from dnsd.dnssec import chain
from dnsd.dnssec.algorithms import SUPPORTED
from dnsd.dnssec.chain import Trusted
from dnsd.dnssec.signing import Validity
from dnsd.dnssec.validation import Bogus, Secure, Work, validate
from dnsd.wire import names
from dnsd.wire.iana import RRType
from dnsd.wire.rrset import RRset

pytestmark = [pytest.mark.slow, pytest.mark.peers("dnssec-keygen", "dnssec-signzone", "dnssec-verify", "ldns-verify-zone")]  # fmt: skip

ORIGIN = "Example.Test."
ZONE = names.from_text(ORIGIN)
RRSIG = int(RRType.RRSIG)
NAMES = {8: "RSASHA256", 10: "RSASHA512", 13: "ECDSAP256SHA256", 14: "ECDSAP384SHA384", 15: "ED25519", 16: "ED448"}  # fmt: skip
TEXT = r"""
$TTL 300
@ SOA NS.Example.test. HostMaster 1 7200 3600 86400 300
@ NS Ns
@ MX 10 Mail
@ MX 5 mail2.ELSEWHERE.test.
Ns A 192.0.2.1
Ns A 192.0.2.10
Ns AAAA 2001:db8::1
www CNAME NS
* TXT "Wild" "card" ""
a.*.w TXT "below a wildcard that is not there"
a.b 60 AFSDB 1 Mail.Example.TEST.
_sip._udp SRV 1 2 5060 Sip
n NAPTR 1 2 "s" "SIP+D2U" "" _sip._udp.Example.test.
svc HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1
svc SVCB 2 Target.Example.test. port=853
r RP Admin.Example.test. Text.Example.test.
k KX 1 Other.Example.test.
p PTR Ptr.Example.test.
d DNAME Elsewhere.Test.
c CAA 0 issue "CA.example"
u URI 1 1 "https://www.example/"
l LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
h HINFO "PC" "Linux"
s SSHFP 4 2 ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB
t TLSA 3 1 1 ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB
x TYPE65280 \# 3 414243
z\000\.\255 A 192.0.2.2
sub NS ns.sub
ns.sub A 192.0.2.3
safe NS ns.Sub
safe DS 4711 13 2 ABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB
"""


def rrsets(zone):
    """All RRsets of a zone that dnspython has read, with their signatures."""
    for name, node in zone.items():
        signed = {int(r.covers): r for r in node if r.rdtype == RRSIG}
        for rdataset in node:
            if rdataset.rdtype != RRSIG:
                yield RRset(
                    name.to_wire().lower(), int(rdataset.rdtype), rdataset.ttl,
                    tuple(rdata.to_wire() for rdata in rdataset),
                    tuple(rdata.to_wire() for rdata in signed.get(int(rdataset.rdtype), ())),
                )  # fmt: skip


def made_by_bind(folder, algorithm):
    """Sign the zone with a key signing and a zone signing key; its DS RRset, too."""
    keys = []
    for flag in (["-f", "KSK"], []):
        size = ["-b", "2048"] if algorithm in (8, 10) else []
        command = [program("dnssec-keygen"), "-q", "-a", NAMES[algorithm], *size, *flag, "-K", folder, ORIGIN]  # fmt: skip
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        keys.append(folder / done.stdout.strip())
    public = "".join(key.with_name(key.name + ".key").read_text() for key in keys)
    (folder / "zone").write_text(TEXT + public)
    command = [program("dnssec-signzone"), "-g", "-o", ORIGIN, "-f", folder / "out", "-O", "full", folder / "zone", *keys]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    dsset = (folder / "dsset-example.test.").read_text()
    records = [line.split(" DS ", 1)[1] if " DS " in line else line.split("DS", 1)[1] for line in dsset.splitlines()]  # fmt: skip
    zone = dns.zone.from_file(str(folder / "out"), ORIGIN, relativize=False)
    return zone, tuple(dns.rdata.from_text("IN", "DS", record).to_wire() for record in records)


@pytest.mark.parametrize("algorithm", sorted(SUPPORTED))
def test_what_bind_signs_is_secure(algorithm, tmp_path):
    zone, records = made_by_bind(tmp_path, algorithm)
    found = {(rrset.owner, rrset.type): rrset for rrset in rrsets(zone)}
    now = int(time.time())
    ds = chain.supported(records)
    trusted, _ = finish(chain.trusted_keys(found[ZONE, int(RRType.DNSKEY)], ds, now, Work()))
    assert isinstance(trusted, Trusted), trusted
    assert len(trusted.keys) == 2
    secure = unsigned = 0
    for (owner, rrtype), rrset in found.items():
        verdict, _ = finish(validate(rrset, ZONE, trusted.keys, now, Work()))
        if isinstance(verdict, Secure):
            secure += 1
            assert rrset.ttl >= verdict.ttl > 0
            assert verdict.wildcard is None
            late, _ = finish(validate(rrset, ZONE, trusted.keys, now + 10**7, Work()))
            assert isinstance(late, Bogus)
        else:
            # Delegations and glue are not signed (RFC 4035 §2.2).
            is_delegation = rrtype == RRType.NS and owner != ZONE
            assert is_delegation or owner == names.from_text("ns.sub.example.test."), verdict
            unsigned += 1
    assert (secure, unsigned) == (len(found) - 3, 3)
    assert secure > 45


@pytest.mark.parametrize("algorithm", sorted(SUPPORTED))
def test_what_is_signed_here_holds_for_bind_and_ldns(algorithm, tmp_path):
    """The NSEC chain is dnspython's, every signature is ours."""
    key = signing_key(algorithm)
    now = int(time.time())
    zone = dns.zone.from_text(TEXT, ORIGIN, relativize=False)
    signed = []

    def sign(transaction, theirs):
        rrset = RRset(
            theirs.name.to_wire().lower(), int(theirs.rdtype), theirs.ttl,
            tuple(rdata.to_wire() for rdata in theirs),
        )  # fmt: skip
        rrsig = key.sign(rrset, ZONE, Validity(now - 3600, now + 86400))
        transaction.add(theirs.name, theirs.ttl, dnspython_rdata("RRSIG", rrsig))
        signed.append(theirs.name)

    private = load_pem_private_key(key.to_pem(), None)
    dnskey = dnspython_rdata("DNSKEY", key.dnskey)
    with zone.writer() as transaction:
        dns.dnssec.sign_zone(
            zone, transaction, keys=[(private, dnskey)], dnskey_ttl=300,
            lifetime=86400, rrset_signer=sign,
        )  # fmt: skip
    zone.to_file(str(tmp_path / "signed"), relativize=False)
    command = [program("dnssec-verify"), "-z", "-o", ORIGIN, tmp_path / "signed"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    command = [program("ldns-verify-zone"), "-V", "1", tmp_path / "signed"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(signed) > 45
