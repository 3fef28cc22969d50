"""What is done for the caches at regular times, in simulated time."""

from itertools import pairwise

import pytest

from dnsd.observe import metrics
from dnsd.observe.page import Role
from dnsd.resolver.cache.contract import Statistics
from dnsd.run.cache_upkeep import (
    MEASURE_S,
    TIDY_S,
    TIDY_SOON_S,
    cache_status,
    measuring,
    noting_found,
    show,
    tidying,
)

FIGURES = Statistics(10, 3, 2, 4, 900, 1000, 5000, 300, (500, 60, 40), 200)


class Caches:
    """Caches that note what is done with them."""

    def __init__(self, freed=()):
        self.shared = None
        self.freed = list(freed)
        self.noted = []
        self.tidied = []

    def tidy(self, around):
        self.tidied.append(around.clock.now())
        return self.freed.pop(0) if self.freed else 0

    def note_found(self, take, now):
        self.noted.append((take(), now))

    def statistics(self):
        return FIGURES


class Responder:
    def take_found(self):
        return {b"\3www\0"}


def advance(time, seconds, step=0.1):
    for _ in range(round(seconds / step)):
        time.advance(step)


def test_the_file_is_tidied_now_and_then_and_sooner_while_there_is_much(time, around):
    caches = Caches(freed=[100, 100, 0])
    repeating = tidying(caches, around)
    repeating.start()
    advance(time, 2 * TIDY_S)
    soon, later = caches.tidied[:3], caches.tidied[2:]
    assert [b - a for a, b in pairwise(soon)] == pytest.approx([TIDY_SOON_S] * 2, abs=0.1)
    assert [b - a for a, b in pairwise(later)] == pytest.approx([TIDY_S], abs=0.2)
    repeating.stop()
    advance(time, 2 * TIDY_S)
    assert len(caches.tidied) == 4


def test_caches_hear_what_the_answer_cache_gave(time, around):
    caches = Caches()
    noting_found(Responder(), caches, around.clock).start()
    advance(time, 2.5)
    assert [found for found, _ in caches.noted] == [{b"\3www\0"}] * 3


def test_one_process_shows_how_full_the_caches_are(time, around):
    shows = [False]
    measuring(Caches(), around, lambda: shows[0]).start()
    assert around.row[metrics.CACHE_ENTRIES.slot("data")] == 0
    shows[0] = True
    advance(time, MEASURE_S + 0.1)
    row = around.row
    entries = [row[metrics.CACHE_ENTRIES.slot(kind)] for kind in metrics.CACHE_KINDS]
    octets = [row[metrics.CACHE_OCTETS.slot(kind)] for kind in metrics.CACHE_KINDS]
    assert (entries, octets) == ([10, 3, 2, 4], [500, 60, 40, 200])
    assert row[metrics.CACHES_IN_MEMORY.slot()] == 1


def test_status_sums_what_processes_that_run_show():
    page = metrics.new_page(4)
    for row in (1, 2, 3):
        page.facts(row).claim(row, Role.WORKER, 0)
        show(FIGURES, page.row(row))
    page.facts(3).release()
    assert cache_status(page, ["no Landlock"]) == {
        "entries": 30, "limit_entries": 600, "cuts": 8, "octets": 2000, "limit_octets": 10000,
        "in_memory": 0, "reason": "",
    }  # fmt: skip


def test_status_says_why_there_is_no_file():
    page = metrics.new_page(1)
    page.facts(0).claim(1, Role.SINGLE, 0)
    page.row(0)[metrics.CACHES_IN_MEMORY.slot()] = 1
    why = "the cache is kept in memory only: No space left on device"
    assert cache_status(page, ["no Landlock", why])["reason"] == "No space left on device"
    assert cache_status(page, [])["reason"] == "its file failed, see the log"
