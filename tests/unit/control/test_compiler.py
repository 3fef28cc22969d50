import signal
from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred

from dnsd.control import compiler as compiler_module
from dnsd.control.compile_status import STATUS_MEMORY
from dnsd.control.compiler import (
    CompileFailure,
    Compiler,
    CompilerOptions,
    compile_at_start,
    compile_request,
    outcome_of,
)
from dnsd.control.scan import ZoneFiles
from dnsd.dnssec.policy import SigningPolicy
from dnsd.observe import metrics

ZONE = "'': {type: NS, value: ns1.a.test.}\nns1: {type: A, value: 127.0.0.53}\n"


@pytest.fixture
def options(tmp_path):
    zones = tmp_path / "zones"
    zones.mkdir()
    (zones / "a.test.yaml").write_text(ZONE)
    return CompilerOptions(
        ZoneFiles((zones,)),
        tmp_path / "store",
        tmp_path / "serials.db",
        tmp_path / "keys",
        store_octets=64 << 20,
    )


@pytest.mark.parametrize(
    ("octets", "units"), [(0, 1), (100, 1), (4_000_000, 1), (4_000_001, 2), (400_000_000, 100)]
)
def test_time_grows_with_the_size_of_the_files(options, octets, units, tmp_path):
    with (tmp_path / "zones" / "a.test.yaml").open("wb") as file:
        file.truncate(octets)
    assert compile_request(options, 1)["time_s"] == 30.0 * units


def test_time_grows_with_what_is_to_be_signed_again_and_with_slow_signatures(options):
    options.store.mkdir()
    with (options.store / "data.mdb").open("wb") as file:
        file.truncate(80_000_001)
    assert compile_request(options, 1)["time_s"] == 60.0
    policies = {"default": SigningPolicy(), "slow": SigningPolicy(algorithm=8)}
    assert compile_request(replace(options, policies=policies), 1)["time_s"] == 360.0


def test_a_report_is_read():
    report = b'{"failure": "", "zones": []}'
    assert outcome_of(report, b"", 0) == {"failure": "", "zones": []}


@pytest.mark.parametrize(
    ("report", "complaint", "status", "failure"),
    [
        (b'{"failure": "disk full"}', b"", 0, CompileFailure("disk full")),
        (b"", b"", 0, CompileFailure("the zone compiler ended with exit status 0")),
        (
            b"",
            b"",
            -signal.SIGBUS,
            CompileFailure("the disk of the zone store is full or fails; free space on it"),
        ),
        (b'{"fail', b"", 0, CompileFailure("the zone compiler ended with exit status 0")),
        (
            b"",
            b"Traceback (most recent call last):\n  ...\nOSError: it is broken\n",
            1,
            CompileFailure("the zone compiler ended with exit status 1: OSError: it is broken"),
        ),
        (b"", b"", -signal.SIGKILL, CompileFailure("the zone compiler ended with signal 9")),
        (
            b"",
            b"",
            -signal.SIGXCPU,
            CompileFailure(
                "the zone compiler used up its CPU time; raise limits: compile_time:",
                "compile_time",
            ),
        ),
        (
            b"",
            b"",
            STATUS_MEMORY,
            CompileFailure(
                "the zone compiler reached its memory limit; raise limits: compile_memory:",
                "compile_memory",
            ),
        ),
        (
            b"",
            b"Traceback\nMemoryError\n",
            1,
            CompileFailure(
                "the zone compiler reached its memory limit; raise limits: compile_memory:",
                "compile_memory",
            ),
        ),
    ],
)
def test_every_other_end_is_told_in_words(report, complaint, status, failure):
    assert outcome_of(report, complaint, status) == failure


@pytest.mark.slow
def test_zones_are_compiled_before_anything_runs(options):
    report = compile_at_start(options, 1_800_000_000)
    assert (report["served"], report["published"]) == (1, True)


