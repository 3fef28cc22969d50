"""The experiment on scrubbing, in short; and its oracle sees a scrub that keeps too much."""

from dataclasses import replace

import pytest
from experiments.scrubbing import run
from fuzz.targets import scrub as oracle

from dnsd.resolver import alias_chain, scrub
from dnsd.resolver.alias_chain import Asked
from dnsd.wire.message import TC

EXECUTIONS = 5000
PATIENCE = 50_000  # executions until a fault must have shown


def test_nothing_is_kept_against_the_rules():
    counts = run(1, lambda executions: executions < EXECUTIONS)
    assert counts.total() == EXECUTIONS
    # Every meaning is reached.
    assert min(counts[meaning.name] for meaning in scrub.Meaning) >= 5


def always(*_):
    return True


def take_all_glue(additional, _servers, _zone, scrubbed):
    for rrset in additional:
        scrubbed.addresses[rrset.owner] = rrset.rdatas


def deny_with_any(soas, _asked, scrubbed):
    scrubbed.proof.insert(0, soas[0])
    scrubbed.meaning = scrub.Meaning.NODATA


def keep_every_answer(answer, _asked):
    chain = follow(answer, _asked)
    return replace(chain, rrsets=chain.rrsets + [r for r in answer if r not in chain.rrsets])


def longer(message, *arguments, **named):
    found = real_scrub(message, *arguments, **named)
    for rrset in found.chain:
        rrset.ttl += 1
    return found


def in_spite_of_truncation(message, *arguments, **named):
    message.flags &= ~TC
    found = real_scrub(message, *arguments, **named)
    message.flags |= TC
    return found


follow, real_scrub = scrub.follow, scrub.scrub


@pytest.mark.parametrize(
    ("where", "what", "faulty"),
    [
        pytest.param(scrub, "is_subdomain", always, id="whatever zone, beside the answer"),
        pytest.param(alias_chain, "is_subdomain", always, id="whatever zone, in the chain"),
        pytest.param(Asked, "is_of_sender", always, id="whatever the sender may say"),
        pytest.param(scrub, "_take_glue", take_all_glue, id="addresses of anybody"),
        pytest.param(scrub, "_deny", deny_with_any, id="denials of anybody"),
        pytest.param(scrub, "follow", keep_every_answer, id="answers to nothing"),
        pytest.param(scrub, "MAX_DENIALS", 99, id="proofs without end"),
        pytest.param(scrub, "_IN", 3, id="another class"),
        pytest.param(scrub, "_RCODES_OF_ANSWERS", frozenset(range(16)), id="errors"),
        pytest.param(oracle, "scrub", longer, id="for longer than was sent"),
        pytest.param(oracle, "scrub", in_spite_of_truncation, id="what was truncated"),
    ],
)
def test_a_scrub_that_keeps_too_much_is_seen(monkeypatch, where, what, faulty):
    monkeypatch.setattr(where, what, faulty)
    with pytest.raises(AssertionError):
        run(1, lambda executions: executions < PATIENCE)
