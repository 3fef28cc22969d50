"""The program as a person meets it first: the README's commands on the example zone."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from experiments.daemon import log_faults
from peers.namespaces import network
from peers.servers import free_port, program

pytestmark = [pytest.mark.slow, pytest.mark.peers("dig")]

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PATIENCE_S = 60.0
ZONE = "example.test"


def until(happened, what):
    """Wait for something that must come; the result of the call that saw it."""
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        if seen := happened():
            return seen
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen")


class Home:
    """A directory with a copy of the example, and a daemon that is started in it.

    Attributes:
        directory: where every command is run.
        ports: of DNS and of HTTP.
        process: the daemon.
    """

    def __init__(self, directory):
        self.directory = directory
        self.ports = free_port(), free_port()
        self.process = None
        shutil.copytree(ROOT / "zones", directory / "zones")

    def configure(self, **settings):
        """Write a configuration with ports that are free here."""
        dns, http = self.ports
        listen = [{"address": address, "port": dns} for address in ("127.0.0.1", "::1")]
        given = {"listen": listen, "control": {"http": f"127.0.0.1:{http}"}, "user": "none"}
        (self.directory / "dnsd.yaml").write_text(json.dumps(given | settings))

    def start(self, *before):
        """Start the daemon as a shell would; wait until it says how to try it."""
        out, log = (self.directory / name for name in ("stdout", "stderr"))
        with out.open("w") as stdout, log.open("w") as stderr:
            self.process = subprocess.Popen(
                [*before, *DNSD, "serve"],
                stdout=stdout, stderr=stderr, cwd=self.directory, env=ENVIRONMENT,
            )  # fmt: skip
        until(lambda: self._is_announced() or self.process.poll() is not None, "the start")
        assert self.process.poll() is None, log.read_text()

    def _is_announced(self):
        return "\ntry: dig" in (self.directory / "stdout").read_text()

    def stop(self):
        """End the daemon; its exit status."""
        if self.process is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    @property
    def zone_file(self):
        """The example."""
        return self.directory / "zones" / "example.test.yaml"

    def edit(self, old, new):
        """Change the zone file as an editor does: a new file takes the place of the old."""
        text = self.zone_file.read_text()
        assert old in text
        fresh = self.directory / "zones" / ".example.test.yaml.swp"
        fresh.write_text(text.replace(old, new))
        fresh.rename(self.zone_file)

    def run(self, *words, **options):
        """Run a command of the program: exit status, standard output, standard error."""
        done = subprocess.run(
            [*DNSD, *words],
            capture_output=True, text=True, check=False, cwd=self.directory, env=ENVIRONMENT,
            timeout=PATIENCE_S, **options,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    def ok(self, *words):
        """Run a command that must succeed; its standard output."""
        status, out, err = self.run(*words)
        assert status == 0, out + err
        return out

    def dig(self, *words, server="127.0.0.1"):
        """Ask as README does; the lines of dig."""
        return dig(f"@{server}", "-p", str(self.ports[0]), "+noall", "+answer", *words)

    def answer(self, name, rrtype="A"):
        """The rdata of a name, sorted."""
        return sorted(dig("@127.0.0.1", "-p", str(self.ports[0]), "+short", name, rrtype))

    def serial(self):
        """The serial that is served."""
        return int(self.answer(ZONE, "SOA")[0].split()[2])

    def metrics(self):
        """The page of metrics."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[1]}/metrics") as page:
            return page.read().decode()

    def events(self, kind):
        """The lines of the log about one kind of event."""
        lines = (self.directory / "stderr").read_text().splitlines()
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in found if line["event"] == kind]


DNSD = [sys.executable, "-m", "dnsd"]
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}


