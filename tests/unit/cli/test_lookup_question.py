import pytest

from dnsd.cli.lookup_question import Asked, QueryForm, WordsError, query_octets, read_words
from dnsd.wire.message import AD, CD, RD, parse_query

A, AAAA, PTR, MX = 1, 28, 12, 15
WWW = b"\x03www\x07example\x04test\x00"


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        pytest.param(["www.example.test"], Asked(WWW, (A, AAAA)), id="both kinds of addresses"),
        pytest.param(["WWW.Example.test."], Asked(WWW, (A, AAAA)), id="a final dot means nothing"),
        pytest.param(["www.example.test", "mx"], Asked(WWW, (MX,)), id="a type"),
        pytest.param(["MX", "www.example.test"], Asked(WWW, (MX,)), id="the type first, as in dig"),
        pytest.param(["mx"], Asked(b"\x02mx\x00", (A, AAAA)), id="a name that is a type's"),
        pytest.param(
            ["mx", "a"], Asked(b"\x02mx\x00", (A,)), id="two types, so the first is a name"
        ),
        pytest.param(["www.example.test", "type65280"], Asked(WWW, (65280,)), id="any number"),
        pytest.param(
            ["@192.0.2.1", "www.example.test"], Asked(WWW, (A, AAAA), "192.0.2.1"), id="a server"
        ),
        pytest.param(
            ["192.0.2.1"],
            Asked(b"\x011\x012\x010\x03192\x07in-addr\x04arpa\x00", (PTR,)),
            id="an address is its reverse name",
        ),
        pytest.param(
            ["2001:db8::1"],
            Asked(
                b"\x011" + b"\x010" * 23 + b"\x018\x01b\x01d\x010\x011\x010\x010\x012"
                b"\x03ip6\x04arpa\x00",
                (PTR,),
            ),
            id="of IPv6 too",
        ),
        pytest.param(["bücher.test"], Asked(b"\x0dxn--bcher-kva\x04test\x00", (A, AAAA)), id="IDN"),
        pytest.param(["."], Asked(b"\x00", (A, AAAA)), id="the root"),
    ],
)
def test_words_are_a_question_and_a_server(words, asked):
    assert read_words(words) == asked


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "the name to look up is missing"),
        (["@192.0.2.1"], "the name to look up is missing"),
        (["a.test", "@192.0.2.1", "@192.0.2.2"], "only one server can be asked at a time"),
        (["a.test", "192.0.2.1"], "'192.0.2.1' is not a type; a server is written @192.0.2.1"),
        (["a.test", "a", "192.0.2.1"], "'192.0.2.1' is too much; a server is written @192.0.2.1"),
        (["a..test"], "'a..test' is not a name: empty label"),
        (["a.test", "axfr"], "AXFR transfers a zone, which is no lookup"),
        (["a.test", "opt"], "OPT is a part of messages and cannot be asked for"),
    ],
)
def test_words_that_ask_nothing_say_what_to_type(words, said):
    with pytest.raises(WordsError) as error:
        read_words(words)
    assert str(error.value) == said


def test_a_reverse_lookup_takes_addresses_only():
    assert read_words(["192.0.2.1"], reverse=True).types == (PTR,)
    with pytest.raises(WordsError, match=r"'a\.test' is not an address"):
        read_words(["a.test"], reverse=True)


@pytest.mark.parametrize(
    ("form", "flags", "dnssec"),
    [
        (QueryForm(), RD | AD, False),
        (QueryForm(recurse=False), AD, False),
        (QueryForm(dnssec=True, check_disabled=True), RD | AD | CD, True),
    ],
)
def test_a_query_says_what_was_asked_for(form, flags, dnssec):
    query = parse_query(query_octets(WWW, MX, form, lambda n: b"\xab\xcd"[:n]))
    assert (query.id, query.flags, query.qname, query.qtype) == (0xABCD, flags, WWW, MX)
    assert query.edns.do is dnssec


def test_a_query_without_edns_ends_behind_its_question():
    octets = query_octets(WWW, MX, QueryForm(edns=False), bytes)
    assert parse_query(octets).question_end == len(octets)


@pytest.mark.parametrize("labels", range(1, 100, 7))
def test_a_padded_query_has_no_length_of_its_own(labels):
    octets = query_octets(b"\x01a" * labels + b"\x00", A, QueryForm(pad=True), bytes)
    assert len(octets) % 128 == 0
