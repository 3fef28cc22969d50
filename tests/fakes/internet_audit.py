"""What must hold after a resolver asked in a world with a liar in it."""

import traceback
from dataclasses import dataclass, field

from fakes.internet_worlds import as_plain

from dnsd.wire import names
from dnsd.wire.iana import Rcode, rrtype_to_text

SERVFAIL = int(Rcode.SERVFAIL)
CNAME = 5
MAX_OVERSHOOT = 65_535  # the message that ends a budget of octets


@dataclass
class Audit:
    """Complaints and counts about one world.

    Attributes:
        world: what is true.
        asker: what was asked.
        complaints: sentences, each about something that must not be.
        answers: questions about names of others that got their true answer.
        failures: those that got SERVFAIL.
        packets: sent for each question.
    """

    world: object
    asker: object
    complaints: list = field(default_factory=list)
    answers: int = 0
    failures: int = 0
    packets: list = field(default_factory=list)

    def complain(self, text):
        self.complaints.append(text)

    def outcome(self, name, rrtype, outcome, seconds, octets):
        """Judge the outcome of one question."""
        question = f"{names.to_text(name)} {rrtype_to_text(rrtype)}"
        limits = self.asker.options.limits
        self.packets.append(outcome.packets)
        if outcome.packets > limits.query_packets:
            self.complain(f"{question}: {outcome.packets} packets")
        if octets > limits.query_octets + MAX_OVERSHOOT:
            self.complain(f"{question}: {octets} octets")
        # The last exchange may have begun just before the end.
        if seconds > limits.query_time_s + limits.udp_timeout_max_s:
            self.complain(f"{question}: {seconds:.1f} s")
        for rrset in outcome.answer:
            self.rrset(question, rrset)
        if not self.world.is_honest_name(name):
            return
        if outcome.rcode == SERVFAIL:
            self.failures += 1
            if self.world.calm and not outcome.limits and self.is_answerable(name, rrtype):
                self.complain(f"{question}: SERVFAIL in calm weather, {outcome.explanation}")
            return
        rcode, answer, complete = self.world.honest(name, rrtype)
        found = [as_plain(rrset) for rrset in outcome.answer]
        if complete and (outcome.rcode != rcode or sorted_(found) != sorted_(answer)):
            self.complain(f"{question}: got {outcome.rcode} {found}, true is {rcode} {answer}")
        elif not complete and found[: len(answer)] != answer:
            self.complain(f"{question}: got {found}, true begins with {answer}")
        else:
            self.answers += 1

    def is_answerable(self, name, rrtype):
        """Tell whether there is an answer: aliases that end, and not at the liar's."""
        rcode, answer, complete = self.world.honest(name, rrtype)
        if not complete or rcode == Rcode.YXDOMAIN:
            return False
        aliases = [rrset for rrset in answer if rrset[1] == "CNAME"]
        if not aliases or rrtype == CNAME:
            return True
        (target,) = aliases[-1][2]
        if target in [owner for owner, _, _ in aliases]:
            return False
        # A chain that leads to a tainted name ends without a referral at an own server.
        return len(aliases) <= self.asker.options.limits.alias_links

    def rrset(self, question, rrset):
        """Judge one RRset of an answer by the name of its owner."""
        if not self.world.is_honest_name(rrset.owner):
            return
        _, answer, _ = self.world.honest(rrset.owner, rrset.type)
        if as_plain(rrset) not in answer:
            self.complain(f"{question}: {as_plain(rrset)} is not true, {answer} is")

    def caches(self):
        """Judge what is kept, whoever may get it later."""
        honest = {a for draft in self.world.drafts for a in draft.addresses}
        for entry in self.asker.records.entries():
            text = f"kept {names.to_text(entry.name)} {rrtype_to_text(entry.type)}"
            if not names.is_subdomain(entry.name, entry.zone):
                self.complain(f"{text} of {names.to_text(entry.zone)}")
            if not self.world.is_honest_name(entry.name):
                continue
            if entry.server not in honest:
                self.complain(f"{text}, said by {entry.server.hex()}")
            if entry.rrset is not None:
                self.rrset(text, entry.rrset)
        self.cuts()

    def cuts(self):
        """Judge every zone cut that was ever written."""
        world = self.world
        options = self.asker.options
        by_origin = {draft.origin: draft for draft in world.drafts}
        for now, cut in self.asker.delegations.written:
            text = f"cut {names.to_text(cut.zone)}"
            if cut.expiry > now + options.max_ttl:
                self.complain(f"{text} lives {cut.expiry - now} s")
            if cut.zone == world.hostile:
                above = [d for d in world.drafts if names.is_subdomain(cut.zone, d.origin)]
                if cut.source not in {a for d in above for a in d.addresses} and not any(
                    d.tainted for d in above
                ):
                    self.complain(f"{text} was written by {cut.source.hex()}")
                continue
            if not world.is_honest_name(cut.zone):
                continue
            draft = by_origin.get(cut.zone)
            if draft is None:
                self.complain(f"{text} is none")
                continue
            above = [d for d in world.drafts if names.is_subdomain(cut.zone, d.origin)
                     and (d is not draft or d.parent is None)]  # fmt: skip
            if cut.source not in {a for d in above for a in d.addresses}:
                self.complain(f"{text} was written by {cut.source.hex()}")
            if set(cut.servers) != set(draft.servers):
                self.complain(f"{text} has servers {cut.servers}")
            self.glue(text, cut)

    def glue(self, text, cut):
        for server, addresses in cut.addresses.items():
            found = self.world.zone_of(server).found.get((server, 1))
            if found is None or not set(addresses) <= set(found.rdatas):
                self.complain(f"{text} has {names.to_text(server)} at {addresses}")

    def end(self):
        """Judge what is left when everybody has got an answer."""
        if self.asker.internet.in_flight or len(self.asker.resolver):
            self.complain(f"{len(self.asker.resolver)} fetches left")
        for fault in self.asker.faults:
            self.complain(f"raised {fault!r} in {traceback.extract_tb(fault.__traceback__)[-1]}")


def sorted_(rrsets):
    return sorted(rrsets, key=lambda rrset: (rrset[0], rrset[1], sorted(map(repr, rrset[2]))))
