import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.authority.zonefile.owners import Owners
from dnsd.source.marked_yaml import parse
from dnsd.wire import names

ORIGIN = names.from_text("example.test.")


def read(text, origin=ORIGIN):
    """The owner of a key in a zone, the ids of the problems, whether it has variants."""
    problems = []
    owners = Owners(origin, problems.append)
    escaped = "".join(f"\\U{ord(character):08x}" for character in text)
    (key,) = (key for key, _ in parse(f'? "{escaped}"\n: x'.encode(), "a").root.fields.values())
    owner = owners.owner(key)
    shown = None if owner is None else names.to_text(owner)
    return shown, [problem.id for problem in problems], owners.has_variants


@pytest.mark.parametrize(
    ("key", "owner", "has_variants"),
    [
        pytest.param("", "example.test.", False, id="the zone itself"),
        pytest.param("www", "www.example.test.", False, id="a host"),
        pytest.param("a.b.c", "a.b.c.example.test.", False, id="further below"),
        pytest.param("*", "*.example.test.", False, id="a wildcard"),
        pytest.param("*._tcp", "*._tcp.example.test.", False, id="a wildcard below"),
        pytest.param("no", "no.example.test.", False, id="what YAML takes for false"),
        pytest.param("010", "010.example.test.", False, id="what YAML takes for eight"),
        pytest.param("12:30", "12:30.example.test.", True, id="what YAML takes for a time"),
        pytest.param("WWW", "www.example.test.", True, id="capital letters"),
        pytest.param(r"a\.b", r"a\.b.example.test.", True, id="an escaped dot"),
        pytest.param(r"a\032b", r"a\032b.example.test.", True, id="an escaped space"),
        pytest.param(r"\@", r"\@.example.test.", True, id="an escaped at sign"),
        pytest.param("café", "xn--caf-dma.example.test.", True, id="international"),
        pytest.param("0/26", "0/26.example.test.", True, id="RFC 2317"),
        pytest.param("x" * 63, "x" * 63 + ".example.test.", False, id="63 octets"),
        pytest.param("myexample.test.host", "myexample.test.host.example.test.", False, id="the zone's name within"),
        pytest.param("myexample.test", "myexample.test.example.test.", False, id="a name that only ends like it"),
    ],
)  # fmt: skip
def test_a_key_names_an_owner(key, owner, has_variants):
    assert read(key) == (owner, [], has_variants)


@pytest.mark.parametrize(
    ("key", "problem_id"),
    [
        pytest.param("@", "owner-at", id="at sign"),
        pytest.param("www.example.test.", "owner-absolute", id="absolute"),
        pytest.param(r"a\\.example.test.", "owner-absolute", id="absolute, with a backslash"),
        pytest.param(r"a\\.", "owner-outside", id="a backslash and the final dot"),
        pytest.param("example.test.", "owner-absolute", id="the zone, absolute"),
        pytest.param("www.example.org.", "owner-outside", id="in another zone"),
        pytest.param(".", "owner-outside", id="the root"),
        pytest.param("a..b", "owner-name", id="an empty label"),
        pytest.param(".a", "owner-name", id="an empty first label"),
        pytest.param("x" * 64, "owner-name", id="64 octets"),
        pytest.param(".".join(["x" * 63] * 4), "owner-name", id="too long"),
        pytest.param("\\", "owner-name", id="a backslash alone"),
        pytest.param(r"\300", "owner-name", id="an escape above 255"),
        pytest.param("💩", "owner-name", id="forbidden in IDNA"),
        pytest.param("two words", "owner-space", id="a space"),
        pytest.param("a\tb", "owner-space", id="a tab"),
    ],
)
def test_what_is_no_key_has_a_name(key, problem_id):
    assert read(key)[:2] == (None, [problem_id])


@pytest.mark.parametrize("key", ["www.example.test", "example.test", "WWW.Example.Test"])
def test_a_key_that_repeats_the_zone_is_read_with_a_warning(key):
    owner, ids, _ = read(key)
    assert owner == f"{key.lower()}.example.test."
    assert ids == ["owner-doubled"]


def test_in_a_zone_of_one_label_and_in_the_root_nothing_is_doubled():
    assert read("test", names.from_text("test."))[:2] == ("test.test.", [])
    assert read("test", names.ROOT)[:2] == ("test.", [])
    assert read("", names.ROOT)[:2] == (".", [])


@given(st.lists(st.binary(min_size=1, max_size=20), min_size=1, max_size=5))
def test_every_owner_can_be_written_as_a_key(labels):
    name = names.from_labels([*labels, b"example", b"test"])
    owner, ids, _ = read(names.relative_text(name, ORIGIN))
    assert owner == names.to_text(name)
    assert set(ids) <= {"owner-doubled"}
