"""One thread that writes to a store, and shares each wait for the disk among all who wait.

What is submitted while a commit is under way goes into the next one, all of it, however
much that is. Nobody is answered before the commit that holds his item has ended.

Not here: what is written. A function takes a list of items within a transaction of the
store and says for each what came of it.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.threadpool import ThreadPool

from dnsd.mail.stores import StoreFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from twisted.internet.interfaces import IReactorFromThreads

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# What writes items, an item, and who waits for it.
_Waiting = tuple["Callable[[list[Any]], Sequence[Any]]", Any, "Deferred[Any]"]


class Store(Protocol):
    """What items are written to."""

    def transaction(self) -> AbstractContextManager[None]:
        """Do all that is done within, safe on disk at the end, or nothing of it."""


class Committer:
    """The thread of one store.

    Attributes:
        commits: how many there were.
        items: how many items they held.
    """

    def __init__(self, store: Store, reactor: IReactorFromThreads) -> None:
        """Write to a store.

        Args:
            store: whose `transaction` nobody else uses.
            reactor: of the thread that submits; it gets the results.
        """
        self.commits = 0
        self.items = 0
        self._store = store
        self._reactor = reactor
        self._pool = ThreadPool(1, 1, "committer")
        self._waiting: list[_Waiting] = []
        self._is_writing = False
        self._idle: Deferred[None] | None = None
        self._is_closed = False
        self._pool.start()

    def submit(
        self, function: Callable[[list[_Item]], Sequence[_Result | StoreFailed]], item: _Item
    ) -> Deferred[_Result]:
        """Have an item written; the result comes when it is safe on disk.

        Items of one function go to it in one list, in the order of their submission;
        functions run in the order of their first items.

        Args:
            function: writes a list of items within the transaction, in the thread; gives
                for each its result, or a StoreFailed that concerns this one only.
            item: to be written.

        Returns:
            Fails with StoreFailed if the item is not written.
        """
        deferred: Deferred[_Result] = Deferred()
        if self._is_closed:
            deferred.errback(StoreFailed("the store is closed"))
            return deferred
        self._waiting.append((function, item, deferred))
        if not self._is_writing:
            self._begin()
        return deferred

    def close(self) -> Deferred[None]:
        """Take no more; fires when what was taken is on disk and the thread has ended."""
        self._is_closed = True
        idle: Deferred[None] = Deferred()
        idle.addCallback(lambda _: self._pool.stop())
        if self._is_writing:
            self._idle = idle
        else:
            idle.callback(None)
        return idle

    def _begin(self) -> None:
        batch, self._waiting = self._waiting, []
        self._is_writing = True
        self._pool.callInThread(self._write, batch)

    def _write(self, batch: list[_Waiting]) -> None:
        results = commit(self._store, [(function, item) for function, item, _ in batch])
        self._reactor.callFromThread(self._written, batch, results)

    def _written(self, batch: list[_Waiting], results: list[Any]) -> None:
        self.commits += 1
        self.items += len(batch)
        # The disk is slower than those who are told: it does not wait for them.
        self._is_writing = bool(self._waiting)
        if self._waiting:
            self._begin()
        for (_, _, deferred), result in zip(batch, results, strict=True):
            if isinstance(result, BaseException):
                deferred.errback(result)
            else:
                deferred.callback(result)
        if not self._is_writing and self._idle is not None:
            idle, self._idle = self._idle, None
            idle.callback(None)


def commit(
    store: Store, work: Sequence[tuple[Callable[[list[Any]], Sequence[Any]], Any]]
) -> list[Any]:
    """Write items in one transaction.

    Args:
        store: written to.
        work: functions and items, as `Committer.submit` takes them.

    Returns:
        For each item its result, or the exception that says why it is not on disk.
    """
    groups: dict[Callable[[list[Any]], Sequence[Any]], list[int]] = defaultdict(list)
    for index, (function, _) in enumerate(work):
        groups[function].append(index)
    results: list[Any] = [None] * len(work)
    try:
        with store.transaction():
            for function, places in groups.items():
                found = function([work[place][1] for place in places])
                for place, result in zip(places, found, strict=True):
                    results[place] = result
    except StoreFailed as failed:
        return [failed] * len(work)
    except Exception as error:  # noqa: BLE001 -- a fault of ours in one item must not cost the others
        if len(work) == 1:
            return [error]
        return [commit(store, [one])[0] for one in work]
    return results
