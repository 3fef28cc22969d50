"""A chain of denials as a circle in which a few links change.

Every name, or hash, says which one follows it. To enter one, or to take one out,
touches its own link and the one before. What is not touched stays in the store.

Source: RFC 4034 §4.1.1, RFC 5155 §3.1.7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Ring:
    """Links of a circle, by order keys or hashes.

    Attributes:
        links: those that changed, each with what follows it now.
    """

    def __init__(
        self, before: Callable[[bytes], Iterator[bytes]], following: Callable[[bytes], bytes]
    ) -> None:
        """Begin with the circle of the store, which has a link at least.

        Args:
            before: gives the links strictly before a place, backwards and round.
            following: gives what follows a link.
        """
        self.links: dict[bytes, bytes] = {}
        self._before = before
        self._following = following
        self._entered: set[bytes] = set()
        self._left: set[bytes] = set()

    def enter(self, link: bytes) -> None:
        """Put a link in that is not there."""
        last = self._last_before(link)
        self.links[link] = self.follows(last)
        self.links[last] = link
        self._left.discard(link)
        self._entered.add(link)

    def leave(self, link: bytes) -> None:
        """Take a link out that is there, but not the only one."""
        following = self.follows(link)
        self._entered.discard(link)
        self._left.add(link)
        self.links.pop(link, None)
        self.links[self._last_before(link)] = following

    def follows(self, link: bytes) -> bytes:
        """Return what follows a link."""
        found = self.links.get(link)
        return self._following(link) if found is None else found

    def _last_before(self, place: bytes) -> bytes:
        candidates = self._entered - {place}
        stored = next((each for each in self._before(place) if each not in self._left), None)
        if stored is not None:
            candidates.add(stored)
        # Those behind the place come before it only by going round.
        return max(candidates, key=lambda each: (each < place, each))
