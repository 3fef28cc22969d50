"""Real name servers on loopback ports, started with given zones and stopped again.

Each server is a context manager with the same face, so that one test can be
pointed at named, nsd, knotd or dnsd. Zones are master-file text by origin.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.message

# What apt installs each program with.
PACKAGES = {
    "named": "bind9",
    "nsd": "nsd",
    "knotd": "knot",
    "pdns_server": "pdns-server pdns-backend-bind",
    "dnsperf": "dnsperf",
    "unbound": "unbound",
    "dig": "bind9-dnsutils",
    "kdig": "knot-dnsutils",
    "delv": "bind9-dnsutils",
    "dnssec-keygen": "bind9-utils",
    "dnssec-signzone": "bind9-utils",
    "dnssec-verify": "bind9-utils",
    "ldns-keygen": "ldnsutils",
    "ldns-signzone": "ldnsutils",
    "ldns-verify-zone": "ldnsutils",
    "curl": "curl",
    "openssl": "openssl",
    "promtool": "prometheus",
    "kresd": "knot-resolver",
    "pdns_recursor": "pdns-recursor",
    "ip": "iproute2",
    "tc": "iproute2",
}

START_LIMIT_S = 60.0


def program(name):
    """Find a program also where Debian hides it from ordinary users."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin:/usr/local/sbin")


def free_port():
    """Find a port that is free for UDP and TCP on loopback."""
    for _ in range(50):
        with contextlib.closing(socket.socket()) as stream:
            stream.bind(("127.0.0.1", 0))
            port = stream.getsockname()[1]
            with contextlib.closing(socket.socket(type=socket.SOCK_DGRAM)) as datagram:
                try:
                    datagram.bind(("127.0.0.1", port))
                except OSError:
                    continue
                return port
    raise RuntimeError("no free port")


@dataclass(frozen=True)
class Setup:
    """What a server is set to beside its zones; each server does what it can of it.

    Attributes:
        addresses: what it listens on; only nsd, knotd and dnsd take others than the default.
        identity: NSID and ``id.server``; empty is not answered.
        version: ``version.bind``; empty is not answered.
        cookie_secret: of DNS cookies, 16 octets in hexadecimal; only named, which then
            requires cookies, and dnsd.
        tcp_idle_s: how long a connection may be silent, at least 1; 0 is the server's default.
        refuse_all: no client may ask; only named and dnsd.
        is_encrypted: DNS over TLS and HTTPS beside the others; only named and dnsd.
    """

    addresses: tuple[str, ...] = ("127.0.0.1",)
    identity: str = ""
    version: str = ""
    cookie_secret: str = ""
    tcp_idle_s: int = 0
    refuse_all: bool = False
    is_encrypted: bool = False


