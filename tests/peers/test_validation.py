"""Validation as people see it: zones that BIND signed, NSD serves, and kdig asks us for."""

import contextlib
import re
import subprocess

import pytest
from peers.recursors import Around, DnsdRecursor
from peers.servers import Nsd, Setup, free_port, program

pytestmark = [pytest.mark.slow, pytest.mark.peers("dnssec-keygen", "dnssec-signzone", "nsd", "kdig")]  # fmt: skip

SOA = "$TTL 300\n@ SOA ns hostmaster 1 7200 3600 86400 60\n"
TEST = f"{SOA}@ NS ns\nns A 127.71.0.2\n" + "".join(
    f"{child} NS ns.{child}\nns.{child} A 127.71.0.3\n"
    for child in ("bank", "expired", "other-key", "shop")
)
LEAF = f"""{SOA}@ NS ns
ns A 127.71.0.3
www A 192.0.2.80
mail CNAME www.shop.test.
*.wild TXT "any"
"""
ROOT = f"{SOA}@ NS ns.root.example.\nns.root.example. A 127.71.0.1\ntest NS ns.test.\nns.test. A 127.71.0.2\n"
LONG_AGO = ["-s", "20200101000000", "-e", "20200201000000"]
YEAR_2020 = 1_579_000_000  # within those


class Signer:
    """BIND's tools in one directory.

    Attributes:
        folder: of keys and zones.
    """

    def __init__(self, folder):
        self.folder = folder

    def key(self, origin):
        """Make a key that signs everything; its files without their suffixes."""
        command = [program("dnssec-keygen"), "-q", "-a", "13", "-f", "KSK", "-K", self.folder, origin]  # fmt: skip
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return self.folder / done.stdout.strip()

    def sign(self, origin, text, *options):
        """Sign a zone; its master file, its DS records, its DNSKEY record."""
        key = self.key(origin)
        public = key.with_name(f"{key.name}.key").read_text()
        (self.folder / "zone").write_text(f"$ORIGIN {origin}\n{text}{public}")
        command = [program("dnssec-signzone"), "-P", "-z", "-o", origin, *options,
                   "-f", self.folder / "out", self.folder / "zone", key]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, cwd=self.folder)
        ds = (self.folder / f"dsset-{origin}").read_text()
        return (self.folder / "out").read_text(), ds, public


@pytest.fixture(scope="module")
def internet(tmp_path_factory):
    """Serve a root, a TLD and four zones; what is around a resolver, without trust."""
    directory = tmp_path_factory.mktemp("internet")
    signer = Signer(directory)
    bank, of_bank, _ = signer.sign("bank.test.", LEAF)
    expired, of_expired, _ = signer.sign("expired.test.", LEAF, *LONG_AGO)
    _, of_another, _ = signer.sign("other-key.test.", LEAF)
    other_key, _, _ = signer.sign("other-key.test.", LEAF)
    test, of_test, _ = signer.sign("test.", TEST + of_bank + of_expired + of_another)
    root, _, anchor = signer.sign(".", ROOT + of_test)
    (directory / "anchors").write_text(anchor)
    leaves = {"bank.test.": bank, "expired.test.": expired, "other-key.test.": other_key,
              "shop.test.": f"$ORIGIN shop.test.\n{LEAF}"}  # fmt: skip
    port = free_port()
    with contextlib.ExitStack() as stack:
        for number, zones in enumerate(({".": root}, {"test.": test}, leaves), 1):
            address = f"127.71.0.{number}"
            server = Nsd(directory / str(number), zones, port, Setup(addresses=(address,)))
            server.address = address
            stack.enter_context(server)
        yield directory, port


@pytest.fixture(scope="module")
def resolvers(internet, tmp_path_factory):
    """Start resolvers that differ in what they trust; each at its first use."""
    directory, port = internet
    with contextlib.ExitStack() as stack:
        started = {}

        def get(**trust):
            key = str(trust)
            if key not in started:
                trust = {"trust_anchors": str(directory / "anchors")} | trust
                around = Around("127.71.0.1", port, trust=trust)
                server = DnsdRecursor(tmp_path_factory.mktemp("resolver"), around)
                started[key] = stack.enter_context(server)
            return started[key]

        yield get


