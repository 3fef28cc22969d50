"""A thousand reloads under load: no wrong answer, no lost query, no growth.

    python tests/experiments/reload.py [--full]

A zone carries the number of its version in several records: in each record of
one RRset, in an MX RRset and the addresses that come with it, in a CNAME and its
target, in a referral and its glue. The zone file is edited and reloaded again and
again, a tenth of the edits broken in one of ten ways, while queries come at a
steady rate. Broken ones and every tenth good one are reloaded by the command
``dnsd zone reload``, the others by what it sends. A reply is wrong unless every number
in it is the same, of a version that was served at some moment between the query
and the reply. Shown: wrong replies 0; queries without a reply at most 0.1 %;
memory grows by at most 1 % after the first tenth of the reloads; every broken
edit is refused, and no other.

Takes 15 s; with ``--full`` 1,000 reloads at 1,000 queries a second, ten minutes.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import dns.message
import dns.rdatatype

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.clients import SteadyClient
from experiments.daemon import BROKEN_ZONE_EVENTS, Daemon, verdict

ORIGIN = "example.test."
QUESTIONS = (
    ("set.example.test.", "AAAA"),
    ("example.test.", "MX"),
    ("alias.example.test.", "AAAA"),
    ("www.child.example.test.", "AAAA"),
    ("example.test.", "TXT"),
)
NAMES = (dns.rdatatype.CNAME, dns.rdatatype.NS)  # the number is in their target
# Numbers that each question must bring: less is a part of an answer.
LEAST_NUMBERS = (8, 6, 2, 4, 2)


def zone(version):
    """A zone with the number of its version in all that is asked for."""
    address = f"2001:db8:{version:x}"
    hosts = "\n".join(
        f"  mx{i}: {{type: AAAA, value: '{address}::{i}'}}\n"
        f"  ns{i}.child: {{type: AAAA, value: '{address}::{i}'}}"
        for i in (1, 2, 3)
    )
    return f"""
