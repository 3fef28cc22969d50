"""Have Unbound, named and dnsd judge generated signed zones, most of them with one fault.

    python tests/peers/differential_validators.py --zones 500 --seed 1

Wherever Unbound and named agree on what a reply is worth - secure (AD), not secure, or
bogus (SERVFAIL) - dnsd must say the same. What it does differently on purpose stands in
``EXEMPTIONS``, each with the section that lets it. All zones lie below one root in one
network of this process, so each validator is started once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import sys
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import dns.rdatatype
from peers.namespaces import network
from peers.recursors import Around, DnsdRecursor, Recursor
from peers.servers import program
from peers.signed_exemptions import EXEMPTIONS
from peers.signed_faults import spoil
from peers.signed_zones import SOA_LINE, TTL, N, draw_case, make

from dnsd.cli.lab_servers import serve
from dnsd.cli.lab_world import Place
from dnsd.lab.authority import Authority
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.commands import Transport
from dnsd.wire import names
from dnsd.wire.edns import Edns
from dnsd.wire.message import AD, RD, TC, Message, Question, parse_message, render_message

if TYPE_CHECKING:
    from peers.signed_zones import Case

ROOT = "127.80.0.1"
TEST = "127.80.0.2"
#: Questions of one zone that are asked, drawn from all that it has something for.
SHARE = 14
#: Zones whose questions are under way at one time, at each validator.
AT_ONCE = 40
PATIENCE_S = 15.0
SERVFAIL, NXDOMAIN = 2, 3


class Tampering(Authority):
    """Answers for one zone, and changes its replies as the zone says."""

    def __init__(self, zone):
        super().__init__([zone.served()])
        self.tamper = zone.tamper

    def reply(self, octets, transport=Transport.UDP):
        """Reply; what is changed is as long as it gets."""
        if self.tamper is None:
            return super().reply(octets, transport)
        reply = parse_message(super().reply(octets, Transport.TCP))
        self.tamper(reply.questions[0].name_as_sent.lower(), reply)
        return render_message(reply, 1232 if transport is Transport.UDP else 65535)


class UnboundValidator(Recursor):
    """Unbound as a validator with its own bounds."""

    name = "unbound"

    def arguments(self):
        """One thread; no other feature that could answer."""
        (self.directory / "unbound.conf").write_text(f"""
server:
  interface: 127.0.0.1@{self.port}
  num-threads: 1
  module-config: "validator iterator"
  trust-anchor-file: "{self.around.trust["trust_anchors"]}"
  root-hints: "{self.hints()}"
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
""")
        return [program("unbound"), "-d", "-p", "-c", str(self.directory / "unbound.conf")]


class NamedValidator(Recursor):
    """BIND 9 as a validator."""

    name = "named"

    def arguments(self):
        """One thread; no other feature that could answer."""
        fields = Path(self.around.trust["trust_anchors"]).read_text().split(maxsplit=7)
        digits = " ".join(fields[4:7])
        key = "".join(fields[7].split())
        (self.directory / "named.conf").write_text(f"""
