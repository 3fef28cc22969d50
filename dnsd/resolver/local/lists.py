r"""Lists of names to block, or to let through.

Two forms, told apart by their first lines if nobody says which::

    hosts     0.0.0.0 ads.example tracker.example     each name alone
    domains   ads.example                             a name and all below it;
              *.ads.example   .ads.example            the same

Comments begin with ``#``, in a list of domains also with ``!`` or ``;``. Names without
a dot in a hosts list are those of the machine it was made on, and are passed over.

Promise: any octets give names in canonical form, each at most as long as a name may
be; a line that cannot be read is counted and passed over. What is hardly such a list,
a page of HTML for one, is told by :attr:`ListReader.is_broken`.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from dnsd.resolver.local.hosts import read_address, read_host

if TYPE_CHECKING:
    from collections.abc import Iterator

HOSTS: Final = "hosts"
DOMAINS: Final = "domains"
AUTO: Final = "auto"

_MAX_LINE_OCTETS = 8192
_LINES_LOOKED_AT = 50  # to tell the form
_COMMENTS = (b"#", b"!", b";")


class ListReader:
    """Reads one list, once.

    Attributes:
        form: ``hosts`` or ``domains``.
        names: names read so far.
        unreadable: lines passed over so far.
        first_unreadable: the number of the first of them, from 1; 0 if there is none.
        full: there were more names than may be taken.
    """

    def __init__(self, octets: bytes, form: str, max_names: int) -> None:
        """Prepare to read.

        Args:
            octets: the whole list.
            form: ``hosts``, ``domains`` or ``auto``.
            max_names: names taken at most.
        """
        self.form = _form_of(octets) if form == AUTO else form
        self.names = 0
        self.unreadable = 0
        self.first_unreadable = 0
        self.full = False
        self._octets = octets
        self._max_names = max_names

    def __iter__(self) -> Iterator[bytes]:
        read = _hosts_of if self.form == HOSTS else _domain_of
        for number, line in enumerate(_lines(self._octets), 1):
            words = line.partition(b"#")[0].split()
            if not words or line.lstrip().startswith(_COMMENTS):
                continue
            found = read(words) if len(line) <= _MAX_LINE_OCTETS else None
            if found is None:
                self.unreadable += 1
                self.first_unreadable = self.first_unreadable or number
                continue
            for name in found:
                if self.names >= self._max_names:
                    self.full = True
                    return
                self.names += 1
                yield name

    @property
    def is_broken(self) -> bool:
        """Whether, once read, it turned out to be no list: most lines are unreadable."""
        return self.unreadable > self.names


def _lines(octets: bytes) -> Iterator[bytes]:
    """Go over the lines without a list of them all."""
    start = 0
    while start < len(octets):
        end = octets.find(b"\n", start)
        if end < 0:
            end = len(octets)
        yield octets[start:end]
        start = end + 1


def _form_of(octets: bytes) -> str:
    for line in islice(_lines(octets[: _LINES_LOOKED_AT * _MAX_LINE_OCTETS]), _LINES_LOOKED_AT):
        words = line.partition(b"#")[0].split()
        if words and not words[0].startswith(_COMMENTS):
            return HOSTS if len(words) > 1 and read_address(words[0]) is not None else DOMAINS
    return DOMAINS


def _hosts_of(words: list[bytes]) -> list[bytes] | None:
    if len(words) < 2 or read_address(words[0]) is None:
        return None
    hosts = [name for word in words[1:] if (name := read_host(word))]
    if len(hosts) + 1 < len(words):
        return None
    # "0.0.0.0 0.0.0.0" begins more than one well-known list.
    return [name for name in hosts if name[1 + name[0]] and not _is_number(name)]


def _is_number(name: bytes) -> bool:
    """Tell whether the first label is of digits and the name is four labels long."""
    return len(name) <= 17 and name.translate(None, b"0123456789\x01\x02\x03\x00") == b""


def _domain_of(words: list[bytes]) -> list[bytes] | None:
    if len(words) > 1:
        return None
    name = read_host(words[0].removeprefix(b"*").removeprefix(b"."))
    return None if name is None else [name]