def dig(*words):
    """Run dig; its lines without comments, blanks as one."""
    done = subprocess.run(
        [program("dig"), *words], capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    return [line for line in lines if line and not line.startswith(";")]


@pytest.fixture
def home(tmp_path):
    """A fresh copy of the example; its daemon is ended, and its log has no surprises."""
    made = Home(tmp_path)
    yield made
    made.stop()
    if made.process is not None:
        assert log_faults(tmp_path / "stderr", ("zone_kept", "zone_problem")) == []


@pytest.fixture(params=[0, 2], ids=["one process", "two workers"])
def served(home, request):
    """The example, served."""
    home.configure(workers=request.param)
    home.start()
    return home


@pytest.fixture(scope="module", params=[0, 2], ids=["one process", "two workers"])
def example(tmp_path_factory, request):
    """The example, served to all tests that only ask."""
    made = Home(tmp_path_factory.mktemp("example"))
    made.configure(workers=request.param)
    made.start()
    yield made
    assert made.stop() == 0
    assert log_faults(made.directory / "stderr") == []


class TestQuestions:
    @pytest.mark.parametrize(
        "how",
        [
            pytest.param({"words": [], "server": "127.0.0.1"}, id="UDP, IPv4"),
            pytest.param({"words": [], "server": "::1"}, id="UDP, IPv6"),
            pytest.param({"words": ["+tcp"], "server": "127.0.0.1"}, id="TCP, IPv4"),
            pytest.param({"words": ["+tcp"], "server": "::1"}, id="TCP, IPv6"),
        ],
    )
    def test_the_example_answers_as_a_real_server_does(self, example, how):
        def ask(*words):
            return sorted(example.dig(*how["words"], *words, server=how["server"]))

        assert ask("web.example.test", "A") == [
            "web.example.test. 300 IN A 192.0.2.80",
            "web.example.test. 300 IN A 192.0.2.81",
        ]
        assert ask(ZONE, "MX") == [
            "example.test. 3600 IN MX 10 mx1.example.test.",
            "example.test. 3600 IN MX 20 mx2.example.test.",
        ]
        assert ask("any.dyn.example.test", "A") == [
            "any.dyn.example.test. 3600 IN A 192.0.2.99",
        ]
        assert ask("www.example.test", "AAAA") == [
            "example.test. 3600 IN AAAA 2001:db8::80",
            "www.example.test. 3600 IN CNAME example.test.",
        ]
        assert ask("nothere.example.test", "A") == []
        (soa,) = ask("+noanswer", "+authority", "nothere.example.test", "A")
        assert soa.startswith("example.test. 3600 IN SOA ns1.example.test. hostmaster.")

    def test_a_name_that_does_not_exist_is_nxdomain(self, example):
        (line,) = [
            line
            for line in subprocess.run(
                [program("dig"), "@127.0.0.1", "-p", str(example.ports[0]), "nothere.example.test"],
                capture_output=True, text=True, check=True,
            ).stdout.splitlines()
            if "->>HEADER<<-" in line
        ]  # fmt: skip
        assert "status: NXDOMAIN" in line


class TestEdits:
    def test_an_edit_is_served_with_a_serial_that_has_moved(self, served):
        before = served.serial()
        served.edit("[192.0.2.80, 192.0.2.81]", "[192.0.2.80, 192.0.2.82]")
        until(lambda: served.answer("web.example.test") == ["192.0.2.80", "192.0.2.82"], "the edit")
        assert served.serial() > before

    def test_a_broken_edit_is_not_served_and_everybody_says_so(self, served):
        before = served.serial()
        served.edit("[192.0.2.80, 192.0.2.81]", "[192.0.2.80, 192.0.2.810]")
        (event,) = until(lambda: served.events("zone_kept"), "the report")
        assert served.answer("web.example.test") == ["192.0.2.80", "192.0.2.81"]
        assert served.serial() == before
        assert event["file"].endswith("zones/example.test.yaml")
        (problem,) = served.events("zone_problem")
        assert problem["check"] == "a-address"
        assert re.search(r"example\.test\.yaml:\d+:\d+$", problem["where"])
        status, out, _ = served.run("status")
        assert status == 1
        assert "example.test. kept from before: zones/example.test.yaml is broken" in out
        assert "\ndnsd_authority_zones_kept 1.0\n" in served.metrics()
        assert (
            served.run("zone", "list")[1].rstrip().endswith("zones/example.test.yaml, broken now")
        )
        # Mended, all is well again.
        served.edit("192.0.2.810", "192.0.2.83")
        until(lambda: "192.0.2.83" in served.answer("web.example.test"), "the mended edit")
        served.ok("status")
        assert "\ndnsd_authority_zones_kept 0.0\n" in served.metrics()

    def test_sighup_reads_the_files_again(self, home):
        for workers in (0, 2):
            home.configure(workers=workers, authority={"watch": "off"})
            home.start()
            new = f"192.0.2.9{workers}"
            home.edit(re.search(r"values: (\[192.*\])", home.zone_file.read_text())[1], f"[{new}]")
            home.process.send_signal(signal.SIGHUP)
            until(lambda new=new: home.answer("web.example.test") == [new], "the reload")
            assert home.stop() == 0

    def test_a_diff_shows_what_a_reload_would_change(self, home):
        home.configure(authority={"watch": "off"})
        home.start()
        assert home.ok("zone", "diff") == "nothing would change\n"
        home.edit("192.0.2.25", "192.0.2.26")
        status, out, _ = home.run("zone", "diff", ZONE)
        assert status == 1
        assert "- mx1.example.test. 3600 IN A 192.0.2.25\n" in out
        assert "+ mx1.example.test. 3600 IN A 192.0.2.26\n" in out
        assert home.answer("mx1.example.test") == ["192.0.2.25"]
        assert "example.test. loaded" in home.ok("zone", "reload")
        assert home.answer("mx1.example.test") == ["192.0.2.26"]
        assert home.ok("zone", "diff") == "nothing would change\n"

    def test_a_large_deletion_asks_for_force(self, home):
        home.configure(authority={"watch": "off"})
        home.start()
        text = home.zone_file.read_text()
        home.zone_file.write_text(text[: text.index("  # Another name for the zone")])
        status, _, err = home.run("zone", "reload")
        assert status == 1
        assert "deletion-share" in err
        assert "dnsd zone reload --force" in err
        assert home.answer("web.example.test")
        home.ok("zone", "reload", "--force")
        assert not home.answer("web.example.test")


class TestZoneCommands:
    @pytest.fixture
    def quiet(self, home):
        home.configure(authority={"watch": "off"})
        home.start()
        return home

    def test_a_zone_is_listed_and_shown(self, quiet):
        serial = quiet.serial()
        (listed,) = json.loads(quiet.ok("zone", "list", "--json"))
        shown = json.loads(quiet.ok("zone", "show", ZONE, "--json"))
        assert listed["serial"] == shown["serial"] == serial
        assert f"example.test.  {serial}" in quiet.ok("zone", "list")
        facts = dict(line.split(maxsplit=1) for line in quiet.ok("zone", "show", ZONE).splitlines())
        assert facts["zone"] == "example.test."
        assert facts["records"] == str(shown["records"])

    def test_a_zone_that_is_not_there_is_one_line(self, quiet):
        status, out, err = quiet.run("zone", "show", "elsewhere.example")
        assert (status, out) == (1, "")
        assert len(err.splitlines()) == 1

    @pytest.mark.parametrize("form", ["octodns", "yaml"])
    def test_an_export_is_the_same_zone_again(self, quiet, form):
        exported = quiet.ok("zone", "export", ZONE, "--format", form)
        quiet.zone_file.write_text(exported)
        status, out, _ = quiet.run("zone", "diff")
        assert (status, out) == (0, "nothing would change\n")

    def test_a_zone_comes_back_from_a_master_file(self, quiet):
        master = quiet.ok("zone", "export", ZONE)
        (quiet.directory / "example.zone").write_text(master)
        words = ["zone", "import", "example.zone", "--origin", ZONE]
        imported = quiet.ok(*words)
        assert quiet.run(*words, "--output", str(quiet.zone_file))[0] == 1, "there is one already"
        quiet.zone_file.write_text(imported)
        assert quiet.ok("check").startswith("1 zone")
        quiet.ok("zone", "reload")
        assert quiet.ok("zone", "export", ZONE) == master


class TestProcess:
    def test_it_ends_with_status_0_and_leaves_nobody_behind(self, served):
        found = json.loads(served.ok("status", "--json"))["processes"]
        pids = {served.process.pid, *(process["pid"] for process in found)}
        assert served.stop() == 0
        assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []

    def test_a_second_daemon_in_the_same_place_is_told_why(self, served):
        status, out, err = served.run("serve")
        assert (status, out) == (2, "")
        assert err.splitlines() == [
            "var/control.sock: control-socket: another dnsd has this control socket",
            "    hint: stop it, or set another state_directory for this one",
            "1 error, 0 warnings",
        ]
        assert served.answer("mx1.example.test") == ["192.0.2.25"]

    @pytest.mark.peers("promtool")
    def test_promtool_has_nothing_to_say_about_the_metrics(self, served):
        served.dig(ZONE, "SOA")
        done = subprocess.run(
            [program("promtool"), "check", "metrics"], input=served.metrics(),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout + done.stderr) == (0, "")

    def test_metrics_count_what_was_asked(self, served):
        for _ in range(3):
            served.dig("web.example.test", "A")
        served.dig("+tcp", "nothere.example.test", "A")
        lines = served.metrics().splitlines()
        assert 'dnsd_query_queries_total{transport="udp",type="A"} 3.0' in lines
        assert 'dnsd_query_responses_total{rcode="NXDOMAIN",transport="tcp"} 1.0' in lines


class TestReadme:
    """What README shows is what happens, on the ports that it shows."""

    BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)

    @pytest.fixture
    def unprivileged(self, home):
        """The example in a network of its own, served by who may not take port 53."""
        if program("setpriv") is None:
            pytest.skip("install the Debian package util-linux")
        home.ports = 5300, 8053
        with network():
            home.start("setpriv", "--bounding-set=-net_bind_service")
            yield home
            home.stop()

    @pytest.mark.root
    def test_the_first_start_says_what_readme_says(self, unprivileged):
        (block,) = [text for _, text in self.BLOCKS if text.startswith("dnsd 0.")]
        assert (unprivileged.directory / "stdout").read_text() == block

    @pytest.mark.root
    def test_the_questions_of_readme_get_the_answers_of_readme(self, unprivileged):
        (block,) = [text for _, text in self.BLOCKS if text.startswith("$ dig")]
        shown = {}
        for line in block.splitlines():
            if line.startswith("$ "):
                lines = shown[line.removeprefix("$ ")] = []
            else:
                lines.append(" ".join(line.split()))
        assert len(shown) == 4
        for command, lines in shown.items():
            got = dig(*command.split()[1:])
            assert _without_serial(got) == _without_serial(lines)

    def test_the_mistakes_of_readme_are_reported_as_in_readme(self, home):
        (block,) = [text for _, text in self.BLOCKS if text.startswith("$ dnsd check")]
        home.configure()
        home.zone_file.unlink()
        (home.directory / "zones" / "broken.example.yaml").write_text(BROKEN)
        status, out, err = home.run("check")
        assert (status, err) == (1, "")
        assert out == block.partition("\n")[2]


def _without_serial(lines):
    return sorted(re.sub(r"(SOA \S+ \S+) \d+", r"\1 SERIAL", line) for line in lines)


BROKEN = """\
records:
  '':
    - type: NS
      value: ns1.example.net.
    - type: MX
      value: {preference: 70000, exchange: mx1.broken.example.}
  mx1: {type: A, value: 192.0.2.300}
  www: {type: A, value: 192.0.2.80}
  www: {type: AAAA, value: '2001:db8::80'}
"""
