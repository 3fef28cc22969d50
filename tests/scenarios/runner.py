"""Runs a scenario: its servers, its resolver and its steps, in simulated time."""

from dataclasses import replace

from fakes.internet import Asker
from scenarios.reader import Entry, address

from dnsd.lab.authority import Authority, Sent
from dnsd.lab.hostile import Forgery, Hostile
from dnsd.lab.internet import Internet
from dnsd.lab.zone import zone_from_text
from dnsd.resolver.commands import Transport
from dnsd.resolver.delegation import Delegation
from dnsd.resolver.options import ResolverOptions
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.iana import OptionCode, RRClass, rrtype_from_text
from dnsd.wire.message import Question, parse_query
from dnsd.wire.rrset import RRset

#: What is offered to servers: less than any network cuts into fragments.
DATAGRAM_OCTETS = 1232

#: Sent by the wayside: never the ID that was asked with.
WRONG = 0x5555


class ScenarioServer:
    """Says what the ranges of an address have, else what its zones have."""

    def __init__(self, play, where, authority):
        self.play = play
        self.where = where
        self.authority = authority

    def receive(self, query, transport, now):
        try:
            parsed = parse_query(query)
        except FormError:
            return ()
        sent = []
        for entry in self.play.active("addresses", self.where):
            if matches(entry, parsed, transport):
                sent += replies(entry, parsed, transport)
                if "and_more" not in entry.adjust:
                    return sent
        return [*sent, *self.authority.receive(query, transport, now)]


class Wayside:
    """Throws in what the ranges have for an address that is asked."""

    def __init__(self, play):
        self.play = play

    def throw(self, packet):
        # It has not seen the cookie in the query.
        parsed = replace(parse_query(packet.query), edns=None)
        thrown = []
        for entry in self.play.active("off_path", packet.address):
            if matches(entry, parsed, packet.transport):
                thrown += replies(entry, parsed, packet.transport)
        return thrown


def matches(entry, query, transport):
    """Tell whether an entry is for a query."""
    words = entry.match
    if ("tcp" in words and transport is Transport.UDP) or (
        "udp" in words and transport is not Transport.UDP
    ):
        return False
    if "edns" in words and query.edns is None:
        return False
    if "qtype" in words and entry.type not in (0, query.qtype):
        return False
    if "subdomain" in words:
        return names.is_subdomain(query.qname, entry.name)
    return "qname" not in words or query.qname == entry.name


def replies(entry, query, transport):
    """Make what an entry sends."""
    adjust = entry.adjust
    if "do_not_answer" in adjust:
        return []
    delay_s = float(adjust.get("packet_sleep", 0))
    if "hang_up" in adjust:
        return [Sent(b"", delay_s)]
    message_id = query.id ^ (WRONG if "wrong_id" in adjust else 0)
    if entry.octets is not None:
        return [Sent(message_id.to_bytes(2, "big") + entry.octets, delay_s)]
    message = Hostile([])._honest(query)
    message.id = message_id
    message.flags = entry.flags | entry.rcode & 15
    if message.edns is not None:
        message.edns.extended_rcode = entry.rcode >> 4
    asked = query.qname.lower() if "lower_case" in adjust else query.qname_as_sent
    name = entry.name if "change_qname" in adjust else asked
    message.questions[:] = [Question(name, query.qtype, query.qclass)]
    for section, rrsets in entry.sections.items():
        getattr(message, section).extend(merged(rrsets))
    return [Sent(Forgery(query, transport, 0.0, message).octets(), delay_s)]


def merged(rrsets):
    """Join records of one owner and type."""
    found = {}
    for each in rrsets:
        known = found.setdefault(
            (each.owner, each.type), RRset(each.owner, each.type, each.ttl, ())
        )
        known.rdatas += each.rdatas
    return list(found.values())


