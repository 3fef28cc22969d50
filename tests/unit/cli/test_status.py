import json

import pytest

STATUS = {
    "version": "0.1.0",
    "python": "3.11.9",
    "listen": ["127.0.0.1 port 5300/udp", "127.0.0.1 port 5300/tcp"],
    "notices": [],
    "processes": [
        {"role": "single", "pid": 4711, "ready": True, "started_at": 0, "silent_s": 0.1},
    ],
    "zones": {"served": 2, "generated": 0, "records": 31, "kept": [], "refused": []},
    "reload": None,
    "reloading": False,
    "block_lists": [],
    "cache": None,
}  # fmt: skip
LIST = {
    "name": "ads", "place": "https://lists.example/ads.txt", "state": "compiled", "names": 12345,
    "reason": "", "fetch": "unchanged", "fetched_at": 7000, "compiled_at": 7140,
}  # fmt: skip


@pytest.fixture
def say(daemon, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 7200.0)

    def _say(**facts):
        daemon.answers["GET /status"] = 200, {**STATUS, **facts}

    return _say


def test_a_daemon_that_is_well(run, say):
    say()
    result = run("status")
    assert result.exit_code == 0
    assert result.stdout == (
        "dnsd     0.1.0, Python 3.11.9, up 2 hours\n"
        "listen   127.0.0.1 port 5300/udp\n"
        "         127.0.0.1 port 5300/tcp\n"
        "zones    2 served, 31 records\n"
        "reload   none yet\n"
        "process  single, pid 4711, ready\n"
    )


def test_a_daemon_with_troubles(run, say, zone_change, broken):
    kept = zone_change("broken.test.", "kept", problems=[broken])
    refused = zone_change("bad.test.", "refused")
    say(
        zones={"served": 2, "generated": 1, "records": 31, "kept": [kept], "refused": [refused]},
        reload={
            "result": "refused", "cause": "watch", "at": 7140, "duration_s": 0.1,
            "reason": "", "zones": [kept], "problems": [],
        },
        reloading=True,
        notices=["this kernel has no Landlock"],
    )  # fmt: skip
    result = run("status")
    assert result.exit_code == 1
    assert result.stdout == (
        "dnsd     0.1.0, Python 3.11.9, up 2 hours\n"
        "listen   127.0.0.1 port 5300/udp\n"
        "         127.0.0.1 port 5300/tcp\n"
        "zones    2 served, 31 records, 1 made by the server\n"
        "         broken.test. kept from before: zones/broken.test.yaml is broken\n"
        "         bad.test. not served: zones/bad.test.yaml is broken\n"
        "reload   refused 1 minute ago, by watch; one is running\n"
        "process  single, pid 4711, ready\n"
        "notice   this kernel has no Landlock\n"
    )
    assert result.stderr == (
        "zones/broken.test.yaml:3:7: cname-and-other: www has a CNAME and an A\n"
        "    expected: a CNAME alone\n"
        "1 error, 0 warnings\n"
    )


def test_a_process_that_is_not_ready_is_no_success(run, say):
    say(processes=[{**STATUS["processes"][0], "ready": False}])
    assert run("status").exit_code == 1


def test_a_process_that_crashed_is_said_and_no_success(run, say):
    say(processes=[{**STATUS["processes"][0], "role": "worker", "pid": 0, "ready": False}])
    result = run("status")
    assert result.exit_code == 1
    assert "process  worker, crashed, will be started again\n" in result.stdout


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({}, "ads, 12345 names, compiled 1 minute ago"),
        ({"fetch": "failed: no route to host"},
         "ads, 12345 names, compiled 1 minute ago; fetch failed: no route to host"),
        ({"state": "kept", "reason": "ads.txt has more than 9 octets"},
         "ads, 12345 names of its last good copy, compiled 1 minute ago: ads.txt has more than 9 octets"),
        ({"state": "absent", "names": 0, "compiled_at": 0, "reason": "not fetched yet"},
         "ads, no names: not fetched yet"),
    ],
)  # fmt: skip
def test_every_block_list_says_how_it_stands(run, say, facts, line):
    say(block_lists=[{**LIST, **facts}])
    assert f"block list  {line}\n" in run("status").stdout


CACHE = {
    "entries": 1234, "limit_entries": 300000, "cuts": 1, "octets": 3 << 19,
    "limit_octets": 128 << 20, "in_memory": 0, "reason": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ({}, "in the file that all processes share"),
        ({"in_memory": 2, "reason": "No space left on device"},
         "in the memory of 2 processes: No space left on device"),
    ],
)  # fmt: skip
def test_the_cache_says_how_full_it_is_and_where(run, say, facts, place):
    say(cache={**CACHE, **facts})
    line = f"cache    1234 of 300000 entries, 1 zone cut, 1.5 of 128.0 MiB, {place}\n"
    assert line in run("status").stdout


def test_as_json_it_is_what_the_daemon_said(run, say):
    say()
    assert json.loads(run("status", "--json").stdout) == STATUS
