"""Zones signed by BIND and served as they are: every answer can be proved, and is the one
that named and NSD choose where these two agree.

All names of the zone, and made-up names beside and below each of them, are asked for.
"""

import contextlib
import subprocess
import time
from itertools import product

import pytest
from peers.recursors import Around, Unbound
from peers.servers import Dnsd, Named, Nsd, program

from dnsd.dnssec.claims import Claim, Insecure, Proven, Statement
from dnsd.dnssec.denial import prove
from dnsd.dnssec.keys import usable_keys
from dnsd.dnssec.nsec3_hash import HashWork
from dnsd.dnssec.validation import Secure, Work, validate
from dnsd.wire import names
from dnsd.wire.edns import Edns
from dnsd.wire.iana import RRType
from dnsd.wire.message import RD, TC, Message, Question, parse_message, render_message

pytestmark = [
    pytest.mark.slow,
    pytest.mark.peers("dnssec-signzone", "dnssec-keygen", "named", "nsd", "unbound", "delv"),
]

ORIGIN = "example.test."
APEX = names.from_text(ORIGIN)
KINDS = {"nsec": [], "nsec3": ["-3", "-", "-H", "0"], "salted": ["-3", "abcd", "-H", "5"],
         "opt-out": ["-3", "-", "-H", "0", "-A"]}  # fmt: skip
DIGEST = "AB" * 32
TEXT = f"""
$TTL 300
@ SOA ns hostmaster 7 7200 3600 86400 60
@ NS ns
ns A 192.0.2.1
ns AAAA 2001:db8::1
www A 192.0.2.2
www TXT "text"
mx MX 10 www
alias CNAME www
lost CNAME nothing.here
a.b.ent A 192.0.2.3
*.wild TXT "wild"
host.wild A 192.0.2.4
sub.host.wild A 192.0.2.5
*.walias CNAME www
*.wlost CNAME nothing.here
a.*.w TXT "below a wildcard that is empty"
b.w A 192.0.2.6
tree DNAME branch
x.branch A 192.0.2.7
sub NS ns.sub
sub NS ns.sib
ns.sub A 192.0.2.8
sib NS ns.sib
ns.sib A 192.0.2.9
safe NS ns.safe
safe DS 4711 13 2 {DIGEST}
ns.safe A 192.0.2.10
u.only.unsigned NS ns.sub
s.mixed NS ns.sub
s.mixed DS 4711 13 2 {DIGEST}
u.mixed NS ns.sub
zz A 192.0.2.11
"""
OWNERS = sorted({line.split()[0] for line in TEXT.splitlines()[3:]} - {"@"})
EMPTY = ("b.ent", "ent", "wild", "walias", "wlost", "*.w", "w", "branch", "only.unsigned",
         "unsigned", "mixed")  # fmt: skip
TYPES = [int(RRType[each]) for each in ("A", "TXT", "NS", "DS", "CNAME", "NSEC", "DNSKEY")]
NS, CNAME, DNAME, DS, NSEC, DNSKEY = 2, 5, 39, 43, 47, 48


@pytest.fixture(scope="module", params=KINDS)
def signed(request, tmp_path_factory):
    """The kind, the zone as BIND signs it, and its DNSKEY file."""
    folder = tmp_path_factory.mktemp(request.param)
    keygen = [program("dnssec-keygen"), "-q", "-a", "13", "-f", "KSK", ORIGIN]
    name = subprocess.run(keygen, check=True, capture_output=True, cwd=folder).stdout.decode()
    key = folder / f"{name.strip()}.key"
    (folder / "zone").write_text(TEXT + key.read_text())
    command = [program("dnssec-signzone"), "-P", "-z", *KINDS[request.param], "-o", ORIGIN,
               "-f", "out", "-O", "full", "zone", name.strip()]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return request.param, (folder / "out").read_text(), key


@pytest.fixture(scope="module")
def servers(signed, tmp_path_factory):
    zones = {ORIGIN: signed[1]}
    folder = tmp_path_factory.mktemp("servers")
    with contextlib.ExitStack() as stack:
        yield {
            each.name: stack.enter_context(each(folder / each.name, zones))
            for each in (Dnsd, Named, Nsd)
        }


def questions():
    """Every name and names beside, below, before and behind it, with every type."""
    known = [names.from_text(each, APEX) for each in ("@", *OWNERS, *EMPTY)]
    made_up = [label + each for each in known for label in (b"\x04none", b"\x01*", b"\x01a\x01~")]
    found = list(dict.fromkeys([*known, *made_up]))
    return [
        (name, rrtype) for name, rrtype in product(found, TYPES) if (name, rrtype) != (APEX, DS)
    ]


