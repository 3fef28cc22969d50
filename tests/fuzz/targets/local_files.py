"""Hosts files, lease files and block lists: any octets give names, nothing else.

Run: ``python tests/fuzz/targets/local_files.py [libFuzzer options] [corpus]``
"""

import sys

from dnsd.resolver.local.answer import Source
from dnsd.resolver.local.hosts import read_hosts
from dnsd.resolver.local.leases import read_leases
from dnsd.resolver.local.lists import ListReader
from dnsd.resolver.local.local_names import LocalNames
from dnsd.resolver.local.special import SpecialNames
from dnsd.wire import names

NOW = 1_800_000_000
MAX_NAMES = 20
DOMAIN = names.from_text("home.arpa")
SPECIAL = SpecialNames(builtin=True)


def _is_name(name):
    return name == names.from_text(names.to_text(name)) == name.lower() and len(name) <= 255


def one_file(octets):
    """Hold what is promised of hosts and lease files; returns their names."""
    lines = octets.count(b"\n") + 1
    found = (read_hosts(octets, MAX_NAMES), read_leases(octets, NOW, MAX_NAMES))
    table = LocalNames(SPECIAL, domain=DOMAIN, ttl=60)
    for source, read in zip((Source.HOSTS, Source.LEASE), found, strict=True):
        assert len(read.entries) <= MAX_NAMES
        assert read.unreadable <= lines
        assert bool(read.unreadable) == (0 < read.first_unreadable <= lines)
        for name, address in read.entries:
            assert _is_name(name)
            assert len(address) in (4, 16)
        table.add_addresses(source, read.entries)
        for name, _ in read.entries:
            answer = table.find(name, 1)
            assert answer is None or answer.rcode in (0, 3)
    return found


def one_list(octets, form):
    """Hold what is promised of a block list; returns its names."""
    reader = ListReader(octets, form, MAX_NAMES)
    read = list(reader)
    assert reader.names == len(read) <= MAX_NAMES
    assert all(map(_is_name, read))
    assert reader.unreadable <= octets.count(b"\n") + 1
    assert reader.form in ("hosts", "domains")
    if reader.form == "hosts":
        assert all(names.label_count(name) > 1 for name in read)
    return read


def one_input(octets):
    """Take the octets for each kind of file."""
    one_file(octets)
    for form in ("auto", "hosts", "domains"):
        one_list(octets, form)


if __name__ == "__main__":
    try:
        import atheris
    except ImportError:
        sys.exit("skipped: pip install 'dnsd[fuzz]' brings atheris")
    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
