"""Names that are answered here, block lists and private addresses, over sockets and processes."""

import time

import dns.flags
import dns.message
import dns.rcode
import pytest
from experiments.daemon import Daemon

pytestmark = pytest.mark.slow

PATIENCE_S = 60.0
ROOT = """\
zone: .
soa: {hostmaster: hostmaster.example.}
records:
  '': {type: NS, value: ns.example.}
  ns.example: {type: A, value: 127.0.0.1}
  www.example: {type: A, value: 192.0.2.80}
  mixed.example:
    - {type: A, values: [192.168.1.1, 192.0.2.7]}
    - {type: AAAA, value: '::ffff:10.0.0.1'}
  loop.example: {type: A, value: 127.0.0.1}
  ula.example: {type: AAAA, value: 'fd00::1'}
  ten.example: {type: A, value: 10.0.0.1}
  intranet.example: {type: A, value: 10.0.0.1}
  2.0.0.127.bl.example: {type: A, value: 127.0.0.2}
  hint.example: {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {ipv4hint: [10.0.0.1]}}}
  tonas.example: {type: CNAME, value: nas.lan.}
  cloaked.example: {type: CNAME, value: www.ads.example.}
  www.ads.example: {type: A, value: 192.0.2.66}
"""


class Root(Daemon):
    """A server of the root, after which no file can be named."""

    def zone_file(self, origin):
        """Where the zone is written."""
        return self.directory / "zones" / "root.yaml"


@pytest.fixture(scope="module")
def resolver(tmp_path_factory):
    """A resolver of a LAN, below a root of our own."""
    directory = tmp_path_factory.mktemp("lan")
    (directory / "resolver").mkdir()
    with Root(directory / "root", {".": ROOT}, resolver={"enabled": "off"}) as root:
        files = {
            "hints": ". 60 NS ns.example.\nns.example. 60 A 127.0.0.1\n",
            "ads.txt": "ads.example\n", "hosts": "192.168.1.9 nas\n", "leases": "",
        }  # fmt: skip
        for name, text in files.items():
            (directory / "resolver" / name).write_text(text)
        settings = {
            "enabled": "on", "priming": "off", "root_hints": "hints", "upstream_port": root.port,
            "query_local_addresses": "on",
            "private_addresses": {"allow": "intranet.example"},
            "local": {
                "names": {"printer": "192.0.2.1", "web": {"CNAME": "printer.lan"},
                          "out": {"CNAME": "www.example"}},
                "hosts": "hosts", "leases": "leases", "domain": "lan",
            },
            "block": "ads.txt",
            "policies": {"clients": "127.0.0.9", "block": "none", "suppress": "AAAA"},
        }  # fmt: skip
        with Daemon(
            directory / "resolver", {}, resolver=settings, workers=2, authority={"zones": []}
        ) as started:
            _until(
                lambda: _ask(started, "ads.example")[0] == "NXDOMAIN" and 15 in _reasons(started)
            )
            yield started
            assert started.faults() == []


def _until(happened):
    """Wait for something that must come."""
    give_up_at = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < give_up_at
        time.sleep(0.1)


def _reply(resolver, name, rrtype="A", client="127.0.0.1"):
    import dns.query

    query = dns.message.make_query(name, rrtype, use_edns=0)
    return dns.query.udp(query, resolver.address, 30, resolver.port, source=client)


def _ask(resolver, name, rrtype="A", client="127.0.0.1"):
    """Return the rcode and the rdata of the answer as text."""
    reply = _reply(resolver, name, rrtype, client)
    return dns.rcode.to_text(reply.rcode()), [str(each) for rrset in reply.answer for each in rrset]


def _reasons(resolver, name="ads.example", rrtype="A"):
    return [int(option.code) for option in _reply(resolver, name, rrtype).options]


