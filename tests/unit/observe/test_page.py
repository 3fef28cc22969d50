import os

import pytest

from dnsd.observe.page import ANY_ZONE, ZONE_GENERATIONS, Role, SlotPage


@pytest.fixture
def page():
    return SlotPage(rows=3, width=13, sockets=5)


def test_everything_starts_at_zero(page):
    assert all(slot == 0 for slot in page.generations)
    assert all(slot == 0 for slot in page.readers)
    assert all(slot == 0 for index in range(3) for slot in page.row(index))


def test_regions_have_the_asked_sizes(page):
    assert len(page.generations) == ZONE_GENERATIONS
    assert len(page.readers) == 5
    assert [len(page.row(index)) for index in range(3)] == [13, 13, 13]


def test_no_region_overlaps_another(page):
    regions = [page.generations, page.readers, *(page.row(index) for index in range(3))]
    for number, region in enumerate(regions, start=1):
        for slot in range(len(region)):
            region[slot] = number
    for index in range(3):
        page.facts(index).claim(pid=77, role=Role.WORKER, wall_now=88)
    for number, region in enumerate(regions, start=1):
        assert set(region) == {number}
    assert page.facts(1).pid == 77


@pytest.mark.parametrize("index", [-1, 3])
def test_a_row_out_of_range_is_refused(page, index):
    with pytest.raises(IndexError):
        page.row(index)
    with pytest.raises(IndexError):
        page.facts(index)


def test_a_forked_process_counts_in_the_same_memory(page):
    pid = os.fork()
    if not pid:
        page.row(2)[12] += 41
        page.bump(7)
        page.facts(2).beat(1.5)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    page.row(2)[12] += 1
    assert page.row(2)[12] == 42
    assert page.generations[7] == 1
    assert page.facts(2).beat_at_s == 1.5


def test_bump_moves_one_generation(page):
    page.bump(ZONE_GENERATIONS - 1)
    assert page.generations[ZONE_GENERATIONS - 1] == 1
    assert sum(page.generations) == 1


def test_a_generation_wraps_instead_of_failing(page):
    page.generations[ANY_ZONE] = (1 << 64) - 1
    page.bump(ANY_ZONE)
    assert page.generations[ANY_ZONE] == 0


def test_bump_all_zones_moves_every_generation_and_nothing_else(page):
    page.bump_all_zones()
    assert set(page.generations) == {1}
    assert set(page.readers) == {0}


def test_a_socket_has_one_reader_at_a_time(page):
    page.assign_socket(0, 1)
    page.assign_socket(3, 1)
    page.assign_socket(4, 0)
    assert page.sockets_of(1) == [0, 3]
    page.assign_socket(3, 2)
    page.assign_socket(0, None)
    assert [page.sockets_of(index) for index in range(3)] == [[4], [], [3]]


def test_facts_tell_who_is_in_a_row(page):
    facts = page.facts(1)
    assert (facts.pid, facts.role, facts.ready, facts.beats) == (0, None, False, 0)
    facts.claim(pid=4711, role=Role.CONTROL, wall_now=1_800_000_000)
    facts.say_ready()
    facts.beat(10.25)
    facts.beat(20.5)
    seen = page.facts(1)
    assert (seen.pid, seen.role, seen.ready) == (4711, Role.CONTROL, True)
    assert (seen.beats, seen.beat_at_s, seen.started_at) == (2, 20.5, 1_800_000_000)


def test_a_claimed_row_keeps_its_counters_and_forgets_the_heartbeat(page):
    page.row(1)[5] = 99
    page.facts(1).claim(pid=1, role=Role.WORKER, wall_now=1)
    page.facts(1).say_ready()
    page.facts(1).beat(3.0)
    page.facts(1).release()
    assert (page.facts(1).pid, page.facts(1).ready) == (0, False)
    page.facts(1).claim(pid=2, role=Role.WORKER, wall_now=2)
    assert (page.facts(1).beats, page.facts(1).beat_at_s, page.facts(1).ready) == (0, 0.0, False)
    assert page.row(1)[5] == 99


def test_a_crashed_process_is_missing_until_the_next_one_takes_the_row(page):
    facts = page.facts(1)
    facts.claim(pid=77, role=Role.WORKER, wall_now=88)
    facts.release()
    assert not facts.missing
    facts.say_missing(is_missing=True)
    assert (facts.missing, facts.pid, facts.role) == (True, 0, Role.WORKER)
    facts.claim(pid=78, role=Role.WORKER, wall_now=89)
    assert not facts.missing
