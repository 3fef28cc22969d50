"""What one hot answer costs: CPU per query of dnsd beside the servers people know.

    python tests/bench/authority.py [--seconds 5] [--zones 1000] [--million]

Every server holds the same zones, answers the same queries from the same load
generator over loopback UDP, one after the other, in rounds. The figure is CPU
time, user and system, of all the server's processes over answered queries; the
ratio to NSD is within each round, so it holds on a noisy machine.

``--million`` serves one zone of 10⁶ records instead: time to load, memory, and
the cost of queries spread over all its names.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from peers.servers import Dnsd, Knotd, Named, Nsd, Pdns, Server, program

TICKS = os.sysconf("SC_CLK_TCK")


class Dnslib(Server):
    """dnslib's own server with its zone resolver, for scale."""

    name = "dnslib"

    def arguments(self):
        """Serve the first zones only: its start-up is quadratic in their number."""
        path = self.directory / "all.zone"
        path.write_text("".join(self.zones.values()))
        code = (
            "import sys;from dnslib.zoneresolver import ZoneResolver;from dnslib.server import *;"
            "import time;"
            f"r=ZoneResolver(open({str(path)!r}));"
            f"DNSServer(r,port={self.port},address='127.0.0.1',logger=DNSLogger('-request,-reply,"
            "-truncated,-error,-recv,-send,-data')).start_thread();\nwhile 1: time.sleep(1)"
        )
        return [sys.executable, "-c", code]


def processes_below(pid):
    """List a process and everything it started."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += processes_below(int(child))
    return found


def cpu_seconds(pid):
    """CPU time of a process tree so far, user and system, ended children included."""
    total = 0
    for each in processes_below(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def resident_mib(pid):
    """Proportional memory of a process tree: shared pages are shared out."""
    total = 0
    for each in processes_below(pid):
        rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1])
    return total / 1024


def load(server, queries, seconds):
    """Drive a server with dnsperf; CPU microseconds per answered query, and answers a second."""
    before = cpu_seconds(server.process.pid)
    done = subprocess.run(
        [program("dnsperf"), "-s", server.address, "-p", str(server.port), "-d", str(queries),
         "-l", str(seconds), "-q", "256", "-c", "4"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    spent = cpu_seconds(server.process.pid) - before
    answered = int(re.search(r"Queries completed:\s+(\d+)", done.stdout)[1])
    rate = float(re.search(r"Queries per second:\s+([\d.]+)", done.stdout)[1])
    return spent / answered * 1e6, rate


def small_zones(count):
    """A thousand ordinary zones and a query for each of four names in them."""
    zones, lines = {}, []
    for i in range(count):
        origin = f"zone{i}.test."
        zones[origin] = (
            f"{origin} 3600 IN SOA ns1.{origin} hostmaster.{origin} 1 3600 600 86400 300\n"
            f"{origin} 3600 IN NS ns1.{origin}\n{origin} 3600 IN NS ns2.{origin}\n"
            f"ns1.{origin} 3600 IN A 192.0.2.1\nns2.{origin} 3600 IN A 192.0.2.2\n"
            f"{origin} 3600 IN MX 10 mail.{origin}\nmail.{origin} 3600 IN A 192.0.2.3\n"
            f'www.{origin} 3600 IN A 192.0.2.4\n{origin} 3600 IN TXT "v=spf1 mx -all"\n'
        )
        lines += [f"www.{origin} A", f"{origin} MX", f"{origin} TXT", f"none.{origin} A"]
    return zones, lines


def rounds(servers, queries, options):
    """Measure every server in turns; per server its costs, one a round."""
    costs = {server.name: [] for server in servers}
    rates = {server.name: [] for server in servers}
    for server in servers:
        load(server, queries, 1)
    for _ in range(options.rounds):
        for server in servers:
            cost, rate = load(server, queries, options.seconds)
            costs[server.name].append(cost)
            rates[server.name].append(rate)
    return costs, rates


def print_table(costs, rates):
    """Print medians, with the ratio to NSD of the same round."""
    print(f"{'server':12} {'CPU µs/query':>12} {'/ NSD':>7} {'queries/s':>10}")
    for name, values in costs.items():
        ratio = statistics.median(v / n for v, n in zip(values, costs["nsd"], strict=True))
        rate = statistics.median(rates[name])
        print(f"{name:12} {statistics.median(values):12.2f} {ratio:7.2f} {rate:10.0f}")


def hot(options, directory):
    """Hot answers from many small zones."""
    zones, lines = small_zones(options.zones)
    queries = directory / "queries"
    queries.write_text("\n".join(lines) + "\n")
    kinds = [Nsd, Knotd, Named, Pdns, Dnsd, *([Dnslib] if options.dnslib else [])]
    servers = []
    try:
        for kind in kinds:
            held = dict(list(zones.items())[:50]) if kind is Dnslib else zones
            servers.append(kind(directory / kind.name, held).__enter__())
        costs, rates = rounds(servers, queries, options)
    finally:
        for server in servers:
            server.__exit__()
    print_table(costs, rates)
    return statistics.median(d / n for d, n in zip(costs["dnsd"], costs["nsd"], strict=True))


def million(options, directory):
    """One zone of many records: time to load, memory, cost of spread queries."""
    origin = "big.test."
    text = [
        f"{origin} 3600 IN SOA ns1.{origin} hostmaster.{origin} 1 3600 600 86400 300\n",
        f"{origin} 3600 IN NS ns1.{origin}\nns1.{origin} 3600 IN A 192.0.2.1\n",
    ]
    hosts = options.records - 3
    text += [f"h{i}.{origin} 3600 IN A 198.51.{i >> 8 & 255}.{i & 255}\n" for i in range(hosts)]
    zones = {origin: "".join(text)}
    queries = directory / "queries"
    step = 7919  # a prime, so that neighbours in the file are no neighbours in the zone
    queries.write_text("".join(f"h{i * step % hosts}.{origin} A\n" for i in range(200_000)))
    print(f"{'server':12} {'load s':>7} {'CPU s':>7} {'MiB':>6} {'CPU µs/query':>12}")
    for kind in (Nsd, Knotd, Named, Dnsd):
        with kind(directory / kind.name, zones) as server:
            ready = time.monotonic() - server.started_at
            spent = cpu_seconds(server.process.pid)
            cost, _ = load(server, queries, options.seconds)
            memory = resident_mib(server.process.pid)
        print(f"{kind.name:12} {ready:7.1f} {spent:7.1f} {memory:6.0f} {cost:12.2f}", flush=True)


def main():
    """Run one of the two measurements; exit 1 above the bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--zones", type=int, default=1000)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--million", action="store_true")
    parser.add_argument("--dnslib", action="store_true")
    parser.add_argument("--bound", type=float, default=1.5, help="largest ratio to NSD that passes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        if options.million:
            million(options, Path(directory))
            return 0
        ratio = hot(options, Path(directory))
    print(f"dnsd costs {ratio:.2f} times NSD, the bound is {options.bound}")
    return 0 if ratio <= options.bound else 1


if __name__ == "__main__":
    sys.exit(main())
