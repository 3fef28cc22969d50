"""The experiment on ordinary life, in short: no budget is hit, and one too small is."""

from experiments.ordinary_life import Life
from fakes.internet_ordinary import KINDS, NOERROR, NXDOMAIN

from dnsd.resolver.options import ResolverLimits, ResolverOptions


def test_no_ordinary_name_hits_a_budget():
    life = Life(seed=3, zones=200)
    life.run(4000)
    assert {site.kind for site in life.world.sites} == KINDS.keys() | {"reverse"}
    hits, _ = life.hits()
    assert not hits
    assert not life.wrong()
    assert life.clients.asker.faults == []
    assert all(served.ended >= served.began for served, _, _ in life.asked)
    rows = {limit: (bound, worst) for limit, bound, *_, worst in life.table()}
    # Not because nothing was asked: what is unusual was met.
    assert rows["delegation_names"][1] == 13
    assert rows["alias_links"][1] >= 4
    assert rows["query_name_fetches"][1] >= 1
    assert rows["query_packets"][1] >= 8
    assert all(worst <= bound for bound, worst in rows.values())


def test_budgets_too_small_for_ordinary_names_are_seen():
    limits = ResolverLimits(query_packets=4, delegation_names=4, query_name_fetches=0)
    life = Life(3, 200, ResolverOptions(limits=limits))
    life.run(1000)
    hits, _ = life.hits()
    assert {"query_packets", "delegation_names", "query_name_fetches"} <= hits.keys()
    assert set(life.wrong()) <= {(2, NOERROR), (2, NXDOMAIN)}
    assert life.wrong()