class Server:
    """One server process; a subclass writes its configuration.

    Attributes:
        address: loopback address it is asked at.
        port: UDP and TCP.
        tls_port: DNS over TLS, where that is set.
        https_port: DNS over HTTPS likewise.
        process: the running process.
        started_at: monotonic seconds when it was started, its files written.
    """

    name = ""
    address = "127.0.0.1"

    def __init__(self, directory, zones, port=None, setup=None):
        self.directory = Path(directory)
        self.zones = zones
        self.port = port or free_port()
        self.setup = setup or Setup()
        self.tls_port, self.https_port = free_port(), free_port()
        self.process = None

    def arguments(self):
        """Write the configuration and return the command line, in the foreground."""
        raise NotImplementedError

    def write_zones(self):
        """Write every zone as a master file; pairs of origin and path."""
        folder = self.directory / "zones"
        folder.mkdir(exist_ok=True)
        written = []
        for number, (origin, text) in enumerate(self.zones.items()):
            path = folder / f"{number}.zone"
            path.write_text(text)
            written.append((origin, path))
        return written

    def __enter__(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log = self.directory / "log"
        arguments = self.arguments()
        self.started_at = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(arguments, stdout=log, stderr=log, cwd=self.directory)
        try:
            self._wait()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _wait(self):
        """Wait until the last zone is answered from, then the first."""
        origins = list(self.zones) or ["."]
        for origin in (origins[-1], origins[0]):
            query = dns.message.make_query(origin, "SOA")
            give_up = time.monotonic() + START_LIMIT_S
            while True:
                if self.process.poll() is not None or time.monotonic() > give_up:
                    raise RuntimeError(
                        f"{self.name} did not start:\n{self.log.read_text()[-3000:]}"
                    )
                with contextlib.suppress(OSError, dns.exception.DNSException):
                    reply = dns.message.from_wire(self.ask(query.to_wire(), timeout_s=0.3))
                    if reply.answer or not self.zones or self.setup.refuse_all:
                        break
                time.sleep(0.05)

    def ask(self, octets, *, tcp=False, timeout_s=3.0):
        """Send one message, return the reply; raise TimeoutError without one."""
        return exchange(self.address, self.port, octets, tcp=tcp, timeout_s=timeout_s)


def exchange(address, port, octets, *, tcp=False, timeout_s=3.0):
    """Exchange one message with a server over a socket of its own."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
    with contextlib.closing(socket.socket(family, kind)) as sock:
        sock.settimeout(timeout_s)
        sock.connect((address, port))
        if not tcp:
            sock.send(octets)
            return sock.recv(65535)
        sock.sendall(struct.pack("!H", len(octets)) + octets)
        return _receive(sock, struct.unpack("!H", _receive(sock, 2))[0])


def _receive(sock, count):
    octets = b""
    while len(octets) < count:
        piece = sock.recv(count - len(octets))
        if not piece:
            raise TimeoutError("connection closed before the whole message")
        octets += piece
    return octets


class Named(Server):
    """BIND 9."""

    name = "named"

    def arguments(self):
        """Make an authoritative server that leaves zones as they are."""
        zones = "\n".join(
            f'zone "{origin}" {{ type primary; file "{path}"; }};'
            for origin, path in self.write_zones()
        )
        setup = self.setup
        identity = f'"{setup.identity}"' if setup.identity else "none"
        version = f'"{setup.version}"' if setup.version else "none"
        more = ""
        if setup.cookie_secret:
            more = f'cookie-secret "{setup.cookie_secret}"; require-server-cookie yes;'
        more += f"tcp-idle-timeout {setup.tcp_idle_s * 10};" if setup.tcp_idle_s else ""
        more += "allow-query { none; };" if setup.refuse_all else ""
        if setup.is_encrypted:
            more += f"listen-on port {self.tls_port} tls ephemeral {{ 127.0.0.1; }};"
            more += f"listen-on port {self.https_port} tls ephemeral http default {{ 127.0.0.1; }};"
            more += "response-padding { any; } block-size 468;"
        (self.directory / "named.conf").write_text(f"""
options {{
  directory "{self.directory}"; pid-file none; session-keyfile none;
  listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion no; allow-transfer {{ none; }}; notify no; minimal-responses no-auth;
  check-names primary ignore; check-integrity no; check-mx ignore; check-mx-cname ignore;
  check-srv-cname ignore; check-sibling no; check-wildcard no; check-spf ignore;
  max-records-per-type 0; max-types-per-name 0;
  server-id {identity}; hostname {identity}; version {version};
  minimal-any yes; zone-statistics none; rate-limit {{ responses-per-second 0; }};
  {more}
}};
controls {{ }};
{zones}
""")
        return [program("named"), "-g", "-c", str(self.directory / "named.conf"), "-n", "1"]


class Nsd(Server):
    """NSD."""

    name = "nsd"

    def arguments(self):
        """One process, no rate limit, minimal answers."""
        zones = "\n".join(
            f'zone:\n  name: "{origin}"\n  zonefile: "{path}"'
            for origin, path in self.write_zones()
        )
        setup = self.setup
        more = f'identity: "{setup.identity}"\n  nsid: "ascii_{setup.identity}"'
        if not setup.identity:
            more = "hide-identity: yes"
        more += f'\n  version: "{setup.version}"' if setup.version else "\n  hide-version: yes"
        more += f"\n  tcp-timeout: {setup.tcp_idle_s}" if setup.tcp_idle_s else ""
        listen = "\n".join(f"  ip-address: {each}@{self.port}" for each in setup.addresses)
        (self.directory / "nsd.conf").write_text(f"""
server:
{listen}
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "{self.directory}"
  database: ""
  pidfile: "{self.directory}/nsd.pid"
  xfrdfile: "{self.directory}/xfrd.state"
  zonelistfile: "{self.directory}/zone.list"
  xfrdir: "{self.directory}"
  rrl-ratelimit: 0
  minimal-responses: yes
  refuse-any: no
  {more}
remote-control:
  control-enable: no
{zones}
""")
        return [program("nsd"), "-d", "-c", str(self.directory / "nsd.conf")]


class Knotd(Server):
    """Knot DNS."""

    name = "knotd"

    def arguments(self):
        """One worker for each transport, semantic checks off."""
        zones = "\n".join(
            f'  - domain: "{origin}"\n    file: "{path}"' for origin, path in self.write_zones()
        )
        setup = self.setup
        listen = ", ".join(f"{address}@{self.port}" for address in setup.addresses)
        more = f'identity: "{setup.identity}"\n  version: "{setup.version}"'
        more += f'\n  nsid: "{setup.identity}"'
        more += f"\n  tcp-idle-timeout: {setup.tcp_idle_s}" if setup.tcp_idle_s else ""
        (self.directory / "knot.conf").write_text(f"""
server:
  listen: [ {listen} ]
  {more}
  rundir: "{self.directory}"
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "{self.directory}/db"
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: "{self.directory}"
    semantic-checks: off
    zonefile-sync: -1
    journal-content: none
zone:
{zones}
""")
        return [program("knotd"), "-c", str(self.directory / "knot.conf")]


class Pdns(Server):
    """PowerDNS Authoritative Server with its BIND backend."""

    name = "pdns_server"

    def arguments(self):
        """One thread, caches as shipped."""
        zones = "\n".join(
            f'zone "{origin}" {{ type master; file "{path}"; }};'
            for origin, path in self.write_zones()
        )
        (self.directory / "zones.conf").write_text(zones)
        (self.directory / "pdns.conf").write_text(f"""
launch=bind
bind-config={self.directory}/zones.conf
local-address=127.0.0.1
local-port={self.port}
socket-dir={self.directory}
receiver-threads=1
distributor-threads=1
guardian=no
daemon=no
""")
        return [program("pdns_server"), f"--config-dir={self.directory}"]


class Dnsd(Server):
    """This program, in one process."""

    name = "dnsd"

    def arguments(self):
        """Write the zones as YAML and serve them; loopback has no rate limit as shipped."""
        from dnsd.authority.zonefile.master_file import read_master
        from dnsd.authority.zonefile.octodns_export import write_octodns
        from dnsd.source.problems import errors
        from dnsd.wire import names

        folder = self.directory / "zones"
        folder.mkdir(exist_ok=True)
        for origin, text in self.zones.items():
            name = names.from_text(origin)
            draft = read_master(text, name, f"{origin}zone")
            assert not errors(draft.problems), draft.problems
            written = write_octodns(name, draft.records)
            path = folder / f"{origin.rstrip('.')}.yaml"
            if name == names.ROOT:  # no file can be named after it
                path = folder / "root.yaml"
                lines = written.removeprefix("---\n").splitlines()
                written = "\n  ".join(["zone: .\nrecords:", *lines])
            path.write_text(written)
        self.configuration = self.directory / "dnsd.yaml"
        self.configuration.write_text(json.dumps(self._settings()))
        return [sys.executable, "-m", "dnsd", "serve", "--config", str(self.configuration)]

    def _settings(self):
        """The configuration; JSON is YAML."""
        setup = self.setup
        settings = {
            "listen": [{"address": each, "port": self.port} for each in setup.addresses],
            "state_directory": "state",
            "authority": {"zones": "zones", "allow": [] if setup.refuse_all else ["any"]},
            "resolver": {"enabled": "off", "trust_anchors": "none"},
            "server_identity": {"nsid": setup.identity, "version": setup.version},
            "control": {"socket": "control.sock", "http": "off"},
        }
        if setup.is_encrypted:
            for port, transport in ((self.tls_port, "dot"), (self.https_port, "doh")):
                listener = {"address": self.address, "port": port, "transports": [transport]}
                settings["listen"].append(listener)
            # Tests connect more often in a second than one client net may.
            settings["limits"] = {"tls_handshakes": 10000}
        if setup.cookie_secret:
            secret = self.directory / "cookie.secret"
            secret.touch(mode=0o600)
            secret.write_text(f"{setup.cookie_secret}\n")
            settings["cookies"] = {"secret_file": secret.name}
        if setup.tcp_idle_s:
            settings.setdefault("limits", {})["tcp_idle"] = f"{setup.tcp_idle_s}s"
        return settings


SERVERS = {server.name: server for server in (Named, Nsd, Knotd, Pdns, Dnsd)}
