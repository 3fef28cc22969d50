"""The daemon as a whole, started as an operator starts it: processes, signals, disks."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import dns.message
import pytest
from experiments.clients import SteadyClient
from experiments.daemon import Daemon, is_honest, log_faults

pytestmark = pytest.mark.slow

ORIGIN = "example.test."
ZONE = """
'':
  - {type: NS, value: ns1.example.test.}
  - {type: A, value: 192.0.2.1}
ns1: {type: A, value: 192.0.2.53}
www: {type: A, value: ADDRESS}
"""
PATIENCE_S = 60.0


def zone(address="192.0.2.80"):
    return ZONE.replace("ADDRESS", address)


def wait_until(happened, what):
    """Wait for something that must come; the result of the call that saw it."""
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        with contextlib.suppress(Exception):
            if seen := happened():
                return seen
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen")


class Running(Daemon):
    """A daemon whose log and processes the tests look at."""

    def events(self, event):
        """The lines of the log about an event."""
        lines = self.log.read_text().splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in found if line["event"] == event]

    def wait_for(self, event, count=1):
        """Wait until the log has so many lines about an event; the last of them."""
        return wait_until(lambda: self.events(event)[count - 1 :], f"{count} {event}")[-1]

    def pids_of(self, role):
        """Processes of a role that serve."""
        found = self.control.status()["processes"]
        return [one["pid"] for one in found if one["role"] == role and one["ready"]]

    def lasting_pids(self):
        """All processes but the compiler's, which come and go."""
        return {one["pid"] for one in self.control.status()["processes"]}

    def address_of(self, name="www.example.test."):
        """The address that a name has over UDP."""
        reply = dns.message.from_wire(self.ask(dns.message.make_query(name, "A").to_wire()))
        return str(reply.answer[0][0]) if reply.answer else dns.rcode.to_text(reply.rcode())

    def steady(self, rate=200):
        """A client that asks all the time from 16 ports."""
        question = dns.message.make_query("www.example.test.", "A").to_wire()
        return SteadyClient(
            self, [question], lambda *asked: "" if is_honest(asked[2]) else "no answer", rate=rate
        )

    def end(self):
        """Stop as a service manager does; the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


@pytest.fixture
def daemon(tmp_path):
    """Start daemons with one zone; they are stopped after the test."""
    with contextlib.ExitStack() as stack:

        def start(text=None, **settings):
            server = Running(tmp_path, {ORIGIN: text or zone()}, **settings)
            return stack.enter_context(server)

        yield start


@pytest.fixture
def refused(tmp_path):
    """Try to start what cannot be started; exit status and standard error."""

    def start(settings, text=None, **environment):
        (tmp_path / "zones").mkdir(exist_ok=True)
        (tmp_path / "zones" / "example.test.yaml").write_text(text or zone())
        (tmp_path / "dnsd.yaml").write_text(json.dumps(settings))
        ended = subprocess.run(
            [sys.executable, "-m", "dnsd", "serve"],
            cwd=tmp_path, env=os.environ | environment,
            capture_output=True, text=True, check=False, timeout=PATIENCE_S,
        )  # fmt: skip
        return ended.returncode, ended.stderr

    return start


def free_settings():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return {"listen": [{"address": "127.0.0.1", "port": port}], "control": {"http": "off"}}


class TestStart:
    def test_a_port_in_use_is_one_line_and_status_2(self, refused):
        settings = free_settings()
        with socket.socket(type=socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", settings["listen"][0]["port"]))
            status, said = refused(settings)
        assert status == 2
        assert said.splitlines()[0].endswith("or listen on another port")
        assert said.splitlines()[1:] == ["1 error, 0 warnings"]

    def test_a_second_daemon_with_the_same_state_directory_is_refused(self, daemon, refused):
        daemon()
        status, said = refused(free_settings() | {"state_directory": "state"})
        assert status == 2
        assert "another dnsd has this control socket" in said
        assert "Traceback" not in said

    @pytest.mark.parametrize("workers", [0, 2])
    def test_a_broken_zone_is_status_2_with_every_problem(self, refused, workers):
        text = zone("192.0.2.999") + "mail: {type: MX, value: 5}\n"
        status, said = refused(free_settings() | {"workers": workers}, text)
        assert status == 2
        assert "example.test.yaml:6:23: a-address:" in said
        assert "example.test.yaml:7:" in said
        assert "Traceback" not in said

    def test_few_descriptors_scale_the_clients_down_in_one_line(self, daemon, monkeypatch):
        limit = ["sh", "-c", 'ulimit -n 512; exec "$0" "$@"']
        monkeypatch.setattr(Running, "arguments", lambda self: [*limit, *Daemon.arguments(self)])
        running = daemon()
        (notice,) = [each for each in running.control.status()["notices"] if "descriptors" in each]
        assert notice.startswith("512 file descriptors allow 1")
        assert running.address_of() == "192.0.2.80"


class TestSingle:
    def test_it_answers_over_udp_and_tcp_and_ends_with_status_0(self, daemon):
        running = daemon()
        assert running.answers("www.example.test.")
        assert running.answers("www.example.test.", tcp=True)
        assert running.end() == 0
        assert not (running.directory / "state" / "control.sock").exists()
        assert log_faults(running.log) == []

    def test_an_edit_is_served_and_a_broken_one_is_not(self, daemon):
        running = daemon(authority={"watch": "on"})
        running.write_zone(ORIGIN, zone("192.0.2.81"))
        wait_until(lambda: running.address_of() == "192.0.2.81", "the edit")
        running.write_zone(ORIGIN, zone("192.0.2.999"))
        running.wait_for("zone_kept")
        assert running.address_of() == "192.0.2.81"
        assert running.command("status")[0] == 1

    def test_a_new_configuration_is_taken_over_on_sighup(self, daemon):
        running = daemon()
        running.given["authority"] = {"allow": ["192.0.2.0/24"]}
        running.arguments()
        with running.steady() as tally:
            assert running.address_of() == "192.0.2.80"
            running.process.send_signal(signal.SIGHUP)
            wait_until(lambda: running.address_of() == "REFUSED", "the new configuration")
        assert tally.lost == []
        assert running.end() == 0
        assert log_faults(running.log) == []

    def test_sighup_reads_the_zones_again(self, daemon):
        running = daemon()
        running.write_zone(ORIGIN, zone("192.0.2.81"))
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: running.address_of() == "192.0.2.81", "the reload")

    def test_an_idle_connection_does_not_hold_up_the_end(self, daemon):
        running = daemon()
        with socket.create_connection((running.address, running.port)) as idle:
            running.process.send_signal(signal.SIGTERM)
            idle.settimeout(PATIENCE_S)
            with contextlib.suppress(ConnectionResetError):
                assert idle.recv(1) == b""
        assert running.process.wait(PATIENCE_S) == 0


class TestSeveral:
    def test_all_end_with_status_0(self, daemon):
        running = daemon(workers=2)
        wait_until(lambda: len(running.pids_of("worker")) == 2, "two workers")
        pids = running.lasting_pids()
        assert len(pids) == 4
        assert running.end() == 0
        assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
        assert log_faults(running.log) == []

    def test_nobody_stays_behind_a_supervisor_that_was_killed(self, daemon):
        running = daemon(workers=2)
        pids = running.pids()
        running.process.kill()
        running.process.wait()
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids[1:]), "the end")

    @pytest.mark.parametrize("role", ["worker", "control"])
    def test_a_stopped_process_is_replaced_and_dns_goes_on(self, daemon, role):
        running = daemon(workers=2, limits={"worker_silence": "500ms"})
        wait_until(lambda: len(running.pids_of("worker")) == 2, "two workers")
        victim = running.pids_of(role)[0]
        os.kill(victim, signal.SIGSTOP)
        running.wait_for("process_hung")
        with running.steady() as tally:
            wait_until(lambda: running.pids_of(role), "the replacement")
            running.wait_for("process_ready", 4)
        assert tally.lost == []
        assert victim not in running.lasting_pids()
        assert running.end() == 0

    def test_configuration_is_replaced_worker_by_worker_without_a_lost_query(self, daemon):
        running = daemon(workers=2)
        wait_until(lambda: len(running.pids_of("worker")) == 2, "two workers")
        before = running.lasting_pids()
        running.given["server_identity"] = {"nsid": "changed"}
        running.arguments()
        with running.steady() as tally:
            running.process.send_signal(signal.SIGHUP)
            running.wait_for("process_ready", 6)
        assert (tally.lost, tally.wrong) == ([], [])
        assert running.lasting_pids() & before == {running.process.pid}
        identity = dns.message.make_query("id.server.", "TXT", "CH")
        reply = dns.message.from_wire(running.ask(identity.to_wire()))
        assert str(reply.answer[0][0]) == '"changed"'
        assert running.end() == 0
        assert log_faults(running.log) == []

    def test_a_broken_configuration_changes_nothing(self, daemon):
        running = daemon(workers=2)
        before = running.lasting_pids()
        running.configuration.write_text("listen: nonsense\nunknown: 1\n")
        running.process.send_signal(signal.SIGHUP)
        running.wait_for("config_kept")
        assert {line["check"] for line in running.events("config_problem")} >= {"unknown-key"}
        assert running.lasting_pids() == before
        assert running.address_of() == "192.0.2.80"

    def test_what_needs_a_restart_is_said_and_left_alone(self, daemon):
        running = daemon(workers=1)
        running.given["workers"] = 3
        running.arguments()
        running.process.send_signal(signal.SIGHUP)
        assert running.wait_for("config_restart")["key"] == "workers"
        assert running.events("config_changed") == []

    def test_zones_are_reloaded_on_sighup(self, daemon):
        running = daemon(workers=2)
        running.write_zone(ORIGIN, zone("192.0.2.81"))
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: running.address_of() == "192.0.2.81", "the reload")


class TestDisks:
    @pytest.mark.parametrize("workers", [0, 1])
    def test_a_store_of_garbage_is_built_again_and_that_is_said(self, daemon, workers):
        first = daemon(workers=workers)
        assert first.end() == 0
        store = first.directory / "state" / "zone-store" / "data.mdb"
        store.write_bytes(b"garbage" * 10_000)
        again = daemon(workers=workers)
        assert again.address_of() == "192.0.2.80"
        assert len(again.events("zone_store_rebuilt")) == 1
        assert (store.parent.with_name("zone-store.damaged") / "data.mdb").exists()

    def test_a_store_that_is_cut_short_is_built_again(self, daemon):
        first = daemon()
        assert first.end() == 0
        store = first.directory / "state" / "zone-store" / "data.mdb"
        os.truncate(store, 4096 * 3)
        again = daemon()
        assert again.address_of() == "192.0.2.80"
        assert len(again.events("zone_store_rebuilt")) == 1

    def test_after_a_power_failure_a_store_damaged_in_its_middle_is_built_again(self, daemon):
        first = daemon()
        assert first.end() == 0
        state = first.directory / "state"
        (state / "zone-store.sound-at-boot").write_text("another boot")
        with (state / "zone-store" / "data.mdb").open("r+b") as store:
            store.seek(4096 * 2)
            store.write(b"\xff" * 4096 * 6)
        again = daemon()
        assert again.address_of() == "192.0.2.80"
        assert len(again.events("zone_store_rebuilt")) == 1

    @pytest.mark.root
    @pytest.mark.parametrize("workers", [0, 1])
    def test_on_a_read_only_disk_zones_are_served_as_they_were(self, daemon, workers, mounted):
        first = daemon(workers=workers)
        assert first.end() == 0
        mounted(first.directory / "state", "bind", read_only=True)
        again = daemon(workers=workers)
        assert again.address_of() == "192.0.2.80"
        assert len(again.events("zones_from_before")) == 1
        assert again.end() == 0

    @pytest.mark.root
    def test_on_a_full_disk_dns_goes_on_and_a_reload_says_why(self, daemon, mounted, tmp_path):
        state = tmp_path / "state"
        state.mkdir()
        mounted(state, "tmpfs")
        running = daemon(workers=1)
        with contextlib.suppress(OSError), (state / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 4096)
        running.write_zone(ORIGIN, zone("192.0.2.81"))
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: running.control.status()["reload"]["result"] == "failed", "a failure")
        assert "full" in running.control.status()["reload"]["reason"]
        assert running.address_of() == "192.0.2.80"
        (state / "filler").unlink()
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: running.address_of() == "192.0.2.81", "the reload")


@pytest.fixture
def mounted():
    """Mount something over a directory for the time of the test."""
    mounts = []

    def mount(directory, kind, *, read_only=False):
        if kind == "tmpfs":
            command = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(directory)]
        else:
            command = ["mount", "--bind", str(directory), str(directory)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this machine lets nobody mount")
        mounts.append(directory)
        if read_only:
            command = ["mount", "-o", "remount,ro,bind", str(directory)]
            subprocess.run(command, capture_output=True, check=True)

    yield mount
    for directory in reversed(mounts):
        subprocess.run(["umount", "--lazy", str(directory)], check=False)


@pytest.fixture
def readable_python(tmp_path):
    """A Python with our packages that every user may read; tests run as root from anywhere."""
    for candidate in (sys.executable, "/usr/bin/python3"):
        real = Path(candidate).resolve()
        if not all(parent.stat().st_mode & 0o005 == 0o005 for parent in real.parents):
            continue
        version = subprocess.run(
            [candidate, "-c", "import sys; print(sys.version_info[:2])"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        if version.stdout.strip() != str(sys.version_info[:2]):
            continue
        made = tmp_path / "python"
        subprocess.run([candidate, "-m", "venv", "--without-pip", made], check=True)
        packages = next(made.glob("lib/python*/site-packages"))
        ours = [sysconfig.get_path("purelib"), str(Path(__file__).parents[2])]
        (packages / "ours.pth").write_text("\n".join(ours))
        return made / "bin" / "python"
    pytest.skip("no Python of this version can be read by other users")


@pytest.mark.root
class TestPrivileges:
    @pytest.fixture
    def running(self, tmp_path, readable_python, monkeypatch):
        for directory in (tmp_path, *tmp_path.parents[:2]):
            directory.chmod(directory.stat().st_mode | 0o011)
        server = Running(tmp_path, {ORIGIN: zone()}, workers=1, user="nobody")
        arguments = Daemon.arguments

        def as_other_python(self):
            return [str(readable_python), *arguments(self)[1:]]

        monkeypatch.setattr(Running, "arguments", as_other_python)
        with server:
            yield server

    def test_no_process_keeps_any_privilege(self, running):
        for pid in running.pids():
            status = dict(
                line.split(":\t", 1)
                for line in Path(f"/proc/{pid}/status").read_text().splitlines()
                if ":\t" in line
            )
            assert set(status["Uid"].split()) == {"65534"}
            assert status["CapEff"] == status["CapPrm"] == status["CapAmb"] == "0" * 16
            assert status["NoNewPrivs"] == "1"
            assert not status["Groups"].strip()

    def test_it_reloads_and_restarts_as_the_user(self, running):
        running.write_zone(ORIGIN, zone("192.0.2.81"))
        running.process.send_signal(signal.SIGHUP)
        wait_until(lambda: running.address_of() == "192.0.2.81", "the reload")
        os.kill(running.pids_of("worker")[0], signal.SIGKILL)
        running.wait_for("process_ready", 3)
        assert running.address_of() == "192.0.2.81"
        assert running.end() == 0
