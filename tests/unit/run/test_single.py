"""Replacing both sides of the daemon by those of a new configuration."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dnsd.run.single import Single


class Side:
    """What is told to the DNS side or the control side."""

    recursion = None

    def __init__(self, told, name):
        self.told = told
        self.name = name

    def start(self):
        self.told.append(f"{self.name} start")

    def read(self, places):
        self.told.append(f"{self.name} read {len(places)}")

    def reload(self, cause):
        self.told.append(f"{self.name} reload")

    def stop(self):
        self.told.append(f"{self.name} stop")

    def drain(self, time_s, done):
        self.told.append(f"{self.name} drain")
        done()


class Rehearsed(Single):
    """A daemon of sides that only note what they are told."""

    def _wire(self, inheritance):
        told = self.__dict__.setdefault("told", [])
        version = self.__dict__.setdefault("version", []) or [0]
        self.version = [version[0] + 1]
        return Side(told, f"dns {version[0]}"), Side(told, f"control {version[0]}")


@pytest.fixture
def daemon(inherited, around):
    """Make a daemon whose configuration changes as the test says."""

    def make(reconfigure=lambda present: None):
        return Rehearsed(inherited(), None, around, reconfigure)

    return make


def test_it_reads_every_socket(daemon):
    running = daemon()
    running.start()
    assert running.told == ["dns 0 start", "dns 0 read 4", "control 0 start"]


def test_without_a_new_configuration_the_zones_are_reloaded(daemon):
    running = daemon()
    running.reload()
    assert running.told == ["control 0 reload"]


def test_a_new_configuration_is_served_by_new_objects(daemon):
    running = daemon(
        lambda present: replace(present, config=replace(present.config, answer_cache=False))
    )
    running.start()
    running.told.clear()
    running.reload()
    assert running.told == [
        "control 0 stop", "dns 0 drain", "dns 1 start", "dns 1 read 4", "control 1 start",
    ]  # fmt: skip


def test_a_new_configuration_is_compiled_by_the_reloader_there_is(daemon, tmp_path):
    other = tmp_path / "other"

    def reconfigure(present):
        authority = replace(present.config.authority, zone_directories=(other,))
        return replace(present, config=replace(present.config, authority=authority))

    running = daemon(reconfigure)
    reloader = running._reloader
    running.reload()
    assert running._reloader is reloader
    assert reloader._compiler.options.where.directories == (other,)


def test_stopping_drains_and_ends_the_reactor_once(daemon, reactor):
    running = daemon()
    running.stop()
    running.stop()
    assert running.told == ["control 0 stop", "dns 0 drain"]
    assert reactor.is_stopped