@pytest.mark.slow
def test_a_run_at_the_start_has_an_end(options, monkeypatch):
    monkeypatch.setattr(compiler_module, "_PROGRAM", "import time; time.sleep(60)")
    hasty = CompilerOptions(
        options.where, options.store, options.serials, options.signing_keys, time_s=0.2
    )
    assert compile_at_start(hasty, 1).limit == "compile_time"


class Reactor:
    """Takes the place of processes: remembers the protocol, lets the test speak."""

    def __init__(self, error=None):
        self.error = error
        self.killed = []
        self.protocols = []

    def spawnProcess(self, protocol, executable, args, env):  # noqa: N802
        if self.error:
            raise self.error
        self.protocol = protocol
        self.protocols.append(protocol)
        self.command = args
        self.environment = env
        self.request = b""
        protocol.makeConnection(self)

    def end(self, status=0):
        """End the process that was asked last, and the run with it."""
        protocol = self.protocol
        protocol.outReceived(REPORT)
        protocol.outConnectionLost()
        protocol.processEnded(End(status))

    # the transport of the process
    def writeToChild(self, descriptor, octets):  # noqa: N802
        self.request += octets

    def closeChildFD(self, descriptor):  # noqa: N802
        assert descriptor == 0

    def signalProcess(self, name):  # noqa: N802
        self.killed.append(name)


class End:
    """What Twisted says of the end of a process."""

    def __init__(self, status=0, signal_number=None):
        self.value = self
        self.exitCode = None if signal_number else status
        self.signal = signal_number


@pytest.fixture
def reactor():
    return Reactor()


@pytest.fixture
def compiler(options, around, reactor):
    from dnsd.control.surroundings import Surroundings

    return Compiler(options, Surroundings(reactor, around.clock, around.log, around.row))


def results(run):
    found = {"outcome": None, "ended": False}
    run.outcome.addCallback(lambda outcome: found.update(outcome=outcome))
    run.ended.addCallback(lambda _: found.update(ended=True))
    return found


REPORT = b'{"failure": "", "zones": []}'


def test_the_process_gets_its_request_and_an_empty_environment(compiler, reactor):
    compiler.run(force=True)
    assert b'"force": true' in reactor.request
    assert reactor.environment == {}
    assert reactor.command[1] == "-I"


def test_a_report_is_told_before_the_process_has_ended(compiler, reactor, time):
    found = results(compiler.run())
    reactor.protocol.outReceived(REPORT[:5])
    reactor.protocol.outReceived(REPORT[5:])
    assert found == {"outcome": None, "ended": False}
    reactor.protocol.outConnectionLost()
    assert found == {"outcome": {"failure": "", "zones": []}, "ended": False}
    reactor.protocol.processEnded(End(0))
    assert found["ended"]
    assert time.getDelayedCalls() == []


def test_a_process_is_stopped_when_its_time_is_over(compiler, reactor, time, row):
    found = results(compiler.run())
    time.advance(119.9)
    assert reactor.killed == []
    time.advance(0.2)
    assert reactor.killed == ["KILL"]
    reactor.protocol.processEnded(End(signal_number=9))
    assert found["outcome"] == CompileFailure(
        "the zone compiler was stopped after 120 s; raise limits: compile_time:", "compile_time"
    )
    assert row[metrics.limit_slot("compile_time")] == 1


def test_a_report_without_end_is_not_kept(compiler, reactor, row, monkeypatch):
    monkeypatch.setattr(compiler_module, "MAX_REPORT_OCTETS", 1000)
    found = results(compiler.run())
    for _ in range(5):
        reactor.protocol.outReceived(b"x" * 600)
    assert reactor.killed == ["KILL"]
    reactor.protocol.outConnectionLost()
    reactor.protocol.processEnded(End(signal_number=9))
    assert found["outcome"].limit == "compile_report"
    assert row[metrics.limit_slot("compile_report")] == 1


def test_complaints_without_end_are_cut(compiler, reactor):
    found = results(compiler.run())
    for _ in range(100):
        reactor.protocol.errReceived(b"x" * 10_000)
    reactor.protocol.errReceived(b"\nOSError: the last words\n")
    reactor.protocol.processEnded(End(1))
    assert found["outcome"].reason.endswith("exit status 1: OSError: the last words")