class Play:
    """A scenario being played.

    Attributes:
        scenario: what is played.
        internet: where.
        asker: the resolver.
        outcome: of the last query.
        now: number of the step at work.
        began: seconds when the play began.
    """

    def __init__(self, scenario):
        self.scenario = scenario
        self.internet = Internet()
        self.began = self.internet.now()
        self.now = 0
        self.sent_before = {}
        self.outcome = None
        by_address = {}
        hints = Delegation(names.ROOT, ())
        for origin, text, addresses in scenario.zones:
            zone = zone_from_text(origin, text)
            for where in addresses:
                by_address.setdefault(where, []).append(zone)
            if zone.origin == names.ROOT and not hints.servers:
                hints = root_hints(zone, addresses)
        told = [where for each in scenario.ranges for where in each.addresses]
        for where in {*by_address, *told}:
            authority = Authority(by_address.get(where, []))
            if where not in by_address:
                authority = Hostile([], [lambda forgery: setattr(forgery, "sent", [])])
            self.internet.servers[where] = ScenarioServer(self, where, authority)
        if any(each.off_path for each in scenario.ranges):
            self.internet.bystanders.append(Wayside(self))
        options, configured = configuration(scenario.config)
        self.asker = Asker(self.internet, hints, options, 1, configured)

    def active(self, kind, where):
        """Return the entries that count now for an address."""
        return [
            entry
            for each in self.scenario.ranges
            if each.first <= self.now <= each.last and where in getattr(each, kind)
            for entry in each.entries
        ]

    def run(self):
        """Play all steps; what is not as it must be raises AssertionError."""
        for step in self.scenario.steps:
            self.now = step.number
            self.sent_before[step.number] = dict(self.internet.counts)
            try:
                getattr(self, step.kind.lower())(step)
            except AssertionError as error:
                error.add_note(f"step {step.number}, line {step.line}: {step.kind}")
                error.add_note(self.conversation())
                raise
        assert self.asker.faults == []
        for packet in self.internet.packets:
            check_query(parse_query(packet.query))

    def conversation(self):
        """Return what was sent last, for whoever wants to know why."""
        found = []
        for packet in self.internet.packets[-40:]:
            query = parse_query(packet.query)
            found.append(
                f"{packet.time - self.began:10.3f} {'.'.join(map(str, packet.address))} "
                f"{packet.transport.name} {names.to_text(query.qname)} {query.qtype}"
            )
        return "\n".join(found)

    def query(self, step):
        if "TOGETHER" in step.words:
            asked = [
                self.asker.start(numbered(step.entry.name, number), step.entry.type)
                for number in range(int(step.words["TOGETHER"]))
            ]
            self.internet.run_while(lambda: not all(asked))
            (self.outcome,) = asked[-1]
            return
        times, every = int(step.words.get("TIMES", 1)), float(step.words.get("EVERY", 0))
        for number in range(times):
            if number:
                self.internet.run(self.internet.now() + every)
            self.outcome = self.asker.ask(step.entry.name, step.entry.type)
            if "REFRESHING" in step.words:
                for each in self.outcome.refresh:
                    self.asker.resolver.refresh(*each)

    def check_answer(self, step):
        entry, outcome = step.entry, self.outcome
        words = entry.match or {"all"}
        assert outcome.rcode == entry.rcode, (outcome.rcode, outcome.explanation)
        with_ttl = "ttl" in words
        if words & {"all", "answer"}:
            assert lines(outcome.answer, with_ttl) == lines(section(entry, "answer"), with_ttl)
        if "authority" in words:
            found = lines(outcome.authority, with_ttl)
            assert found == lines(section(entry, "authority"), with_ttl)

    def time_passes(self, step):
        self.internet.run(self.internet.now() + float(step.words["ELAPSE"]))

    def check_sent(self, step):
        where = address(step.words["ADDRESS"])
        before = self.sent_before.get(int(step.words.get("SINCE", -1)), {}).get(where, 0)
        count = self.internet.counts[where] - before
        if "BY" in step.words:
            by = Transport[step.words["BY"]]
            count = sum(p.address == where and p.transport is by for p in self.internet.packets)
        assert count <= int(step.words.get("MOST", 10**9)), f"{count} packets"
        assert count >= int(step.words.get("LEAST", 0)), f"{count} packets"

    def check_packets(self, step):
        assert self.outcome.packets <= int(step.words["MOST"]), f"{self.outcome.packets} packets"

    def check_server(self, step):
        words = step.words
        server = self.asker.world.servers.find(address(words["ADDRESS"]), self.internet.now())
        assert server.edns == (words["EDNS"] == "yes")
        assert server.needs_tcp == (words["TCP"] == "yes")
        assert server.timeouts == int(words["TIMEOUTS"])

    def check_limit(self, step):
        (limit,) = step.words["words"]
        assert limit in self.outcome.limits

    def check_not_kept(self, step):
        owner, rrtype = step.words["words"]
        wanted = names.from_text(owner), rrtype_from_text(rrtype)
        kept = [(entry.name, entry.type) for entry in self.asker.records.entries()]
        assert wanted not in kept


def check_query(query):
    """What holds for every query to a server: nothing but a cookie comes along.

    No client subnet (RFC 7871), which would let one name be asked for many times at
    once (CVE-2025-5994), and never a size that comes in fragments (CVE-2025-59024).
    """
    assert query.qclass == RRClass.IN
    if query.edns is not None:
        assert query.edns.udp_size == DATAGRAM_OCTETS
        assert {code for code, _ in query.edns.options} <= {OptionCode.COOKIE}


def numbered(name, number):
    """Put a number where a name has an asterisk for its first label."""
    return b"\x04n%03d" % number + name[2:] if name.startswith(b"\x01*") else name


def section(entry: Entry, which):
    return merged(entry.sections.get(which, []))


def lines(rrsets, with_ttl):
    """Return RRsets so that they can be compared and read; order does not matter."""
    return sorted(
        (names.to_text(each.owner), each.type, each.ttl if with_ttl else "", sorted(each.rdatas))
        for each in rrsets
    )


def root_hints(zone, addresses):
    servers = [rrset for rrset in zone.rrsets if rrset.owner == names.ROOT and rrset.type == 2]
    first = servers[0].rdatas[0]
    return Delegation(names.ROOT, (first,), {first: tuple(addresses)})


def configuration(lines_):
    """Return the options and the configured zones."""
    options, limits, configured = {}, {}, {}
    for key, words in lines_:
        if key in ("forward", "stub"):
            zone = names.from_text(words[0])
            server = b"\x06server" + zone
            configured[zone] = Delegation(
                zone, (server,), {server: tuple(map(address, words[1:]))},
                forward=key == "forward", stub=key == "stub",
            )  # fmt: skip
        elif key.startswith("limits."):
            kind = type(getattr(ResolverOptions().limits, key[7:]))
            limits[key[7:]] = kind(words[0])
        else:
            kind = type(getattr(ResolverOptions(), key))
            options[key] = words[0] == "yes" if kind is bool else kind(words[0])
    made = ResolverOptions(**options)
    return replace(made, limits=replace(made.limits, **limits)), configured
