"""Starting and stopping what the operator talks to."""

from __future__ import annotations

from dnsd.run.interface import Interface


class Reloader:
    def __init__(self):
        self.causes = []

    def request(self, cause):
        self.causes.append(cause)


class Watcher:
    def __init__(self):
        self.calls = []

    def start(self):
        self.calls.append("start")

    def stop(self):
        self.calls.append("stop")


def test_zones_are_brought_in_line_with_their_files_at_the_start(around):
    reloader, watcher = Reloader(), Watcher()
    interface = Interface(reloader, watcher, (), around)
    interface.start()
    assert reloader.causes == ["start"]
    interface.reload("signal")
    assert reloader.causes == ["start", "signal"]
    interface.stop()
    assert watcher.calls == ["start", "stop"]


class BlockLists(Watcher):
    def refresh(self):
        self.calls.append("refresh")


def test_block_lists_are_kept_while_it_runs(around):
    lists = BlockLists()
    interface = Interface(Reloader(), None, (), around, lists)
    interface.start()
    interface.reload("signal")
    interface.stop()
    assert lists.calls == ["start", "refresh", "stop"]


def test_what_is_done_at_regular_times_is_done_while_it_runs(around):
    repeating = Watcher()
    interface = Interface(Reloader(), None, (), around)
    interface.upkeep = [repeating]
    interface.start()
    interface.stop()
    assert repeating.calls == ["start", "stop"]


def test_without_a_watcher_only_commands_and_signals_reload(around):
    reloader = Reloader()
    interface = Interface(reloader, None, (), around)
    interface.start()
    interface.stop()
    assert reloader.causes == ["start"]


def test_sockets_stay_open_for_the_next_process(around, listeners, reactor):
    opened = listeners[-1].socket
    opened.bind(("127.0.0.1", 0))
    opened.listen()
    interface = Interface(Reloader(), None, ((opened, object()),), around)
    interface.start()
    assert reactor.readers
    interface.stop()
    assert not reactor.readers
    assert opened.fileno() >= 0
