import pytest
from pydantic import ValidationError
from pydantic_core import PydanticCustomError, SchemaValidator

from dnsd.config.name_kinds import (
    DomainName,
    LocalNames,
    LocalRecord,
    ServerAddress,
    SuffixOrName,
    TypeName,
    Url,
    UrlPath,
)
from dnsd.wire import names


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        pytest.param(DomainName(), "WWW.Example", b"\x03www\x07example\x00", id="a name"),
        pytest.param(DomainName(), "example.", b"\x07example\x00", id="with its last dot"),
        pytest.param(DomainName(), ".", b"\x00", id="the root"),
        pytest.param(DomainName(), r"a\.b.example", b"\x03a.b\x07example\x00", id="an escape"),
        pytest.param(SuffixOrName(("builtin",)), "builtin", "builtin", id="a word"),
        pytest.param(SuffixOrName(("builtin",)), "lan", b"\x03lan\x00", id="no word"),
        pytest.param(TypeName(), "aaaa", 28, id="a mnemonic"),
        pytest.param(TypeName(), "TYPE65280", 65280, id="a number"),
        pytest.param(ServerAddress(), "2001:DB8:0::1", "2001:db8::1", id="shortest text"),
        pytest.param(Url(), "none", None, id="no URL"),
        pytest.param(Url(), "https://lists.example/a?b", "https://lists.example/a?b", id="https"),
        pytest.param(Url(), "http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a", id="this machine"),
        pytest.param(UrlPath(), "/dns-query", "/dns-query", id="a path"),
    ],
)  # fmt: skip
def test_what_is_accepted(kind, text, value):
    assert kind.read(text) == value


@pytest.mark.parametrize(
    ("kind", "text", "advice"),
    [
        (DomainName(), "a..b", ""),
        (DomainName(), "x" * 64, ""),
        (DomainName(), "bücher.example", "xn--bcher-kva.example"),
        (DomainName(), "", ""),
        (TypeName(), "ANY", ""),
        (TypeName(), "NOPE", ""),
        (ServerAddress(), "192.0.2.1:53", "port: 53, a key of its own"),
        (
            ServerAddress(),
            "fe80::1%eth0",
            "only addresses: a name would have to be looked up first",
        ),
        (ServerAddress(), "dns.example", "only addresses: a name would have to be looked up first"),
        (Url(), "http://lists.example/a", "https://lists.example/a"),
        (Url(), "https://user@lists.example/a", ""),
        (Url(), "https://lists.example:99999/a", ""),
        (Url(), "file:///etc/hosts", ""),
        (Url(), "https://lists.example/a b", ""),
        (UrlPath(), "dns-query", "/dns-query"),
        (UrlPath(), "/a?b", ""),
    ],
)
def test_what_is_refused_and_what_to_type(kind, text, advice):
    with pytest.raises(PydanticCustomError) as caught:
        kind.read(text)
    assert caught.value.context["hint"] == advice


def _local(written):
    schema = LocalNames().__get_pydantic_core_schema__(None, None)
    return SchemaValidator(schema).validate_python(written)


A, CNAME, MX, TXT, AAAA = 1, 5, 15, 16, 28
PRINTER = b"\x07printer\x00"


@pytest.mark.parametrize(
    ("written", "records"),
    [
        pytest.param(None, [], id="nothing"),
        pytest.param({"printer": "192.0.2.1"}, [(PRINTER, A, b"\xc0\x00\x02\x01")], id="an address"),
        pytest.param(
            {"Printer.": ["192.0.2.1", "2001:db8::1"]},
            [(PRINTER, A, b"\xc0\x00\x02\x01"),
             (PRINTER, AAAA, bytes.fromhex("20010db8000000000000000000000001"))],
            id="addresses of both families",
        ),
        pytest.param(
            {"printer": {"mx": "10 mail.lan", "TXT": ["a", '"b c"'], "TYPE65280": r"\# 1 ff"}},
            [(PRINTER, MX, b"\x00\x0a\x04mail\x03lan\x00"), (PRINTER, TXT, b"\x01a"),
             (PRINTER, TXT, b"\x03b c"), (PRINTER, 65280, b"\xff")],
            id="records of any type",
        ),
        pytest.param({"printer": {"CNAME": "nas.lan"}}, [(PRINTER, CNAME, b"\x03nas\x03lan\x00")],
                     id="an alias"),
    ],
)  # fmt: skip
def test_local_names_are_addresses_or_records(written, records):
    assert list(_local(written)) == [LocalRecord(*record) for record in records]


@pytest.mark.parametrize(
    ("written", "problem", "place"),
    [
        ("printer", "wrong-kind", ()),
        ({"a..b": "192.0.2.1"}, "bad-name", ("a..b", "[key]")),
        ({".": "192.0.2.1"}, "bad-name", (".", "[key]")),
        ({"printer": "192.0.2"}, "bad-value", ("printer",)),
        ({"printer": "fe80::1%eth0"}, "bad-value", ("printer",)),
        ({"printer": []}, "missing-value", ("printer",)),
        ({"printer": {}}, "missing-value", ("printer",)),
        ({"printer": {"MX": "mail.lan"}}, "bad-rdata", ("printer",)),
        ({"printer": {"ANY": "x"}}, "bad-value", ("printer",)),
        ({"printer": {"A": [["192.0.2.1"]]}}, "wrong-kind", ("printer",)),
        ({"printer": {"CNAME": "nas.lan", "A": "192.0.2.1"}}, "cname-and-other-data", ("printer",)),
        ({"printer": "192.0.2.1", "PRINTER.": "192.0.2.2"}, "duplicate-name", ()),
    ],
)
def test_problems_of_local_names_have_their_place(written, problem, place):
    with pytest.raises(ValidationError) as caught:
        _local(written)
    (error,) = caught.value.errors()
    assert (error["type"], error["loc"]) == (problem, place)


def test_a_name_is_kept_in_canonical_form():
    (record,) = _local({r"A\032b.LAN": "192.0.2.1"})
    assert names.to_text(record.name) == r"a\032b.lan."
