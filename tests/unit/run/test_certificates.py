"""Which certificate is served, and the one that we make where none is given."""

import stat

import pytest
from cryptography import x509
from fakes.tls import WALL_NOW, pem

from dnsd.net.tls_self_signed import make_key
from dnsd.run import certificates
from dnsd.source.problems import ConfigError, Severity

DOT = "listen: [{address: 127.0.0.1, port: 5301, transports: [dot]}]\n"
DOH = "listen: [{address: '::1', port: 5302, transports: [doh]}]\n"
HTTP = "listen: [{address: 127.0.0.1, port: 5303, transports: [doh-http]}]\n"
GIVEN = "tls: {certificate: certificate.pem, key: key.pem}\n"
YEAR = 365 * 86400


@pytest.fixture
def files(tmp_path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    for path, octets in zip((certificate, key), pem(), strict=True):
        path.write_bytes(octets)
    return certificate, key


@pytest.fixture
def config(configured, files):
    """A configuration; its state directory is there."""

    def make(text=DOT):
        made = configured(text)
        made.state_directory.mkdir(exist_ok=True)
        return made

    return make


def own_files(config):
    return config.state_directory / "tls-certificate.pem", config.state_directory / "tls-key.pem"


@pytest.mark.parametrize(("text", "needed"), [("", False), (HTTP, False), (DOT, True), (DOH, True)])
def test_a_certificate_is_only_needed_where_tls_is_spoken(config, text, needed):
    made = config(text)
    assert certificates.is_needed(made) is needed
    assert (certificates.own(made, WALL_NOW) is not None) is needed
    assert own_files(made)[0].exists() is needed


def test_mail_has_a_certificate_of_its_own_with_the_name_of_its_host(config):
    made = config("mail: {enabled: on, hostname: mx1.example.test}\n")
    assert certificates.own(made, WALL_NOW) is None
    assert certificates.own(made, WALL_NOW, certificates.MAIL)
    octets = (made.state_directory / "mail-tls-certificate.pem").read_bytes()
    names = x509.load_pem_x509_certificate(octets).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert "mx1.example.test" in names.value.get_values_for_type(x509.DNSName)
    assert not own_files(made)[0].exists()
    assert certificates.own(config(), WALL_NOW, certificates.MAIL) is None


def test_the_operators_certificate_is_served_and_none_made(config):
    made = config(DOT + GIVEN)
    assert certificates.given(made, WALL_NOW)
    assert certificates.own(made, WALL_NOW) is None
    assert not own_files(made)[0].exists()


def test_a_check_finds_what_a_start_would(config, files):
    made = config(DOT + GIVEN)
    assert certificates.problems(made, WALL_NOW) == []
    (soon,) = certificates.problems(made, WALL_NOW + 10 * YEAR - 86400)
    assert (soon.id, soon.severity) == ("tls-validity", Severity.WARNING)
    files[1].write_bytes(make_key())
    assert [each.id for each in certificates.problems(made, WALL_NOW)] == ["tls-key-mismatch"]
    assert certificates.problems(config(DOT), WALL_NOW) == []


def test_what_is_not_needed_is_not_read(config, files):
    files[0].write_text("no certificate")
    assert certificates.given(config(GIVEN), WALL_NOW) is None


def test_our_own_is_for_the_addresses_that_speak_tls_and_only_for_us_to_read(config):
    made = config(DOT)
    assert certificates.given(made, WALL_NOW) is None
    assert certificates.own(made, WALL_NOW)
    certificate, key = own_files(made)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    parsed = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    assert sorted(path.name for path in made.state_directory.iterdir()) == [
        "tls-certificate.pem",
        "tls-key.pem",
    ]


def test_our_own_is_kept_and_its_key_outlives_it(config):
    made = config()
    first = certificates.own(made, WALL_NOW)
    certificate, key = own_files(made)
    octets, secret = certificate.read_bytes(), key.read_bytes()
    assert certificates.own(made, WALL_NOW + YEAR).fingerprint == first.fingerprint
    assert certificates.own(made, WALL_NOW + 11 * YEAR).fingerprint != first.fingerprint
    assert certificate.read_bytes() != octets
    assert key.read_bytes() == secret


def test_a_link_in_the_place_of_our_own_is_not_followed(config, tmp_path):
    made = config()
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (made.state_directory / "tls-key.pem.new").symlink_to(victim)
    assert certificates.own(made, WALL_NOW)
    assert victim.read_text() == "precious"


def test_a_key_of_our_own_that_is_none_is_named(config):
    made = config()
    own_files(made)[1].write_text("no key")
    with pytest.raises(ConfigError) as caught:
        certificates.own(made, WALL_NOW)
    (problem,) = caught.value.problems
    assert problem.where.file == str(own_files(made)[1])
    assert problem.hint.startswith("remove it, and another one is made")


def test_a_directory_that_takes_no_file_is_named(configured):
    made = configured(DOT)
    with pytest.raises(ConfigError) as caught:
        certificates.own(made, WALL_NOW)
    (problem,) = caught.value.problems
    assert problem.message == "a certificate cannot be made here: no such file or directory"


def test_the_same_files_are_the_same_contexts(config, files):
    made = config(DOT + GIVEN)
    present = certificates.given(made, WALL_NOW)
    assert certificates.again(made, present, WALL_NOW) is present
    assert certificates.again(config(DOT), None, WALL_NOW) is not None
    files[1].write_bytes(make_key())
    with pytest.raises(ConfigError):
        certificates.again(made, present, WALL_NOW)


def test_a_reload_reads_where_links_lead(config, tmp_path, files):
    live = tmp_path / "live"
    live.mkdir()
    (live / "certificate.pem").symlink_to(files[0])
    made = config(DOT + "tls: {certificate: live/certificate.pem, key: key.pem}\n")
    assert set(certificates.paths(made)) == {live, tmp_path}
    assert certificates.paths(config(DOT)) == ()


def test_a_key_for_root_alone_is_said_to_need_a_restart(config, files):
    made, without = config(DOT + GIVEN), config(GIVEN)
    assert certificates.later_unreadable(made) is None
    files[1].unlink()
    assert "restart instead" in certificates.later_unreadable(made)
    assert certificates.later_unreadable(without) is None
