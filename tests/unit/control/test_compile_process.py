import fcntl
import json
import os
import resource
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from dnsd.authority.build.report import CompileReport, Status, ZoneReport
from dnsd.authority.store import open_store
from dnsd.control import compile_process
from dnsd.control.compile_status import STATUS_MEMORY
from dnsd.control.compiler import CompilerOptions, compile_command, compile_request
from dnsd.control.scan import ZoneFiles
from dnsd.source.problems import Problem, Where
from dnsd.wire import names

pytestmark = pytest.mark.slow

ZONE = """\
'': {type: NS, value: ns1.%(name)s.}
ns1: {type: A, value: 127.0.0.53}
"""


@pytest.fixture
def zones(tmp_path):
    directory = tmp_path / "zones"
    directory.mkdir()
    write(directory, "a.test")
    return directory


@pytest.fixture
def options(tmp_path, zones):
    return CompilerOptions(
        ZoneFiles((zones,)),
        tmp_path / "store",
        tmp_path / "serials.db",
        tmp_path / "keys",
        store_octets=64 << 20,
    )


def write(directory, name, text=ZONE):
    (directory / f"{name}.yaml").write_text(text % {"name": name})


def run(request, **arguments):
    """Run the process as the daemon does, with an empty environment."""
    return subprocess.run(
        compile_command(), input=json.dumps(request).encode(), capture_output=True, env={},
        check=False, **arguments,
    )  # fmt: skip


def report(request):
    ended = run(request)
    assert (ended.returncode, ended.stderr) == (0, b"")
    return json.loads(ended.stdout)


def test_zones_are_published_and_told(options):
    first = report(compile_request(options, 1_800_000_000))
    (zone,) = first["zones"]
    assert (zone["origin"], zone["status"], zone["records"]) == ("a.test.", "loaded", 3)
    assert (first["published"], first["origins_changed"], first["failure"]) == (True, True, "")
    assert (first["served"], first["generated"], first["records"]) == (1, 0, 3)
    store = open_store(options.store, read_only=True)
    with store.snapshot() as snapshot:
        assert snapshot.row(names.from_text("a.test.")).slot == zone["slot"]
    assert first["slots"] == [zone["slot"]]
    store.close()


def test_a_report_is_bounded_and_what_is_wrong_comes_first(monkeypatch):
    monkeypatch.setattr(compile_process, "MAX_ZONES", 3)
    monkeypatch.setattr(compile_process, "MAX_CHANGES", 5)
    monkeypatch.setattr(compile_process, "MAX_PROBLEMS", 4)
    problems = (Problem(Where("f"), "id", "m"),) * 3
    lines = ("+ a",) * 4
    zones = [
        ZoneReport("a.", "a", Status.LOADED, changes=lines, problems=problems),
        ZoneReport("b.", "b", Status.UNCHANGED),
        ZoneReport("c.", "c", Status.LOADED, changes=lines, omitted=1),
        ZoneReport("d.", "d", Status.KEPT, problems=problems),
        ZoneReport("e.", "e", Status.REMOVED),
    ]
    told, omitted = compile_process._worth_telling(CompileReport(tuple(zones)))
    assert [zone["origin"] for zone in told] == ["d.", "a.", "c."]
    assert [len(zone["problems"]) for zone in told] == [3, 1, 0]
    assert [(len(zone["changes"]), zone["omitted"]) for zone in told] == [(0, 0), (4, 0), (1, 4)]
    assert omitted == 1


def test_what_has_not_changed_is_not_told(options):
    report(compile_request(options, 1_800_000_000))
    second = report(compile_request(options, 1_800_000_001))
    assert (second["zones"], second["published"], second["origins_changed"]) == ([], False, False)
    assert second["served"] == 1


def test_other_zones_than_before_are_told(options, zones):
    report(compile_request(options, 1_800_000_000))
    write(zones, "a.test", ZONE + "www: {type: A, value: 127.0.0.80}\n")
    assert report(compile_request(options, 1_800_000_001))["origins_changed"] is False
    write(zones, "b.test")
    assert report(compile_request(options, 1_800_000_002))["origins_changed"] is True
    (zones / "b.test.yaml").unlink()
    assert report(compile_request(options, 1_800_000_003))["origins_changed"] is True


def test_a_dry_run_publishes_nothing(options):
    found = report(compile_request(options, 1_800_000_000, dry_run=True))
    assert (found["zones"][0]["status"], found["published"], found["served"]) == (
        "loaded", False, 0,
    )  # fmt: skip
    assert found["zones"][0]["changes"]


