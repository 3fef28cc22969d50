"""The daemon that experiments are done on: any configuration, looked at from outside."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import dns.message
import dns.rcode
from peers.servers import Dnsd

from dnsd.control.client import ControlClient

#: Turns every bound off that would keep an experiment from seeing replies.
UNLIMITED = {"formerr_rate": 0, "chaos_rate": 0}

# Kinds of log lines that broken zone files cause.
BROKEN_ZONE_EVENTS = ("zone_refused", "zone_kept", "zone_problem", "reload")


_CONNECTIONS = "dnsd_net_tcp_connections{"


class Daemon(Dnsd):
    """dnsd with zones as YAML text by origin, and a configuration as nested mappings.

    Attributes:
        program: what comes before ``serve`` on the command line.
    """

    def __init__(self, directory, zones, *, program=("-m", "dnsd"), **settings):
        super().__init__(directory, zones)
        self.program = program
        self.given = settings

    def arguments(self):
        """Write zones and configuration; JSON is YAML."""
        for origin, text in self.zones.items():
            self.write_zone(origin, text)
        self.configuration = self.directory / "dnsd.yaml"
        self.configuration.write_text(json.dumps(self.settings()))
        return [sys.executable, *self.program, "serve", "--config", str(self.configuration)]

    def settings(self):
        """The whole configuration; what is given replaces single keys of sections."""
        settings = {
            "listen": [{"address": self.address, "port": self.port, "transports": ["udp", "tcp"]}],
            "state_directory": "state",
            "authority": {"zones": "zones", "watch": "off"},
            "resolver": {"enabled": "off", "trust_anchors": "none"},
            "control": {"http": "off"},
            "limits": {},
        }
        for section, value in self.given.items():
            if isinstance(value, dict):
                settings[section] = settings.get(section, {}) | value
            else:
                settings[section] = value
        return settings

    def zone_file(self, origin):
        """Where the zone of an origin is written."""
        return self.directory / "zones" / f"{origin.rstrip('.')}.yaml"

    def write_zone(self, origin, text):
        """Put a zone file in place at once, as an editor does."""
        path = self.zone_file(origin)
        path.parent.mkdir(exist_ok=True)
        fresh = path.with_suffix(".being-written")
        fresh.write_bytes(text if isinstance(text, bytes) else text.encode())
        fresh.rename(path)

    # --- asked and told -------------------------------------------------------------

    @property
    def control(self):
        """The control socket."""
        return ControlClient(self.directory / "state" / "control.sock")

    def command(self, *words):
        """Run a command of the program; its exit status and all that it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "dnsd", *words, "--config", str(self.configuration)],
            capture_output=True, text=True, check=False, cwd=self.directory,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def counts(self):
        """Every metric: its value by name, or by ``name{label="value"}``."""
        lines = self.control.metrics().splitlines()
        pairs = [line.rpartition(" ") for line in lines if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in pairs}

    def answers(self, name, rrtype="A", *, tcp=False):
        """Whether a question gets an answer with records."""
        reply = self.ask(dns.message.make_query(name, rrtype).to_wire(), tcp=tcp)
        return bool(dns.message.from_wire(reply).answer)

    # --- seen from outside ----------------------------------------------------------

    def pids(self):
        """The process that was started and all below it; compilers come and go, so not them."""
        pids = processes_below(self.process.pid)
        return [pid for pid in pids if b"compile_process" not in command_line(pid)]

    def memory_kib(self, looks=1):
        """Memory of its own in all processes, without pages of files; KiB.

        Args:
            looks: how often to look, the least counts: a compiler that is about to
                start looks like the process that starts it.
        """
        found = []
        for _ in range(looks):
            found.append(sum(anonymous_kib(pid) for pid in self.pids()))
            time.sleep(0.1 if looks > 1 else 0)
        return min(found)

    def descriptors(self):
        """Open descriptors of all processes; the commonest count, as some are passing.

        Just after a start those to the compiler that waits are still to come.
        """
        try:
            counts = []
            for _ in range(15):
                counts.append(
                    sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self.pids())
                )
                time.sleep(0.1)
            return statistics.mode(counts)
        except PermissionError:  # only root sees those of a process that is not dumpable
            time.sleep(5)  # longer than between two samples
            counts = self.counts()
            names = [name for name in counts if name.startswith("dnsd_run_open_descriptors{")]
            return sum(int(counts[name]) for name in names)

    def faults(self, *expected):
        """List what must not happen: exceptions, tracebacks, errors in the log.

        Args:
            expected: kinds of events that the experiment causes.
        """
        found = []
        if self.process.poll() is not None:
            found.append(f"the server ended with status {self.process.returncode}")
        else:
            counts = self.counts()
            found += [
                f"{name} is {counts[name]:.0f}"
                for name in (
                    "dnsd_query_faults_total",
                    "dnsd_observe_uncaught_exceptions_total",
                    'dnsd_limit_hits_total{limit="unregistered"}',
                )
                if counts[name]
            ]
        return found + log_faults(self.log, expected)

    def settle(self):
        """Wait until connections that ended are forgotten and memory was given back."""
        for _ in range(200):
            counts = self.counts()
            if not any(counts[name] for name in counts if name.startswith(_CONNECTIONS)):
                return
            time.sleep(0.1)


def log_faults(path, expected=()):
    """List tracebacks and lines of errors in a log, but for kinds that are expected."""
    found = []
    for line in path.read_text(errors="replace").splitlines():
        if "Traceback" in line:
            found.append(f"log: {line}")
        if not line.startswith("{"):
            continue
        event = json.loads(line)
        if event["level"] in ("error", "critical") and event["event"] not in expected:
            found.append(f"log: {line[:500]}")
    return found


def processes_below(pid):
    """List a process and everything it started."""
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += processes_below(int(child))
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found


def command_line(pid):
    """The words that a process was started with; nothing if it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def anonymous_kib(pid):
    """Memory of a process that is no file's, shared with nobody; 0 if it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    found = re.search(r"^RssAnon:\s+(\d+)", status, re.MULTILINE)
    return int(found[1]) if found else 0  # a zombie has none


def is_honest(reply):
    """Whether octets are a reply without an error that has records."""
    message = dns.message.from_wire(reply)
    return message.rcode() == dns.rcode.NOERROR and bool(message.answer)


def verdict(line, failures):
    """Print the figure of an experiment and what failed; the exit status."""
    print(line)
    for failure in failures[:20]:
        print(f"  failed: {failure}")
    return 1 if failures else 0