def test_a_process_that_cannot_be_started_is_a_failure(compiler, reactor):
    reactor.error = OSError(11, "Resource temporarily unavailable")
    found = results(compiler.run())
    assert found == {
        "outcome": CompileFailure(
            "the zone compiler cannot be started: Resource temporarily unavailable"
        ),
        "ended": True,
    }


def test_the_process_of_the_next_run_is_started_ahead(compiler, reactor, time):
    compiler.run()
    assert len(reactor.protocols) == 1
    reactor.end()
    assert len(reactor.protocols) == 2
    assert reactor.request == b""
    assert time.getDelayedCalls() == []
    found = results(compiler.run(force=True))
    assert len(reactor.protocols) == 2
    assert b'"force": true' in reactor.request
    reactor.end()
    assert found["outcome"] == {"failure": "", "zones": []}
    assert len(reactor.protocols) == 3


def test_other_options_are_those_of_the_next_run(compiler, reactor, options):
    compiler.run()
    compiler.options = replace(options, max_deletion_share=0.125)
    assert b'"max_deletion_share": 0.5' in reactor.request
    reactor.end()
    compiler.run()
    assert len(reactor.protocols) == 2
    assert b'"max_deletion_share": 0.125' in reactor.request


def test_a_process_that_ended_while_it_waited_is_not_asked(compiler, reactor):
    compiler.run()
    reactor.end()
    reactor.protocol.processEnded(End(signal_number=9))
    assert len(reactor.protocols) == 2
    found = results(compiler.run())
    assert len(reactor.protocols) == 3
    reactor.end()
    assert found["outcome"] == {"failure": "", "zones": []}


def test_a_process_that_cannot_be_started_ahead_is_started_when_asked(compiler, reactor):
    compiler.run()
    reactor.error = OSError(11, "Resource temporarily unavailable")
    reactor.end()
    assert len(reactor.protocols) == 1
    reactor.error = None
    compiler.run()
    assert len(reactor.protocols) == 2


@pytest.mark.slow
def test_a_process_started_ahead_compiles(options, really_around, real_time):
    compiler = Compiler(options, really_around)
    reports = []
    first = compiler.run()
    first.outcome.addCallback(reports.append)
    second = Deferred()

    def again(_):
        (options.where.directories[0] / "a.test.yaml").write_text(
            ZONE + "x: {type: A, value: 1.2.3.4}"
        )
        run = compiler.run()
        run.outcome.addCallback(reports.append)
        run.ended.chainDeferred(second)

    first.ended.addCallback(again)
    real_time.run(second)
    assert [report["records"] for report in reports] == [3, 4]


@pytest.mark.slow
def test_a_real_process_compiles(options, really_around, real_time):
    run = Compiler(options, really_around).run()
    reports = []
    run.outcome.addCallback(reports.append)
    real_time.run(run.ended)
    assert reports[0]["served"] == 1


@pytest.mark.slow
def test_a_real_process_that_hangs_is_ended(options, really_around, real_time, monkeypatch):
    monkeypatch.setattr(compiler_module, "_PROGRAM", "import time; time.sleep(600)")
    hasty = CompilerOptions(
        options.where, options.store, options.serials, options.signing_keys, time_s=0.2
    )
    run = Compiler(hasty, really_around).run()
    outcomes = []
    run.outcome.addCallback(outcomes.append)
    real_time.run(run.ended)
    assert outcomes[0].limit == "compile_time"


@pytest.mark.slow
def test_a_real_process_that_dies_is_told(options, really_around, real_time, monkeypatch):
    monkeypatch.setattr(compiler_module, "_PROGRAM", "import os; os.abort()")
    run = Compiler(options, really_around).run()
    outcomes = []
    run.outcome.addCallback(outcomes.append)
    real_time.run(run.ended)
    assert outcomes[0] == CompileFailure("the zone compiler ended with signal 6")
