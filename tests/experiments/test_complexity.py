"""The experiment on work per message, in short: slopes of counted operations."""

import pytest
from experiments.complexity import SLOPE, WWW, A, cases
from experiments.growth import operations, slope
from experiments.heavy_messages import MESSAGES, SCRUBBED, WRITTEN, referral
from experiments.heavy_proofs import PROOFS
from experiments.whole_resolver import ROOT, WholeResolver
from fakes.octets import query

from dnsd.dnssec.claims import Doubt
from dnsd.dnssec.nsec3_hash import MAX_WORK
from dnsd.dnssec.validation import MAX_FAILURES, Bogus
from dnsd.resolver.scrub import Meaning, scrub
from dnsd.wire import names
from dnsd.wire.errors import FormError
from dnsd.wire.message import TC, parse_message, render_message

WHAT = [case.what for case in cases(None)]
REFUSED = {
    "more of them than are followed",
    "pointers of a hidden chain",
    "names that grow for ever",
    "pointers forwards",
}


@pytest.mark.parametrize("what", WHAT)
def test_work_grows_no_faster_than_its_input(what, tmp_path):
    case = next(case for case in cases(tmp_path) if case.what == what)
    # What is refused early takes the same whatever its size, so the largest counts, too.
    sizes = (case.sizes[0], case.sizes[-1])
    counts = [operations(case.prepare(size)) for size in sizes]
    assert min(counts) > 0
    assert slope(sizes, counts) <= SLOPE


def test_work_that_grows_faster_is_seen():
    def quadratic(size):
        return lambda: [None for i in range(size) if any(j > i for j in range(i + 1))]

    sizes = (40, 80, 160)
    assert slope(sizes, [operations(quadratic(size)) for size in sizes]) > 1.8


def test_heavy_messages_are_as_large_as_messages_may_be():
    for sizes, make, _ in MESSAGES.values():
        assert len(make(sizes[-1])) >= 13_000
    for sizes, make in (*WRITTEN.values(), *SCRUBBED.values()):
        message = make(sizes[-1])
        octets = render_message(message[0] if isinstance(message, tuple) else message)
        assert len(octets) >= 48_000
        assert not parse_message(octets).flags & TC


@pytest.mark.parametrize("what", MESSAGES)
def test_chains_of_pointers_are_read_or_refused(what):
    sizes, make, _ = MESSAGES[what]
    octets = make(sizes[-1])
    if what in REFUSED:
        with pytest.raises(FormError):
            parse_message(octets)
    else:
        assert parse_message(octets).answer


@pytest.mark.parametrize("what", [what for what in PROOFS if "one tag" in what])
def test_of_signatures_that_do_not_match_four_are_tried(what):
    sizes, prepare, _ = PROOFS[what]
    verdict, verified, _ = prepare(sizes[0])()
    assert isinstance(verdict, Bogus)
    assert verified == MAX_FAILURES


@pytest.mark.parametrize("what", [what for what in PROOFS if "hashed" in what])
def test_hashing_for_one_proof_is_given_up(what):
    sizes, prepare, _ = PROOFS[what]
    assert f"limit of {MAX_WORK} SHA-1 blocks" in prepare(sizes[-1])().reason


def test_iterations_without_end_are_not_made():
    sizes, prepare, _ = PROOFS["NSEC3 iterations, longest salt"]
    assert {prepare(size)().doubt for size in sizes} == {Doubt.ITERATIONS}


def test_hostile_replies_mean_something():
    meanings = set()
    for sizes, make in SCRUBBED.values():
        message, name = make(sizes[0])
        read = parse_message(render_message(message))
        zone = names.parent(name)
        meanings.add(scrub(read, name, A, zone, trusted_transport=True).meaning)
    assert {Meaning.REFERRAL, Meaning.ALIAS, Meaning.NODATA, Meaning.ANSWER} <= meanings


def test_a_referral_to_1500_dead_servers_takes_few_packets():
    resolver = WholeResolver({WWW: referral(1500)})
    served = resolver.ask(WWW, A)
    # The reply comes over TCP; of the servers some are tried and the others left alone.
    counts = resolver.internet.counts
    assert 2 < counts.total() - counts[ROOT] <= 12
    assert "delegation_names" in served.exchange.limits


def test_an_rrset_of_4000_is_found_once_and_answered_again_and_again():
    resolver = WholeResolver({}, records={"many.test.": 4000})
    octets = query("many.test.", A, flags=0x0100)
    (first,) = resolver.respond(octets)
    assert len(parse_message(first).answer[0].rdatas) == 4000
    sent = resolver.internet.counts.total()
    assert all(len(resolver.respond(octets)[-1]) == len(first) for _ in range(50))
    assert resolver.internet.counts.total() == sent
    # Nor is each of its TTLs touched for each answer once they have run down.
    resolver.internet.run(resolver.internet.now() + 5.0)
    assert operations(lambda: resolver.respond(octets)) > 4000
    assert operations(lambda: resolver.respond(octets)) < 1000
    # Too many for the record cache (CVE-2024-1737).
    assert len(list(resolver.clients.asker.records.entries())) == 0
