"""Disks, files, ports and processes that fail: DNS goes on, or the start says what to do.

    python tests/experiments/stores.py [--full]

While the daemon runs with an ordinary client: the disk of its state directory fills
up at several points of a reload, files may not grow any more, the disk turns
read-only, the control process stops, a zone file is not text or not to be read.
Shown: every query is answered, the reload says what is wrong, and once the fault is
gone a reload succeeds.

At the start: a zone store that is torn, garbage, empty or no directory, a port in
use, port 53 without permission, a zone file that may not be read, a full disk.
Shown: either everything is served, with a serial that has not gone back, or the
start ends with status 2 and a line that says what to do, never with a traceback.

Takes 20 s; with ``--full`` the disk fills up at 20 points and stores are torn in 20
places, two minutes. What needs a mount or another user is left out, and named, where
that is not possible.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import dns.message
import dns.rdatatype

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from experiments.clients import SteadyClient
from experiments.daemon import BROKEN_ZONE_EVENTS, Daemon, is_honest, log_faults, verdict

ORIGIN = "example.test."
QUERY = dns.message.make_query("www.example.test.", "A").to_wire()
PATIENCE_S = 60
LEFT_OUT = "left out: "
# What a reload logs that cannot store what it compiled.
STORE_EVENTS = ("reload", "reload_problem", "zone_kept", "zone_problem")


def zone(version, hosts=0):
    """A zone with its version in an address, and so many hosts to make it large."""
    lines = "\n".join(f"  h{i}: {{type: A, value: 192.0.2.1}}" for i in range(hosts))
    return f"""
