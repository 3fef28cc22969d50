import pytest

from dnsd.authority.zonefile import fields
from dnsd.authority.zonefile.fields import FieldDefect, UndottedName

NUMBER = fields.integer("preference", 2, hint="lower first")


@pytest.mark.parametrize(
    ("field", "text", "octets"),
    [
        pytest.param(NUMBER, "0", b"\x00\x00", id="zero"),
        pytest.param(NUMBER, "65535", b"\xff\xff", id="the greatest"),
        pytest.param(fields.name("target"), "A.Test.", b"\x01a\x04test\x00", id="a name"),
        pytest.param(fields.name("target"), ".", b"\x00", id="the root"),
        pytest.param(fields.name("target"), "é.test.", b"\x08xn--9ca\x04test\x00".replace(b"\x08", b"\x07"), id="an international name"),
        pytest.param(fields.string("flags"), r"a\"b\;\065", b'\x05a"b;A', id="escapes in a string"),
        pytest.param(fields.string("flags"), "", b"\x00", id="an empty string"),
        pytest.param(fields.string("flags"), r"\1@\\1", b"\x06\\1@\\1".replace(b"\x06", b"\x05"), id="a digit behind a backslash"),
        pytest.param(fields.rest("value"), "é;", b"\xc3\xa9;", id="text that is not ASCII"),
        pytest.param(fields.tag("tag"), "issue", b"\x05issue", id="a tag"),
        pytest.param(fields.hexadecimal("digest"), "00 fF", b"\x00\xff", id="hexadecimal"),
        pytest.param(fields.decimal("size"), "-1.50", b"-1.50", id="a decimal number"),
        pytest.param(fields.letter("direction", "NS"), "n", b"N", id="a letter"),
    ],
)  # fmt: skip
def test_a_field_is_read(field, text, octets):
    assert field.read(text) == octets


@pytest.mark.parametrize(
    ("field", "text", "suffix"),
    [
        pytest.param(NUMBER, "65536", "range", id="a number too great"),
        pytest.param(NUMBER, "-1", "range", id="a negative number"),
        pytest.param(NUMBER, "9" * 5000, "range", id="a very long number"),
        pytest.param(NUMBER, "010", "number", id="what YAML 1.1 reads as octal"),
        pytest.param(NUMBER, "0x10", "number", id="hexadecimal for a number"),
        pytest.param(NUMBER, "1_000", "number", id="an underscore"),
        pytest.param(NUMBER, "1.0", "number", id="a fraction"),
        pytest.param(NUMBER, "", "number", id="no number"),
        pytest.param(NUMBER, "٣", "number", id="digits of another script"),
        pytest.param(fields.name("target"), "host", "name", id="one label"),
        pytest.param(fields.name("target"), "", "name", id="no name"),
        pytest.param(fields.name("target"), "@", "name", id="the at sign"),
        pytest.param(fields.name("target"), "a..", "name", id="an empty label"),
        pytest.param(fields.name("target"), "192.0.2.1", "name", id="an address"),
        pytest.param(fields.name("target"), r"a.test\.", "dot", id="an escaped dot at the end"),
        pytest.param(fields.name("target"), "a.test", "dot", id="no dot at the end"),
        pytest.param(fields.string("flags"), "x" * 256, "length", id="a long string"),
        pytest.param(fields.string("flags"), r"\256", "text", id="an escape above 255"),
        pytest.param(fields.tag("tag"), "is-sue", "text", id="a tag with a hyphen"),
        pytest.param(fields.tag("tag"), "", "text", id="an empty tag"),
        pytest.param(fields.hexadecimal("digest"), "abc", "hex", id="half an octet"),
        pytest.param(fields.hexadecimal("digest"), "", "hex", id="no octets"),
        pytest.param(fields.decimal("size"), "1e3", "number", id="an exponent"),
        pytest.param(fields.decimal("size"), "nan", "number", id="not a number"),
        pytest.param(fields.letter("direction", "NS"), "E", "letter", id="another letter"),
        pytest.param(fields.letter("direction", "NS"), "NS", "letter", id="two letters"),
    ],
)  # fmt: skip
def test_what_a_field_is_not_has_a_name(field, text, suffix):
    with pytest.raises(FieldDefect) as caught:
        field.read(text)
    assert caught.value.suffix == suffix


def test_a_name_without_its_dot_is_known_all_the_same():
    with pytest.raises(UndottedName) as caught:
        fields.target_name("a.test")
    assert caught.value.octets == b"\x01a\x04test\x00"
    assert caught.value.hint == "a.test."


def test_a_number_with_a_leading_zero_is_shown_without():
    with pytest.raises(FieldDefect) as caught:
        fields.whole_number("00012")
    assert caught.value.hint == "12"
