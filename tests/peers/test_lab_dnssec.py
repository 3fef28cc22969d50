"""What people see of DNSSEC in ``dnsd lab``, through the command line: secure, insecure, bogus."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fakes.lab_reasons import BOGUS, INSECURE
from peers.servers import free_port, program

from dnsd.cli.lab_world import RESOLVER
from dnsd.cli.lookup_report import error_name

pytestmark = [pytest.mark.slow, pytest.mark.peers("kdig", "delv")]

DNSD = [sys.executable, "-m", "dnsd"]
PATIENCE_S = 60


class Lab:
    """The lab, running.

    Attributes:
        shown: what it printed at its start.
        port: of all servers.
        environment: of commands beside it.
    """

    def __init__(self, directory):
        self.port = free_port()
        self.environment = os.environ | {"PYTHONPATH": ":".join(sys.path), "TMPDIR": str(directory)}
        words = [sys.executable, "-u", "-m", "dnsd", "lab", "--port", str(self.port)]
        self.process = subprocess.Popen(
            words, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        self.shown = ""
        for line in self.process.stdout:
            self.shown += line
            if "Ctrl-C" in line:
                break
        (self.config,) = re.findall(r"export DNSD_CONFIG=(.*)", self.shown)
        self.environment["DNSD_CONFIG"] = self.config

    def run(self, *words):
        """Run a command of the program: its exit status, and what it printed."""
        done = subprocess.run(
            [*DNSD, *words], env=self.environment, capture_output=True, text=True, check=False,
            timeout=PATIENCE_S,
        )  # fmt: skip
        assert done.stderr == ""
        return done.returncode, done.stdout

    def end(self):
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        return status


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    made = Lab(tmp_path_factory.mktemp("lab"))
    try:
        yield made
    finally:
        status = made.end()
    assert status == 0


def lines(text, first):
    return [line for line in text.splitlines() if line.startswith(first)]


def test_the_lab_tells_what_there_is_to_try(lab):
    asked = [question.removesuffix(" A") for question in (*BOGUS, *INSECURE)]
    told = [line.partition("#") for line in lab.shown.splitlines() if "--dnssec" in line]
    commands = {command.strip(): says for command, _, says in told}
    for question in asked:
        assert commands[f"dnsd lookup --dnssec {question}"].strip()


@pytest.mark.parametrize(
    ("question", "last"),
    [
        (("www.shop.test", "A"), "web.shop.test. A is signed by key"),
        (("www.blog.example", "A"), "web.shop.test. A is signed by key"),
        (("80.2.0.192.in-addr.arpa", "PTR"), "80.2.0.192.in-addr.arpa. PTR is signed by key"),
        # What dnsd signs, by either policy.
        (("www.dnsd.test", "A"), "www.dnsd.test. A is signed by key"),
        (("www.dnsd.example", "A"), "www.dnsd.test. A is signed by key"),
        (("a.many.dnsd.test", "A"), "*.many.dnsd.test. NSEC is signed by key"),
        (("dnsd.example", "MX"), "dnsd.example. MX is signed by key"),
    ],
)
def test_what_is_in_order_is_secure(lab, question, last):
    status, out = lab.run("lookup", "--dnssec", *question)
    assert status == 0
    assert lines(out, "secure: ")
    assert last in out.splitlines()[-1]
    (anchor,) = lines(out, " 1  ")
    assert anchor == " 1  the root, a trust anchor"


@pytest.mark.parametrize("name", ["none.shop.test", "none.dnsd.test", "none.dnsd.example"])
def test_what_is_denied_in_order_is_secure(lab, name):
    status, out = lab.run("lookup", "--dnssec", name, "A")
    assert (status, lines(out, f"{name}. does not exist")) == (1, [f"{name}. does not exist"])
    assert lines(out, "secure: ")


def test_what_nobody_signs_is_insecure(lab):
    status, out = lab.run("lookup", "--dnssec", "www.evil.test", "A")
    assert (status, len(lines(out, "insecure: "))) == (0, 1)
    assert "test. proves with NSEC that evil.test. is not signed" in out


def because(code, reason):
    return f"because: {reason} \\({re.escape(error_name(code))}\\)"


@pytest.mark.parametrize("question", INSECURE)
def test_what_is_insecure_says_why(lab, question):
    code, reason = INSECURE[question]
    status, out = lab.run("lookup", "--dnssec", *question.split())
    assert status == ("missing." in question)
    assert lines(out, "insecure: ")
    found = lines(out, "because: ")
    assert len(found) == (code is not None)
    if code is not None:
        assert re.fullmatch(because(code, reason), found[0])


@pytest.mark.parametrize("question", BOGUS)
def test_a_bogus_name_has_its_one_reason_and_its_code(lab, question):
    code, reason = BOGUS[question]
    status, out = lab.run("lookup", "--dnssec", *question.split())
    assert status == 1
    assert len(lines(out, "bogus: ")) == 1
    (found,) = lines(out, "because: ")
    assert re.fullmatch(because(code, reason), found)
    # Whoever asks the resolver as all do gets no data, and the same reason.
    command = [program("kdig"), f"@{RESOLVER}", "-p", str(lab.port), "+dnssec", *question.split()]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "status: SERVFAIL" in text
    assert re.search(rf"EDE: {code} ", text)
    assert "ANSWER SECTION" not in text


DELV = {
    "secure": re.compile("^; (negative response, )?fully validated$", re.MULTILINE),
    "insecure": re.compile(
        "^; (unsigned answer|negative response, unsigned answer)$", re.MULTILINE
    ),
    "bogus": re.compile("^;; resolution failed: (?!ncache|failure)", re.MULTILINE),
    "unreadable": re.compile("^;; resolution failed: failure$", re.MULTILINE),
}
OTHERWISE = {
    # BIND puts up with more iterations of NSEC3 (RFC 9276 §3.2 leaves the bound open).
    "missing.many-iterations.insecure.test A": "secure",
    # And reads no message with such an RRSIG at all.
    "too-few-labels.bogus.test A": "unreadable",
}
JUDGED = (
    dict.fromkeys(("www.shop.test A", "www.dnsd.test A", "www.dnsd.example A", "none.dnsd.test A"), "secure")
    | dict.fromkeys(BOGUS, "bogus")
    | dict.fromkeys(INSECURE, "insecure")
    | OTHERWISE
)  # fmt: skip


@pytest.mark.parametrize("question", JUDGED)
def test_delv_judges_as_we_do(lab, tmp_path, question):
    """That a name is bogus is not for us alone to say; with CD we hand over all there is."""
    anchor = Path(lab.config).with_name("root.key").read_text()
    fields = re.fullmatch(r"\. DS (\d+) (\d+) (\d+) (\w+)\n", anchor).groups()
    path = tmp_path / "anchors"
    path.write_text('trust-anchors {{ . static-ds {} {} {} "{}"; }};\n'.format(*fields))
    command = [program("delv"), f"@{RESOLVER}", "-p", str(lab.port), "-a", path, "+root=.",
               "+cdflag", *question.split()]  # fmt: skip
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    said = done.stdout + done.stderr
    assert [word for word, form in DELV.items() if form.search(said)] == [JUDGED[question]], said
