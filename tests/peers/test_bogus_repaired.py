"""A domain whose signatures expired, and what its operator and ours do about it."""

import time

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
from experiments.daemon import Daemon
from peers.lab_internet import served
from peers.servers import free_port

from dnsd.cli.lab_world import Place
from dnsd.dnssec.signing import Validity
from dnsd.lab.authority import Authority
from dnsd.lab.signed import signed_zone, usual_validity
from dnsd.lab.zone import zone
from dnsd.wire import rdata
from dnsd.wire.iana import RRType

pytestmark = pytest.mark.slow

ROOT = "@ NS a.root.\na.root A 127.54.0.1\nbank NS ns.bank\nns.bank A 127.54.0.2\nshop NS ns.bank\n"
BANK = "@ NS ns\nns A 127.54.0.2\nwww A 192.0.2.80\n"
SHOP = "@ NS ns.bank.\nwww A 192.0.2.90\n"
HINTS = ". 3600000 NS a.root.\na.root. 3600000 A 127.54.0.1\n"
#: Sockets that ask: workers share one port, and which of them gets a query goes by its sender.
SENDERS = 12


class Counting(Authority):
    """An authority that counts what it is asked."""

    asked = 0

    def receive(self, *arguments):
        self.asked += 1
        return super().receive(*arguments)


class World:
    """A root, a bank whose signatures expired three hours ago, and a shop in order.

    Attributes:
        root: its server.
        places: where they stand.
        anchor: the root's key.
    """

    def __init__(self):
        now = int(time.time())
        root, shop = (signed_zone(*each, now) for each in ((".", ROOT), ("shop.", SHOP)))
        self.bank = signed_zone("bank.", BANK, now)
        self.bank.validity = Validity(now - 9 * 86_400, now - 3 * 3600)
        for child in (self.bank, shop):
            root.delegate(child.origin, child.ds)
        self.anchor = f". DS {rdata.to_text(RRType.DS, root.ds)}\n"
        self.root = Counting([zone(root.origin, root.signed())])
        self.domains = Authority([zone(each.origin, each.signed()) for each in (self.bank, shop)])
        self.places = [
            Place("127.54.0.1", "the root", self.root),
            Place("127.54.0.2", "bank. and shop.", self.domains),
        ]

    def repair(self):
        """Sign the bank again, with the same key."""
        self.bank.validity = usual_validity(int(time.time()))
        self.domains.zones.put(zone(self.bank.origin, self.bank.signed()))


@pytest.fixture(params=[0, 2], ids=["one process", "two workers"])
def stage(request, tmp_path):
    world, port = World(), free_port()
    directory = tmp_path / "dnsd"
    (directory / "zones").mkdir(parents=True)
    (directory / "root.hints").write_text(HINTS)
    (directory / "root.key").write_text(world.anchor)
    daemon = Daemon(
        directory, {}, workers=request.param, user="none",
        resolver={
            "enabled": "on", "root_hints": "root.hints", "trust_anchors": "root.key",
            "upstream_port": port, "query_local_addresses": True, "ipv6": False,
        },
    )  # fmt: skip
    with served(world.places, port), daemon:
        yield world, daemon
        assert daemon.faults() == []


def ask(daemon, name):
    """Ask from a new socket: rcode, whether AD is set, and the extended error."""
    query = dns.message.make_query(name, "A", want_dnssec=True)
    reply = dns.message.from_wire(daemon.ask(query.to_wire(), timeout_s=10.0))
    errors = [
        (each.code, each.text) for each in reply.options if isinstance(each, dns.edns.EDEOption)
    ]
    return dns.rcode.to_text(reply.rcode()), bool(reply.flags & dns.flags.AD), errors


def test_what_was_bogus_is_secure_again_when_it_is_flushed(stage):
    world, daemon = stage
    assert ask(daemon, "www.shop")[:2] == ("NOERROR", True)
    # Whichever worker is asked has the one reason.
    ((rcode, is_secure, errors),) = {
        (rcode, is_secure, tuple(errors))
        for rcode, is_secure, errors in (ask(daemon, "www.bank") for _ in range(SENDERS))
    }
    tag = world.bank.keys.entry.key.tag
    assert (rcode, is_secure) == ("SERVFAIL", False)
    assert errors == ((7, f"RRSIG by key {tag} expired 3 h ago"),)

    world.repair()
    assert ask(daemon, "www.bank")[0] == "SERVFAIL", "it is kept"
    status, kept = daemon.command("cache", "show", "--bogus")
    assert (status, "www.bank." in kept or "bank." in kept) == (0, True)
    assert "shop." not in kept

    known = world.root.asked
    status, said = daemon.command("cache", "flush", "--bogus")
    assert status == 0
    assert said.endswith("and 0 zone cuts forgotten\n")
    assert not said.startswith("0 ")
    assert daemon.command("cache", "show", "--bogus") == (1, "nothing of the kind is kept\n")
    assert [ask(daemon, "www.bank") for _ in range(SENDERS)] == [("NOERROR", True, [])] * SENDERS
    assert ask(daemon, "www.shop") == ("NOERROR", True, [])
    assert world.root.asked == known, "what was in order is still known"
    status, said = daemon.command("lookup", "--dnssec", "www.bank", "A")
    assert (status, "\nsecure: " in said) == (0, True)
