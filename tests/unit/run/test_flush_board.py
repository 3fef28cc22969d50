"""Flushes over shared memory: selective, bounded, and not lost on who looks late."""

import pytest

from dnsd.observe import metrics
from dnsd.observe.page import Role
from dnsd.resolver.cache.contract import Selector
from dnsd.run.flush_board import LOOKS, PLACES, FlushBoard, FlushReader, flushing_everywhere
from dnsd.wire import names

LONGEST = names.from_text(".".join(["x" * 63] * 3 + ["y" * 61]) + ".")


@pytest.mark.parametrize(
    "selector",
    [
        Selector(),
        Selector(name=LONGEST, tree=LONGEST, type=65535, server=bytes(range(16))),
        Selector(negative=True, bogus=True),
    ],
)
def test_what_is_selected_arrives_as_it_was_said(selector):
    board, taken = FlushBoard(1), []
    reader = FlushReader(board, 0)
    board.post(selector)
    for _ in range(2):
        reader.take(lambda found: taken.append(found) or (3, 1))
    assert taken == [selector]
    assert list(board.row(0)) == [1, 3, 1]


def test_who_starts_later_has_nothing_to_flush():
    board = FlushBoard(1)
    board.post(Selector())
    taken = []
    FlushReader(board, 0).take(lambda found: taken.append(found) or (0, 0))
    assert taken == []


def test_who_looked_away_for_too_long_flushes_everything():
    board, taken = FlushBoard(1), []
    reader = FlushReader(board, 0)
    asked = [Selector(type=i) for i in range(PLACES + 3)]
    for each in asked:
        board.post(each)
    reader.take(lambda found: taken.append(found) or (0, 0))
    assert Selector() in taken
    assert len(taken) == len(asked)
    assert taken[-1] == asked[-1]


@pytest.fixture
def page():
    """Two workers and one that died."""
    page = metrics.new_page(4)
    for row in (1, 2, 3):
        page.facts(row).claim(100 + row, Role.WORKER, 0)
        page.facts(row).say_ready()
    page.facts(3).release()
    return page


def test_control_waits_until_every_worker_has_flushed(page):
    board = FlushBoard(4)
    readers = [FlushReader(board, row) for row in (1, 2)]
    steps = flushing_everywhere(board, page, Selector(type=1))
    assert next(steps) is None
    readers[0].take(lambda _: (2, 1))
    assert next(steps) is None
    readers[1].take(lambda _: (3, 0))
    assert list(steps) == [(5, 1)]


def test_control_does_not_wait_for_ever(page):
    board = FlushBoard(4)
    FlushReader(board, 1)
    assert list(flushing_everywhere(board, page, Selector())) == [None] * LOOKS + [(0, 0)]
