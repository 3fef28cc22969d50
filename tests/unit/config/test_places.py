"""Kinds that name files: what they resolve to, what they refuse to read."""

import os
import time

import pytest
from pydantic_core import PydanticCustomError

from dnsd.config.places import (
    AnchorsFile,
    AuthoritiesFile,
    FilePath,
    SecretFile,
    Surroundings,
    UserName,
    ZonePath,
)
from dnsd.dnssec.anchors import builtin_anchors
from dnsd.dnssec.digests import Ds
from dnsd.net.tls_self_signed import Subject, make_certificate, make_key

SECRET = "00112233445566778899aabbccddeeff"


@pytest.fixture
def around(tmp_path, machine):
    (tmp_path / "etc" / "zones").mkdir(parents=True)
    return Surroundings(tmp_path / "etc", machine)


AUTHORITIES = AuthoritiesFile("authorities", "system")


def _problem(kind, text, around):
    with pytest.raises(PydanticCustomError) as caught:
        kind.place(text, around)
    return caught.value


def test_a_relative_path_starts_at_the_configuration(around):
    assert FilePath().place("var/x", around) == around.directory / "var/x"


def test_an_absolute_path_stays(around):
    assert str(FilePath().place("/srv/../srv/zones", around)) == "/srv/../srv/zones"


@pytest.mark.parametrize(
    "text",
    ["..", "../var", "../../etc/shadow", "zones/../../x", "./../x", "out", "out/x", "zones/up/x",
     "chain", "var/../../etcetera"],
)  # fmt: skip
def test_no_relative_path_escapes(text, around):
    (around.directory / "out").symlink_to("/")
    (around.directory / "chain").symlink_to("out")
    (around.directory / "zones" / "up").symlink_to("../..")
    problem = _problem(FilePath(), text, around)
    assert problem.type == "path-escape"
    assert problem.context["hint"] == str((around.directory / text).resolve())


def test_a_link_that_stays_inside_is_followed(around):
    (around.directory / "link").symlink_to("zones")
    assert ZonePath().place("link", around) == around.directory / "link"


def test_a_configuration_directory_that_is_a_link_is_no_escape(tmp_path, around):
    (tmp_path / "link").symlink_to(around.directory)
    linked = Surroundings(tmp_path / "link", around.machine)
    assert ZonePath().place("zones", linked) == tmp_path / "link" / "zones"


def test_zones_may_be_a_directory_or_a_file(around):
    (around.directory / "zone.example").touch()
    assert ZonePath().place("zones", around).is_dir()
    assert ZonePath().place("zone.example", around).is_file()


@pytest.mark.parametrize(
    ("content", "secrets"),
    [
        (SECRET, (bytes.fromhex(SECRET),)),
        (f"{SECRET.upper()}\n", (bytes.fromhex(SECRET),)),
        (f"{SECRET}\n{'00' * 16}\n", (bytes.fromhex(SECRET), bytes(16))),
    ],
)
def test_a_secret_file_holds_the_secret_in_use_and_the_one_before(content, secrets, around):
    path = around.directory / "cookie.secret"
    path.write_text(content)
    path.chmod(0o600)
    assert SecretFile().place("cookie.secret", around) == (path, secrets)


@pytest.mark.parametrize(
    "content",
    ["", SECRET[1:], SECRET + "0", f"{SECRET}\n" * 3, "g" * 32, "\x00" * 32, "é" * 16],
)
def test_a_file_of_anything_else_is_refused_without_quoting_it(content, around):
    path = around.directory / "cookie.secret"
    path.write_text(content)
    path.chmod(0o600)
    problem = _problem(SecretFile(), "cookie.secret", around)
    assert problem.type == "bad-secret"
    assert problem.context["message"] == f"is {path}, which holds no secrets"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o777])
def test_a_secret_that_others_can_read_is_refused(mode, around):
    path = around.directory / "cookie.secret"
    path.write_text(SECRET)
    path.chmod(mode)
    problem = _problem(SecretFile(), "cookie.secret", around)
    assert problem.type == "open-secret"
    assert problem.context["hint"] == f"chmod 600 {path}"
    assert SECRET not in str(problem)