@pytest.mark.parametrize(
    ("name", "rrtype", "found"),
    [
        ("printer", "A", ["192.0.2.1"]),
        ("printer.lan", "A", ["192.0.2.1"]),
        ("nas.lan", "A", ["192.168.1.9"]),
        ("1.2.0.192.in-addr.arpa", "PTR", ["printer.lan."]),
        ("9.1.168.192.in-addr.arpa", "PTR", ["nas.lan."]),
        ("web.lan", "A", ["printer.lan.", "192.0.2.1"]),
        ("out.lan", "A", ["www.example.", "192.0.2.80"]),
        ("www.localhost", "A", ["127.0.0.1"]),
    ],
)
def test_names_of_ours_are_answered(resolver, name, rrtype, found):
    assert _ask(resolver, name, rrtype) == ("NOERROR", found)


@pytest.mark.parametrize("name", ["tv.lan", "1.1.168.192.in-addr.arpa", "x.home.arpa", "a.onion"])
def test_special_names_are_denied_and_nobody_is_asked(resolver, name):
    before = resolver.counts()
    assert _ask(resolver, name) == ("NXDOMAIN", [])
    sent = "dnsd_resolver_exchanges_total"
    assert _sum(resolver.counts(), sent) == _sum(before, sent)


def _sum(counts, metric):
    return sum(value for name, value in counts.items() if name.startswith(metric))


@pytest.mark.parametrize(
    ("name", "rrtype", "kept"),
    [
        ("loop.example", "A", []),
        ("ten.example", "A", []),
        ("ula.example", "AAAA", []),
        ("mixed.example", "AAAA", []),
        ("mixed.example", "A", ["192.0.2.7"]),
        ("hint.example", "HTTPS", []),
        ("tonas.example", "A", ["nas.lan."]),
    ],
)
def test_private_addresses_of_public_names_are_taken_out(resolver, name, rrtype, kept):
    assert _ask(resolver, name, rrtype) == ("NOERROR", kept)
    assert _reasons(resolver, name, rrtype) == [17]


@pytest.mark.parametrize(
    ("name", "address"),
    [("intranet.example", "10.0.0.1"), ("2.0.0.127.bl.example", "127.0.0.2")],
)
def test_who_may_have_private_addresses_keeps_them(resolver, name, address):
    assert _ask(resolver, name) == ("NOERROR", [address])
    assert _reasons(resolver, name) == []


def test_a_blocked_name_and_an_alias_to_it_are_not_found(resolver):
    assert _ask(resolver, "www.ads.example") == ("NXDOMAIN", [])
    assert _ask(resolver, "cloaked.example") == ("NXDOMAIN", ["www.ads.example."])
    assert _reasons(resolver, "cloaked.example") == [15]


def test_a_policy_has_other_lists_and_no_records_of_some_types(resolver):
    assert _ask(resolver, "www.ads.example", client="127.0.0.9") == ("NOERROR", ["192.0.2.66"])
    assert _ask(resolver, "mixed.example", "AAAA", client="127.0.0.9") == ("NOERROR", [])
    # What the one was told is not told the other.
    assert _ask(resolver, "www.ads.example") == ("NXDOMAIN", [])


def test_files_are_followed(resolver):
    leases = resolver.directory / "leases"
    assert _ask(resolver, "phone.lan") == ("NXDOMAIN", [])
    leases.write_text("0 52:54:00:12:34:56 192.168.1.20 phone *\n")
    _until(lambda: _ask(resolver, "phone.lan") == ("NOERROR", ["192.168.1.20"]))


def test_a_list_is_followed_and_a_broken_one_changes_nothing(resolver):
    ads = resolver.directory / "ads.txt"
    ads.write_text("ads.example\nwww.example\n")
    _until(lambda: _ask(resolver, "www.example") == ("NXDOMAIN", []))
    ads.write_text("<html>\n<p>\n")
    _until(lambda: resolver.control.status()["block_lists"][0]["state"] == "kept")
    assert _ask(resolver, "www.example") == ("NXDOMAIN", [])
    ads.write_text("ads.example\n")
    _until(lambda: _ask(resolver, "www.example") == ("NOERROR", ["192.0.2.80"]))
