"""Whole signed Internets from a few lines: a server a zone, delegations and DS made."""

from dataclasses import replace

from fakes.internet import Asker
from fakes.signed_internet import DS, NOW, SignedAuthority, SignedZone

from dnsd.dnssec import digests
from dnsd.lab.internet import Internet
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverOptions
from dnsd.resolver.security.trust import Trust
from dnsd.wire import names
from dnsd.wire.names import ROOT

N = names.from_text


def address(number):
    """The address of a zone's only server."""
    return bytes((192, 0, 2, number))


class UnknownAlgorithm:
    """A child of which the parent has a DS, but of an algorithm that nobody knows."""

    class key:  # noqa: N801 - stands for an object
        @staticmethod
        def ds(_origin):
            return b"\x12\x34\xfd\x02" + bytes(32)

    def __init__(self, origin):
        self.origin = N(origin)


class SignedWorld:
    """An Internet and a resolver in it that validates.

    Attributes:
        zones: by name, those that are signed as ``SignedZone``.
        servers: that of each zone, by the zone's name.
        asker: the resolver.
        clock: Unix seconds that the validator is told; may be changed.
    """

    def __init__(self, texts, *, unsigned=(), unknown=(), make=SignedZone, options=None):
        """Make an Internet.

        Args:
            texts: zone's name → its lines without the NS at its apex; with the root.
            unsigned: names of those that are not signed.
            unknown: names of those whose DS is of an unknown algorithm; not signed either.
            make: makes a signed zone of name and lines; takes ``children``; of different
                ones by the zone's name.
            options: of the resolver.
        """
        self.clock = NOW
        self.zones, self.servers = {}, {}
        internet = Internet()
        numbers = {origin: number for number, origin in enumerate(texts, 1)}
        for origin in sorted(texts, key=lambda each: -names.label_count(N(each))):
            below = [
                each for each in texts if each != origin and self._parent(each, texts) == origin
            ]
            text = texts[origin] + self._cuts((origin, *below), numbers)
            if origin in unsigned or origin in unknown:
                made = zone_from_text(origin, text)
            else:
                signed = [self.zones[each] for each in below if each not in (*unsigned, *unknown)]
                signed += [UnknownAlgorithm(each) for each in below if each in unknown]
                maker = make.get(origin, SignedZone) if isinstance(make, dict) else make
                made = maker(origin, text, children=signed)
            self.zones[origin] = made
            self.servers[origin] = SignedAuthority([made])
            internet.servers[address(numbers[origin])] = self.servers[origin]
        self.internet = internet
        self._root = address(numbers["."])
        self.options = options or ResolverOptions(priming=False)
        self.renew()

    def renew(self):
        """Begin with a resolver that knows nothing."""
        server = N("ns.nowhere.")
        hints = Delegation(ROOT, (server,), {server: (self._root,)})
        self.asker = Asker(self.internet, hints, self.options)
        anchors = {ROOT: digests.usable([self.zones["."].key.ds(ROOT)])}
        self.asker.world.trust = Trust(anchors, lambda: self.clock)

    @staticmethod
    def _parent(origin, texts):
        above = [
            each for each in texts if each != origin and names.is_subdomain(N(origin), N(each))
        ]
        return max(above, key=lambda each: len(N(each)), default=None)

    @staticmethod
    def _cuts(origins, numbers):
        lines = ""
        for origin in origins:
            # The root's server lies outside the root zone's own names, below nothing signed.
            server = "ns.nowhere." if origin == "." else f"ns.{origin}"
            lines += f"{origin} NS {server}\n"
            lines += f"{server} A 192.0.2.{numbers[origin]}\n"
        return lines

    def ask(self, name, rrtype=1, **how):
        """Ask as a client; the outcome."""
        (found,) = self.ask_all([(name, rrtype)], **how)
        return found

    def ask_all(self, questions, **how):
        """Ask at one time; the outcomes in the order of the questions."""
        found = [[] for _ in questions]
        for (name, rrtype), each in zip(questions, found, strict=True):
            early = self.asker.resolver.resolve(N(name), rrtype, each.append, **how)
            if hasattr(early, "rcode"):
                each.append(early)
        self.asker.internet.run_while(lambda: not all(found))
        assert self.asker.faults == []
        return [each[0] for each in found]


def every_rrset(found, change):
    """Change the RRsets of an answer and its authority section one by one; None leaves one out."""
    sections = [[new for each in section if (new := change(each)) is not None]
                for section in (found.answer, found.authority)]  # fmt: skip
    return replace(found, answer=sections[0], authority=sections[1])


def without_signatures(found):
    """Take all signatures off an answer, and all that only signed zones have."""
    return every_rrset(
        found, lambda each: None if each.type in (DS, 47, 50) else replace(each, signatures=())
    )
