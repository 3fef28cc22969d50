"""Ask named, nsd, knotd and dnsd the same questions and compare every part of the replies.

    python tests/peers/differential.py --worlds 1000 --seed 1

Wherever at least two of the three agree on a part of a reply, ours must be
equal. What we do differently on purpose stands in ``EXEMPTIONS``, each with the
section that lets us.
"""

from __future__ import annotations

import argparse
import functools
import random
import socket
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import dns.flags
import dns.message
import dns.rdatatype

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from peers.servers import Dnsd, Knotd, Named, Nsd, exchange
from peers.worlds import world

REFERENCES = (Named, Nsd, Knotd)
PARTS = ("rcode", "flags", "answer", "authority", "additional", "edns")


@dataclass(frozen=True)
class Form:
    """How a question is put."""

    name: str
    edns: int | None = None
    dnssec_ok: bool = False
    tcp: bool = False


FORMS = (
    Form("plain"),
    Form("edns", edns=1232),
    Form("do", edns=1232, dnssec_ok=True),
    Form("tcp", tcp=True),
    Form("small", edns=512),
)


@dataclass(frozen=True)
class Exemption:
    """A difference we keep: which part, when, and the section that allows it."""

    part: str
    rfc: str
    reason: str
    applies: object


EXEMPTIONS: tuple[Exemption, ...] = ()


def query(qname, qtype, form):
    """Make the octets of one query."""
    message = dns.message.make_query(
        qname, qtype, use_edns=0 if form.edns else False, payload=form.edns or 0,
        want_dnssec=form.dnssec_ok,
    )  # fmt: skip
    message.flags = 0
    return message.to_wire()


def parts(octets):
    """Take a reply apart into what is compared; names in lower case, order ignored."""
    return _parts(octets[2:])


@functools.lru_cache(maxsize=4096)  # servers often send the same octets
def _parts(rest):
    octets = b"\0\0" + rest
    try:
        reply = dns.message.from_wire(octets, one_rr_per_rrset=False)
    except Exception as error:  # noqa: BLE001 - a broken reply is a difference like any other
        return dict.fromkeys(PARTS, f"unreadable: {error!r}")

    def records(section):
        return frozenset(
            (rrset.name.to_text().lower(), rrset.ttl, rrset.rdtype,
             rdata.to_wire(origin=dns.name.root).lower())
            for rrset in section for rdata in rrset
        )  # fmt: skip

    kept = dns.flags.AA | dns.flags.TC | dns.flags.RD | dns.flags.RA | dns.flags.AD
    return {
        "rcode": int(reply.rcode()),
        "flags": dns.flags.to_text(reply.flags & kept),
        "answer": records(reply.answer),
        "authority": records(reply.authority),
        "additional": records(reply.additional),
        "edns": (reply.edns, reply.ednsflags & 0x8000),
    }


class Comparison:
    """Counts agreements and collects differences."""

    def __init__(self):
        self.asked = self.compared = 0
        self.exempt = Counter()
        self.differences = []

    def add(self, question, form, replies, ours):
        self.asked += 1
        taken = [parts(reply) for reply in replies]
        mine = parts(ours)
        for part in PARTS:
            values = Counter(t[part] for t in taken)
            value, votes = values.most_common(1)[0]
            if votes < 2:
                continue
            self.compared += 1
            if mine[part] == value:
                continue
            exemption = next(
                (
                    e
                    for e in EXEMPTIONS
                    if e.part == part and e.applies(question, form, taken, mine)
                ),
                None,
            )
            if exemption:
                self.exempt[exemption.reason] += 1
            else:
                self.differences.append((question, form.name, part, value, mine[part],
                                         [t[part] for t in taken]))  # fmt: skip

    def report(self, limit=20):
        differ = len(self.differences)
        lines = [f"{self.asked} questions, {self.compared} parts compared, {differ} differences"]
        lines += [f"  exempt {count}: {reason}" for reason, count in self.exempt.items()]
        for question, form, part, value, mine, _ in self.differences[:limit]:
            lines += [
                f"{question} {form} {part}",
                f"  agreed: {_show(value)}",
                f"  ours:   {_show(mine)}",
            ]
        return "\n".join(lines)


def _show(value):
    if not isinstance(value, frozenset):
        return str(value)
    return (
        "; ".join(
            f"{owner} {ttl} {dns.rdatatype.to_text(rrtype)} {rdata.hex()[:60]}"
            for owner, ttl, rrtype, rdata in sorted(value)
        )
        or "nothing"
    )


class _Lines:
    """One connected UDP socket for each server: a question goes to all, then replies come."""

    def __init__(self, servers):
        self.servers = servers
        self.sockets = []
        for server in servers:
            sock = socket.socket(type=socket.SOCK_DGRAM)
            sock.settimeout(3)
            sock.connect((server.address, server.port))
            self.sockets.append(sock)

    def ask(self, octets, form):
        if form.tcp:
            return [exchange(s.address, s.port, octets, tcp=True) for s in self.servers]
        for sock in self.sockets:
            sock.send(octets)
        replies = []
        for sock in self.sockets:
            reply = sock.recv(65535)
            while reply[:2] != octets[:2]:
                reply = sock.recv(65535)
            replies.append(reply)
        return replies

    def close(self):
        for sock in self.sockets:
            sock.close()


def compare(worlds, directory, *, forms=FORMS, tcp_share=0.02, seed=1):
    """Load all worlds into all servers, ask everything, return the comparison."""
    draw = random.Random(seed)
    zones = {origin: text for w in worlds for origin, text in w.texts().items()}
    servers = [kind(Path(directory) / kind.name, zones) for kind in (*REFERENCES, Dnsd)]
    comparison = Comparison()
    started = []
    try:
        for server in servers:
            server.__enter__()
            started.append(server)
        lines = _Lines(servers)
        for one in worlds:
            for question in one.questions():
                for form in forms:
                    # A connection a question is slow: a share of them shows the same.
                    if form.tcp and draw.random() > tcp_share:
                        continue
                    octets = query(*question, form)
                    *replies, ours = lines.ask(octets, form)
                    comparison.add(question, form, replies, ours)
        lines.close()
    finally:
        for server in started:
            server.__exit__()
    return comparison


def main():
    """Run the comparison at the size asked for; exit 1 on any difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    worlds = [world(draw, number) for number in range(options.worlds)]
    with tempfile.TemporaryDirectory() as directory:
        comparison = compare(worlds, directory, seed=options.seed)
    print(comparison.report(options.show))
    return 1 if comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main())
