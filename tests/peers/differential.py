"""Ask named, nsd, knotd and dnsd the same questions and compare every part of the replies.

    python tests/peers/differential.py --worlds 1000 --seed 1

Wherever at least two of the three agree on a part of a reply, ours must be
equal. What we do differently on purpose stands in ``EXEMPTIONS``, each with the
section that lets us.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import random
import socket
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dns.flags
import dns.message
import dns.name
import dns.rdatatype

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from peers.servers import Dnsd, Knotd, Named, Nsd, exchange
from peers.worlds import world

from dnsd.authority.answer import MAX_LINKS
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.message import parse_message

if TYPE_CHECKING:
    from collections.abc import Callable

    from peers.worlds import World

REFERENCES = (Named, Nsd, Knotd)
PARTS = ("rcode", "flags", "answer", "authority", "additional", "edns")


@dataclass(frozen=True)
class Form:
    """How a question is put."""

    name: str
    edns: int | None = None
    dnssec_ok: bool = False
    tcp: bool = False


PLAIN = Form("plain")
FORMS = (
    Form("edns", edns=1232),
    Form("do", edns=1232, dnssec_ok=True),
    Form("small", edns=512),
    Form("tcp", tcp=True),
)
FORM_WEIGHTS = (5, 10, 5, 1)  # a connection a question is slow


@dataclass(frozen=True)
class Exemption:
    """A difference we keep: where it may stand, and the section that allows it."""

    rfc: str
    reason: str
    parts: tuple[str, ...]
    applies: Callable[[World, tuple[str, str], dict, dict], bool]


def _is_any(_world, question, mine, agreed):
    return question[1] == "ANY" and mine["rcode"] == agreed["rcode"] and bool(mine["answer"])


def _is_any_through_dname(_world, question, mine, _agreed):
    return question[1] == "ANY" and any(r[2] == dns.rdatatype.DNAME for r in mine["answer"])


def _is_longer_than_anybody_follows(_world, _question, mine, _agreed):
    return sum(r[2] == dns.rdatatype.CNAME for r in mine["answer"]) > MAX_LINKS


def _leaves_its_zone(world, question, mine, _agreed):
    """Tell whether a chain of aliases goes on in another zone of the same server."""
    targets = {dns.name.from_wire(rdata, 0)[0].to_text() for _, _, rrtype, rdata in mine["answer"]
               if rrtype == dns.rdatatype.CNAME}  # fmt: skip
    name, rrtype = question
    # DS at an apex is asked of the zone above it.
    asked_above = rrtype == "DS" and name.lower() in world.zones
    start = _zone_of(world, name.partition(".")[2] if asked_above else name)
    return any(_zone_of(world, target) not in (start, None) for target in targets)


def _brings_more(_world, question, mine, agreed):
    return question[1] in ("MX", "SRV") and mine["additional"] > agreed["additional"]


def _zone_of(world, name):
    """Return the longest origin of a world that a name is under, or None."""
    under = [o for o in world.zones if name.lower() == o or name.lower().endswith("." + o)]
    return max(under, key=len, default=None)


EXEMPTIONS = (
    Exemption(
        "RFC 8482 §4.1",
        "ANY gets one RRset of the server's choice, ours the smallest, which fits",
        ("flags", "answer", "additional"),
        _is_any,
    ),
    Exemption(
        "RFC 1034 §4.3.2 step 3a",
        "a chain of aliases goes on in another zone of the server, which named and knotd do not do",
        ("rcode", "flags", "answer", "authority", "additional"),
        _leaves_its_zone,
    ),
    Exemption(
        "RFC 6672 §3.2",
        "ANY is followed through a DNAME, as nsd and knotd do within one zone",
        ("rcode", "authority", "additional"),
        _is_any_through_dname,
    ),
    Exemption(
        "RFC 1034 §3.6.2",
        "a chain of aliases without an end stops after 11 links, elsewhere after others",
        ("rcode", "flags", "answer", "authority", "additional"),
        _is_longer_than_anybody_follows,
    ),
    Exemption(
        "RFC 1034 §4.3.2 step 6",
        "addresses of mail and service hosts are useful and fit, as knotd finds",
        ("additional",),
        _brings_more,
    ),
)


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
        # Ours, for speed; tests/fuzz holds it against dnspython's reader.
        reply = parse_message(octets)
    except FormError as error:
        return dict.fromkeys(PARTS, f"unreadable: {error}")

    def records(section):
        return frozenset(
            (names.to_text(rrset.owner), rrset.ttl, rrset.type, rdata.lower())
            for rrset in section
            for rdata in rrset.rdatas
        )

    return {
        "rcode": reply.rcode,
        "flags": dns.flags.to_text(reply.flags & _COMPARED_FLAGS),
        "answer": records(reply.answer),
        "authority": records(reply.authority),
        "additional": records(reply.additional),
        "edns": reply.edns and (reply.edns.version, reply.edns.do),
    }


_COMPARED_FLAGS = dns.flags.AA | dns.flags.TC | dns.flags.RD | dns.flags.RA | dns.flags.AD


class Comparison:
    """Counts agreements and collects differences."""

    def __init__(self):
        self.asked = self.compared = 0
        self.exempt = Counter()
        self.differences = []

    def add(self, world, question, form, replies, ours):
        """Compare one reply of ours with those of the others, part by part."""
        self.asked += 1
        taken = [parts(reply) for reply in replies]
        mine = parts(ours)
        agreed = {}
        for part in PARTS:
            value, votes = Counter(t[part] for t in taken).most_common(1)[0]
            if votes >= 2:
                agreed[part] = value
        self.compared += len(agreed)
        for part, value in agreed.items():
            if mine[part] == value:
                continue
            exemption = next(
                (e for e in EXEMPTIONS if part in e.parts
                 and e.applies(world, question, mine, {**taken[0], **agreed})), None
            )  # fmt: skip
            if exemption:
                self.exempt[f"{exemption.rfc}: {exemption.reason}"] += 1
            else:
                others = [t[part] for t in taken]
                self.differences.append((question, form.name, part, value, mine[part], others))

    def report(self, limit=20):
        """Write the counts, and one example of each kind of difference."""
        differ = len(self.differences)
        lines = [f"{self.asked} questions, {self.compared} parts compared, {differ} differences"]
        lines += [f"  exempt {count}: {reason}" for reason, count in self.exempt.items()]
        shown = set()
        for question, form, part, value, mine, values in self.differences:
            kind = (question, part)
            if kind in shown or len(shown) >= limit:
                continue
            shown.add(kind)
            lines.append(f"{' '.join(question)} ({form}) {part}")
            lines.append(f"  agreed: {_show(value)}")
            lines.append(f"  ours:   {_show(mine)}")
            lines += [f"  other:  {_show(other)}" for other in values if other != value]
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


def compare(worlds, directory, *, share=1.0, seed=1):
    """Load all worlds into all servers, ask, return the comparison.

    Args:
        worlds: what to serve.
        directory: for the servers' files.
        share: how many of the questions to ask; each is put plainly and in one other form.
        seed: of the choice of questions and forms.
    """
    draw = random.Random(seed)
    zones = {origin: text for w in worlds for origin, text in w.texts().items()}
    comparison = Comparison()
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(kind(Path(directory) / kind.name, zones))
            for kind in (*REFERENCES, Dnsd)
        ]
        lines = stack.enter_context(contextlib.closing(_Lines(servers)))
        for one in worlds:
            for question in one.questions():
                if draw.random() >= share:
                    continue
                for form in (PLAIN, draw.choices(FORMS, FORM_WEIGHTS)[0]):
                    *replies, ours = lines.ask(query(*question, form), form)
                    comparison.add(one, question, form, replies, ours)
    return comparison


def main():
    """Run the comparison at the size asked for; exit 1 on any difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=20)
    parser.add_argument("--share", type=float, default=1.0, help="share of the questions to ask")
    options = parser.parse_args()
    draw = random.Random(options.seed)
    worlds = [world(draw, number) for number in range(options.worlds)]
    with tempfile.TemporaryDirectory() as directory:
        comparison = compare(worlds, directory, share=options.share, seed=options.seed)
    print(comparison.report(options.show))
    return 1 if comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main())