@pytest.mark.parametrize("kind", [ZonePath(), SecretFile()])
def test_what_is_not_there_is_refused(kind, around):
    assert _problem(kind, "nothing", around).type == "unreadable-path"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_may_not_be_read_says_who_must_be_let(around):
    path = around.directory / "zone.example"
    path.touch()
    path.chmod(0)
    problem = _problem(ZonePath(), "zone.example", around)
    assert problem.context["hint"] == f"let the user who starts dnsd read {path}"


@pytest.mark.parametrize(
    ("text", "superuser", "user"),
    [
        ("auto", True, "dnsd"),
        ("root", True, "root"),
        ("none", True, None),
        ("auto", False, None),
        ("dnsd", False, None),
        ("not-on-this-machine", False, None),
    ],
)
def test_only_root_becomes_somebody(text, superuser, user, around):
    from dataclasses import replace

    machine = replace(around.machine, superuser=superuser)
    assert UserName().place(text, replace(around, machine=machine)) == user


class TestAuthorities:
    def test_those_of_the_system_need_no_file(self, around):
        assert AUTHORITIES.place("system", around) is None

    def test_a_file_of_certificates_is_taken(self, around):
        pem = make_certificate(make_key(), Subject("ca.example", ()), int(time.time()))
        (around.directory / "ca.pem").write_bytes(pem)
        assert AUTHORITIES.place("ca.pem", around) == around.directory / "ca.pem"

    @pytest.mark.parametrize(
        "content", [b"", b"no certificate", make_key(), b"\x30\x82\0\0"], ids=len
    )
    def test_a_file_of_anything_else_is_refused(self, around, content):
        path = around.directory / "ca.pem"
        path.write_bytes(content)
        problem = _problem(AUTHORITIES, "ca.pem", around)
        assert problem.type == "no-authorities"
        assert problem.context["message"] == f"is {path}, which holds no certificates"

    def test_a_file_that_is_not_there_is_refused(self, around):
        assert _problem(AUTHORITIES, "ca.pem", around).type == "unreadable-path"


class TestAnchors:
    """Trust anchors are read with the configuration, so that no worker needs the file."""

    ANCHOR = f"corp.example. DS 4711 13 2 {'ab' * 32}\n"

    @pytest.mark.parametrize(
        ("text", "anchors"), [("builtin", builtin_anchors()), ("none", {}), ("off", {})]
    )
    def test_words_name_no_file(self, around, text, anchors):
        assert AnchorsFile().place(text, around) == (None, anchors)

    def test_nothing_is_no_reason_not_to_validate(self):
        assert AnchorsFile().read(None) == "builtin"

    def test_a_file_is_read(self, around):
        path = around.directory / "anchors"
        path.write_text(self.ANCHOR)
        anchors = {b"\x04corp\x07example\x00": (Ds(4711, 13, 2, b"\xab" * 32),)}
        assert AnchorsFile().place("anchors", around) == (path, anchors)

    @pytest.mark.parametrize(
        ("octets", "line", "reason"),
        [
            (b"", "", "no trust anchor"),
            (b"; nothing\n", "", "no trust anchor"),
            (ANCHOR.encode() + b"example. A 192.0.2.1\n", ":2", "a record of type A"),
            (ANCHOR.encode() + b"\xff\xfe. DS 1 13 2 ab\n", ":2", ""),
            (b";" * 2_000_000, "", "more than 1048576 octets"),
        ],
        ids=["empty", "a comment", "another type", "no text", "too long"],
    )
    def test_a_file_that_holds_anything_else_is_refused(self, around, octets, line, reason):
        path = around.directory / "anchors"
        path.write_bytes(octets)
        problem = _problem(AnchorsFile(), "anchors", around)
        assert problem.type == "bad-anchor"
        assert problem.context["message"].startswith(f"is {path}{line}: {reason}")

    def test_a_file_that_is_not_there_is_refused(self, around):
        assert _problem(AnchorsFile(), "anchors", around).type == "unreadable-path"
