"""Reads scenario files: what servers say, what is asked, what must come out.

The syntax is that of testbound and Deckard, as far as it is needed here::

    ; the rule that is shown, and its RFC or CVE          first line of each file
    CONFIG_BEGIN                                          options of the resolver by name,
    minimisation off                                      limits as ``limits.referrals``,
    forward corp.example. 192.0.2.9                       forward and stub zones
    CONFIG_END
    INCLUDE internet.zones                                zones of another file
    ZONE_BEGIN bank.test. AT 192.0.2.4 192.0.2.5          a zone and where it is served
    www A 192.0.2.80
    ZONE_END
    SCENARIO_BEGIN a title
    RANGE_BEGIN 0 100                                     while these steps are at work
      ADDRESS 203.0.113.66                                this server says; OFF_PATH instead
    ENTRY_BEGIN                                           of ADDRESS: what somebody throws in
    MATCH qname qtype                                     also: subdomain, udp, tcp, edns;
    ADJUST copy_query packet_sleep=0.5                    also: do_not_answer, wrong_id,
    REPLY QR AA NOERROR                                   lower_case, change_qname, and_more
    SECTION QUESTION
    www.evil.test. IN A
    SECTION ANSWER
    www.evil.test. 300 IN A 203.0.113.66
    ENTRY_END
    RANGE_END
    STEP 10 QUERY [TIMES 100 EVERY 0.5 | TOGETHER 9]      an entry with a question follows;
                                                          REFRESHING yes: prefetch as well
    STEP 20 CHECK_ANSWER                                  an entry; MATCH all by default
    STEP 30 TIME_PASSES ELAPSE 300
    STEP 40 CHECK_SENT ADDRESS 192.0.2.4 MOST 3 LEAST 1 SINCE 10
    STEP 45 CHECK_SENT ADDRESS 192.0.2.4 BY TCP MOST 2    of the whole scenario
    STEP 48 CHECK_SERVER ADDRESS 192.0.2.4 EDNS yes TCP no TIMEOUTS 0
    STEP 50 CHECK_LIMIT query_packets                     of the last query
    STEP 55 CHECK_PACKETS MOST 9                          sent for the last query
    STEP 60 CHECK_NOT_KEPT www.bank.test. A
    SCENARIO_END

Instead of sections an entry may have ``HEX 8180...``, all octets behind the ID. An
entry without MATCH is for every query, an address without entry and zone is silent. Asked TOGETHER,
a first label ``*`` stands for another number each time.
"""

import ipaddress
from dataclasses import dataclass, field

from dnsd.lab.zone import rrsets_from_text
from dnsd.wire import names
from dnsd.wire.iana import Rcode, rrtype_from_text
from dnsd.wire.message import AA, QR, RA, RD, TC

FLAGS = {"QR": QR, "AA": AA, "TC": TC, "RD": RD, "RA": RA, "AD": 0x20, "CD": 0x10}


class ScenarioError(ValueError):
    """A line that is not understood."""


@dataclass
class Entry:
    """What a server says to some queries, what a client asks, or what it must get.

    Attributes:
        match: words of MATCH.
        adjust: words of ADJUST.
        flags: of the reply, without rcode.
        rcode: of the reply.
        name: of the question.
        type: of the question.
        sections: section → RRsets.
        octets: instead of sections, behind the ID; None for none.
    """

    match: set = field(default_factory=set)
    adjust: dict = field(default_factory=dict)
    flags: int = 0
    rcode: int = 0
    name: bytes = b""
    type: int = 0
    sections: dict = field(default_factory=dict)
    octets: bytes | None = None


@dataclass
class Range:
    """Entries that count while some steps are at work."""

    first: int
    last: int
    addresses: list = field(default_factory=list)
    off_path: list = field(default_factory=list)
    entries: list = field(default_factory=list)


@dataclass
class Step:
    """One step: its kind, the words behind it, and the entry that follows."""

    number: int
    kind: str
    words: dict
    line: int
    entry: Entry | None = None


@dataclass
class Scenario:
    """A file.

    Attributes:
        rule: its first line.
        title: of the scenario.
        config: (key, words) in order.
        zones: (origin, text, addresses).
        ranges: what servers say beside their zones.
        steps: in order.
    """

    rule: str = ""
    title: str = ""
    config: list = field(default_factory=list)
    zones: list = field(default_factory=list)
    ranges: list = field(default_factory=list)
    steps: list = field(default_factory=list)


def address(text):
    """Return the octets of an address."""
    return ipaddress.ip_address(text).packed


