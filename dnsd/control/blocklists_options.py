"""Which block lists there are, and the bounds of fetching and compiling them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ListPlan:
    """One list: a file or a URL.

    Attributes:
        name: unique, fit for a file name.
        file: where it is, or None.
        url: where it is fetched from, or None.
        form: ``auto``, ``hosts`` or ``domains``.
        refresh_s: seconds after which a URL is asked again.
    """

    name: str
    file: Path | None
    url: str | None
    form: str = "auto"
    refresh_s: float = 86_400.0


@dataclass(frozen=True, slots=True)
class BlockListsOptions:
    """What is compiled, where to, and within which bounds.

    Attributes:
        directory: for copies and stores; made if it is not there.
        lists: in the order of precedence.
        list_octets: size of one list.
        list_names: names of one list.
        time_s: for fetching one list, and of CPU for compiling all.
        store_octets: size of a store.
        memory_octets: of each process.
    """

    directory: Path
    lists: tuple[ListPlan, ...]
    list_octets: int = 64 << 20
    list_names: int = 5_000_000
    time_s: float = 120.0
    store_octets: int = 2 << 30
    memory_octets: int = 1 << 30
