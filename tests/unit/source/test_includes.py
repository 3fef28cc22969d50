import os

import pytest

from dnsd.source.includes import Directory, IncludeRefused

MIB = 1 << 20


@pytest.fixture
def zones(tmp_path):
    """A zone directory with things around it that must not be read."""
    root = tmp_path / "zones"
    (root / "parts").mkdir(parents=True)
    (root / "parts" / "hosts.yaml").write_text("hosts")
    (root / "zone.yaml").write_text("zone")
    (root / "inner.yaml").symlink_to("parts/hosts.yaml")
    (tmp_path / "secret.yaml").write_text("secret")
    (tmp_path / "zones-other").mkdir()
    (tmp_path / "zones-other" / "secret.yaml").write_text("secret")
    (root / "link.yaml").symlink_to("../secret.yaml")
    (root / "absolute.yaml").symlink_to(tmp_path / "secret.yaml")
    (root / "out").symlink_to("..")
    (root / "loop.yaml").symlink_to("loop.yaml")
    os.mkfifo(root / "pipe.yaml")
    return root


@pytest.mark.parametrize(
    ("text", "from_file", "octets", "name"),
    [
        pytest.param("parts/hosts.yaml", "zone.yaml", b"hosts", "parts/hosts.yaml", id="below"),
        pytest.param("../zone.yaml", "parts/hosts.yaml", b"zone", "zone.yaml", id="up, but inside"),
        pytest.param(
            "./parts/../zone.yaml", "zone.yaml", b"zone", "zone.yaml", id="there and back"
        ),
        pytest.param("inner.yaml", "zone.yaml", b"hosts", "parts/hosts.yaml", id="a link inside"),
    ],
)
def test_a_file_is_read_relative_to_the_one_that_names_it(zones, text, from_file, octets, name):
    assert Directory(zones).read(text, str(zones / from_file), MIB) == (octets, str(zones / name))


@pytest.mark.parametrize(
    ("text", "problem_id"),
    [
        pytest.param("/etc/passwd", "include-outside", id="absolute"),
        pytest.param("~/zone.yaml", "include-outside", id="home"),
        pytest.param("~root/zone.yaml", "include-outside", id="another home"),
        pytest.param("../secret.yaml", "include-outside", id="up and out"),
        pytest.param("parts/../../secret.yaml", "include-outside", id="down, then up and out"),
        pytest.param(
            "../zones-other/secret.yaml", "include-outside", id="a name that begins the same"
        ),
        pytest.param("link.yaml", "include-outside", id="a link out"),
        pytest.param("absolute.yaml", "include-outside", id="an absolute link out"),
        pytest.param("out/secret.yaml", "include-outside", id="a directory that is a link out"),
        pytest.param("../nowhere.yaml", "include-outside", id="out, and not there"),
        pytest.param("zone.yaml\0.txt", "include-outside", id="a NUL"),
        pytest.param("", "include-outside", id="nothing"),
        pytest.param("loop.yaml", "include-unreadable", id="a link to itself"),
        pytest.param("nowhere.yaml", "include-unreadable", id="not there"),
        pytest.param("parts", "include-unreadable", id="a directory"),
        pytest.param("pipe.yaml", "include-unreadable", id="a pipe"),
        pytest.param("x" * 300, "include-unreadable", id="a name too long"),
    ],
)
def test_everything_else_is_refused(zones, text, problem_id):
    with pytest.raises(IncludeRefused) as caught:
        Directory(zones).read(text, str(zones / "zone.yaml"), MIB)
    assert caught.value.id == problem_id


def test_a_file_over_the_limit_is_refused(zones):
    with pytest.raises(IncludeRefused) as caught:
        Directory(zones).read("zone.yaml", str(zones / "a.yaml"), 3)
    assert caught.value.id == "yaml-size"


def test_the_directory_itself_may_be_a_link(zones, tmp_path):
    link = tmp_path / "current"
    link.symlink_to("zones")
    octets, name = Directory(link).read("parts/hosts.yaml", str(link / "zone.yaml"), MIB)
    assert (octets, name) == (b"hosts", str(link / "parts/hosts.yaml"))