soa: {{primary: ns.example.test., hostmaster: hostmaster@example.test}}
records:
  '': {{type: NS, value: ns.example.test.}}
  ns: {{type: A, value: 192.0.2.53}}
  www: {{type: A, value: 198.51.100.{version}}}
{lines}
"""


class Stored(Daemon):
    """A daemon whose state and log are looked at."""

    def served(self):
        """The version that is served."""
        reply = dns.message.from_wire(self.ask(QUERY))
        return int(reply.answer[0][0].address.rpartition(".")[2])

    def serial(self):
        """The serial of the zone."""
        reply = dns.message.from_wire(self.ask(dns.message.make_query(ORIGIN, "SOA").to_wire()))
        return reply.answer[0][0].serial

    @property
    def state(self):
        """The state directory."""
        return self.directory / "state"

    def reload(self):
        """Have the zones read again as the command does; its status and what it said."""
        return self.command("zone", "reload")


@dataclass
class Finding:
    """What one fault did.

    Attributes:
        name: the fault.
        asked: queries while it lasted.
        failed: those without a right answer.
        failures: what was not as promised; a single one that begins with
            `LEFT_OUT` says that the fault could not be made here.
    """

    name: str
    asked: int = 0
    failed: int = 0
    failures: list = field(default_factory=list)

    def expect(self, truth, complaint):
        """Note a complaint unless something is true."""
        if not truth:
            self.failures.append(complaint)


@contextlib.contextmanager
def asking(server, finding, rate=100):
    """Ask all the time while a fault lasts; all must be answered."""
    client = SteadyClient(server, [QUERY], lambda *asked: "" if is_honest(asked[2]) else "wrong",
                          rate=rate)  # fmt: skip
    with client as tally:
        yield
    finding.asked += tally.asked
    finding.failed += tally.failed
    finding.expect(not tally.failed, f"{tally.failed} of {tally.asked} queries failed")


@contextlib.contextmanager
def small_disk(directory, octets):
    """A file system of its own for a directory; yields nothing where none can be mounted."""
    directory.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={octets}", "tmpfs", str(directory)]
    try:
        mounted = not subprocess.run(command, capture_output=True, check=False).returncode
    except FileNotFoundError:
        mounted = False
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(directory)], check=False)


def fill(directory, leave_octets):
    """Take all space of a disk but so much; the file that takes it."""
    ballast = directory / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    size = ballast.stat().st_size
    os.truncate(ballast, max(0, size - leave_octets))
    return ballast


def _fails_and_recovers(server, finding, version, heal):
    """Reload what cannot be stored, then heal the fault and reload again; whether it failed."""
    before = server.served()
    server.write_zone(ORIGIN, zone(version, 2000))
    status, said = server.reload()
    has_failed = status != 0
    if not has_failed:  # there was room enough, which is as good
        finding.expect(server.served() == version, "said to be served and is not")
    else:
        finding.expect(status == 1, f"status {status}: {said}")
        finding.expect("Traceback" not in said, said)
        finding.expect(len(said.splitlines()) <= 3, f"not said in a line: {said}")
        finding.expect(server.served() == before, "the version before is gone")
    heal()
    status, said = server.reload()
    finding.expect(status == 0, f"after the fault: status {status}: {said}")
    finding.expect(server.served() == version, "not served after the fault")
    return has_failed


def full_disk(directory, points, workers=1):
    """The disk has room for less and less of a reload."""
    finding = Finding("disk full")
    with small_disk(directory / "state", 4 << 20) as mounted:
        if not mounted:
            finding.failures.append(f"{LEFT_OUT}nothing can be mounted here")
            return finding
        with Stored(directory, {ORIGIN: zone(1)}, workers=workers) as server:
            with asking(server, finding):
                failed = []
                for point in range(points):
                    ballast = fill(server.state, point * (400_000 // points))
                    failed.append(_fails_and_recovers(server, finding, 2 + point, ballast.unlink))
                finding.expect(failed[0], "a full disk took the first reload")
            finding.failures += server.faults(*STORE_EVENTS)
    return finding


def files_that_may_not_grow(directory):
    """A limit on the size of files (RLIMIT_FSIZE), as a quota would be; needs no root."""
    finding = Finding("files may not grow")
    with Stored(directory, {ORIGIN: zone(1)}) as server:

        def limit(octets):
            for pid in [server.process.pid, *server.pids()]:
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (octets, resource.RLIM_INFINITY))
            # The compiler that waits was started without the limit.
            server.reload()

        with asking(server, finding):
            limit(100_000)
            failed = _fails_and_recovers(server, finding, 2, lambda: limit(resource.RLIM_INFINITY))
            finding.expect(failed, "the limit did not stop the reload")
        finding.failures += server.faults(*STORE_EVENTS)
    return finding


def read_only_disk(directory, workers=1):
    """The disk turns read-only for all that is opened from now on."""
    finding = Finding("disk read-only")
    state = directory / "state"
    with Stored(directory, {ORIGIN: zone(1)}, workers=workers) as server:
        # A second mount above the first, as files open for writing keep that one writable.
        mount = ["mount", "--bind", str(state), str(state)]
        if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
            finding.failures.append(f"{LEFT_OUT}nothing can be mounted here")
            return finding
        is_mounted = True

        def heal():
            nonlocal is_mounted
            subprocess.run(["umount", "--lazy", str(state)], check=True)
            is_mounted = False

        try:
            subprocess.run(["mount", "-o", "remount,ro,bind", str(state)], check=True)
            with asking(server, finding):
                failed = _fails_and_recovers(server, finding, 2, heal)
                finding.expect(failed, "a read-only disk took the reload")
            finding.failures += server.faults(*STORE_EVENTS)
        finally:
            if is_mounted:
                heal()
    return finding


def stopped_control(directory):
    """The control process stops, as under a debugger or on a disk that hangs."""
    finding = Finding("control stopped")
    limits = {"worker_silence": "2s"}
    with Stored(directory, {ORIGIN: zone(1)}, workers=2, limits=limits) as server:
        (control,) = _control_pids(server)
        with asking(server, finding):
            os.kill(control, signal.SIGSTOP)
            give_up_at = time.monotonic() + PATIENCE_S
            while not _replaced(server, control) and time.monotonic() < give_up_at:
                time.sleep(0.2)
        finding.expect(_replaced(server, control), "control was not replaced")
        server.write_zone(ORIGIN, zone(2))
        status, said = server.reload()
        finding.expect(status == 0 and server.served() == 2, f"status {status}: {said}")
        finding.failures += server.faults("process_hung", "process_crashed", "process_restarts")
    return finding


def _control_pids(server):
    processes = server.control.status()["processes"]
    return [each["pid"] for each in processes if each["role"] == "control" and each["ready"]]


def _replaced(server, control):
    # Not before the log says so: a process that is stopped would keep us waiting.
    if "process_hung" not in server.log.read_text():
        return False
    try:
        pids = _control_pids(server)
    except Exception:  # noqa: BLE001 - not there yet, however that shows
        return False
    return bool(pids) and control not in pids


def bad_zone_files(directory):
    """Zone files that are no zone files; what was served stays."""
    finding = Finding("bad zone files")
    with Stored(directory, {ORIGIN: zone(1)}) as server:
        path = server.zone_file(ORIGIN)

        def unreadable():
            path.unlink()
            path.mkdir()

        with asking(server, finding):
            for text in (b"\0" * 4096, b"\xff\xfe" * 100, os.urandom(5000), b"", b"[" * 5000, None):
                if text is None:
                    unreadable()
                else:
                    server.write_zone(ORIGIN, text)
                status, said = server.reload()
                finding.expect(status == 1, f"{text!r:.20}: status {status}: {said}")
                finding.expect(server.served() == 1, f"{text!r:.20}: not served any more")
            path.rmdir()
            server.write_zone(ORIGIN, zone(2))
            finding.expect(server.reload()[0] == 0, "not reloaded when mended")
        finding.failures += server.faults(*BROKEN_ZONE_EVENTS, "reload_problem")
    return finding


# --- at the start -------------------------------------------------------------------


def damaged_stores(directory, points, step=1):
    """The zone store is not what it was: torn, garbage, empty, no directory, no store."""
    finding = Finding("store damaged")
    with Stored(directory, {ORIGIN: zone(1)}) as server:
        serial = server.serial()
    whole = (directory / "state" / "zone-store" / "data.mdb").read_bytes()

    def put(octets):
        def damage(store):
            (store / "data.mdb").write_bytes(octets)

        return damage  # fmt: skip

    damages = [put(whole[: len(whole) * i // points]) for i in range(points)]
    damages += [
        put(os.urandom(len(whole))),
        put(bytes(len(whole))),
        put(bytes(8192) + whole[8192:]),
    ]
    damages += [_damage_lock, shutil.rmtree]
    for number, damage in enumerate(damages[::step]):
        damage(directory / "state" / "zone-store")
        try:
            with Stored(directory, {ORIGIN: zone(1)}) as server:
                finding.asked += 1
                finding.expect(server.served() == 1, f"damage {number}: another answer")
                finding.expect(server.serial() >= serial, f"damage {number}: serial went back")
                serial = server.serial()
                finding.failures += server.faults("zone_store_rebuilt")
        except RuntimeError as error:
            finding.failures.append(f"damage {number}: {error}")
            shutil.rmtree(directory / "state")
    shutil.rmtree(directory / "state" / "zone-store")
    (directory / "state" / "zone-store").write_bytes(b"not a directory")
    refusal(Stored(directory, {ORIGIN: zone(1)}), finding, "not a directory", "state_directory")
    return finding


def _damage_lock(store):
    (store / "lock.mdb").write_bytes(b"x" * 100)


def refusal(server, finding, *words):
    """Start what must be refused, and see that it says why."""
    server.directory.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        server.arguments(), cwd=server.directory, capture_output=True, text=True, check=False,
        timeout=PATIENCE_S,
    )  # fmt: skip
    said = done.stdout + done.stderr
    finding.asked += 1
    finding.expect(done.returncode == 2, f"status {done.returncode}: {said}")
    finding.expect("Traceback" not in said, said)
    finding.expect(len(said.splitlines()) <= 6, f"not said in a line: {said}")
    for word in words:
        finding.expect(word in said, f"does not say {word!r}: {said}")


def port_in_use(directory):
    """Another program has the port, for UDP or TCP."""
    finding = Finding("port in use")
    for number, kind in enumerate((socket.SOCK_DGRAM, socket.SOCK_STREAM)):
        for workers in (0, 2):
            server = Stored(directory / f"{number}{workers}", {ORIGIN: zone(1)}, workers=workers)
            with contextlib.closing(socket.socket(type=kind)) as taken:
                taken.bind((server.address, server.port))
                if kind is socket.SOCK_STREAM:
                    taken.listen()
                refusal(server, finding, str(server.port), "stop it", "listen on another port")
    return finding


def no_permission(directory):
    """Port 53 for whom may not have it, and a zone file that may not be read."""
    finding = Finding("no permission")
    first = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    # Root without capabilities may do what any user may.
    plain = ["setpriv", "--bounding-set=-all"] if os.geteuid() == 0 else []
    if first <= 53 or (plain and not shutil.which("setpriv")):
        reason = "everybody may bind port 53" if first <= 53 else "install util-linux"
        finding.failures.append(f"{LEFT_OUT}{reason}")
        return finding

    def refused(server, *words):
        server.directory.mkdir(parents=True)
        command = [*plain, *server.arguments()]
        server.zone_file(ORIGIN).chmod(0 if server.port != 53 else 0o644)
        server.arguments = lambda: command
        refusal(server, finding, *words)

    server = Stored(directory / "port", {ORIGIN: zone(1)})
    server.port = 53
    refused(server, "port 53", "root or CAP_NET_BIND_SERVICE", "5300")
    refused(Stored(directory / "file", {ORIGIN: zone(1)}), "example.test.yaml", "ermission")
    return finding


def full_at_start(directory):
    """The disk is full before there is a store, and with one from before."""
    finding = Finding("disk full at the start")
    with small_disk(directory / "state", 2 << 20) as mounted:
        if not mounted:
            finding.failures.append(f"{LEFT_OUT}nothing can be mounted here")
            return finding
        ballast = fill(directory / "state", 0)
        refusal(Stored(directory, {ORIGIN: zone(1)}), finding, "full")
        ballast.unlink()
        with Stored(directory, {ORIGIN: zone(1)}):
            pass
        fill(directory / "state", 0)
        with Stored(directory, {ORIGIN: zone(2, 2000)}) as server:
            finding.expect(server.served() == 1, "not the version from before")
            finding.failures += log_faults(server.log, ("zones_from_before", "reload"))
    return finding


def findings(directory, *, points):
    """Cause every fault, one after the other."""
    yield full_disk(directory / "full", points)
    yield files_that_may_not_grow(directory / "limit")
    yield read_only_disk(directory / "read-only")
    yield stopped_control(directory / "stopped")
    yield bad_zone_files(directory / "bad")
    yield damaged_stores(directory / "damaged", points)
    yield port_in_use(directory / "port")
    yield no_permission(directory / "permission")
    yield full_at_start(directory / "start")


def main():
    """Run at the size asked for; exit 1 when a fault did more than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true")
    options = parser.parse_args()
    failures, left_out = [], []
    asked = failed = count = 0
    with tempfile.TemporaryDirectory() as name:
        for finding in findings(Path(name), points=20 if options.full else 4):
            count += 1
            asked += finding.asked
            failed += finding.failed
            for failure in finding.failures:
                (left_out if failure.startswith(LEFT_OUT) else failures).append(
                    f"{finding.name}: {failure}"
                )
    print(*left_out, sep="\n", end="\n" if left_out else "")
    return verdict(
        f"{count - len(left_out)} kinds of faults: {failed} of {asked:,} queries and starts "
        f"failed, {len(failures)} promises broken",
        failures,
    )


if __name__ == "__main__":
    sys.exit(main())