soa: {{primary: ns.example.test., hostmaster: hostmaster@example.test}}
records:
  '':
    - {{type: NS, value: ns.example.test.}}
    - {{type: TXT, values: ['version {version}', 'again {version}']}}
    - type: MX
      values:
        - {{preference: {version}, exchange: mx1.example.test.}}
        - {{preference: {version}, exchange: mx2.example.test.}}
        - {{preference: {version}, exchange: mx3.example.test.}}
  ns: {{type: A, value: 192.0.2.53}}
  set: {{type: AAAA, values: [{", ".join(f"'{address}::{i}'" for i in range(1, 9))}]}}
  alias: {{type: CNAME, value: target-{version}.example.test.}}
  target-{version}: {{type: AAAA, value: '{address}::1'}}
  child: {{type: NS, values: [ns1.child.example.test., ns2.child.example.test.,
                            ns3.child.example.test., ns-{version}.example.test.]}}
  ns-{version}: {{type: A, value: 192.0.2.54}}
{hosts}
"""


# Each makes a zone file that must be refused out of a good one.
BREAKAGES = (
    lambda text: text + "  alias: {type: A, value: 192.0.2.1}\n",  # the name twice
    lambda text: text.replace("type: NS, value: ns.", "type: TXT, value: ns."),  # no NS
    lambda text: text.replace("192.0.2.53", "192.0.2.530"),
    lambda text: text.replace("records:", "records: ["),  # no YAML
    lambda text: text + "  both: [{type: CNAME, value: a.test.}, {type: A, value: 192.0.2.1}]\n",
    lambda text: text.encode()[: len(text) // 2] + b"\xff\xfe",  # no UTF-8
    lambda text: text + "  far: {type: NOSUCHTYPE, value: 1}\n",
    lambda text: text + "  long: {type: A, ttl: 9999999999, value: 192.0.2.1}\n",
    lambda text: text + "  child.set.example.com.: {type: A, value: 192.0.2.1}\n",
    lambda text: text + "  " + "a" * 64 + ": {type: A, value: 192.0.2.1}\n",
)


def numbers(reply):
    """Every number of a version that is in a reply."""
    found = []
    for section in (reply.answer, reply.authority, reply.additional):
        for rrset in section:
            for rdata in rrset:
                if rrset.rdtype == dns.rdatatype.AAAA:
                    found.append(int(rdata.address.split(":")[2], 16))
                elif rrset.rdtype == dns.rdatatype.MX:
                    found.append(rdata.preference)
                elif rrset.rdtype == dns.rdatatype.TXT:
                    found.append(int(rdata.strings[0].split()[1]))
                elif rrset.rdtype in NAMES and b"-" in rdata.target.labels[0]:
                    found.append(int(rdata.target.labels[0].split(b"-")[1]))
    return found


@dataclass
class Judge:
    """Knows which versions may be served when.

    Attributes:
        written: the newest good version in the file so far.
        published: moments at which a reload of a version was reported as done.
        seen: first moment at which a version was in a reply.
    """

    written: int = 1
    published: dict[int, float] = field(default_factory=dict)
    seen: dict[int, float] = field(default_factory=dict)

    def __post_init__(self):
        self._parsed = {}

    def __call__(self, place, sent_at, octets):
        """What is wrong with a reply, or nothing."""
        found = self._parsed.get((place, octets[2:]))
        if found is None:
            found = numbers(dns.message.from_wire(octets))
            if len(self._parsed) > 200:
                self._parsed.clear()
            self._parsed[place, octets[2:]] = found
        if len(found) < LEAST_NUMBERS[place]:
            return f"{QUESTIONS[place]}: only {found}"
        version = found[0]
        if len(set(found)) > 1:
            return f"{QUESTIONS[place]}: several versions {found}"
        self.seen.setdefault(version, time.monotonic())
        if version > self.written:
            return f"{QUESTIONS[place]}: version {version} is not written yet"
        late = [newer for newer, at in list(self.published.items())[-3:] if at < sent_at]
        if late and version < max(late):
            return f"{QUESTIONS[place]}: version {version} after {max(late)} was published"
        return None


@dataclass
class Outcome:
    """What a run showed."""

    reloads: int
    broken: int
    refused: int
    growth: float
    edit_to_served_s: float
    tally: object
    failures: list


def run(directory, *, reloads, rate, workers):
    """Edit and reload under load."""
    judge = Judge()
    queries = [dns.message.make_query(*question, use_edns=0).to_wire() for question in QUESTIONS]
    failures, waits = [], []
    broken = refused = memory_before = 0
    with Daemon(directory, {ORIGIN: zone(1)}, workers=workers) as server:
        with SteadyClient(server, queries, judge, rate=rate) as tally:
            for number in range(1, reloads + 1):
                if number == max(2, reloads // 10):
                    memory_before = server.memory_kib(looks=10)
                if number % 10 == 5:
                    broken += 1
                    breakage = BREAKAGES[number // 10 % len(BREAKAGES)]
                    complaint = _reload_broken(server, breakage(zone(judge.written + 1)))
                    refused += not complaint
                else:
                    complaint = _reload_good(server, judge, waits, by_command=number % 10 == 0)
                if complaint:
                    failures.append(f"reload {number}: {complaint}")
        memory = server.memory_kib(looks=10)
        failures += server.faults(*BROKEN_ZONE_EVENTS) + tally.wrong[:5]
    growth = memory / memory_before - 1
    return Outcome(reloads, broken, refused, growth, statistics.median(waits), tally, failures)


def _reload_good(server, judge, waits, *, by_command):
    """Write the next version and have it served; what went wrong, or nothing."""
    version = judge.written = judge.written + 1
    edited_at = time.monotonic()
    server.write_zone(ORIGIN, zone(version))
    if by_command:
        status, printed = server.command("zone", "reload")
        complaint = f"status {status}: {printed}" if status else ""
    else:
        # What the command sends, without the time that a Python needs to start. That
        # nothing changed may be true, when a run before has read the file already.
        result = server.control.reload()
        complaint = f"{result}" if result["result"] in ("refused", "failed") else ""
    judge.published[version] = time.monotonic()
    if _wait_for(judge, version) and not by_command:
        waits.append(judge.seen[version] - edited_at)
    return complaint


def _reload_broken(server, text):
    """Write a broken file; what went wrong, or nothing when it was refused with a reason."""
    server.write_zone(ORIGIN, text)
    status, printed = server.command("zone", "reload")
    return "" if status == 1 and "error" in printed else f"status {status}: {printed}"


def _wait_for(judge, version):
    give_up_at = time.monotonic() + 3
    while version not in judge.seen and time.monotonic() < give_up_at:
        time.sleep(0.002)
    return version in judge.seen


def main():
    """Run at the size asked for; exit 1 outside the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    reloads, rate = (1000, 1000) if options.full else (30, 300)
    with tempfile.TemporaryDirectory() as directory:
        outcome = run(Path(directory), reloads=reloads, rate=rate, workers=options.workers)
    tally, failures = outcome.tally, outcome.failures
    if tally.failed_share > 0.001:
        failures.append(f"{tally.failed} of {tally.asked} queries failed")
    if options.full and outcome.growth > 0.01:
        failures.append("memory grew")
    return verdict(
        f"{outcome.reloads} reloads under {rate} queries/s: {tally.wrong_count} wrong answers of "
        f"{tally.asked}, {len(tally.lost)} lost ({tally.failed_share:.4%}), memory "
        f"{outcome.growth:+.2%}, broken edits refused {outcome.refused} of {outcome.broken}, "
        f"median {outcome.edit_to_served_s * 1000:.0f} ms from edit to served",
        failures,
    )


if __name__ == "__main__":
    sys.exit(main())
