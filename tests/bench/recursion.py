"""What one recursive answer costs: CPU per query of dnsd beside the resolvers people know.

    python tests/bench/recursion.py [--seconds 5] [--rounds 5] [--cold 5000] [--rate 1000]

    hot    a few hundred names, answered from the cache again and again
    cold   names that nobody asked for before, all below one zone whose server is known:
           each is one exchange with NSD, which answers from a wildcard. So many a second
           that every resolver can find them: five times the most that one client may ask
    flood  such names as fast as each resolver finds them, one processor for it and one
           for all others: a hundred are in flight always, so that the faster ones read
           and send many in one turn. No bound, for the load is another for each

Every resolver has the same stub or forward zone, asks without DNSSEC, in random
letter case where it can, and is driven by the same load generator over loopback UDP,
one after the other, in rounds. The figure is CPU time, user and system, of all the
resolver's processes over answered queries; the ratio to Unbound is within each round,
so it holds on a noisy machine.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench.authority import cpu_seconds
from peers.servers import Dnsd, Nsd, Server, Setup, program

ZONE = "example.test."
UPSTREAM = "127.0.9.3"
# Zones from the root down, each with the address of its name server.
LEVELS = ((".", "127.0.9.1"), ("test.", "127.0.9.2"), (ZONE, UPSTREAM))
HOT_NAMES = 300

# In flight: a resolver under load, and well below what any of them refuses.
CLIENTS = 100


class Upstream(Nsd):
    """A name server of one zone."""

    @classmethod
    def start(cls, directory, number, port=None):
        """Serve a zone: all levels but the last refer to the next.

        Args:
            directory: for its files.
            number: of the zone in ``LEVELS``.
            port: of all name servers; any free one for ``None``.
        """
        (zone, address), *below = LEVELS[number:]
        text = (
            f"{zone} 3600 IN SOA {_host(zone)} {_host(zone)} 1 3600 600 86400 300\n"
            f"{zone} 3600 IN NS {_host(zone)}\n{_host(zone)} 3600 IN A {address}\n"
        )
        if below:
            child, its_address = below[0]
            text += f"{child} 3600 IN NS {_host(child)}\n{_host(child)} 3600 IN A {its_address}\n"
        else:
            text += f"*.{zone} 3600 IN A 192.0.2.1\n"
        started = cls(directory / f"level{number}", {zone: text}, port, Setup(addresses=(address,)))
        started.address = address
        return started.__enter__()


def _host(zone):
    """Name of the zone's server."""
    return f"ns1.{zone.lstrip('.')}"


class Recursor(Server):
    """A resolver that knows where the zone is served.

    Attributes:
        upstream: port of the zone's name server.
    """

    def __init__(self, directory, upstream):
        super().__init__(directory, {ZONE: ""})
        self.upstream = upstream

    def write(self, name, text):
        """Write a configuration file; its path."""
        path = self.directory / name
        path.write_text(text)
        return str(path)


class Unbound(Recursor):
    """Unbound, one thread, its iterator alone."""

    name = "unbound"

    def arguments(self):
        """Ask the stub zone's server in random letter case."""
        configuration = self.write(
            "unbound.conf",
            f"""
server:
  interface: 127.0.0.1@{self.port}
  num-threads: 1
  module-config: "iterator"
  use-caps-for-id: yes
  do-not-query-localhost: no
  local-zone: "test." transparent
  username: ""
  chroot: ""
  directory: "{self.directory}"
  pidfile: ""
  use-syslog: no
  do-ip6: no
remote-control:
  control-enable: no
stub-zone:
  name: "{ZONE}"
  stub-addr: {UPSTREAM}@{self.upstream}
""",
        )
        return [program("unbound"), "-d", "-p", "-c", configuration]


