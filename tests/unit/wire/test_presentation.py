import pytest

from dnsd.wire import presentation
from dnsd.wire.errors import FormError
from dnsd.wire.iana import RRType

EXAMPLE = b"\x07example\x04test\x00"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("10 mx1", ["10", "mx1"], id="plain"),
        pytest.param("  a\t b\n c ", ["a", "b", "c"], id="any white space"),
        pytest.param("", [], id="nothing"),
        pytest.param('"a b" c', ['"a b"', "c"], id="a quoted string"),
        pytest.param(r'"a \" b"', [r'"a \" b"'], id="a quote in a string"),
        pytest.param(r"a\ b c", [r"a\ b", "c"], id="an escaped space"),
        pytest.param("a (b\n c) d", ["a", "b", "c", "d"], id="parentheses over lines"),
        pytest.param('"a;b"', ['"a;b"'], id="a semicolon in quotes"),
        pytest.param(r"a\;b", [r"a\;b"], id="an escaped semicolon"),
        pytest.param('"a""b"c', ['"a"', '"b"', "c"], id="nothing between strings"),
        pytest.param(r'"\\" x', [r'"\\"', "x"], id="a backslash at the end of a string"),
    ],
)
def test_text_is_split_into_tokens(text, parts):
    assert presentation.tokens(text) == parts


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param('"a', "the double quote is not closed", id="open quote"),
        pytest.param(r'"a\"', "the double quote is not closed", id="escaped closing quote"),
        pytest.param("a (b", "'(' without ')'", id="open parenthesis"),
        pytest.param("a b)", "')' without '('", id="closing parenthesis"),
        pytest.param("a ; b", r"';' begins a comment; put the string in double quotes or write '\;'", id="comment"),
        pytest.param("a\\", "a backslash at the end", id="backslash at the end"),
    ],
)  # fmt: skip
def test_text_that_cannot_be_split_is_refused(text, reason):
    with pytest.raises(FormError) as caught:
        presentation.tokens(text)
    assert caught.value.reason == reason


def test_a_quoted_value_stays_with_its_key():
    assert presentation.one_line('1 . (alpn="a b"\n port=1)') == '1 .  alpn="a b" port=1 '
    assert presentation.one_line(" 1\n2 ") == "1 2"


@pytest.mark.parametrize(
    ("rrtype", "text", "reason"),
    [
        (RRType.MX, "10", "exchange is missing; MX is written: preference exchange"),
        (RRType.MX, "10 a b", "'b' is too much; MX is written: preference exchange"),
        (RRType.MX, "70000 a", "preference '70000' is not an integer from 0 to 65535"),
        (RRType.MX, "10 a..b", "exchange 'a..b': empty label"),
        (RRType.SRV, "0 0 https www", "port 'https' is not an integer from 0 to 65535"),
        (RRType.NS, "", "target is missing; NS is written: target"),
        (RRType.NS, "a..b", "'a..b': empty label"),
        (RRType.A, "192.0.2.256", "'192.0.2.256' is not an IPv4 address"),
        (RRType.SOA, "a b 1 x 3 4 5", "refresh 'x' is not a number of seconds, nor like '1h30m'"),
        (RRType.CAA, '0 issue-x ""', "tag 'issue-x' is not made of ASCII letters and digits"),
        (RRType.TXT, "", 'TXT needs a string; an empty one is ""'),
        (RRType.ISDN, "a b c", "more than 2 strings"),
        (RRType.HINFO, f"{'x' * 256} y", f"cpu '{'x' * 57}...': string of 256 octets, the limit is 255"),
        (RRType.URI, '10 1 ""', "target '\"\"': must not be empty"),
        (RRType.NS, '"a"', "'\"a\"': a name has no quotes"),
    ],
)  # fmt: skip
def test_a_reason_names_the_field_and_what_would_be_right(rrtype, text, reason):
    with pytest.raises(FormError) as caught:
        presentation.read(rrtype, presentation.tokens(text), EXAMPLE)
    assert caught.value.reason == reason


def test_every_type_in_the_table_is_read_and_written():
    examples = {"target": "a", "host": "a", "address": "192.0.2.1"}
    for rrtype, fields in presentation.SYNTAX.items():
        parts = ["2001:db8::1"] if rrtype == RRType.AAAA else [
            examples.get(label, "1") for label, _ in fields
        ]  # fmt: skip
        rdata = presentation.read(rrtype, parts, EXAMPLE)
        text = presentation.write(rrtype, rdata, EXAMPLE)
        assert presentation.read(rrtype, presentation.tokens(text), EXAMPLE) == rdata
        assert text.replace('"', "") == " ".join(parts)
