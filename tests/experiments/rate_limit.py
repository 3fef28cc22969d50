"""What forged queries are worth: octets out for octets in, by kind of query.

    python tests/experiments/rate_limit.py [--full]

1. Each kind of query is asked once over UDP, without a cookie, and octets of the
   reply are set against those of the query (payloads, headers left out). Shown: a
   refusal is never longer than its query, ANY is at most 8 times, the worst is at
   most 31 times, which is the largest datagram for the smallest query.
2. Each kind is asked again from the same network until it is over its rate. Shown:
   what comes then is never longer than the query either.
3. The same for a daemon that resolves names for one network: others are refused in at
   most as many octets as they sent, and that network, whose answers are not counted,
   gets at most 31 times what it sent.
4. A flood of one query with addresses of one /24 as its sources. Shown: limited
   replies are no longer than their queries, full ones no more than the rate says,
   and a real client of the same /24 is told to use TCP and resolves there, always.

Takes 20 s; with ``--full`` the flood is 10,000 queries a second, thirty seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import socket
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.daemon import Daemon, is_honest, verdict
from experiments.zone_servers import SILENT, Manner, ZoneServers
from fakes.octets import message, opt, option, query, question, tsig

from dnsd.wire.message import RD

ORIGIN = "example.test."
RATE = 50
WORST = 31  # 1,232 octets for 40

_SIZED = ", ".join(f"'{'x' * 180} {i}'" for i in range(6))
ZONE = f"""
soa: {{primary: ns1.example.test., hostmaster: hostmaster@example.test}}
records:
  '':
    - {{type: NS, values: [ns1.example.test., ns2.example.test., ns3.example.test., ns4.example.test.]}}
    - {{type: A, values: [192.0.2.1, 192.0.2.2]}}
    - {{type: MX, values: [{{preference: 10, exchange: mx1.example.test.}},
                           {{preference: 20, exchange: mx2.example.test.}}]}}
    - {{type: TXT, value: v=spf1 mx -all}}
  ns1: [{{type: A, value: 192.0.2.53}}, {{type: AAAA, value: '2001:db8::53'}}]
  ns2: [{{type: A, value: 198.51.100.53}}, {{type: AAAA, value: '2001:db8:1::53'}}]
  ns3: [{{type: A, value: 198.51.100.54}}, {{type: AAAA, value: '2001:db8:1::54'}}]
  ns4: [{{type: A, value: 203.0.113.54}}, {{type: AAAA, value: '2001:db8:2::54'}}]
  mx1: [{{type: A, value: 192.0.2.25}}, {{type: AAAA, value: '2001:db8::25'}}]
  mx2: [{{type: A, value: 198.51.100.25}}, {{type: AAAA, value: '2001:db8:1::25'}}]
  www: {{type: A, value: 192.0.2.80}}
  sized: {{type: TXT, values: [{_SIZED}]}}
  alias: {{type: CNAME, value: www.example.test.}}
  sub: {{type: NS, values: [ns1.sub.example.test., ns2.sub.example.test.]}}
  ns1.sub: {{type: A, value: 192.0.2.54}}
  ns2.sub: {{type: A, value: 198.51.100.55}}
