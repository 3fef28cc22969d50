"""What the mail part of the configuration leaves open, and how it is decided."""

from dataclasses import replace

import pytest

from dnsd.config.loader import load
from dnsd.config.schema_mail import MailListener
from dnsd.source.problems import ConfigError


def _mail(tmp_path, machine, text):
    path = tmp_path / "dnsd.yaml"
    path.write_text(f"state_directory: state\nmail: {text}")
    return load(path, machine=machine)


def test_mail_is_off_unless_it_is_asked_for(tmp_path, machine):
    assert not load(None, directory=tmp_path, machine=machine).mail.enabled
    assert _mail(tmp_path, machine, "on").mail.enabled


@pytest.mark.parametrize(("low", "ports"), [(True, (25, 587, 465)), (False, (2525, 5870, 4650))])
def test_ports_are_the_usual_ones_where_these_are_allowed(low, ports, tmp_path, machine):
    found = _mail(tmp_path, replace(machine, low_ports=low), "{listen: auto}").mail.listen
    protocols = ("smtp", "submission", "submissions")
    assert found == tuple(map(MailListener, ["127.0.0.1"] * 3, ports, protocols))


def test_mailboxes_lie_below_the_state_directory(tmp_path, machine):
    found = _mail(tmp_path, machine, "{maildir: boxes}").mail
    assert (found.maildir, found.queue) == (tmp_path / "state/boxes", tmp_path / "state/queue")
    assert str(_mail(tmp_path, machine, "{maildir: /srv/mail}").mail.maildir) == "/srv/mail"


def test_the_host_is_called_as_the_machine_unless_said(tmp_path, machine):
    machine = replace(machine, hostname="box.example.test")
    assert _mail(tmp_path, machine, "on").mail.hostname == "box.example.test"
    assert _mail(tmp_path, machine, "{hostname: MX1.example}").mail.hostname == "mx1.example"


def test_a_host_that_nobody_can_look_up_is_a_warning(tmp_path, machine):
    (warning,) = _mail(tmp_path, machine, "on").warnings
    assert warning.id == "host-without-domain"


def test_mail_needs_the_resolver(tmp_path, machine):
    with pytest.raises(ConfigError) as caught:
        _mail(tmp_path, machine, "on\nresolver: {enabled: off}")
    assert "mail-without-resolver" in {each.id for each in caught.value.problems}


def test_no_limit_is_beyond_one_that_holds_it(tmp_path, machine):
    text = "{limits: {connections: 5, command_time: 1s, hard_errors: 3, sessions: 2}}"
    limits = _mail(tmp_path, machine, text).mail.limits
    assert limits.connections_per_client == 5
    assert limits.stress_time_s == 1
    assert limits.soft_errors == 3
    assert limits.destination_sessions == 2


def test_no_wait_is_beyond_the_lifetime(tmp_path, machine):
    text = "{delivery: {first_retry: 1h, max_retry: 1s, lifetime: 10s}}"
    delivery = _mail(tmp_path, machine, text).mail.delivery
    assert (delivery.max_retry_s, delivery.lifetime_s) == (3600, 3600)


def test_routes_are_found_by_domain(tmp_path, machine):
    text = "{delivery: {routes: [{domain: Example.org, host: '192.0.2.30:26'}]}}"
    found = _mail(tmp_path, machine, text).mail.delivery.routes
    assert found == {"example.org": ("[192.0.2.30]", 26)}
