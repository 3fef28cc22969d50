"""Resolvers on loopback ports that begin at a root of our own.

Each is a ``Server`` without zones. The root's address and the port of all name servers
are given; Unbound and named ask at port 53 only.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field

from peers.servers import Server, Setup, program


@dataclass(frozen=True)
class Around:
    """The Internet that a resolver is to find.

    Attributes:
        root: address of the root's name server, whose name is ``ns.root.example.``.
        port: of all name servers.
        local_zones: special names are answered by the resolver itself, as shipped.
        trust: what the configuration of dnsd says of validation; the others validate nothing.
    """

    root: str
    port: int = 53
    local_zones: bool = False
    trust: dict = field(default_factory=lambda: {"trust_anchors": "none"})


class Recursor(Server):
    """A resolver; a subclass writes its configuration."""

    def __init__(self, directory, around):
        super().__init__(directory, {}, setup=Setup())
        self.around = around

    def hints(self):
        """Write the root hints; their path."""
        path = self.directory / "root.hints"
        path.write_text(
            ". 3600000 NS ns.root.example.\n"
            f"ns.root.example. 3600000 A {self.around.root}\n"
        )  # fmt: skip
        return path


class Unbound(Recursor):
    """Unbound: its iterator alone, expired answers when fresh ones take long."""

    name = "unbound"

    def arguments(self):
        """One thread, no validation."""
        local = "" if self.around.local_zones else 'local-zone: "test." nodefault'
        (self.directory / "unbound.conf").write_text(f"""
server:
  interface: 127.0.0.1@{self.port}
  num-threads: 1
  module-config: "iterator"
  root-hints: "{self.hints()}"
  do-not-query-localhost: no
  do-ip6: no
  ede: yes
  ede-serve-expired: yes
  serve-expired: yes
  serve-expired-client-timeout: 1800
  access-control: 127.0.0.0/8 allow
  {local}
  username: ""
  chroot: ""
  directory: "{self.directory}"
  pidfile: ""
  use-syslog: no
remote-control:
  control-enable: no
""")
        return [program("unbound"), "-d", "-p", "-c", str(self.directory / "unbound.conf")]


class NamedRecursor(Recursor):
    """BIND 9."""

    name = "named"

    def arguments(self):
        """One thread, no validation."""
        empty = "yes" if self.around.local_zones else "no"
        (self.directory / "named.conf").write_text(f"""
options {{
  directory "{self.directory}"; pid-file none; session-keyfile none;
  listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  recursion yes; allow-query {{ any; }}; dnssec-validation no; empty-zones-enable {empty};
  minimal-responses yes; zone-statistics none;
}};
controls {{ }};
zone "." {{ type hint; file "{self.hints()}"; }};
""")
        return [program("named"), "-g", "-4", "-c", str(self.directory / "named.conf"), "-n", "1"]


class DnsdRecursor(Recursor):
    """This program, in one process."""

    name = "dnsd"

    def arguments(self):
        """Let it ask at loopback addresses."""
        settings = {
            "listen": [{"address": self.address, "port": self.port}],
            "state_directory": "state",
            "control": {"socket": "control.sock", "http": "off"},
            "resolver": {
                "root_hints": str(self.hints()),
                "upstream_port": self.around.port,
                "query_local_addresses": True,
                **self.around.trust,
            },
        }
        if not self.around.local_zones:
            settings["resolver"]["local_zones"] = "none"
        configuration = self.directory / "dnsd.yaml"
        configuration.write_text(json.dumps(settings))
        return [sys.executable, "-m", "dnsd", "serve", "--config", str(configuration)]


RECURSORS = {each.name: each for each in (Unbound, NamedRecursor, DnsdRecursor)}
