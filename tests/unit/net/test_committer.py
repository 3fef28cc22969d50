"""One thread that writes: groups of items, each answered after its commit only."""

import threading

import pytest
from twisted.internet.defer import gatherResults

from dnsd.mail.stores import StoreFailed
from dnsd.net.committer import Committer, commit


class Reactor:
    """Runs calls from the thread when the test says so."""

    def __init__(self):
        self._calls = []
        self._arrived = threading.Semaphore(0)

    def callFromThread(self, call, *arguments):  # noqa: N802 -- Twisted's name
        self._calls.append((call, arguments))
        self._arrived.release()

    def turn(self):
        assert self._arrived.acquire(timeout=10)
        call, arguments = self._calls.pop(0)
        call(*arguments)


class Store:
    """Remembers transactions; may fail one, or wait in it."""

    def __init__(self):
        self.transactions = []
        self.fail = None
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def transaction(self):
        return self

    def __enter__(self):
        self.transactions.append([])

    def __exit__(self, kind, *_):
        assert self.may_go_on.wait(10)
        if kind is None and self.fail is not None:
            raise self.fail
        if kind is not None:
            self.transactions[-1].append("rolled back")

    def write(self, items):
        self.transactions[-1].append(("write", *items))
        return [item * 10 for item in items]

    def note(self, items):
        self.transactions[-1].append(("note", *items))
        return [f"noted {item}" for item in items]

    def picky(self, items):
        if 13 in items:
            raise ValueError("13")
        return self.write(items)

    def partly(self, items):
        return [StoreFailed("odd") if item % 2 else item for item in items]


@pytest.fixture
def store():
    return Store()


@pytest.fixture
def reactor():
    return Reactor()


@pytest.fixture
def committer(store, reactor):
    found = Committer(store, reactor)
    yield found
    store.may_go_on.set()
    done = found.close()
    while not done.called:
        reactor.turn()


def test_what_waits_shares_the_next_commit(committer, store, reactor):
    store.may_go_on.clear()
    first = committer.submit(store.write, 1)
    rest = [committer.submit(store.write, 2), committer.submit(store.note, 7),
            committer.submit(store.write, 3)]  # fmt: skip
    store.may_go_on.set()
    reactor.turn()
    assert first.result == 10
    assert not any(deferred.called for deferred in rest)
    reactor.turn()
    assert [deferred.result for deferred in rest] == [20, "noted 7", 30]
    assert store.transactions == [[("write", 1)], [("write", 2, 3), ("note", 7)]]
    assert (committer.commits, committer.items) == (2, 4)


def test_nobody_is_answered_before_the_commit(committer, store, reactor):
    store.may_go_on.clear()
    waiting = committer.submit(store.write, 1)
    assert not waiting.called
    store.may_go_on.set()
    reactor.turn()
    assert waiting.called


def test_a_failing_disk_fails_all_that_shared_the_commit(committer, store, reactor):
    store.fail = StoreFailed("disk")
    failed = []
    for item in (1, 2):
        committer.submit(store.write, item).addErrback(lambda f: failed.append(f.type))
    reactor.turn()
    reactor.turn()
    assert failed == [StoreFailed, StoreFailed]
    store.fail = None
    again = committer.submit(store.write, 3)
    reactor.turn()
    assert again.result == 30


def test_a_fault_in_one_item_does_not_cost_the_others(store):
    results = commit(store, [(store.picky, 1), (store.picky, 13), (store.note, 2)])
    assert results[0] == 10
    assert isinstance(results[1], ValueError)
    assert results[2] == "noted 2"


def test_an_item_may_fail_alone(store):
    one, two = commit(store, [(store.partly, 1), (store.partly, 2)])
    assert isinstance(one, StoreFailed)
    assert two == 2


def test_close_waits_for_what_was_taken_and_takes_no_more(store, reactor):
    committer = Committer(store, reactor)
    taken = [committer.submit(store.write, item) for item in (1, 2)]
    done = committer.close()
    late = []
    committer.submit(store.write, 3).addErrback(lambda f: late.append(f.type))
    assert late == [StoreFailed]
    while not done.called:
        reactor.turn()
    assert gatherResults(taken).result == [10, 20]
