"""The caches of one process: views of the shared file, or its own memory."""

import time

import pytest

from dnsd.resolver.cache.contract import Entry, Kind, Rank, Security, Selector
from dnsd.run import wiring_cache
from dnsd.wire import names
from dnsd.wire.rrset import RRset

NAME = names.from_text("www.example.test.")


def entry(now):
    rrset = RRset(NAME, 1, 300, (b"\xc0\0\2\1",))
    return Entry(
        NAME, 1, Kind.POSITIVE, Rank.AUTHORITATIVE, Security.INDETERMINATE, now, now + 300, rrset
    )


@pytest.fixture
def prepared(inherited):
    """An inheritance whose cache has a file."""

    def make(text="cache: {size: 16MiB}\n"):
        inheritance = inherited(text)
        inheritance.config.state_directory.mkdir(exist_ok=True)
        octets, note = wiring_cache.prepare(inheritance.config)
        object.__setattr__(inheritance, "cache_octets", octets)
        return inheritance, note

    return make


def test_what_was_learned_is_there_after_a_restart(prepared):
    now = time.monotonic()
    inheritance, note = prepared()
    assert inheritance.cache_octets == 16 << 20
    assert note == ""
    caches = wiring_cache.open_caches(inheritance)
    caches.records.put(entry(now), now)
    caches.commit(inheritance.page.row(0), now)
    caches.commit(inheritance.page.row(0), now + 1)
    caches.close()
    wiring_cache.close_cleanly(inheritance.config)
    inheritance, note = prepared()
    assert note == ""
    caches = wiring_cache.open_caches(inheritance)
    assert caches.records.find(NAME, 1, now + 1).rrset.rdatas == (b"\xc0\0\2\1",)
    caches.close()


def test_a_damaged_file_is_said_and_made_anew(prepared):
    inheritance, _ = prepared()
    file = inheritance.config.state_directory / "cache" / "data.mdb"
    file.write_bytes(b"torn" * (file.stat().st_size // 4))
    inheritance, note = prepared()
    assert note.startswith("the cache starts empty")
    assert inheritance.cache_octets


def test_without_a_file_each_process_keeps_its_own(prepared):
    inheritance, note = prepared("cache: {size: 1MiB}\n")
    assert inheritance.cache_octets == 0
    assert "kept in memory only" in note
    caches = wiring_cache.open_caches(inheritance)
    assert caches.shared is None
    now = time.monotonic()
    caches.records.put(entry(now), now)
    assert caches.records.find(NAME, 1, now) is not None
    caches.close()


def test_a_daemon_that_does_not_resolve_has_no_file(prepared):
    inheritance, note = prepared("resolver: {enabled: off}\n")
    assert (inheritance.cache_octets, note) == (0, "")
    assert not (inheritance.config.state_directory / "cache").exists()


def test_a_flush_moves_the_generation_of_what_was_made_of_it(prepared, around):
    inheritance, _ = prepared()
    caches = wiring_cache.open_caches(inheritance)
    before = inheritance.page.generations[0]
    wiring_cache.cache_operations(inheritance, caches, around).flush(Selector())
    assert inheritance.page.generations[0] > before
    caches.close()