class NamedResolver(Recursor):
    """BIND 9, one thread."""

    name = "named"

    def arguments(self):
        """Forward for the zone: a stub zone of named has no port."""
        configuration = self.write(
            "named.conf",
            f"""
options {{
  directory "{self.directory}"; pid-file none; session-keyfile none;
  listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion yes; allow-query {{ any; }}; dnssec-validation no; empty-zones-enable no;
  minimal-responses yes; zone-statistics none;
}};
controls {{ }};
zone "{ZONE}" {{
  type forward; forward only; forwarders {{ {UPSTREAM} port {self.upstream}; }};
}};
""",
        )
        return [program("named"), "-g", "-4", "-c", configuration, "-n", "1"]


class Kresd(Recursor):
    """Knot Resolver, one process."""

    name = "kresd"

    def arguments(self):
        """Ask the stub zone's server, no validation, a cache of its own."""
        (self.directory / "cache").mkdir()
        configuration = self.write(
            "kresd.conf",
            f"""
net.listen('127.0.0.1', {self.port}, {{ kind = 'dns' }})
net.ipv6 = false
trust_anchors.remove('.')
modules.unload('ta_update')
modules.unload('ta_signal_query')
modules.unload('priming')
cache.open(100 * MB, 'lmdb://{self.directory}/cache')
policy.add(policy.suffix(policy.STUB('{UPSTREAM}@{self.upstream}'),
  policy.todnames({{'{ZONE}'}})))
""",
        )
        return [program("kresd"), "-n", "-q", "-c", configuration, str(self.directory)]


class PdnsRecursor(Recursor):
    """PowerDNS Recursor, one working thread."""

    name = "pdns_recursor"

    def arguments(self):
        """Ask the zone's server without recursion, caches as shipped."""
        self.write(
            "recursor.conf",
            f"""
local-address=127.0.0.1
local-port={self.port}
threads=1
distributor-threads=0
pdns-distributes-queries=no
dnssec=off
dont-query=
forward-zones={ZONE}={UPSTREAM}:{self.upstream}
socket-dir={self.directory}
daemon=no
write-pid=no
security-poll-suffix=
hint-file=no
""",
        )
        return [program("pdns_recursor"), f"--config-dir={self.directory}"]


class TwistedNames(Recursor):
    """The DNS server of Twisted with its cache and its iterating resolver, for scale."""

    name = "twisted.names"

    def arguments(self):
        """Begin at the root for every name: it keeps answers, but no zone cuts."""
        code = (
            "from twisted.internet import reactor\n"
            "from twisted.names import cache, client, dns, root, server\n"
            f"dns.PORT = {self.upstream}\n"
            f"upstream = root.Resolver([{LEVELS[0][1]!r}], resolverFactory=client.Resolver)\n"
            "factory = server.DNSServerFactory("
            "caches=[cache.CacheResolver()], clients=[upstream])\n"
            "protocol = dns.DNSDatagramProtocol(factory)\n"
            f"reactor.listenUDP({self.port}, protocol, '127.0.0.1', maxPacketSize=4096)\n"
            "reactor.run()\n"
        )
        return [sys.executable, "-c", code]


class DnsdResolver(Dnsd):
    """This program, in one process."""

    def __init__(self, directory, upstream):
        super().__init__(directory, {})
        self.upstream = upstream

    def _settings(self):
        limits = dict.fromkeys(("zone_in_flight", "server_in_flight", "recursions"), 2000)
        settings = super()._settings()
        settings["resolver"] = {
            "query_local_addresses": "on",
            "trust_anchors": "none",
            "local_zones": "none",
            "priming": "off",
            "limits": {"client_misses": 0, **limits},
            "forward": [
                {"zone": ZONE, "servers": [UPSTREAM], "port": self.upstream, "kind": "stub"}
            ],
        }
        del settings["authority"]
        return settings


KINDS = (Unbound, NamedResolver, Kresd, PdnsRecursor, DnsdResolver, TwistedNames)


class Names:
    """Files of queries; a file of cold names has none that was asked for before."""

    def __init__(self, directory):
        self._directory = directory
        self._asked = 0

    def hot(self):
        """Write the hot names; the path."""
        return self._write("hot", range(HOT_NAMES))

    def cold(self, count):
        """Write new names; the path."""
        start, self._asked = self._asked, self._asked + count
        return self._write("cold", range(start, start + count))

    def _write(self, kind, numbers):
        path = self._directory / f"{kind}{numbers.start}"
        path.write_text("".join(f"{kind}{number}.{ZONE} A\n" for number in numbers))
        return path