def test_a_broken_file_is_told_with_its_place(options, zones):
    report(compile_request(options, 1_800_000_000))
    write(zones, "a.test", "'': {type: NS, value: ns1.%(name)s.}\n'': {type: A, value: 1.2.3.4}\n")
    found = report(compile_request(options, 1_800_000_001))
    (zone,) = found["zones"]
    assert (zone["status"], found["published"], found["served"]) == ("kept", False, 1)
    assert zone["problems"][0]["line"] == 2


def test_one_process_at_a_time_compiles_into_a_store(tmp_path):
    def is_free():
        with (tmp_path / "state" / "store.lock").open() as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    lock = compile_process.take_turn(tmp_path / "state" / "store")
    assert not is_free()
    os.close(lock)
    assert is_free()


def test_a_run_has_its_turn_before_it_opens_the_store(options, monkeypatch):
    turns = []
    monkeypatch.setattr(compile_process, "take_turn", turns.append)
    monkeypatch.setattr(compile_process, "open_store", lambda *_, **__: list(turns))
    opened, _ = compile_process._open(compile_request(options, 1_800_000_000))
    assert opened == [options.store]


def test_a_state_directory_that_cannot_be_made_is_a_failure_in_words(options, tmp_path):
    (tmp_path / "state").write_text("a file where a directory should be")
    there = replace(options, store=tmp_path / "state" / "store")
    failure = report(compile_request(there, 1_800_000_000))["failure"]
    assert failure.startswith(f"zone store {tmp_path}/state/store: ")


def test_a_store_that_cannot_be_made_is_a_failure_in_words(options, tmp_path):
    (tmp_path / "store").write_text("a file where a directory should be")
    found = report(compile_request(options, 1_800_000_000))
    assert found["failure"]
    assert "Traceback" not in found["failure"]


def test_a_damaged_store_is_replaced_at_the_start_only(options, tmp_path):
    report(compile_request(options, 1_800_000_000))
    with (options.store / "data.mdb").open("r+b") as damaged:
        damaged.truncate(8192)
    request = compile_request(options, 1_800_000_001)
    assert report(request)["failure"]
    request["may_rebuild"] = True
    found = report(request)
    assert (found["failure"], found["rebuilt"], found["served"]) == ("", True, 1)
    assert (tmp_path / "store.damaged" / "data.mdb").exists()


def test_without_a_request_it_just_ends():
    ended = subprocess.run(compile_command(), input=b"", capture_output=True, env={}, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


def test_memory_is_bounded(options, zones):
    hosts = "".join(f"h{i}: {{type: A, value: 127.0.0.1}}\n" for i in range(30_000))
    write(zones, "a.test", ZONE + hosts)
    request = compile_request(options, 1_800_000_000)
    request["memory_octets"] = 24 << 20
    ended = run(request)
    assert ended.returncode == STATUS_MEMORY
    assert ended.stdout == b""


def test_a_large_map_of_the_store_does_not_count_as_memory(options):
    request = compile_request(options, 1_800_000_000)
    request["memory_octets"] = 128 << 20
    request["store_octets"] = 8 << 30
    assert report(request)["published"]


def test_the_process_ends_with_the_one_that_started_it(options, tmp_path):
    request = json.dumps(compile_request(options, 1_800_000_000))
    code = (
        "import ctypes, os, resource, sys; sys.path.append(sys.argv[1]);"
        "from dnsd.control.compile_process import bound_process; import json;"
        "bound_process(json.loads(sys.argv[2])); print(os.getpid(), flush=True); sys.stdin.read()"
    )
    parent = os.fork()
    if not parent:
        subprocess.Popen(
            [*compile_command()[:4], "-c", code, compile_command()[-1], request],
            stdin=subprocess.PIPE, stdout=os.open(tmp_path / "pid", os.O_CREAT | os.O_WRONLY),
        )  # fmt: skip
        while not (tmp_path / "pid").read_text().endswith("\n"):
            os.sched_yield()
        os._exit(0)
    os.waitpid(parent, 0)
    pid = int((tmp_path / "pid").read_text())
    state = ""
    while state not in ("Z", "gone"):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            state = "gone"


def test_limits_are_never_raised(options):
    request = compile_request(options, 1_800_000_000)

    def lower():
        resource.setrlimit(resource.RLIMIT_CPU, (5, 5))

    assert run(request, preexec_fn=lower).returncode == 0
