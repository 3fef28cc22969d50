import dns.name
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.wire import names
from dnsd.wire.errors import FormError

EXAMPLE = b"\x07example\x04test\x00"

labels_of_any_octets = st.lists(st.binary(min_size=1, max_size=20), max_size=10)
any_names = labels_of_any_octets.map(names.from_labels)


@pytest.mark.parametrize(
    ("text", "origin", "name"),
    [
        pytest.param(".", None, b"\x00", id="the root"),
        pytest.param("www.example.test.", None, b"\x03www" + EXAMPLE, id="absolute"),
        pytest.param("WWW.Example.TEST.", None, b"\x03www" + EXAMPLE, id="in lower case"),
        pytest.param("www", EXAMPLE, b"\x03www" + EXAMPLE, id="relative"),
        pytest.param("a.b", EXAMPLE, b"\x01a\x01b" + EXAMPLE, id="relative with two labels"),
        pytest.param("@", EXAMPLE, EXAMPLE, id="the origin"),
        pytest.param("www", names.ROOT, b"\x03www\x00", id="relative to the root"),
        pytest.param(r"a\.b.test.", None, b"\x03a.b\x04test\x00", id="a dot in a label"),
        pytest.param(r"\065\000.test.", None, b"\x02a\x00\x04test\x00", id="decimal escapes"),
        pytest.param(r"a\\.test.", None, b"\x02a\\\x04test\x00", id="an escaped backslash"),
        pytest.param(r"a\.", EXAMPLE, b"\x02a." + EXAMPLE, id="an escaped dot at the end"),
        pytest.param("*._tcp", EXAMPLE, b"\x01*\x04_tcp" + EXAMPLE, id="wildcard and underscore"),
        pytest.param("x" * 63 + ".", None, b"\x3f" + b"x" * 63 + b"\x00", id="63 octets"),
        pytest.param("x." * 127, None, b"\x01x" * 127 + b"\x00", id="127 labels"),
    ],
)
def test_text_is_read(text, origin, name):
    assert names.from_text(text, origin) == name


@pytest.mark.parametrize(
    ("text", "origin", "reason"),
    [
        pytest.param("", EXAMPLE, "empty name", id="nothing"),
        pytest.param("..", EXAMPLE, "empty label", id="two dots"),
        pytest.param("a..b.", None, "empty label", id="an empty label"),
        pytest.param(".a.", None, "empty label", id="a dot first"),
        pytest.param("www", None, "the name must end with a dot", id="relative without origin"),
        pytest.param("@", None, "'@' needs an origin", id="at sign without origin"),
        pytest.param("faß.test.", None, "a name is ASCII; write international names in their xn-- form", id="not ASCII"),
        pytest.param(r"\256.", None, "an escape is a backslash and three digits up to 255", id="escape over 255"),
        pytest.param(r"\12.", None, "an escape is a backslash and three digits up to 255", id="two digits"),
        pytest.param("a\\", EXAMPLE, "backslash at the end", id="backslash at the end"),
        pytest.param("x" * 64 + ".", None, "label of 64 octets, the limit is 63", id="64 octets"),
        pytest.param("x." * 128, None, "name of 257 octets, the limit is 255", id="128 labels"),
        pytest.param("x." * 120 + "x", EXAMPLE, "name of 256 octets, the limit is 255", id="too long with its origin"),
    ],
)  # fmt: skip
def test_text_that_is_no_name_is_refused(text, origin, reason):
    with pytest.raises(FormError) as caught:
        names.from_text(text, origin)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param(b"\x00", ".", id="the root"),
        pytest.param(EXAMPLE, "example.test.", id="plain"),
        pytest.param(b"\x03a.b\x00", r"a\.b.", id="a dot"),
        pytest.param(b"\x03a\\b\x00", r"a\\b.", id="a backslash"),
        pytest.param(b"\x04a\x00\xff \x00", r"a\000\255\032.", id="octets that do not print"),
        pytest.param(b'\x05"();@\x00', r"\"\(\)\;\@.", id="what master files give a meaning"),
    ],
)
def test_a_name_is_written(name, text):
    assert names.to_text(name) == text


