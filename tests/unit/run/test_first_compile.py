"""Zones before anything is served: with real compiler runs over real stores."""

from __future__ import annotations

import os
import signal

import pytest

from dnsd.authority.store import StoreError
from dnsd.run.first_compile import compile_first, in_a_child
from dnsd.source.problems import ConfigError

pytestmark = pytest.mark.slow

GOOD = "'': {type: NS, value: ns1.example.test.}\nns1: {type: A, value: 192.0.2.53}\n"


@pytest.fixture
def zones(configured, tmp_path):
    """A configuration and its state directory; zones are written by name."""
    config = configured()
    config.state_directory.mkdir()

    def write(**texts):
        for name, text in texts.items():
            (tmp_path / "zones" / f"{name}.test.yaml").write_text(text)
        return config

    return write


def kinds(events):
    return [event["event"] for event in events()]


def test_a_zone_that_is_served_is_named(zones, event_log, events):
    assert compile_first(zones(example=GOOD), event_log) == "example.test."
    assert kinds(events) == []


def test_without_zones_that_is_said(zones, event_log, events):
    assert compile_first(zones(), event_log) == ""
    assert kinds(events) == ["no_zone"]


def test_every_problem_of_every_zone_is_in_the_report(zones, event_log):
    config = zones(example=GOOD + "a: {type: A, value: x}\n", other="'': {type: A, value: y}\n")
    with pytest.raises(ConfigError) as caught:
        compile_first(config, event_log)
    files = {problem.where.file.rpartition("/")[2] for problem in caught.value.problems}
    assert files == {"example.test.yaml", "other.test.yaml"}


def test_warnings_are_told_and_do_not_keep_it_from_starting(zones, event_log, events):
    twice = "a: {type: A, values: [192.0.2.1, 192.0.2.1]}\n"
    assert compile_first(zones(example=GOOD + twice), event_log)
    assert "zone_warning" in kinds(events)


def test_a_zone_that_lost_most_of_its_records_is_kept_and_that_is_told(zones, event_log, events):
    many = "".join(f"a{n}: {{type: A, value: 192.0.2.{n}}}\n" for n in range(20))
    compile_first(zones(example=GOOD + many), event_log)
    assert compile_first(zones(example=GOOD), event_log) == "example.test."
    assert kinds(events) == ["zone_kept"]


def test_a_signed_zone_whose_key_is_gone_is_served_as_it_was_signed(zones, event_log, events):
    records = "".join(f"  {line}\n" for line in GOOD.splitlines())
    signed = f"dnssec: {{policy: default}}\nrecords:\n{records}"
    config = zones(example=signed)
    compile_first(config, event_log)
    (key,) = config.signing_keys.glob("*.pem")
    key.unlink()
    changed = signed + "  new: {type: A, value: 192.0.2.9}\n"
    assert compile_first(zones(example=changed), event_log) == "example.test."
    (event,) = events()
    assert event["event"] == "zone_kept"
    assert "put it back from a backup" in event["text"]


def test_a_store_of_garbage_is_set_aside(zones, event_log, events):
    config = zones(example=GOOD)
    compile_first(config, event_log)
    (config.zone_store / "data.mdb").write_bytes(b"garbage" * 4096)
    assert compile_first(config, event_log) == "example.test."
    assert kinds(events) == ["zone_store_rebuilt"]


def test_after_another_boot_the_whole_store_is_verified(zones, event_log, events):
    config = zones(example=GOOD)
    compile_first(config, event_log)
    mark = config.zone_store.with_name(config.zone_store.name + ".sound-at-boot")
    mark.write_text("another boot")
    assert compile_first(config, event_log) == "example.test."
    assert kinds(events) == []
    assert mark.read_text() != "another boot"


def test_when_the_compiler_fails_the_zones_from_before_are_served(
    zones, event_log, events, monkeypatch
):
    config = zones(example=GOOD)
    compile_first(config, event_log)
    config.serials.unlink()
    config.serials.mkdir()  # a database that cannot be opened
    assert compile_first(config, event_log) == "example.test."
    assert kinds(events) == ["zones_from_before"]


def test_when_the_compiler_fails_and_nothing_is_there_it_does_not_start(zones, event_log):
    config = zones(example=GOOD)
    config.serials.mkdir()
    with pytest.raises(ConfigError, match="zones-not-compiled"):
        compile_first(config, event_log)


class TestChild:
    def test_what_it_returned_comes_back(self):
        assert in_a_child(lambda: b"found") == b"found"

    def test_a_store_error_is_none(self):
        def fail():
            raise StoreError("damaged")

        assert in_a_child(fail) is None

    def test_a_death_is_none(self):
        assert in_a_child(lambda: os.kill(os.getpid(), signal.SIGKILL)) is None
