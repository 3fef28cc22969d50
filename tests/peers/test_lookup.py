"""``dnsd lookup`` beside the programs that people know, asking the same servers."""

import subprocess

import pytest
from click.testing import CliRunner
from peers.servers import SERVERS, Setup, program

from dnsd.cli.main import main

pytestmark = [pytest.mark.slow, pytest.mark.peers("named", "dig")]

ZONE = """\
example.test. 300 IN SOA ns.example.test. hostmaster.example.test. 1 7200 3600 604800 60
example.test. 300 IN NS ns.example.test.
ns.example.test. 300 IN A 192.0.2.53
example.test. 300 IN MX 10 mail.example.test.
mail.example.test. 300 IN A 192.0.2.25
mail.example.test. 300 IN AAAA 2001:db8::25
www.example.test. 300 IN CNAME mail.example.test.
text.example.test. 300 IN TXT "two" "strings; and \\"quotes\\""
_sip._udp.example.test. 300 IN SRV 0 5 5060 mail.example.test.
example.test. 300 IN CAA 0 issue "ca.example"
"""


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    setup = Setup(is_encrypted=True)
    with SERVERS["named"](
        tmp_path_factory.mktemp("named"), {"example.test.": ZONE}, setup=setup
    ) as server:
        yield server


@pytest.fixture(scope="module")
def dnsd(tmp_path_factory):
    setup = Setup(is_encrypted=True)
    with SERVERS["dnsd"](
        tmp_path_factory.mktemp("dnsd"), {"example.test.": ZONE}, setup=setup
    ) as server:
        yield server


def lookup(*words):
    return CliRunner().invoke(main, ["lookup", *words])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mail.example.test", ""),
        ("www.example.test", ""),
        ("www.example.test", "MX"),
        ("nosuch.example.test", ""),
        ("example.test", "SOA"),
        ("example.test", "NS"),
        ("example.test", "MX"),
        ("example.test", "PTR"),
        ("text.example.test", "TXT"),
        ("_sip._udp.example.test", "SRV"),
        ("example.test", "CAA"),
        ("other.test", ""),
    ],
)
def test_it_prints_what_nslookup_prints(named, name, kind):
    words = [f"-port={named.port}", *([f"-type={kind}"] if kind else []), name, named.address]
    theirs = subprocess.run(
        [program("nslookup"), *words], capture_output=True, text=True, check=False
    )
    ours = lookup(name, *filter(None, [kind]), f"@{named.address}:{named.port}", "--nslookup")
    assert ours.stdout == theirs.stdout


@pytest.mark.parametrize("subject", ["named", "dnsd"])
@pytest.mark.parametrize("way", ["--tcp", "--tls", "--https"])
def test_every_way_leads_to_the_same_answer(request, subject, way):
    server = request.getfixturevalue(subject)
    port = {"--tcp": server.port, "--tls": server.tls_port, "--https": server.https_port}[way]
    found = lookup("www.example.test", "A", way, f"@{server.address}:{port}", "--short")
    assert found.stdout == "mail.example.test.\n192.0.2.25\n"
    assert found.exit_code == 0