def load(server, queries, *bound):
    """Drive a server with dnsperf; CPU microseconds per answered query, and answers a second.

    Raises:
        RuntimeError: more than one query in a hundred was not answered with an address.
    """
    before = cpu_seconds(server.process.pid)
    done = subprocess.run(
        [program("dnsperf"), "-s", server.address, "-p", str(server.port), "-d", str(queries),
         "-q", str(CLIENTS), "-c", "4", *map(str, bound)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    spent = cpu_seconds(server.process.pid) - before
    sent, answered, good = (
        int(re.search(rf"{words}\s+(\d+)", done.stdout)[1])
        for words in ("Queries sent:", "Queries completed:", "NOERROR")
    )
    if good < 0.99 * sent:
        raise RuntimeError(f"{server.name} answered {good} of {sent} queries:\n{done.stdout}")
    rate = float(re.search(r"Queries per second:\s+([\d.]+)", done.stdout)[1])
    return spent / answered * 1e6, rate


def measure(options, directory):
    """Measure every resolver in turns and print the tables; the ratios of each table."""
    names = Names(directory)
    queries = names.hot()
    servers, resolvers = [], []
    hot, cold, flood = ({kind.name: [] for kind in KINDS} for _ in range(3))
    try:
        servers.append(upstream := Upstream.start(directory, 2))
        servers += [Upstream.start(directory, above, upstream.port) for above in (0, 1)]
        for kind in KINDS:
            resolvers.append(kind(directory / kind.name, upstream.port).__enter__())
            load(resolvers[-1], queries, "-n", 2)
        for _ in range(options.rounds):
            fresh, more = names.cold(options.cold), names.cold(options.cold)
            for server in resolvers:
                hot[server.name].append(load(server, queries, "-l", options.seconds))
                cold[server.name].append(load(server, fresh, "-n", 1, "-Q", options.rate))
                flood[server.name].append(load(server, more, "-n", 1))
    finally:
        for server in servers + resolvers:
            server.__exit__()
    return _print_table("hot", hot), _print_table("cold", cold), _print_table("flood", flood)


def _print_table(title, measured):
    """Print medians with the ratio to Unbound of the same round; the ratios."""
    print(f"{title:14} {'CPU µs/query':>12} {'/ Unbound':>9} {'queries/s':>10}")
    ratios = {}
    for name, rounds in measured.items():
        ratios[name] = statistics.median(
            cost / least for (cost, _), (least, _) in zip(rounds, measured["unbound"], strict=True)
        )
        cost, rate = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:14} {cost:12.2f} {ratios[name]:9.2f} {rate:10.0f}")
    return ratios


def main():
    """Measure; exit 1 above a bound."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=5, help="of each hot measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cold", type=int, default=5_000, help="names of each cold measurement")
    parser.add_argument("--rate", type=int, default=1_000, help="cold names a second")
    parser.add_argument("--hot-bound", type=float, default=1.3, help="largest ratio that passes")
    parser.add_argument("--cold-bound", type=float, default=5.0, help="the same of cold names")
    parser.add_argument("--cheaper", type=float, default=4.0, help="least of twisted.names")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        hot, cold, flood = measure(options, Path(directory))
    cheaper = cold["twisted.names"] / cold["dnsd"]
    print(
        f"dnsd costs {hot['dnsd']:.2f} times Unbound hot, {cold['dnsd']:.2f} times cold, "
        f"{flood['dnsd']:.2f} times in a flood; twisted.names costs {cheaper:.1f} times dnsd cold"
    )
    is_good = hot["dnsd"] <= options.hot_bound and cold["dnsd"] <= options.cold_bound
    return 0 if is_good and cheaper >= options.cheaper else 1


if __name__ == "__main__":
    sys.exit(main())
