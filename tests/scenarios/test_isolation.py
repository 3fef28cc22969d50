"""Whatever one server says, what is answered about names of others stays true.

Worlds are generated, with one server that lies about everything; see
``experiments/isolation.py``, which does the same for as many worlds as wanted.

Shown are: the names of others keep their true answers, in the reply and in the
caches (RFC 5452 §6, RFC 2181 §5.4.1, CVE-2025-11411, CVE-2025-40778); a question
costs no more than its budget, whatever is answered (CVE-2026-50045); no reply makes
a zone cut live longer but a new referral of its parent (CVE-2022-30698); and loss,
doubles and another order of datagrams change no answer.
"""

import random

import pytest
from experiments.isolation import examine, run
from fakes.cache_files import SharedFile
from fakes.internet import Asker
from fakes.internet_audit import Audit
from fakes.internet_worlds import generate
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dnsd.lab.internet import Route
from dnsd.resolver.cache.contract import Selector
from dnsd.resolver.options import ResolverOptions
from dnsd.wire import names

pytestmark = pytest.mark.slow

WORLDS = 2000
PARTS = 8

# Shrinks to a small world: fewer zones, servers, lies and questions.
any_world = st.randoms(use_true_random=False)
few = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck),
    # Shrinking takes minutes: add Phase.shrink when there is something to shrink.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)  # fmt: skip


@pytest.mark.parametrize("part", range(PARTS))
def test_names_of_others_keep_their_true_answers_in_every_world(part):
    totals, complaints = run(range(part, WORLDS, PARTS))
    assert complaints == []
    assert totals["worlds"] == WORLDS // PARTS
    # Most questions about others are answered, in spite of bad weather in 2 of 5 worlds.
    assert totals["answers"] > 20 * totals["failures"]
    assert totals["lies"] > totals["worlds"]


@few
@given(any_world)
def test_names_of_others_keep_their_true_answers_in_any_world(rng):
    assert examine(rng).complaints == []


@few
@given(any_world, st.sampled_from(["strict", "off"]), st.booleans(), st.booleans())
def test_no_option_gives_isolation_up(rng, minimisation, cookies, randomized):
    options = ResolverOptions(
        minimisation=minimisation, cookies=cookies, case_randomization=randomized
    )
    audit = examine(rng, options)
    # Without random letter case, or with strict minimisation, some more may fail.
    assert [text for text in audit.complaints if "SERVFAIL" not in text] == []


def test_the_cache_that_processes_share_keeps_no_lie_either(tmp_path):
    with SharedFile(tmp_path) as file:
        for seed in range(200):
            views = file.views(commits=bool(seed % 2), reads_elsewhere=bool(seed % 2))
            audit = examine(random.Random(seed), caches=views)
            assert audit.complaints == []
            for view in views:
                view.flush(Selector())


def test_a_cut_is_renewed_only_by_a_server_of_its_parent():
    renewed = 0
    for seed in range(150):
        world = generate(random.Random(seed))
        asker = Asker(world.internet, world.hints, seed=seed, configured=world.configured)
        for _ in range(4):
            for name, rrtype in world.questions:
                asker.ask(name, rrtype)
            world.internet.run(world.internet.now() + 400.0)
        seen = set()
        for _, cut in asker.delegations.written:
            above = [d for d in world.drafts if names.is_subdomain(cut.zone, d.origin)
                     and (d.origin != cut.zone or not d.parent)]  # fmt: skip
            if world.is_honest_name(cut.zone):
                renewed += cut.zone in seen
                assert cut.source in {address for draft in above for address in draft.addresses}
            seen.add(cut.zone)
    assert renewed > 200


def test_a_cut_ends_no_later_than_the_one_above_it():
    below = 0
    for seed in range(100):
        world = generate(random.Random(seed))
        asker = Asker(world.internet, world.hints, seed=seed)
        for name, rrtype in world.questions:
            asker.ask(name, rrtype)
        kept = {}
        for _, cut in asker.delegations.written:
            above = [
                zone for zone in kept if zone != cut.zone and names.is_subdomain(cut.zone, zone)
            ]
            if above:
                assert cut.expiry <= kept[max(above, key=len)]
                below += 1
            kept[cut.zone] = cut.expiry
    assert below > 200


@pytest.mark.parametrize(
    "route",
    [
        pytest.param(Route(jitter_s=0.3), id="reordered"),
        pytest.param(Route(duplicates=1.0, jitter_s=0.05), id="doubled"),
        pytest.param(Route(loss=0.2), id="lost"),
        pytest.param(Route(loss=0.2, duplicates=0.5, jitter_s=0.5), id="all of that"),
        pytest.param(Route(delay_s=0.3), id="slow"),
    ],
)
def test_order_doubles_and_loss_change_no_answer(route):
    answers = failures = 0
    for seed in range(100):
        world = generate(random.Random(seed))
        world.calm = False
        world.internet.route = route
        world.internet.bystanders.clear()
        asker = Asker(world.internet, world.hints, seed=seed, configured=world.configured)
        audit = Audit(world, asker)
        waiting = [(*asked, asker.start(*asked)) for asked in world.questions]
        world.internet.run()
        for name, rrtype, (outcome,) in waiting:
            audit.outcome(name, rrtype, outcome, 0.0, 0)
        audit.caches()
        audit.end()
        assert audit.complaints == []
        answers += audit.answers
        failures += audit.failures
    assert answers > 3 * failures