def ask(resolver, name, rrtype="A", *options):
    """Ask as kdig asks; all that it prints."""
    command = [program("kdig"), f"@{resolver.address}", "-p", str(resolver.port),
               "+dnssec", "+timeout=30", "+retry=0", *options, name, rrtype]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def status(text):
    """The response code, whether AD is set, and the types in the answer section."""
    answer = text.partition(";; ANSWER SECTION:\n")[2].partition("\n\n")[0]
    types = {line.split()[3] for line in answer.splitlines() if line}
    flags = re.search(r"Flags: ([^;]*);", text)[1].split()
    return re.search(r"status: (\w+)", text)[1], "ad" in flags, types


def test_a_secure_answer_says_so_and_has_its_signatures(resolvers):
    assert status(ask(resolvers(), "www.bank.test")) == ("NOERROR", True, {"A", "RRSIG"})
    assert status(ask(resolvers(), "a.wild.bank.test", "TXT")) == (
        "NOERROR",
        True,
        {"TXT", "RRSIG"},
    )
    assert status(ask(resolvers(), "www.bank.test", "A", "+nodnssec", "+noadflag")) == (
        "NOERROR", False, {"A"},
    )  # fmt: skip


def test_a_secure_denial_has_its_proof(resolvers):
    for name, rrtype, rcode in (("no.bank.test", "A", "NXDOMAIN"), ("www.bank.test", "MX", "NOERROR")):  # fmt: skip
        text = ask(resolvers(), name, rrtype)
        assert status(text) == (rcode, True, set())
        assert re.search(r"\sNSEC\s", text)
        assert re.search(r"\sRRSIG\s+NSEC\s", text)


def test_an_insecure_answer_is_given_and_not_called_secure(resolvers):
    assert status(ask(resolvers(), "www.shop.test")) == ("NOERROR", False, {"A"})
    assert status(ask(resolvers(), "no.shop.test")) == ("NXDOMAIN", False, set())
    # The alias is signed, what it leads to is not.
    assert status(ask(resolvers(), "mail.bank.test")) == ("NOERROR", False, {"CNAME", "RRSIG", "A"})


@pytest.mark.parametrize(
    ("name", "code"),
    [("www.expired.test", 7), ("no.expired.test", 7), ("www.other-key.test", 9)],
)
def test_a_bogus_answer_is_refused_and_the_reason_given(resolvers, name, code):
    text = ask(resolvers(), name)
    assert status(text) == ("SERVFAIL", False, set())
    assert re.search(rf"EDE: {code} ", text), text


def test_who_judges_alone_gets_what_is_bogus(resolvers):
    for name in ("www.expired.test", "www.other-key.test"):
        found = status(ask(resolvers(), name, "A", "+cdflag"))
        assert found == ("NOERROR", False, {"A", "RRSIG"})
        # And nobody else after that.
        assert status(ask(resolvers(), name)) == ("SERVFAIL", False, set())


def test_below_a_negative_anchor_nothing_is_validated(resolvers):
    resolver = resolvers(negative_trust_anchors=[{"name": "expired.test", "until": "2999-01-01"}])
    text = ask(resolver, "www.expired.test")
    assert status(text) == ("NOERROR", False, {"A", "RRSIG"})
    assert status(ask(resolver, "www.other-key.test")) == ("SERVFAIL", False, set())
    assert status(ask(resolver, "www.bank.test"))[:2] == ("NOERROR", True)


def test_at_another_time_other_signatures_hold(resolvers):
    text = ask(resolvers(validation_time=YEAR_2020), "www.bank.test")
    assert status(text) == ("SERVFAIL", False, set())
    assert re.search(r"EDE: 8 ", text), text  # not yet valid


def test_without_anchors_nothing_is_validated(resolvers):
    for name in ("www.bank.test", "www.expired.test"):
        found = status(ask(resolvers(trust_anchors="none"), name))
        # Signatures are there all the same, for who judges alone.
        assert found == ("NOERROR", False, {"A", "RRSIG"})


def test_a_file_without_anchors_keeps_the_program_from_starting(dnsd_command, tmp_path):
    (tmp_path / "anchors").write_text("; forgotten\n")
    (tmp_path / "dnsd.yaml").write_text("user: none\nresolver: {trust_anchors: anchors}\n")
    for word, code in (("check", 1), ("serve", 2)):
        done = subprocess.run(
            [*dnsd_command, word], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert done.returncode == code
        said = f"resolver.trust_anchors is {tmp_path}/anchors: no trust anchor"
        assert said in done.stdout + done.stderr