"""


@dataclass(frozen=True)
class Kind:
    """A kind of query.

    Attributes:
        name: what it is.
        octets: the query.
        at_most: the largest ratio that passes.
    """

    name: str
    octets: bytes
    at_most: float = WORST


def kinds():
    """Each kind of reply that a forger can ask for, in its dearest form."""
    return [
        Kind("A", query("www.example.test.", 1)),
        Kind("A, EDNS", query("www.example.test.", 1, edns=opt())),
        Kind("A, DO", query("www.example.test.", 1, edns=opt(flags=0x8000))),
        Kind("CNAME chain", query("alias.example.test.", 1)),
        Kind("NS", query(ORIGIN, 2, edns=opt())),
        Kind("SOA", query(ORIGIN, 6, edns=opt())),
        Kind("MX", query(ORIGIN, 15, edns=opt())),
        Kind("TXT, 1 kB", query("sized.example.test.", 16, edns=opt(size=4096))),
        Kind("TXT, 1 kB, no EDNS", query("sized.example.test.", 16), 1),
        Kind("ANY", query(ORIGIN, 255, edns=opt(size=4096)), 8),
        Kind("ANY, 1 kB", query("sized.example.test.", 255, edns=opt(size=4096))),
        Kind("NODATA", query("www.example.test.", 28, edns=opt())),
        Kind("NXDOMAIN", query("none.example.test.", 1, edns=opt())),
        Kind("referral", query("www.sub.example.test.", 1, edns=opt())),
        Kind("REFUSED", query("elsewhere.example.", 1), 1),
        Kind("REFUSED, EDNS", query("elsewhere.example.", 1, edns=opt()), 1),
        Kind("REFUSED, NSID", query("elsewhere.example.", 1, edns=opt(option(3))), 1),
        Kind("REFUSED, ANY", query("elsewhere.example.", 255, edns=opt()), 1),
        Kind("REFUSED, root NS", query(".", 2, edns=opt()), 1),
        Kind("transfer", query(ORIGIN, 252, edns=opt()), 1),
        Kind("IXFR", query(ORIGIN, 251, edns=opt()), 1),
        Kind("CHAOS", query("version.bind.", 16, 3, edns=opt()), 1),
        Kind("NSID", query("www.example.test.", 1, edns=opt(option(3)))),
        Kind("HS", query("www.example.test.", 1, 4), 1),
        Kind("BADVERS", query("www.example.test.", 1, edns=opt(version=1)), 1),
        Kind("NOTIMP", query("www.example.test.", 1, flags=0x1000), 1),
        Kind("NOTIFY", query(ORIGIN, 6, flags=0x2000), 1),
        Kind("UPDATE", query(ORIGIN, 6, flags=0x2800), 1),
        Kind("TSIG", message(question(), additional=[tsig()]), 1),
        Kind("FORMERR", message(question()[:-1]), 1),
        Kind("FORMERR, two", message(question(), question()), 1),
        Kind("header alone", message(), 1),
    ]


def resolved_kinds():
    """The same for names of others, asked by clients that may have them resolved."""
    return [
        Kind("resolved A", _recursive("www.others.test.", 1)),
        Kind("resolved A, EDNS", _recursive("www.others.test.", 1, edns=opt())),
        Kind("resolved TXT, 1.2 kB", _recursive("a.others.test.", 16, edns=opt(size=4096))),
        Kind("resolved TXT, no EDNS", _recursive("a.others.test.", 16), 1),
        Kind("resolved ANY", _recursive("www.others.test.", 255, edns=opt(size=4096)), 8),
        Kind("resolved NODATA", _recursive("www.others.test.", 28, edns=opt())),
        Kind("resolver fails", _recursive("www.silent.test.", 1, edns=opt())),
        Kind("from the cache", query("www.others.test.", 1, edns=opt())),
        Kind("not in the cache", query("new.others.test.", 1, edns=opt()), 1),
        Kind("transfer", _recursive("others.test.", 252, edns=opt()), 1),
        Kind("CHAOS", query("version.bind.", 16, 3, edns=opt()), 1),
        Kind("FORMERR", message(question()[:-1]), 1),
    ]


def refused_kinds():
    """The same, asked by clients that may not."""
    asked = [
        ("A", "www.others.test.", 1), ("TXT", "a.others.test.", 16),
        ("ANY", "www.others.test.", 255), ("root NS", ".", 2), ("localhost", "localhost.", 1),
        ("DNSKEY", ".", 48),
    ]  # fmt: skip
    return [
        Kind(f"REFUSED, {name}{', EDNS' if edns else ''}", _recursive(qname, rrtype, edns=edns), 1)
        for name, qname, rrtype in asked
        for edns in (None, opt(size=4096, flags=0x8000))
    ]


def _recursive(name, rrtype, **more):
    return query(name, rrtype, flags=RD, **more)


@contextlib.contextmanager
def client(server, address):
    """A socket of a client with an address of its own."""
    with contextlib.closing(socket.socket(type=socket.SOCK_DGRAM)) as opened:
        opened.bind((address, 0))
        opened.connect((server.address, server.port))
        opened.settimeout(2)
        yield opened


@dataclass
class Row:
    """One kind in figures; a ratio of 0 is no reply."""

    kind: Kind
    first: float
    rcode: str
    limited: float


@dataclass
class TableOutcome:
    """Ratios of all kinds, and what was out of bounds."""

    rows: list = field(default_factory=list)
    failures: list = field(default_factory=list)


def table(directory):
    """Ask each kind from a network of its own, once and then over its rate."""
    outcome = TableOutcome()
    with Daemon(directory, {ORIGIN: ZONE}, authority=_limits(5)) as server:
        for number, kind in enumerate(kinds()):
            with client(server, f"127.3.{number}.1") as opened:
                _ask_often(opened, kind, outcome)
        outcome.failures += server.faults()
    return outcome


def resolver_table(directory):
    """Ask a daemon that resolves names for 127.3.0.0/16 and nobody else."""
    outcome = TableOutcome()
    zones = {"others.test.": "127.67.0.1", "silent.test.": "127.67.0.2"}
    manners = {"127.67.0.1": Manner(), "127.67.0.2": Manner(delay_s=SILENT)}
    with ZoneServers(manners) as servers:
        resolver = {"enabled": "on", "allow": ["127.3.0.0/16"], "priming": "off",
                    "local_zones": "none", "forward": servers.stubs(zones),
                    "limits": {"query_time": "1s"}}  # fmt: skip
        with Daemon(directory, {ORIGIN: ZONE}, authority=_limits(5), resolver=resolver) as server:
            for number, kind in enumerate(resolved_kinds()):
                with client(server, f"127.3.{number}.1") as opened:
                    _ask_often(opened, kind, outcome, is_limited=kind.at_most <= 1)
            for number, kind in enumerate(refused_kinds()):
                with client(server, f"127.4.{number}.1") as opened:
                    _ask_often(opened, kind, outcome)
            outcome.failures += server.faults()
    for row in outcome.rows:
        if row.kind.name.startswith("REFUSED") and row.rcode != "REFUSED":
            outcome.failures.append(f"{row.kind.name}: {row.rcode}")
    return outcome


def _ask_often(opened, kind, outcome, *, is_limited=True):
    """Ask once and then over the rate, and judge the octets."""
    first, rcode = _reply(opened, kind.octets)
    opened.settimeout(0.05)
    for _ in range(5):
        _reply(opened, kind.octets)
    # The one in the middle: now and then one more is within the rate again.
    limited = sorted(_reply(opened, kind.octets)[0] for _ in range(5))[2]
    size = len(kind.octets)
    row = Row(kind, first / size, rcode, limited / size)
    outcome.rows.append(row)
    if row.first > kind.at_most:
        outcome.failures.append(f"{kind.name}: {row.first:.2f} times the query")
    if is_limited and row.limited > 1:
        outcome.failures.append(f"{kind.name}: {row.limited:.2f} times when limited")


def _limits(rate):
    return {
        "zones": "zones",
        "watch": "off",
        "rate_limit": {"responses_per_second": rate, "errors_per_second": 5, "exempt": []},
    }


def _reply(opened, octets):
    opened.send(octets)
    try:
        reply = opened.recv(65535)
    except TimeoutError:
        return 0, "none"
    return len(reply), dns.rcode.to_text(reply[3] & 15)


@dataclass
class FloodOutcome:
    """What a flood gave and cost."""

    queries: int = 0
    full: int = 0
    limited: int = 0
    seconds: float = 0
    limited_ratio: float = 0
    whole_ratio: float = 0
    real_asked: int = 0
    real_told_tcp: int = 0
    real_resolved: int = 0
    failures: list = field(default_factory=list)


def flood(directory, *, rate, seconds):
    """Forge sources of one /24, with a real client among them."""
    outcome = FloodOutcome()
    attack = query("sized.example.test.", 16, edns=opt(size=4096))
    question_of_real = dns.message.make_query("sized.example.test.", "TXT", payload=1232)
    octets_in = octets_out = limited_octets = 0
    with Daemon(directory, {ORIGIN: ZONE}, authority=_limits(RATE)) as server:
        with contextlib.ExitStack() as stack:
            # Every address of 127/8 is ours on loopback: forged as far as the server sees.
            forgers = [stack.enter_context(client(server, f"127.9.9.{i}")) for i in range(1, 65)]
            for opened in forgers:
                opened.setblocking(False)
            real = stack.enter_context(client(server, "127.9.9.200"))
            began = time.monotonic()
            next_real_at = began + 0.5
            while (now := time.monotonic()) < began + seconds:
                due = int((now - began) * rate) - outcome.queries
                for _ in range(min(due, len(forgers))):
                    forgers[outcome.queries % len(forgers)].send(attack)
                    outcome.queries += 1
                    octets_in += len(attack)
                for opened in forgers:
                    for reply in _waiting(opened):
                        octets_out += len(reply)
                        if reply[2] & 2:
                            outcome.limited += 1
                            limited_octets += len(reply)
                        else:
                            outcome.full += 1
                if now > next_real_at:
                    next_real_at = now + 0.2
                    _ask_really(server, real, question_of_real, outcome)
                time.sleep(0.002)
            outcome.seconds = time.monotonic() - began
        outcome.limited_ratio = limited_octets / max(1, outcome.limited) / len(attack)
        outcome.whole_ratio = octets_out / octets_in
        outcome.failures = server.faults()
    # The burst of one second comes on top.
    if outcome.full > RATE * (outcome.seconds + 1) + 1:
        outcome.failures.append(f"{outcome.full} full replies in {outcome.seconds:.1f} s")
    return outcome


def _waiting(opened):
    """Replies that are there."""
    while True:
        try:
            yield opened.recv(65535)
        except BlockingIOError:
            return


def _ask_really(server, real, asked, outcome):
    """As a real client does: over UDP, and over TCP if told to."""
    outcome.real_asked += 1
    real.send(asked.to_wire())
    try:
        reply = dns.message.from_wire(real.recv(65535))
    except TimeoutError:
        return
    if reply.flags & dns.flags.TC:
        outcome.real_told_tcp += 1
        with contextlib.closing(socket.socket()) as stream:
            stream.settimeout(5)
            stream.bind(("127.9.9.200", 0))
            stream.connect((server.address, server.port))
            octets = asked.to_wire()
            stream.sendall(len(octets).to_bytes(2, "big") + octets)
            with stream.makefile("rb") as whole:
                outcome.real_resolved += is_honest(whole.read(int.from_bytes(whole.read(2), "big")))
    else:
        outcome.real_resolved += bool(reply.answer)


def main():
    """Run at the size asked for; exit 1 outside the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    rate, seconds = (10_000, 30) if options.full else (2_000, 3)
    with tempfile.TemporaryDirectory() as directory:
        ratios = table(Path(directory) / "table")
        resolving = resolver_table(Path(directory) / "resolver")
        flooded = flood(Path(directory) / "flood", rate=rate, seconds=seconds)
    print(f"{'query':24} {'octets':>6} {'reply':>8} {'ratio':>6} {'limited':>8}")
    rows = ratios.rows + resolving.rows
    for row in rows:
        name, size = row.kind.name, len(row.kind.octets)
        print(f"{name:24} {size:6} {row.rcode:>8} {row.first:6.2f} {row.limited:8.2f}")
    failures = ratios.failures + resolving.failures + flooded.failures
    if flooded.limited_ratio > 1:
        failures.append("limited replies are longer than their queries")
    if flooded.real_resolved < flooded.real_asked:
        failures.append("the real client did not always resolve")
    worst = max(rows, key=lambda row: row.first)
    refusals = max(row.first for row in rows if row.kind.at_most == 1)
    return verdict(
        f"octets out for octets in: refusals and errors at most {refusals:.2f}, worst "
        f"{worst.first:.1f} ({worst.kind.name}); {flooded.queries:,} forged queries of one /24 at "
        f"{flooded.queries / flooded.seconds:,.0f}/s: {flooded.full} full replies, {flooded.limited:,} "
        f"limited at {flooded.limited_ratio:.2f}, {flooded.whole_ratio:.2f} in all; a real client in "
        f"it resolved {flooded.real_resolved} of {flooded.real_asked}, "
        f"{flooded.real_told_tcp} of them over TCP",
        failures,
    )


if __name__ == "__main__":
    sys.exit(main())
