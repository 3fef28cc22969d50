import pytest
from fakes.cache_entries import cut, name, nodata, nxdomain, positive
from fakes.cache_files import SharedFile

from dnsd.resolver.cache.contract import Selector
from dnsd.resolver.cache.lmdb_flush import Flushed, flushing
from dnsd.wire.iana import RRType

WWW = name("www.example.test.")
A = positive("www.example.test.")


@pytest.fixture
def file(tmp_path):
    with SharedFile(tmp_path) as file:
        for i in range(60):
            file.cache.records.put(positive(f"n{i}.a.test.", zone="a.test."), 0.0)
            file.cache.records.put(nodata(f"n{i}.b.test.", zone="b.test."), 0.0)
            file.cache.delegations.put(cut(f"n{i}.a.test."), 0.0)
        file.cache.records.put(nxdomain("n0.a.testx.", zone="."), 0.0)
        file.cache.commit(0.0)
        yield file


@pytest.mark.parametrize(
    ("selector", "options", "entries", "cuts"),
    [
        pytest.param(Selector(), {}, 121, 60, id="everything"),
        pytest.param(Selector(), {"delegations": False}, 121, 0, id="every-entry"),
        pytest.param(Selector(), {"records": False}, 0, 60, id="every-cut"),
        pytest.param(Selector(tree=name("a.test.")), {}, 60, 60, id="a-tree"),
        pytest.param(Selector(negative=True), {}, 61, 0, id="denials"),
        pytest.param(Selector(name=name("n1.a.test.")), {}, 1, 1, id="a-name"),
        pytest.param(Selector(tree=WWW), {}, 0, 0, id="nothing"),
    ],
)
def test_what_is_selected_goes_in_small_steps(file, selector, options, entries, cuts):
    before = file.cache.statistics()
    steps = list(flushing(file.cache, selector, **options))
    assert (sum(s.entries for s in steps), sum(s.delegations for s in steps)) == (entries, cuts)
    if selector != Selector():
        assert max(s.entries + s.delegations for s in steps) <= file.cache.keys_limit
    after = file.cache.statistics()
    assert before.positive + before.nodata + before.nxdomain - entries == (
        after.positive + after.nodata + after.nxdomain
    )
    assert before.delegations - cuts == after.delegations


def test_other_entries_of_a_name_stay(file):
    file.cache.records.put(nodata("n1.a.test.", zone="a.test."), 0.0)
    file.cache.commit(0.0)
    assert file.cache.records.flush(Selector(name=name("n1.a.test."), type=RRType.A)) == 1
    assert file.cache.records.find(name("n1.a.test."), RRType.A, 1.0) is None
    assert file.cache.records.find(name("n1.a.test."), RRType.AAAA, 1.0)


def test_what_another_process_learned_before_is_not_written_after(file):
    other = file.another_process()
    other.records.put(A, 0.0)
    other.delegations.put(cut("example.test."), 0.0)
    assert list(flushing(file.cache, Selector(tree=name("example.test.")))) == [Flushed()]
    other.commit(0.0)
    assert other.records.find(WWW, RRType.A, 1.0) is None
    assert other.delegations.closest(WWW, 1.0) is None
    other.records.put(A, 0.0)
    other.commit(0.0)
    assert file.cache.records.find(WWW, RRType.A, 1.0) == A


def test_what_waits_in_the_flushing_process_goes_too(file):
    file.cache.records.put(A, 0.0)
    file.cache.records.flush(Selector())
    assert file.cache.records.find(WWW, RRType.A, 1.0) is None


def test_everything_that_a_flush_leaves_can_still_be_counted(file):
    list(flushing(file.cache, Selector(), delegations=False))
    assert file.cache.statistics().delegations == 60
    file.cache.records.put(A, 0.0)
    file.cache.commit(0.0)
    assert file.cache.statistics().positive == 1
    list(flushing(file.cache, Selector()))
    assert file.held() == ({}, {})
    assert file.cache.statistics().used_octets == 0