def ask(server, name, rrtype, *, dnssec_ok=True, flags=0):
    query = Message(7, flags, [Question(name, rrtype, 1)], edns=Edns(1232, do=dnssec_ok))
    reply = parse_message(server.ask(render_message(query)))
    return parse_message(server.ask(render_message(query), tcp=True)) if reply.flags & TC else reply


def finish(steps):
    try:
        while True:
            next(steps)
    except StopIteration as end:
        return end.value


class Judge:
    """A validator of whole answers, made of ``dnsd.dnssec``."""

    def __init__(self, dnskeys, *, opt_out):
        self.keys = usable_keys(dnskeys.rdatas)
        self.enough = (Proven, Insecure) if opt_out else (Proven,)

    def is_secure(self, rrset):
        steps = validate(rrset, APEX, self.keys, int(time.time()), Work())
        return isinstance(finish(steps), Secure)

    def fault(self, name, rrtype, reply):
        """What is wrong with an answer to a question, or nothing."""
        redirected = {rrset.owner for rrset in reply.answer if rrset.type == DNAME}
        for rrset in (*reply.answer, *reply.authority):
            made = rrset.type == CNAME and any(rrset.owner.endswith(x) for x in redirected)
            cut = rrset.type == NS and rrset.owner != APEX
            if not (made or cut or self.is_secure(rrset)):
                return f"{names.to_text(rrset.owner)} {rrset.type} is not secure"
        statements, name = self._chain(name, rrtype, reply)
        if names.is_subdomain(name, APEX):
            statements += self._end(name, rrtype, reply)
        for statement in statements:
            verdict = prove(statement, reply.authority, HashWork())
            if not isinstance(verdict, self.enough):
                return f"{statement}: {verdict}"
        return ""

    def _chain(self, name, rrtype, reply):
        """What the aliases of an answer state, and where they lead."""
        statements = []
        while rrtype != CNAME:
            found = [x for x in reply.answer if x.type == CNAME and x.owner == name]
            if not found:
                break
            statements += self._expansion(found[0])
            name = found[0].rdatas[0].lower()
        return statements, name

    def _expansion(self, rrset):
        labels = names.to_labels(rrset.owner)
        own = len(labels) - (labels[0] == b"*")
        if not rrset.signatures or rrset.signatures[0][3] >= own:
            return []
        wildcard = names.from_labels([b"*", *labels[len(labels) - rrset.signatures[0][3] :]])
        return [Statement(Claim.WILDCARD_ANSWER, APEX, rrset.owner, wildcard=wildcard)]

    def _end(self, name, rrtype, reply):
        found = [x for x in reply.answer if (x.owner, x.type) == (name, rrtype)]
        if found:
            return self._expansion(found[0])
        cut = [x.owner for x in reply.authority if x.type == NS and x.owner != APEX]
        if cut:
            if any(x.type == DS and x.owner == cut[0] for x in reply.authority):
                return []
            return [Statement(Claim.UNSIGNED_REFERRAL, APEX, cut[0])]
        claim = Claim.NXDOMAIN if reply.rcode == 3 else Claim.NODATA
        return [Statement(claim, APEX, name, rrtype)]


def shape(reply):
    """What two servers must agree on: the rcode, and owners and types of two sections."""
    sections = reply.answer, reply.authority
    return reply.rcode, *({(x.owner, x.type) for x in section} for section in sections)


def test_every_answer_is_proved_and_is_what_named_and_nsd_choose(signed, servers):
    keys = ask(servers["dnsd"], APEX, DNSKEY).answer[0]
    judge = Judge(keys, opt_out=signed[0] == "opt-out")
    faults, different, compared = [], [], 0
    for name, rrtype in questions():
        reply = ask(servers["dnsd"], name, rrtype)
        asked = f"{names.to_text(name)} {rrtype}"
        if (fault := judge.fault(name, rrtype, reply)) and not is_beside_an_alias(name, rrtype):
            faults.append(f"{asked}: {fault}")
        named, nsd = (
            shape(ask(servers["named"], name, rrtype)),
            shape(ask(servers["nsd"], name, rrtype)),
        )
        if named == nsd:
            compared += 1
            if shape(reply) != named:
                different.append(f"{asked}: {shape(reply)} instead of {named}")
    assert not faults, "\n".join(faults[:20])
    assert not different, "\n".join(different[:20])
    assert compared > len(questions()) / 2


def test_without_do_nothing_of_dnssec_is_answered_unasked(servers):
    made = {43, 46, 47, 50}
    for name, rrtype in questions():
        reply = ask(servers["dnsd"], name, rrtype, dnssec_ok=False)
        found = {x.type for x in (*reply.answer, *reply.authority, *reply.additional)}
        assert not found & made - {rrtype}, names.to_text(name)


