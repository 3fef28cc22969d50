import pytest

from dnsd.authority.zonefile.generate import MAX_GENERATED, generate
from dnsd.wire.errors import FormError


@pytest.mark.parametrize(
    ("texts", "lines"),
    [
        pytest.param(["1-3", "host$", "A", "192.0.2.$"], ["host1 A 192.0.2.1", "host2 A 192.0.2.2", "host3 A 192.0.2.3"], id="a number"),
        pytest.param(["0-4/2", "$", "A", "192.0.2.$"], ["0 A 192.0.2.0", "2 A 192.0.2.2", "4 A 192.0.2.4"], id="a step"),
        pytest.param(["7-7", "a${3}", "A", "192.0.2.${-7}"], ["a10 A 192.0.2.0"], id="an offset"),
        pytest.param(["10-11", "${0,4,d}", "TXT", "${0,4,x}"], ["0010 TXT 000a", "0011 TXT 000b"], id="width and base"),
        pytest.param(["10-10", "${0,0,X}", "TXT", "${0,2,o}"], ["A TXT 12"], id="capitals and octal"),
        pytest.param(["1-1", r"\$a", "TXT", "$$b"], ["$a TXT $b"], id="a dollar"),
        pytest.param(["1-1", r"a\.b$", "A", "192.0.2.1"], [r"a\.b1 A 192.0.2.1"], id="other escapes stay"),
        pytest.param(["4660-4660", "${0,1,n}", "PTR", "${0,0,N}"], ["4.3.2.1 PTR 4.3.2.1"], id="nibbles"),
        pytest.param(["10-10", "${0,7,n}", "PTR", "${0,4,N}"], ["a.0.0.0 PTR A.0."], id="nibbles of a width with dots"),
    ],
)  # fmt: skip
def test_one_line_makes_many(texts, lines):
    assert [" ".join(line) for line in generate(texts)] == lines


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        (["1", "$", "A", "x"], "is not a range"),
        (["a-b", "$", "A", "x"], "is not a range"),
        (["3-1", "$", "A", "x"], "is an empty range"),
        (["1-3/0", "$", "A", "x"], "is an empty range"),
        ([f"0-{MAX_GENERATED}", "$", "A", "x"], "the limit is"),
        (["0-9999999999", "$", "A", "x"], "the limit is"),
        (["0-1", "${-5}", "A", "x"], "negative"),
        (["1-1", "a${x}", "TXT", "y"], "'{x}' is not as"),
        (["1-1", "a${0,1,q}", "TXT", "y"], "'{0,1,q}' is not as"),
        (["1-1", "a${0", "TXT", "y"], "'{0' is not as"),
    ],
)
def test_what_cannot_be_made_is_refused(texts, reason):
    with pytest.raises(FormError, match=reason):
        list(generate(texts))
