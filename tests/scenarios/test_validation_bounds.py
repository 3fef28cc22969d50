"""What finding out whether a name must be signed may cost, and that it is found out once."""

from collections import Counter
from dataclasses import replace

from fakes.signed_internet import DS, NSEC, VALIDITY
from fakes.signed_world import SignedWorld

from dnsd.authority.answer import Answer
from dnsd.dnssec.bitmaps import render
from dnsd.resolver.options import ResolverLimits
from dnsd.resolver.security.chain import MAX_CUT_QUESTIONS
from dnsd.wire import names
from dnsd.wire.message import parse_query
from dnsd.wire.rrset import RRset

N = names.from_text
A, NS, SOA = 1, 2, 6
NOERROR, SERVFAIL = 0, 2
FORGED = b"\6\6\6\6"
BANK, EVIL = N("bank.test."), N("evil.test.")
DEEP = "a." * 60 + "bank.test."


def internet():
    texts = {".": "", "test.": "", "bank.test.": "www A 192.0.2.80\n", "evil.test.": ""}
    return SignedWorld(texts)


def asked(made, name, rrtype=A):
    """Ask; the outcome, and how often each question was asked upstream."""
    before = len(made.asker.internet.packets)
    outcome = made.ask(name, rrtype)
    queries = [parse_query(packet.query) for packet in made.asker.internet.packets[before:]]
    return outcome, Counter((query.qname, query.qtype) for query in queries)


def of_type(counts, rrtype):
    return sum(count for (_, each), count in counts.items() if each == rrtype)


def empty_non_terminals(made, zone):
    """Let a zone's server answer without signatures, and prove that nothing is a zone cut."""
    signed = made.zones[names.to_text(zone)]

    def tamper(qname, qtype, found):
        if qname == zone:
            return found
        if qtype != DS:
            answer = [RRset(qname, A, 300, (FORGED,))]
            return replace(found, rcode=NOERROR, answer=answer, authority=[])
        own = RRset(qname, NSEC, 60, (b"\1a" + qname + render((46, 47)),))
        own.signatures = (signed.key.sign(own, zone, VALIDITY),)
        authority = [signed.rrsets[zone, SOA], own]
        return replace(found, rcode=NOERROR, answer=[], authority=authority)

    made.servers[names.to_text(zone)].tamper = tamper


def test_a_cut_is_sought_at_a_few_names_only_and_that_there_is_none_is_remembered():
    made = internet()
    empty_non_terminals(made, BANK)
    outcome, counts = asked(made, DEEP)
    assert outcome.rcode == SERVFAIL
    # Those of two zones on the way, and of the shortened name that was asked first.
    assert of_type(counts, DS) <= MAX_CUT_QUESTIONS + 3
    assert "cut_questions" in outcome.limits
    assert outcome.packets <= 30
    for _ in range(3):
        outcome, counts = asked(made, DEEP)
        assert (outcome.rcode, counts) == (SERVFAIL, {})
    assert made.ask("www.test.").security.name == "SECURE"


def test_the_limit_is_said_and_the_next_question_goes_on_from_there():
    made = internet()
    empty_non_terminals(made, BANK)
    for number in range(60 // MAX_CUT_QUESTIONS + 1):
        outcome, counts = asked(made, f"b{number}." + DEEP)
        assert outcome.explanation.code == 10
        assert of_type(counts, DS) <= MAX_CUT_QUESTIONS + 3
    # All sixty are known to be none, as long as the denials last.
    assert of_type(counts, DS) < MAX_CUT_QUESTIONS


def test_a_cut_below_many_empty_non_terminals_is_found():
    """As in reverse zones: the server of the zone is that of the unsigned one below it too."""
    deep = "a." * (MAX_CUT_QUESTIONS - 1) + "bank.test."
    texts = {".": "", "test.": "", "bank.test.": "www A 192.0.2.80\n", deep: "www A 192.0.2.90\n"}
    made = SignedWorld(texts, unsigned=(deep,))
    outcome = made.ask(f"www.{deep}")
    assert (outcome.rcode, outcome.security.name) == (NOERROR, "INSECURE")


def test_a_shortened_name_whose_answer_is_bogus_is_not_asked_for_again_at_once():
    made = internet()
    empty_non_terminals(made, BANK)
    _, counts = asked(made, DEEP)
    again = {names.to_text(name): count for (name, rrtype), count in counts.items()
             if rrtype == A and name != N(DEEP) and count > 1}  # fmt: skip
    assert again == {}


def test_who_is_asked_for_keys_is_looked_up_no_deeper_than_for_answers():
    """Each name server's address comes unsigned, and where it must be signed is another riddle."""
    made = internet()
    empty_non_terminals(made, EVIL)
    without_cut = made.servers["evil.test."].tamper

    def tamper(qname, qtype, found):
        labels = names.to_labels(qname)
        if qtype != DS or len(labels) < 4:
            return without_cut(qname, qtype, found)
        # The server of this zone can be asked when that of the next one was.
        server = N(f"ns.z{int(labels[1][1:]) + 1}.evil.test.")
        cut = RRset(names.parent(qname), NS, 300, (server,))
        return Answer(NOERROR, False, [], [cut], [])

    made.servers["evil.test."].tamper = tamper
    outcome, counts = asked(made, "www.z0.evil.test.")
    assert outcome.rcode == SERVFAIL
    zones = {names.to_labels(name)[-3] for name, _ in counts if len(names.to_labels(name)) > 2}
    assert len(zones) == ResolverLimits().depth + 1
    assert "depth" in outcome.limits
