"""Signers of other people: a zone as text in, the signed zone and its entry key out."""

from __future__ import annotations

import subprocess

import dns.query
import dns.zone
from peers.servers import Knotd, program

NAMES = {8: "RSASHA256", 10: "RSASHA512", 13: "ECDSAP256SHA256", 14: "ECDSAP384SHA384", 15: "ED25519", 16: "ED448"}  # fmt: skip
#: How ldns-signzone and knotd are told to deny.
LDNS_OPTIONS = {"nsec": [], "nsec3": ["-n"], "salted": ["-n", "-t", "5", "-s", "abcd"], "opt-out": ["-n", "-p"]}  # fmt: skip
KNOT_OPTIONS = {
    "nsec": "nsec3: off",
    "nsec3": "nsec3: on, nsec3-iterations: 0, nsec3-salt-length: 0",
    "salted": "nsec3: on, nsec3-iterations: 5, nsec3-salt-length: 4",
    "opt-out": "nsec3: on, nsec3-iterations: 0, nsec3-salt-length: 0, nsec3-opt-out: on",
}


def signed_by_ldns(folder, origin, text, algorithm, kind):
    """Sign with a key signing and a zone signing key; a zone of dnspython."""
    size = ["-b", "2048"] if algorithm in (8, 10) else []
    keys = []
    for flag in (["-k"], []):
        command = [program("ldns-keygen"), *size, "-a", NAMES[algorithm], *flag, origin]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
        keys.append(done.stdout.strip())
    (folder / "zone").write_text(f"$ORIGIN {origin}\n{text}")
    options = LDNS_OPTIONS[kind]
    command = [program("ldns-signzone"), *options, "-o", origin, "-f", "out", "zone", *keys]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return dns.zone.from_file(str(folder / "out"), origin, relativize=False)


class KnotSigner(Knotd):
    """Knot DNS that signs one zone when it starts, and gives it to whoever asks."""

    def __init__(self, directory, origin, text, algorithm, kind):
        super().__init__(directory, {origin: text})
        self.policy = f"algorithm: {NAMES[algorithm].lower()}, {KNOT_OPTIONS[kind]}"

    def arguments(self):
        """Add a policy for signing to the usual configuration."""
        found = super().arguments()
        (self.directory / "db").mkdir()  # for the keys; knotd makes no such place itself
        configuration = self.directory / "knot.conf"
        policy = "".join(f"    {each}\n" for each in self.policy.split(", "))
        signing = "    dnssec-signing: on\n    dnssec-policy: made\n    acl: all\n"
        text = configuration.read_text()
        text = text.replace("template:\n", f"policy:\n  - id: made\n{policy}"
                            "acl:\n  - id: all\n    action: transfer\ntemplate:\n")  # fmt: skip
        text = text.replace("    semantic-checks", f"{signing}    semantic-checks")
        configuration.write_text(text)
        return found


def signed_by_knot(folder, origin, text, algorithm, kind):
    """Sign with the keys that knotd makes; a zone of dnspython."""
    with KnotSigner(folder, origin, f"$ORIGIN {origin}\n{text}", algorithm, kind) as server:
        transfer = dns.query.xfr(server.address, origin, port=server.port, relativize=False)
        return dns.zone.from_xfr(transfer, relativize=False, check_origin=False)


SIGNERS = {"ldns": signed_by_ldns, "knot": signed_by_knot}
