"""A signed Internet with a resolver: the root, a TLD, a bank that is signed and a shop that is not."""

from dataclasses import dataclass

from fakes.internet import Asker
from fakes.signed_internet import NOW, SignedAuthority, SignedZone

from dnsd.dnssec import digests
from dnsd.lab.internet import Internet
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverOptions
from dnsd.resolver.security.trust import Trust
from dnsd.wire import names
from dnsd.wire.names import ROOT

N = names.from_text
ADDRESSES = {"root": b"\xc0\0\2\1", "test": b"\xc0\0\2\2", "bank": b"\xc0\0\2\3",
             "shop": b"\xc0\0\2\4"}  # fmt: skip
BANK = """
@ NS ns
ns A 192.0.2.3
www A 192.0.2.80
alias CNAME www
away CNAME www.shop.test.
*.wild A 192.0.2.81
old DNAME new
www.new A 192.0.2.82
a.ent A 192.0.2.83
"""
SHOP = "@ NS ns\nns A 192.0.2.4\nwww A 192.0.2.90\n"


@dataclass
class BankInternet:
    """The Internet and a resolver in it.

    Attributes:
        servers: name servers by what they serve.
        asker: the resolver.
        bank: the signed zone.
    """

    servers: dict
    asker: Asker
    bank: SignedZone

    def ask(self, name, rrtype=1, **how):
        """Ask as a client; the outcome."""
        found = []
        early = self.asker.resolver.resolve(N(name), rrtype, found.append, **how)
        if hasattr(early, "rcode"):
            return early
        self.asker.internet.run_while(lambda: not found)
        assert self.asker.faults == []
        return found[0]


def bank_internet(bank=None, *, children=None, anchors=None, negative=None):
    """Make the signed Internet, perhaps with a changed bank."""
    bank = bank or SignedZone("bank.test.", BANK)
    test = SignedZone(
        "test.",
        "@ NS ns\nns A 192.0.2.2\n"
        "bank NS ns.bank\nns.bank A 192.0.2.3\n"
        "shop NS ns.shop\nns.shop A 192.0.2.4\n",
        children=[bank] if children is None else children,
    )
    root = SignedZone(".", "@ NS a.root.\na.root A 192.0.2.1\ntest NS ns.test.\n"
                      "ns.test A 192.0.2.2\n", children=[test])  # fmt: skip
    servers = {
        "root": SignedAuthority([root]), "test": SignedAuthority([test]),
        "bank": SignedAuthority([bank]),
        "shop": SignedAuthority([zone_from_text("shop.test.", SHOP)]),
    }  # fmt: skip
    internet = Internet()
    for what, server in servers.items():
        internet.servers[ADDRESSES[what]] = server
    server = N("a.root.")
    hints = Delegation(ROOT, (server,), {server: (ADDRESSES["root"],)})
    asker = Asker(internet, hints, ResolverOptions())
    if anchors is None:
        anchors = {ROOT: digests.usable([root.key.ds(ROOT)])}
    asker.world.trust = Trust(anchors, lambda: NOW, negative or {})
    return BankInternet(servers, asker, bank)
