"""What ``dnsd mail trace`` prints, and how its arguments are read."""

import json

import pytest
from click.testing import CliRunner

from dnsd.cli.main import main
from dnsd.mail.delivery_trace import Trace, TracedAnswer
from dnsd.mail.plan import Host, Plan, PlanFailure
from dnsd.mail.reasons import ReasonClass
from dnsd.mail.tls_policy import TlsKind, TlsPolicy

ANSWER = TracedAnswer("example.test. MX", "10 mx.example.test.", "secure")
HOST = Host("mx.example.test", 10, ("192.0.2.25",), 25, True, TlsPolicy(TlsKind.OPPORTUNISTIC))
PLAN = Trace("example.test", (ANSWER,), Plan((HOST,), "MX", ("one was left out",)))
FAILURE = Trace(
    "example.test", (ANSWER,), PlanFailure(ReasonClass.NULL_MX, "5.1.10", "takes no mail")
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    (tmp_path / "dnsd.yaml").write_text("state_directory: state\n")
    asked = []

    def invoke(*words, traced=PLAN):
        def trace_here(_config, domain):
            asked.append(domain)
            return traced

        monkeypatch.setattr("dnsd.cli.mail_trace.trace_here", trace_here)
        config = ["--config", str(tmp_path / "dnsd.yaml")]
        return CliRunner().invoke(main, ["mail", "trace", *words, *config])

    invoke.asked = asked
    return invoke


@pytest.mark.parametrize("target", ["example.test", "Alice@Example.test", "EXAMPLE.test."])
def test_a_domain_or_a_mailbox_is_taken(run, target):
    found = run(target)
    assert run.asked == ["example.test"]
    assert found.exit_code == 0
    assert "example.test. MX: 10 mx.example.test. [secure]" in found.output
    assert "mx.example.test (preference 10) at 192.0.2.25, port 25" in found.output


def test_json_has_all_of_it(run):
    found = json.loads(run("example.test", "--json").output)
    assert found["answers"][0]["security"] == "secure"
    assert found["plan"]["hosts"][0]["tls"] == "opportunistic"
    assert found["plan"]["notes"] == ["one was left out"]


def test_nowhere_is_exit_status_1(run):
    found = run("example.test", traced=FAILURE)
    assert found.exit_code == 1
    assert "null_mx" in found.output
    assert json.loads(run("example.test", "--json", traced=FAILURE).output)["plan"]["permanent"]


def test_what_is_neither_is_refused(run):
    found = run("no domain")
    assert (found.exit_code, run.asked) == (2, [])