options {{
  directory "{self.directory}"; pid-file none; session-keyfile none;
  listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion yes; allow-query {{ any; }}; empty-zones-enable no; minimal-responses yes;
  dnssec-validation yes; qname-minimization disabled; synth-from-dnssec no;
  zone-statistics none; servfail-ttl 0;
}};
controls {{ }};
trust-anchors {{ . static-key {digits} "{key}"; }};
zone "." {{ type hint; file "{self.hints()}"; }};
""")
        return [program("named"), "-g", "-4", "-c", str(self.directory / "named.conf"), "-n", "1"]


VALIDATORS = (UnboundValidator, NamedValidator, DnsdRecursor)


def addresses(number):
    """Addresses of the servers of a case: of the zone, the signed one below, the unsigned one."""
    return tuple(f"127.{81 + number // 250}.{number % 250}.{last}" for last in (1, 2, 3))


def world(cases):
    """Make the zones above the cases and all servers; the places, and the anchor as text."""
    text = SOA_LINE + f"@ {TTL} NS ns\nns {TTL} A {TEST}\n"
    for number, case in enumerate(cases):
        text += f"{case.origin} {TTL} NS ns.{case.origin}\n"
        text += f"ns.{case.origin} {TTL} A {addresses(number)[0]}\n"
    test = make("test.", text, 15, None, [case.parent for case in cases])
    text = SOA_LINE.replace(" ns ", " ns.root.example. ")
    text += f"@ {TTL} NS ns.root.example.\nns.root.example. {TTL} A {ROOT}\n"
    text += f"test. {TTL} NS ns.test.\nns.test. {TTL} A {TEST}\n"
    root = make(".", text, 13, None, [test])
    places = [Place(ROOT, "root", Tampering(root)), Place(TEST, "test", Tampering(test))]
    for number, case in enumerate(cases):
        servers = (Tampering(case.parent), Tampering(case.child),
                   Authority([zone_from_text(f"plain.{case.origin}", case.plain)]))  # fmt: skip
        places += [Place(address, case.origin, server)
                   for address, server in zip(addresses(number), servers, strict=True)]  # fmt: skip
    anchor = dns.rdata.from_wire(1, 48, root.entry.dnskey, 0, len(root.entry.dnskey))
    return places, f". 3600 IN DNSKEY {anchor}\n"


class Running:
    """Servers on their addresses, in a thread of their own."""

    def __init__(self, places):
        self.places = places
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    def __enter__(self):
        self._thread.start()
        if not self._is_up.wait(60):
            raise RuntimeError("no servers")
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def _serve(self):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async with await serve(self.places, 53, lambda *_: None):
            self._is_up.set()
            await self._stop.wait()


class Client(asyncio.DatagramProtocol):
    """Asks one validator; many questions may be under way."""

    def __init__(self, server):
        self.server = server
        self._waiting = {}
        self._next = 0

    async def open(self):
        """Take a socket."""
        loop = asyncio.get_running_loop()
        remote = (self.server.address, self.server.port)
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, remote_addr=remote)
        return self

    def close(self):
        """Give the socket back."""
        self._transport.close()

    def datagram_received(self, octets, _address):
        """Give a reply to whom it is for."""
        waiting = self._waiting.pop(int.from_bytes(octets[:2], "big"), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(octets)

    async def ask(self, name, rrtype):
        """Ask with DO; the reply, ``None`` without one."""
        for _ in range(3):
            self._next = (self._next + 1) % 65536
            waiting = self._waiting[self._next] = asyncio.get_running_loop().create_future()
            query = Message(self._next, RD, [Question(name, rrtype, 1)], edns=Edns(1232, do=True))
            self._transport.sendto(render_message(query))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    reply = parse_message(await waiting)
                if not reply.flags & TC:
                    return reply
                query.edns = Edns(4096, do=True)
                octets = await asyncio.to_thread(self.server.ask, render_message(query), tcp=True)
                return parse_message(octets)
        return None


def worth(reply):
    """Say what a reply is said to be worth: ``bogus``, ``insecure`` or ``secure``."""
    if reply is None:
        return "silence"
    rcode = reply.flags & 15
    if rcode == SERVFAIL:
        return "bogus"
    return "secure" if reply.flags & AD else "insecure"


@dataclass(frozen=True)
class Difference:
    """One question whose answers were not judged alike."""

    fault: str
    zone: str
    question: str
    theirs: str
    ours: str


@dataclass
class Comparison:
    """What was found.

    Attributes:
        zones: that were judged.
        agreed: questions on which all three agree, by what they say.
        disagreed: on which Unbound and named do not, by what these and we say.
        exempt: on which we differ on purpose, by the reason.
        differences: on which we should not differ.
        faults: zones by their fault.
    """

    zones: int = 0
    agreed: Counter = field(default_factory=Counter)
    disagreed: dict[str, list[str]] = field(default_factory=dict)
    exempt: Counter = field(default_factory=Counter)
    differences: list[Difference] = field(default_factory=list)
    faults: Counter = field(default_factory=Counter)

    def add(self, case: Case, question, replies):
        """Compare what the three say of one question."""
        name, rrtype = question
        unbound, named, ours = (worth(reply) for reply in replies)
        written = f"{name}.{case.origin} {dns.rdatatype.to_text(rrtype)}"
        if unbound != named:
            kind = f"{case.fault}: Unbound {unbound}, named {named}, dnsd {ours}"
            self.disagreed.setdefault(kind, []).append(written)
        elif ours == unbound:
            self.agreed[ours] += 1
        else:
            found = next((e for e in EXEMPTIONS if e.applies(case, unbound, ours)), None)
            if found is not None:
                self.exempt[f"{found.source}: {found.reason}"] += 1
                return
            shape = f"{case.spoilt.algorithm} {case.spoilt.policy} {case.spoilt.spoilt}"
            self.differences.append(Difference(case.fault, shape, written, unbound, ours))

    def report(self, limit=40):
        """The figures in lines, and one example of each kind of difference."""
        disagreed = sum(len(found) for found in self.disagreed.values())
        asked = sum(self.agreed.values()) + disagreed
        asked += sum(self.exempt.values()) + len(self.differences)
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.agreed.items()))
        lines = [
            f"{self.zones} zones, {asked} questions, {len(self.faults)} kinds of fault",
            f"  all three agree: {sum(self.agreed.values())} ({kinds})",
            f"  Unbound and named disagree: {disagreed}",
            f"  we differ on purpose: {sum(self.exempt.values())}",
        ]
        lines += [f"    {count}: {reason}" for reason, count in self.exempt.most_common()]
        lines.append(f"  we differ: {len(self.differences)} (bound 0)")
        shown = {}
        for each in self.differences:
            shown.setdefault((each.fault, each.theirs, each.ours), []).append(each)
        for (fault, theirs, ours), found in list(shown.items())[:limit]:
            lines.append(f"    {len(found)} x {fault}: they say {theirs}, we {ours}")
            lines += [f"      {each.question} ({each.zone})" for each in found[:4]]
        return "\n".join(lines)


def draw_cases(count, seed, wanted=""):
    """Draw so many cases, with what to ask of each."""
    draw = random.Random(seed)
    cases = []
    for number in range(count):
        case = draw_case(draw, number, addresses(number), spoil)
        asked = list(dict.fromkeys(case.questions))
        case.questions = draw.sample(asked, min(SHARE, len(asked)))
        cases.append(case)
    return [case for case in cases if wanted in case.fault]


async def ask_all(cases, servers):
    """Ask all questions of all cases; replies of the validators by case and question."""
    clients = [await Client(server).open() for server in servers]
    replies = {}

    async def ask(place, client, case, name, rrtype):
        asked = N(case.origin) if name == "@" else names.from_text(name, N(case.origin))
        reply = await client.ask(asked, rrtype)
        replies.setdefault((case.origin, name, rrtype), [None] * 3)[place] = reply

    async def work(place, client, waiting):
        while waiting:
            case = waiting.pop()
            steps = [ask(place, client, case, *question) for question in case.questions]
            if isinstance(client.server, NamedValidator):
                # It may take 12 seconds to find one name bogus, and the next one anew.
                await asyncio.gather(*steps)
                continue
            for step in steps:
                await step

    async with asyncio.TaskGroup() as group:
        for place, client in enumerate(clients):
            waiting = list(reversed(cases))
            for _ in range(AT_ONCE):
                group.create_task(work(place, client, waiting))
    for client in clients:
        client.close()
    await asyncio.sleep(0)  # the loop closes what was closed
    return replies


def compare(count, seed, directory):
    """Have the three judge so many zones; what was found."""
    cases = draw_cases(count, seed)
    places, anchor = world(cases)
    directory = Path(directory)
    (directory / "anchor").write_text(anchor)
    # No other feature that could answer in place of the server that tampers.
    trust = {"trust_anchors": str(directory / "anchor"), "aggressive_nsec": "off"}
    around = Around(ROOT, 53, trust=trust)
    comparison = Comparison(zones=len(cases), faults=Counter(case.fault for case in cases))
    with network(), Running(places), contextlib.ExitStack() as stack:
        servers = [stack.enter_context(kind(directory / kind.name, around)) for kind in VALIDATORS]
        replies = asyncio.run(ask_all(cases, servers))
    for case in cases:
        for name, rrtype in case.questions:
            comparison.add(case, (name, rrtype), replies[case.origin, name, rrtype])
    return comparison


def main():
    """Compare as many zones as asked for; exit 1 on any difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--zones", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--disagreements", action="store_true", help="show where the two differ")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        comparison = compare(options.zones, options.seed, directory)
    print(comparison.report())
    if options.disagreements:
        for kind, found in sorted(comparison.disagreed.items()):
            print(f"    {len(found)} x {kind}: {', '.join(found[:3])}")
    return 1 if comparison.differences else 0


if __name__ == "__main__":
    sys.exit(main())
