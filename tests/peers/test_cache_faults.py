"""The resolver's cache when its file cannot be had: names are found, and that is said."""

import contextlib
import errno
import os
import time

import dns.message
import pytest
from experiments.daemon import Daemon
from peers.test_processes import ORIGIN, Running, wait_until, zone

pytestmark = pytest.mark.slow

ZONE = """
'': {type: NS, value: ns1.corp.test.}
ns1: {type: A, value: 192.0.2.53}
www: {type: A, value: ADDRESS}
mail: {type: A, value: 192.0.2.25}
"""
FULL = os.strerror(errno.EFBIG)
# What writes more to one file than this is told that the file is too large.
BOUNDED = (
    "import resource, runpy\n"
    "resource.setrlimit(resource.RLIMIT_FSIZE, (8 << 20, 8 << 20))\n"
    "runpy.run_module('dnsd', run_name='__main__')\n"
)


@pytest.fixture
def authority(tmp_path):
    """The server of corp.test."""
    directory = tmp_path / "authority"
    directory.mkdir()
    with Daemon(directory, {"corp.test.": ZONE.replace("ADDRESS", "192.0.2.80")}) as server:
        yield server


@pytest.fixture
def resolver(tmp_path, authority):
    """Start resolvers that ask that server; they are stopped after the test."""
    directory = tmp_path / "resolver"
    directory.mkdir()
    stub = {
        "zone": "corp.test", "servers": [authority.address], "port": authority.port, "kind": "stub",
    }  # fmt: skip
    with contextlib.ExitStack() as stack:

        def start(size="16MiB", program=("-m", "dnsd"), **settings):
            server = Running(
                directory, {ORIGIN: zone()}, program=program, cache={"size": size},
                resolver={"enabled": "on", "forward": [stub], "query_local_addresses": True,
                          "priming": False},
                **settings,
            )  # fmt: skip
            return stack.enter_context(server)

        yield start


def find(server, name="www.corp.test."):
    """The address that a name has; each worker is asked sooner or later."""
    return server.address_of(name)


def cache_line(server):
    _, printed = server.command("status")
    return next(line for line in printed.splitlines() if line.startswith("cache"))


def test_a_disk_that_is_full_is_said_and_names_are_found(resolver):
    server = resolver(program=("-c", BOUNDED))
    assert find(server) == "192.0.2.80"
    (line,) = server.events("cache")
    assert FULL in line["text"]
    wait_until(lambda: " 1 of " in cache_line(server), "the entry is counted")
    assert f"in the memory of 1 process: {FULL}" in cache_line(server)
    assert server.counts()["dnsd_resolver_caches_in_memory"] == 1
    status, printed = server.command("cache", "show")
    assert status == 0
    assert "www.corp.test." in printed


def test_a_file_of_garbage_is_said_and_made_anew(resolver):
    server = resolver()
    assert find(server) == "192.0.2.80"
    server.end()
    file = server.directory / "state" / "cache" / "data.mdb"
    file.write_bytes(os.urandom(file.stat().st_size))
    server = resolver()
    (line,) = server.events("cache")
    assert "the cache starts empty, its file cannot be used" in line["text"]
    assert find(server) == "192.0.2.80"
    wait_until(lambda: " 1 of 300000 entries" in cache_line(server), "the entry is counted")
    assert "16.0 MiB, in the file that all processes share" in cache_line(server)


def test_a_flush_reaches_the_memory_of_every_worker(resolver):
    server = resolver(program=("-c", BOUNDED), workers=2)

    def is_everywhere():
        for name in ("www.corp.test.", "mail.corp.test."):
            find(server, name)
        time.sleep(0.1)
        return server.counts()['dnsd_resolver_cache_entries{kind="data"}'] == 4

    wait_until(is_everywhere, "both workers know both names")
    assert "in the memory of 2 processes" in cache_line(server)
    status, printed = server.command("cache", "show")
    assert (status, "own memory" in printed) == (1, True), printed
    status, printed = server.command("cache", "flush", "--name", "www.corp.test")
    assert (status, "2" in printed) == (0, True), printed
    wait_until(
        lambda: server.counts()['dnsd_resolver_cache_entries{kind="data"}'] == 2, "the flush"
    )


def test_a_flush_reaches_what_every_worker_made_of_the_file(resolver, authority):
    server = resolver(workers=2)
    for _ in range(20):
        assert find(server) == "192.0.2.80"
    authority.write_zone("corp.test.", ZONE.replace("ADDRESS", "192.0.2.81"))
    assert authority.command("zone", "reload")[0] == 0
    wait_until(
        lambda: str(ask(authority).answer[0][0]) == "192.0.2.81", "the new version is served"
    )
    assert find(server) == "192.0.2.80"
    assert server.command("cache", "flush", "--all")[0] == 0
    for _ in range(20):
        assert find(server) == "192.0.2.81"


def ask(server):
    return dns.message.from_wire(
        server.ask(dns.message.make_query("www.corp.test.", "A").to_wire())
    )
