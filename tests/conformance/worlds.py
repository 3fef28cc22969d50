"""The zones that the conformance tests ask for: written ones in ``zones/``, and sized ones.

A world is what one server holds, master-file text by origin. ``example`` is the
usual one, ``root`` has the root zone, zones in zones, and hundreds of them;
``odd`` has what named refuses to load.
"""

from __future__ import annotations

from pathlib import Path

ZONES = Path(__file__).parent / "zones"
MANY_ZONES = 300

# Each type that we claim, with the number of its RFC: one record that is served as written.
RECORD_TYPES = (
    ("LOC", "1876", "52 22 23.000 N 4 53 32.000 E -2.00m 1.00m 10000.00m 10.00m"),
    ("SRV", "2782", "10 60 5060 www.example.test."),
    ("NAPTR", "3403", '100 10 "S" "SIP+D2U" "" _sip._udp.example.test.'),
    ("AAAA", "3596", "2001:db8::1"),
    ("IPSECKEY", "4025", "10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usntb102uFJtugbo6BSGvgqt4AQ=="),
    ("SSHFP", "4255", "4 2 7fd0a1b5a5a7f1d0c2f1e6a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c4"),
    ("DNAME", "6672", "elsewhere.example."),
    ("TLSA", "6698", "3 1 1 0b9fa5a59eed715c26c1020c711b4f6ec42d58b0015e14337a39dad301c5afc3"),
    ("URI", "7553", '10 1 "https://www.example.test/"'),
    ("HIP", "8005", "2 200100107B1A74DF365639CC39F1D578 AwEAAbdxyhNuSutc5EMzxTs9LBPCIkOFH8cI"),
    ("SMIMEA", "8162", "3 0 1 0b9fa5a59eed715c26c1020c711b4f6ec42d58b0015e14337a39dad301c5afc3"),
    ("CAA", "8659", '128 issue "ca.example; account=1"'),
    ("AMTRELAY", "8777", "10 0 1 203.0.113.15"),
    ("SVCB", "9460", '1 www.example.test. alpn="h2,h3" port="8443" ipv4hint="192.0.2.1"'),
    ("HTTPS", "9460", '16 . mandatory="alpn" alpn="h2" key65333="x"'),
    ("RP", "3597", "hostmaster.example.test. www.example.test."),
    ("HINFO", "1035", '"DEC-2060" "TOPS20"'),
    ("OPENPGPKEY", "3597", "mQENBFVHm5sBCADF"),
    ("EUI48", "3597", "00-00-5e-00-53-2a"),
    ("APL", "3597", "1:192.0.2.0/24 !2:2001:db8::/32"),
    ("TYPE65400", "3597", "\\# 5 0102030405"),
)

# Keys that only an apex may have.
APEX_TYPES = (
    ("CDS", "7344", "12345 13 2 0000000000000000000000000000000000000000000000000000000000000001"),
    ("CDNSKEY", "7344", ("257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxIL"
     "fDLUT0rAK9iUzy1L53eKGQ==")),
)  # fmt: skip


def worlds():
    """Make every world by name: text by origin."""
    made = {}
    for folder in sorted(ZONES.iterdir()):
        made[folder.name] = {
            "." if path.stem == "root" else f"{path.stem}.": path.read_text()
            for path in sorted(folder.glob("*.zone"))
        }
    made["example"] |= {"types.test.": types_zone(), "sizes.test.": sizes_zone()}
    made["odd"]["keys.test."] = keys_zone()
    made["root"]["test."] += "".join(f"{o} 300 IN NS a.isi.test.\n" for o in many_origins())
    made["root"] |= {origin: small_zone(origin) for origin in many_origins()}
    return made


def many_origins():
    """Name the many zones below ``test.``."""
    return [f"z{number}.test." for number in range(MANY_ZONES)]


def start(origin):
    """The records that every zone has."""
    return (
        f"{origin} 300 IN SOA ns.{origin} hostmaster.{origin} 1 7200 3600 604800 60\n"
        f"{origin} 300 IN NS ns.{origin}\nns.{origin} 300 IN A 192.0.2.53\n"
    )


def small_zone(origin):
    """A zone that knows its own number."""
    return f'{start(origin)}www.{origin} 300 IN TXT "{origin}"\n'


def types_zone():
    """One record of each type."""
    records = [f"{t.lower()}.types.test. 300 IN {t} {rdata}\n" for t, _, rdata in RECORD_TYPES]
    return start("types.test.") + "".join(records)


def keys_zone():
    """What only an apex may have; named wants the zone signed."""
    records = [f"keys.test. 300 IN {t} {rdata}\n" for t, _, rdata in APEX_TYPES]
    return start("keys.test.") + "".join(records)


def txt_of(octets):
    """Rdata of a TXT record that has so many octets."""
    strings = []
    while octets:
        length = min(octets, 256)
        strings.append(f'"{"x" * (length - 1)}"')
        octets -= length
    return " ".join(strings)


def sizes_zone():
    """Names whose TXT answer without EDNS has as many octets as their label says."""
    text = start("sizes.test.")
    for octets in (512, 513, 1221, 1222, 4000, 65000):
        name = f"{octets:05}.sizes.test."
        # Header, question, then one record with a pointer for its owner.
        text += f"{name} 300 IN TXT {txt_of(octets - 12 - (len(name) + 1 + 4) - 12)}\n"
    # A delegation whose glue does not fit into 512 octets, and does into 1232.
    for number in range(8):
        host = f"{'n' * 30}{number}.wide.sizes.test."
        text += f"wide.sizes.test. 300 IN NS {host}\n{host} 300 IN A 198.51.100.{number}\n"
        text += f"{host} 300 IN AAAA 2001:db8::{number}\n"
    # The same with all addresses in another delegation.
    text += (
        "side.sizes.test. 300 IN NS ns.side.sizes.test.\nns.side.sizes.test. 300 IN A 192.0.2.9\n"
    )
    for number in range(8):
        host = f"{'n' * 30}{number}.side.sizes.test."
        text += f"beside.sizes.test. 300 IN NS {host}\n{host} 300 IN A 198.51.100.{number}\n"
        text += f"{host} 300 IN AAAA 2001:db8::{number}\n"
    # Mail hosts whose addresses do not fit into 512 octets.
    for number in range(10):
        host = f"{'m' * 16}{number}.sizes.test."
        text += f"mail.sizes.test. 300 IN MX {number} {host}\n{host} 300 IN A 198.51.100.{number}\n"
        text += f"{host} 300 IN AAAA 2001:db8::{number}\n"
    # The longest name there may be, and one with the most labels.
    text += f"{longest_name('sizes.test.')} 300 IN TXT long\n"
    text += f"{'a.' * 120}sizes.test. 300 IN TXT deep\n"
    return text


def longest_name(origin):
    """The name of 255 octets below an origin, with labels of 63 as far as they go."""
    room = 255 - (len(origin) + 1)
    labels = []
    while room:
        labels.append("l" * (min(room, 64) - 1))
        room -= len(labels[-1]) + 1
    return ".".join([*labels, origin])
