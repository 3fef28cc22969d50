"""Reading the configuration again: all of it or nothing, and no sockets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fakes.tls import WALL_NOW, pem

from dnsd.net.tls_self_signed import Subject, make_certificate, make_key
from dnsd.run import certificates
from dnsd.run.reconfigure import next_config, next_inheritance


@pytest.fixture
def reread(configured, event_log, machine):
    """Write another configuration over the present one and read it."""

    def change(before, after):
        present = configured(before)
        present.file.write_text(after)
        return present, next_config(present, machine, event_log)

    return change


def test_the_same_configuration_is_no_change(reread):
    assert reread("workers: 2\n", "workers: 2  # two\n")[1] is None


def test_a_change_is_taken_over(reread, events):
    present, changed = reread("", "server_identity: {nsid: ns1}\n")
    assert changed.server_identity.nsid == b"ns1"
    assert changed.listen == present.listen
    assert [event["event"] for event in events()] == ["config_changed"]


@pytest.mark.parametrize(
    ("key", "after"),
    [
        ("enabled", "mail: on"),
        ("listen", "mail: {listen: [{address: 127.0.0.9, port: 2599}]}"),
        ("maildir", "mail: {maildir: /srv/mail}"),
    ],
)
def test_what_needs_a_restart_of_mail_is_said_and_stays(reread, events, key, after):
    _, changed = reread("", f"{after}\n")
    assert changed is None
    told = [event["key"] for event in events() if event["event"] == "config_restart"]
    assert told == [f"mail.{key}"]


def test_the_rest_of_a_change_of_mail_is_taken_over(reread):
    _, changed = reread("", "mail: {enabled: on, domains: [example.test]}\n")
    assert (changed.mail.enabled, changed.mail.domains) == (False, ("example.test",))


@pytest.mark.parametrize(
    ("key", "after"),
    [
        ("listen", "listen: [{address: 127.0.0.9, port: 5399}]"),
        ("workers", "workers: 7"),
        ("state_directory", "state_directory: elsewhere\ncontrol: {socket: /run/here.sock}"),
        ("control", "control: {http: '127.0.0.1:9999'}"),
    ],
)
def test_what_needs_a_restart_is_said_and_stays(reread, events, key, after):
    present, changed = reread("", f"{after}\n")
    assert changed is None
    assert getattr(present, key) is not None
    told = [event["key"] for event in events() if event["event"] == "config_restart"]
    assert told[0] == key


def test_the_rest_of_such_a_change_is_taken_over(reread):
    present, changed = reread("", "workers: 7\nanswer_cache: off\n")
    assert (changed.workers, changed.answer_cache) == (present.workers, False)


def test_every_problem_is_told_and_nothing_changes(reread, events):
    _, changed = reread("", "worker: 1\nanswer_cache: perhaps\n")
    assert changed is None
    told = events()
    assert [event["event"] for event in told] == ["config_problem", "config_problem", "config_kept"]
    assert {event["where"].rpartition("/")[2] for event in told[:2]} == {
        "dnsd.yaml:1:1",
        "dnsd.yaml:2:15",
    }


def test_a_problem_comes_with_what_would_be_right(reread, events):
    reread("", "answer_cash: on\nlog: {level: loud}\n")
    told = {event["check"]: event for event in events() if event["event"] == "config_problem"}
    assert told["unknown-key"]["hint"] == "did you mean answer_cache?"
    assert told["bad-value"]["expected"] == "debug, info, warning or error"


@pytest.mark.parametrize(("workers", "is_confined"), [(0, True), (2, False)])
def test_whoever_is_confined_says_that_new_paths_need_a_restart(
    reread, events, workers, is_confined
):
    reread(f"workers: {workers}\n", f"workers: {workers}\nauthority: {{zones: /no/such/place}}\n")
    assert ("restart" in events()[0]["hint"]) is is_confined


def test_what_auto_means_was_decided_at_the_start(reread, machine):
    present, changed = reread("workers: auto\n", "workers: auto\nanswer_cache: off\n")
    assert changed.workers == present.workers == machine.cores


DOT = "listen: [{address: 127.0.0.1, port: 5301, transports: [dot]}]\n"
TLS = DOT + "tls: {certificate: certificate.pem, key: key.pem}\n"


@pytest.fixture
def running(inherited, tmp_path):
    """A daemon that serves a certificate."""
    for name, octets in zip(("certificate.pem", "key.pem"), pem(), strict=True):
        (tmp_path / name).write_bytes(octets)
    inheritance = inherited(TLS)
    return replace(inheritance, tls=certificates.given(inheritance.config, WALL_NOW))


def test_the_same_certificate_is_no_change(running):
    assert next_inheritance(running, WALL_NOW) is None


def test_a_new_certificate_is_taken_over(running, events, tmp_path):
    key = (tmp_path / "key.pem").read_bytes()
    fresh = make_certificate(key, Subject("other.test", ()), WALL_NOW)
    (tmp_path / "certificate.pem").write_bytes(fresh)
    changed = next_inheritance(running, WALL_NOW)
    assert changed.config is running.config
    assert changed.tls.fingerprint != running.tls.fingerprint
    assert [event["event"] for event in events()] == ["certificate_changed"]


def test_a_certificate_that_cannot_be_used_leaves_everything_as_it_is(running, events, tmp_path):
    (tmp_path / "key.pem").write_bytes(make_key())
    running.config.file.write_text(TLS + "answer_cache: off\n")
    assert next_inheritance(running, WALL_NOW) is None
    assert [event["event"] for event in events()][-2:] == ["config_problem", "config_kept"]
    assert events()[-2]["check"] == "tls-key-mismatch"


def test_a_new_configuration_keeps_the_contexts_of_the_same_certificate(running):
    running.config.file.write_text(TLS + "answer_cache: off\n")
    changed = next_inheritance(running, WALL_NOW)
    assert not changed.config.answer_cache
    assert changed.tls is running.tls