def test_owners_of_nsec3_records_do_not_exist(signed, servers):
    if signed[0] == "nsec":
        pytest.skip("the zone has none")
    hashes = {x.split()[0] for x in signed[1].splitlines() if " NSEC3 " in x.replace("\t", " ")}
    judge = Judge(ask(servers["dnsd"], APEX, DNSKEY).answer[0], opt_out=signed[0] == "opt-out")
    assert len(hashes) > 10
    for text in sorted(hashes):
        for rrtype in (1, 50):
            reply = ask(servers["dnsd"], names.from_text(text), rrtype)
            assert reply.rcode == 3
            assert not judge.fault(names.from_text(text), rrtype, reply)


class Validator(Unbound):
    """Unbound as validator, with our server for the zone and its key as trust anchor."""

    def __init__(self, directory, port, key):
        super().__init__(directory, Around("127.0.0.1", 53))
        self.upstream, self.key = port, key

    def arguments(self):
        (self.directory / "unbound.conf").write_text(f"""
server:
  interface: 127.0.0.1@{self.port}
  num-threads: 1
  module-config: "validator iterator"
  trust-anchor-file: "{self.key}"
  do-not-query-localhost: no
  do-ip6: no
  qname-minimisation: no
  aggressive-nsec: no
  access-control: 127.0.0.0/8 allow
  local-zone: "test." nodefault
  username: ""
  chroot: ""
  directory: "{self.directory}"
  pidfile: ""
  use-syslog: no
remote-control:
  control-enable: no
stub-zone:
  name: "{ORIGIN}"
  stub-addr: 127.0.0.1@{self.upstream}
""")
        return [program("unbound"), "-d", "-p", "-c", str(self.directory / "unbound.conf")]


def is_beside_an_alias(name, rrtype):
    """NSEC of an alias is no data in a zone with NSEC3: RFC 4035 §2.5 lets it stand beside a
    CNAME, RFC 6840 §4.3 has nobody believe that a name with CNAME lacks a type."""
    return rrtype == NSEC and any(
        label in name for label in (b"\x06walias", b"\x05wlost", b"\x05alias", b"\x04lost")
    )


def is_made_alias(name, rrtype):
    """Unbound 1.17 fails for the CNAME that a DNAME makes, asked for itself."""
    return rrtype == CNAME and b"\x04tree" in name[1:]


def is_below_a_cut(name):
    cuts = [
        names.from_text(x, APEX)
        for x in ("sub", "sib", "safe", "u.only.unsigned", "s.mixed", "u.mixed")
    ]
    return any(names.is_subdomain(name, cut) for cut in cuts)


def test_unbound_finds_every_answer_secure(signed, servers, tmp_path):
    secure = 0
    with Validator(tmp_path / "unbound", servers["dnsd"].port, signed[2]) as unbound:
        for name, rrtype in questions():
            if is_below_a_cut(name) or rrtype == NSEC or is_made_alias(name, rrtype):
                continue  # nobody serves those zones; an alias in its cache leads on for NSEC
            ours, reply = ask(servers["dnsd"], name, rrtype), ask(unbound, name, rrtype, flags=RD)
            assert reply.rcode == ours.rcode, f"{names.to_text(name)} {rrtype}"
            is_secure = bool(reply.flags & 0x20)
            assert is_secure or signed[0] == "opt-out", f"{names.to_text(name)} {rrtype}"
            secure += is_secure
    assert secure > 100


def test_delv_finds_answers_fully_validated(signed, servers, tmp_path):
    key = signed[2].read_text().splitlines()[-1].split(maxsplit=3)
    digits = key[3].split(maxsplit=3)
    anchor = tmp_path / "anchor"
    anchor.write_text(
        f'trust-anchors {{ {ORIGIN} static-key {digits[0]} {digits[1]} {digits[2]} "{digits[3]}"; }};\n'
    )
    asked = ("www A", "www MX", "none A", "a.ent A", "none.wild TXT", "none.wild MX", "x.tree A",
             "x.w TXT", "none.walias A", "none.wlost A")  # fmt: skip
    for question in asked:
        name, rrtype = question.split()
        command = [program("delv"), "@127.0.0.1", "-p", str(servers["dnsd"].port), "-a", anchor,
                   f"+root={ORIGIN}", f"{name}.{ORIGIN}", rrtype]  # fmt: skip
        said = subprocess.run(command, check=False, capture_output=True, text=True)
        said = said.stdout + said.stderr
        # What is made up may be an unsigned delegation where those are left out.
        may_be_insecure = signed[0] == "opt-out" and not question.startswith(("www", "a.", "x."))
        enough = ("fully validated", "unsigned answer")[: 1 + may_be_insecure]
        assert any(each in said for each in enough), f"{question}: {said}"
