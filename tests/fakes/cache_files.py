"""The shared cache in a directory, seen by one process or by two.

A second `SharedCache` on the same environment stands for another process: it has
its own memory, and shares the file.
"""

from dnsd.resolver.cache.admission import CacheBounds, Setting
from dnsd.resolver.cache.lmdb_file import Moment, close_cleanly, prepare_cache
from dnsd.resolver.cache.lmdb_store import SharedCache, open_cache
from dnsd.resolver.options import ResolverLimits

BOUNDS = CacheBounds(entries=1000, octets=4 << 20)
MOMENT = Moment(b"boot 1", 1_700_000_000.0, 1000.0)


class SharedFile:
    """A file that was prepared and is open.

    Attributes:
        cache: of this process.
        note: what was said about the file.
        generation: of flushes; tests move it.
    """

    def __init__(self, directory, bounds=BOUNDS, limits=None, moment=MOMENT):
        self.directory = directory / "cache"
        self.generation = 0
        self.setting = Setting(bounds, limits or ResolverLimits(), lambda: self.generation)
        prepared = prepare_cache(self.directory, bounds.octets, moment)
        assert prepared.usable, prepared.note
        self.note = prepared.note
        self.cache = open_cache(self.directory, self.setting).cache

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.cache.close()

    def close_cleanly(self, moment=MOMENT):
        self.cache.close()
        close_cleanly(self.directory, moment)

    def another_process(self):
        return SharedCache(self.cache.environment, self.setting)

    def views(self, *, commits, reads_elsewhere):
        reader = self.another_process() if reads_elsewhere else self.cache
        return (
            _View(self.cache.records, reader.records, self.cache, commits=commits),
            _View(self.cache.delegations, reader.delegations, self.cache, commits=commits),
        )

    def held(self):
        """What stands in the file, and what the counts say of it."""
        records = dict(self.cache.slices(self.cache.databases.records))
        cuts = dict(self.cache.slices(self.cache.databases.delegations))
        return records, cuts


class _View:
    """Puts into one process's view and reads another's."""

    def __init__(self, writer, reader, cache, *, commits):
        self._writer, self._reader, self._cache = writer, reader, cache
        self._commits = commits

    def put(self, value, now):
        limit = self._writer.put(value, now)
        if self._commits:
            self._cache.commit(now)
        return limit

    def statistics(self):
        self._cache.commit(0.0)
        return self._cache.statistics()

    def __getattr__(self, name):
        if name not in ("find", "find_stale", "closest"):
            self._cache.commit(0.0)
        return getattr(self._reader, name)
