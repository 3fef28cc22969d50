"""Random names that do not exist, in signed zones: packets that each question costs.

    python tests/experiments/aggressive.py [--names 200] [--questions 2000]

A name server holds two zones of so many names, one signed with NSEC and one with NSEC3.
Unbound, with ``aggressive-nsec: yes``, and dnsd, each with the zone's trust anchor and
its server, are asked for the same random names one after the other, and for random types
of names that exist. Printed are the queries that come to the name server per question.

Shown: dnsd sends no more packets a question than Unbound, and every answer is the same.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import dns.flags
import dns.message
import dns.query
import dns.rcode
from conformance.recursion.loopback import Loopback
from fakes.signed_internet import NOW, SignedAuthority, SignedZone
from fakes.signed_nsec3 import HashedZone
from peers.recursors import Around, DnsdRecursor, Recursor
from peers.servers import free_port, program

from dnsd.wire import names, rdata

UPSTREAM = "127.0.33.1"
ZONES = {"nsec.example.": SignedZone, "nsec3.example.": HashedZone}
TYPES = ("TXT", "MX", "AAAA", "SRV")
DS = 43


class Unbound(Recursor):
    """Unbound as a validator that makes answers of what it knows."""

    name = "unbound"

    def arguments(self):
        """Ask the servers of the zones; no other extras."""
        stubs = "".join(
            f'stub-zone:\n  name: "{zone}"\n  stub-addr: {UPSTREAM}@{self.around.port}\n'
            for zone in ZONES
        )
        (self.directory / "unbound.conf").write_text(f"""
server:
  interface: 127.0.0.1@{self.port}
  num-threads: 1
  module-config: "validator iterator"
  aggressive-nsec: yes
  trust-anchor-file: "{self.around.trust["trust_anchors"]}"
  val-override-date: "{NOW}"
  do-not-query-localhost: no
  do-ip6: no
  username: ""
  chroot: ""
  directory: "{self.directory}"
  pidfile: ""
  use-syslog: no
remote-control:
  control-enable: no
{stubs}""")
        return [program("unbound"), "-d", "-p", "-c", str(self.directory / "unbound.conf")]


class Dnsd(DnsdRecursor):
    """This program as it is configured first."""


def made_zones(count, rng):
    """Two signed zones of so many names, and the names."""
    labels = sorted({f"{rng.getrandbits(40):x}" for _ in range(count)})
    text = "@ NS ns\nns A 192.0.2.1\n*.wild A 192.0.2.2\n"
    text += "".join(f"{label} A 192.0.2.80\n" for label in labels)
    return [make(zone, text) for zone, make in ZONES.items()], labels


def questions(zone, labels, count, rng):
    """Draw so many: eight of ten names do not exist, one lacks the type, one is a wildcard's."""
    for number in range(count):
        place = number % 10
        if place < 8:
            yield f"{rng.getrandbits(40):x}.{zone}", "A"
        elif place == 8:
            yield f"{rng.choice(labels)}.{zone}", rng.choice(TYPES)
        else:
            yield f"{rng.getrandbits(40):x}.wild.{zone}", "A"


def ask(server, name, rrtype):
    """Ask with DO; what matters of the answer."""
    query = dns.message.make_query(name, rrtype, want_dnssec=True)
    reply = dns.query.udp(
        query, server.address, port=server.port, timeout=5, ignore_unexpected=True
    )
    answer = sorted(str(rdata) for rrset in reply.answer for rdata in rrset if rrset.rdtype == 1)
    return reply.rcode(), bool(reply.flags & dns.flags.AD), answer, len(reply.answer)


def measure(count, asked, directory, seed=1):
    """Ask both; per kind of zone the packets a question of each, and what differed."""
    zones, labels = made_zones(count, random.Random(seed))
    anchors = directory / "anchors.txt"
    anchors.write_text(
        "".join(
            f"{names.to_text(each.origin)} DS {rdata.to_text(DS, each.key.ds(each.origin))}\n"
            for each in zones
        )
    )
    port = free_port()
    servers = [
        {"zone": zone, "servers": [UPSTREAM], "port": port, "kind": "stub"} for zone in ZONES
    ]
    trust = {
        "trust_anchors": str(anchors), "validation_time": NOW, "forward": servers,
        "limits": {"client_misses": 0}, "priming": "off",
    }  # fmt: skip
    around = Around(UPSTREAM, port, trust=trust)
    found = {}
    with Loopback({UPSTREAM: SignedAuthority(zones)}, port) as upstream:
        for kind in (Unbound, Dnsd):
            (directory / kind.name).mkdir()
            with kind(directory / kind.name, around) as server:
                for zone in ZONES:
                    before = len(upstream.about(zone))
                    said = [
                        ask(server, *question)
                        for question in questions(zone, labels, asked, random.Random(seed + 1))
                    ]
                    found[kind.name, zone] = (len(upstream.about(zone)) - before) / asked, said
    return found


def complaints(found):
    """What is not as it should be."""
    for zone in ZONES:
        (theirs, true), (ours, said) = found["unbound", zone], found["dnsd", zone]
        if ours > theirs:
            yield f"{zone} {ours:.4f} packets a question, of Unbound {theirs:.4f}"
        wrong = sum(a != b for a, b in zip(said, true, strict=True))
        if wrong:
            yield f"{zone} {wrong} answers are not as Unbound's"


def main():
    """Measure; exit 1 above a bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--names", type=int, default=200, help="of each zone")
    parser.add_argument("--questions", type=int, default=2000, help="in each zone")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        found = measure(options.names, options.questions, Path(directory))
    for (kind, zone), (packets, said) in found.items():
        secure = sum(each[1] for each in said)
        print(
            f"{kind:8} {zone:15} {options.questions} questions, {packets:.4f} packets a question,"
            f" {secure} answers secure (without it: 1.0 and more)"
        )
    failures = list(complaints(found))
    for each in failures:
        print(f"missed: {each}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