@pytest.mark.parametrize(
    ("text", "is_absolute"),
    [(".", True), ("a.", True), (r"a\.", False), (r"a\\.", True), (r"\\\.", False), ("", False), ("a", False)],
)  # fmt: skip
def test_a_final_dot_counts_unless_it_is_escaped(text, is_absolute):
    assert names.is_absolute(text) is is_absolute


@given(any_names)
def test_text_reads_back(name):
    assert names.from_text(names.to_text(name), None) == name


@given(any_names)
def test_dnspython_writes_what_we_read(name):
    theirs = dns.name.from_wire(name, 0)[0]
    assert names.from_text(theirs.to_text(), None) == name
    assert dns.name.from_text(names.to_text(name)) == theirs


@pytest.mark.parametrize(
    ("name", "origin", "text"),
    [
        (b"\x03www" + EXAMPLE, EXAMPLE, "www"),
        (EXAMPLE, EXAMPLE, ""),
        (b"\x01a\x01b" + EXAMPLE, EXAMPLE, "a.b"),
        (b"\x03a.b" + EXAMPLE, EXAMPLE, r"a\.b"),
        (EXAMPLE, b"\x00", "example.test"),
    ],
)
def test_a_name_is_written_relative_to_its_origin(name, origin, text):
    assert names.relative_text(name, origin) == text


@given(labels_of_any_octets)
def test_labels_are_joined_and_split_again(labels):
    assert names.to_labels(names.from_labels(labels)) == [label.lower() for label in labels]
    assert names.label_count(names.from_labels(labels)) == len(labels)


def test_labels_can_stand_before_a_name():
    assert names.from_labels([b"WWW"], EXAMPLE) == b"\x03www" + EXAMPLE
    with pytest.raises(FormError, match="empty label"):
        names.from_labels([b""], EXAMPLE)


def test_lower_case_touches_ascii_letters_only():
    assert names.lower(b"\x03A\xc4Z\x00") == b"\x03a\xc4z\x00"


@pytest.mark.parametrize(
    ("name", "ancestor", "verdict"),
    [
        pytest.param(b"\x03www" + EXAMPLE, EXAMPLE, True, id="below"),
        pytest.param(EXAMPLE, EXAMPLE, True, id="equal"),
        pytest.param(EXAMPLE, b"\x00", True, id="below the root"),
        pytest.param(EXAMPLE, b"\x03www" + EXAMPLE, False, id="above"),
        pytest.param(b"\x04test\x00", EXAMPLE, False, id="the parent"),
        pytest.param(
            b"\x0dwww\x07example\x04test\x00", EXAMPLE, False, id="octets of a label look like it"
        ),
    ],
)
def test_subdomains_are_told_by_labels(name, ancestor, verdict):
    assert names.is_subdomain(name, ancestor) is verdict


def test_ancestors_go_up_to_the_stop():
    name = b"\x01a\x01b" + EXAMPLE
    assert names.ancestors(name, EXAMPLE) == [b"\x01b" + EXAMPLE, EXAMPLE]
    assert names.ancestors(EXAMPLE, EXAMPLE) == []
    assert names.parent(EXAMPLE) == b"\x04test\x00"


def test_the_order_of_keys_is_the_example_of_the_standard():
    """RFC 4034 §6.1."""
    texts = ["example.", "a.example.", "yljkjljk.a.example.", "Z.a.example.", "zABC.a.EXAMPLE.",
             "z.example.", r"\001.z.example.", "*.z.example.", r"\200.z.example."]  # fmt: skip
    ordered = [names.from_text(text) for text in texts]
    assert [name for _, name in sorted((names.order_key(n), n) for n in ordered)] == ordered


@given(any_names, any_names)
def test_keys_compare_as_dnspython_compares_names(a, b):
    theirs = dns.name.from_wire(a, 0)[0].fullcompare(dns.name.from_wire(b, 0)[0])[1]
    ours = (names.order_key(a) > names.order_key(b)) - (names.order_key(a) < names.order_key(b))
    assert ours == (theirs > 0) - (theirs < 0)


@given(any_names)
def test_a_key_turns_back_into_the_name(name):
    assert names.from_order_key(names.order_key(name)) == name


@given(any_names, any_names)
def test_the_key_of_a_name_begins_the_keys_below_it(name, other):
    below = names.order_key(other).startswith(names.order_key(name))
    assert below is names.is_subdomain(other, name)