class Reader:
    """Reads one file, line by line."""

    def __init__(self, path):
        self.path = path
        self.scenario = Scenario()
        text = path.read_text()
        self.scenario.rule = text.partition("\n")[0].lstrip("; ")
        # (number, words, whole line); comments and empty lines are left out.
        numbered = ((n, line.split(), line) for n, line in enumerate(text.splitlines(), 1))
        self.lines = [line for line in numbered if line[1] and line[1][0][0] != ";"]

    def read(self):
        """Return the scenario."""
        while self.lines:
            number, words, _ = self.lines.pop(0)
            try:
                self.statement(number, words)
            except (ValueError, KeyError, IndexError) as error:
                raise ScenarioError(f"{self.path.name}:{number}: {error!r}") from error
        return self.scenario

    def statement(self, number, words):
        match words:
            case ["CONFIG_BEGIN"]:
                self.scenario.config += [(key, rest) for key, *rest in self.block("CONFIG_END")]
            case ["INCLUDE", name]:
                self.scenario.zones += Reader(self.path.parent / name).read().zones
            case ["ZONE_BEGIN", origin, "AT", *addresses]:
                text = "\n".join(" ".join(words) for words in self.block("ZONE_END"))
                self.scenario.zones.append((origin, text, [address(a) for a in addresses]))
            case ["SCENARIO_BEGIN", *title]:
                self.scenario.title = " ".join(title)
            case ["RANGE_BEGIN", first, last]:
                self.scenario.ranges.append(self.range(int(first), int(last)))
            case ["STEP", step, kind, *rest]:
                self.scenario.steps.append(self.step(int(step), kind, rest, number))
            case ["SCENARIO_END"]:
                pass
            case _:
                raise ScenarioError(f"not a statement: {' '.join(words)}")

    def block(self, end):
        """Take the lines up to an end, each as its words."""
        found = []
        while (line := self.lines.pop(0))[1] != [end]:
            found.append(line[1])
        return found

    def range(self, first, last):
        found = Range(first, last)
        while True:
            _, words, _ = self.lines.pop(0)
            match words:
                case ["RANGE_END"]:
                    return found
                case ["ADDRESS", text]:
                    found.addresses.append(address(text))
                case ["OFF_PATH", text]:
                    found.off_path.append(address(text))
                case ["ENTRY_BEGIN"]:
                    found.entries.append(self.entry())
                case _:
                    raise ScenarioError(f"not of a range: {' '.join(words)}")

    def step(self, number, kind, rest, line):
        words = dict(zip(rest[::2], rest[1::2], strict=False))
        if kind in ("CHECK_LIMIT", "CHECK_NOT_KEPT"):
            words = {"words": rest}
        step = Step(number, kind, words, line)
        if kind in ("QUERY", "CHECK_ANSWER"):
            if self.lines.pop(0)[1] != ["ENTRY_BEGIN"]:
                raise ScenarioError(f"{kind} needs an entry")
            step.entry = self.entry()
        return step

    def entry(self):
        """Read an entry up to its end."""
        entry = Entry()
        section = ""
        while True:
            _, words, line = self.lines.pop(0)
            match words:
                case ["ENTRY_END"]:
                    return entry
                case ["MATCH", *rest]:
                    entry.match |= set(rest)
                case ["ADJUST", *rest]:
                    entry.adjust |= dict(word.partition("=")[::2] for word in rest)
                case ["REPLY", *rest]:
                    entry.flags |= sum(FLAGS.get(word, 0) for word in rest)
                    (entry.rcode,) = [int(Rcode[word]) for word in rest if word not in FLAGS]
                case ["SECTION", section]:
                    if section not in ("QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL"):
                        raise ScenarioError(f"not a section: {section}")
                case ["HEX", *rest]:
                    entry.octets = bytes.fromhex("".join(rest))
                case _ if section == "QUESTION":
                    entry.name = names.from_text(words[0])
                    entry.type = rrtype_from_text(words[-1])
                case _ if section:
                    rrsets = entry.sections.setdefault(section.lower(), [])
                    rrsets += records(line)
                case _:
                    raise ScenarioError(f"not of an entry: {line.strip()}")


def records(line):
    """Read a record with an absolute owner; class IN may be left out.

    ``$GENERATE 1-9 owner type rdata`` makes nine, with numbers where ``$`` stands.
    """
    if line.split()[0] == "$GENERATE":
        _, numbers, rest = line.split(maxsplit=2)
        first, last = map(int, numbers.split("-"))
        made = [rest.replace("$", str(number)) for number in range(first, last + 1)]
        return [rrset for each in made for rrset in records(each)]
    words = [word for word in line.split() if word != "IN"]
    return rrsets_from_text(names.ROOT, " ".join(words))


def read(path):
    """Read a scenario file."""
    return Reader(path).read()
