"""Our NSEC and NSEC3 chains of generated zones are those that BIND's signer makes."""

import random
import subprocess

import dns.rdatatype
import dns.zone
import pytest
from fakes.small_zone import NSEC, NSEC3, Publication, wire
from fuzz.targets.denial import Choices, zone_of
from peers.servers import program

from dnsd.wire import names

pytestmark = [pytest.mark.slow, pytest.mark.peers("dnssec-signzone", "dnssec-keygen")]

ZONES = 40
SEED = 5155
RDATA = {1: "192.0.2.1", 2: "ns.example.", 5: "a.example.", 15: "1 mx.example.",
         39: "elsewhere.example.", 43: f"1 13 2 {'ab' * 32}"}  # fmt: skip
OPTIONS = {"nsec": [], "nsec3": ["-3", "-", "-H", "0"], "opt-out": ["-3", "-", "-H", "0", "-A"]}


def zone_text(zone):
    """The zone as a master file, without what signing adds."""
    lines = ["$TTL 300"]
    for path, types in zone.contents.items():
        owner = names.to_text(wire(path))
        if path == zone.apex:
            lines.append(f"{owner} SOA ns.example. admin.example. 1 7200 3600 86400 300")
            lines.append(f"{owner} NS ns.example.")
        kinds = types - {2, 6, 48, 51} if path == zone.apex else types
        lines += [f"{owner} {dns.rdatatype.to_text(kind)} {RDATA[kind]}" for kind in sorted(kinds)]
    return "\n".join(lines) + "\n"


def signed(zone, kind, folder):
    """The chain that BIND makes: (owner, rdata) of each record."""
    origin = names.to_text(wire(zone.apex))
    keygen = [program("dnssec-keygen"), "-q", "-a", "13", "-f", "KSK", "-K", folder, origin]
    if not (key := list(folder.glob(f"K{origin}+*.key"))):
        subprocess.run(keygen, check=True, capture_output=True)
        key = list(folder.glob(f"K{origin}+*.key"))
    (folder / "zone").write_text(zone_text(zone) + key[0].read_text())
    command = [program("dnssec-signzone"), "-P", "-z", *OPTIONS[kind], "-o", origin,
               "-f", folder / "out", "-O", "full", folder / "zone", key[0].with_suffix("")]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    read = dns.zone.from_file(str(folder / "out"), origin, relativize=False, check_origin=False)
    rrtype = NSEC if kind == "nsec" else NSEC3
    found = read.iterate_rdatas(rrtype)
    return {(name.to_wire().lower(), rdata.to_wire()) for name, _, rdata in found}


def has_names_above_unsigned_zones_only(zone):
    """Names that we keep in an opt-out chain and BIND leaves out: RFC 5155 §7.1 allows both."""
    shown = [x for x in zone.contents if not zone.is_hidden(x)]
    kept = [x for x in shown if not zone.is_left_out(x)]
    empty = {x[:i] for x in shown for i in range(len(zone.apex), len(x))} - set(shown)
    return any(all(x[: len(name)] != name for x in kept) for name in empty)


@pytest.mark.parametrize("kind", OPTIONS)
def test_bind_makes_the_same_chain(kind, tmp_path):
    draw = random.Random(SEED)
    compared = 0
    for _ in range(ZONES):
        zone = zone_of(Choices(draw.randbytes(40)))
        if kind == "nsec":
            zone.contents[zone.apex] -= {51}
        elif kind == "opt-out" and has_names_above_unsigned_zones_only(zone):
            continue
        ours = {(rrset.owner, rrset.rdatas[0]) for rrset in Publication(zone, kind).rrsets}
        assert ours == signed(zone, kind, tmp_path), zone.contents
        compared += len(ours)
    assert compared > 2 * ZONES
