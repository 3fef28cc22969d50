"""Reading root hints from a master file, as ``resolver.root_hints`` names one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dnsd.authority.zonefile.master_file import read_master
from dnsd.resolver.hints import hints_from
from dnsd.wire.names import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from dnsd.resolver.delegation import Delegation


def read_root_hints(path: Path) -> Delegation:
    """Read the root's servers.

    Raises:
        OSError: the file cannot be read.
        ValueError: it names no server with an address; the message says so.
    """
    draft = read_master(path.read_text("utf-8"), ROOT, str(path))
    return hints_from((record.owner, record.type, record.rdata) for record in draft.records)
