import os

import dns.flags
import dns.message
import pytest

from dnsd.resolver.outgoing import Form, query_octets
from dnsd.wire import names
from dnsd.wire.message import parse_query

NAME = names.from_text("www.example-1.test.")


def zeros(count):
    return bytes(count)


def ones(count):
    return b"\xff" * count


@pytest.mark.parametrize(
    ("form", "flags", "edns"),
    [
        pytest.param(Form(), "", (1232, 0, {}), id="as name servers are asked"),
        pytest.param(Form(edns=False), "", None, id="without EDNS"),
        pytest.param(Form(edns=False, cookie=bytes(8), dnssec=True), "", None, id="no EDNS, no options"),
        pytest.param(Form(recurse=True), "RD", (1232, 0, {}), id="as resolvers are asked"),
        pytest.param(Form(check_disabled=True), "CD", (1232, 0, {}), id="without validation"),
        pytest.param(Form(dnssec=True), "", (1232, 0x8000, {}), id="with signatures"),
        pytest.param(Form(edns_size=512), "", (512, 0, {}), id="small replies"),
        pytest.param(Form(cookie=b"client 8"), "", (1232, 0, {10: b"client 8"}), id="a first cookie"),
        pytest.param(
            Form(cookie=b"client 8and the server's", recurse=True, check_disabled=True, dnssec=True),
            "RD CD", (1232, 0x8000, {10: b"client 8and the server's"}), id="everything",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("rrtype", [1, 65, 255, 65280])
def test_a_query_is_written_as_dnspython_reads_it(form, flags, edns, rrtype):
    octets = query_octets(NAME, rrtype, form, zeros)
    read = dns.message.from_wire(octets)
    (question,) = read.question
    assert (question.name.to_wire(), question.rdtype, question.rdclass) == (NAME, rrtype, 1)
    assert dns.flags.to_text(read.flags) == flags
    assert read.opcode() == 0
    if edns is None:
        assert read.edns == -1
    else:
        options = {int(option.otype): option.to_wire() for option in read.options}
        assert (read.payload, read.ednsflags, options) == edns


def test_the_id_is_the_entropys():
    assert (
        query_octets(NAME, 1, Form(), lambda count: b"\xab\xcd" + bytes(count))[:2] == b"\xab\xcd"
    )


@pytest.mark.parametrize(
    ("entropy", "spelled"),
    [(zeros, b"\3www\x09example-1\4test\0"), (ones, b"\3WWW\x09EXAMPLE-1\4TEST\0")],
)
def test_letters_only_are_spelled_as_the_entropy_says(entropy, spelled):
    query = parse_query(query_octets(NAME, 1, Form(), entropy))
    assert query.qname_as_sent == spelled
    assert query.qname == NAME


def test_a_case_that_is_not_random_is_lower():
    taken = []
    query = query_octets(NAME, 1, Form(randomize_case=False), lambda n: taken.append(n) or ones(n))
    assert parse_query(query).qname_as_sent == NAME
    assert taken == [2]


@pytest.mark.parametrize("letter", range(4))
def test_each_letter_has_a_bit_of_its_own(letter):
    name = b"\4abcd\0"
    bits = bytearray(2 + len(name))
    bits[3 + letter] = 0x20
    spelled = parse_query(query_octets(name, 1, Form(), lambda _: bytes(bits))).qname_as_sent
    assert [i for i in range(4) if spelled[1 + i] != name[1 + i]] == [letter]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(b"\0", id="the root"),
        pytest.param(b"\1a\0", id="one letter"),
        pytest.param(names.from_labels([b"a" * 63] * 3 + [b"b" * 61]), id="255 octets"),
        pytest.param(
            names.from_labels([b"\x00\xff`{@[.", b"\xe1\xc1"]), id="octets beside letters"
        ),
    ],
)
def test_any_name_comes_back_from_its_spelling(name):
    query = parse_query(query_octets(name, 1, Form(), ones))
    assert query.qname == name
    assert query.qname_as_sent == name.upper()


def test_queries_for_the_same_name_differ():
    seen = {query_octets(NAME, 1, Form(), os.urandom) for _ in range(50)}
    assert len(seen) > 45
    spellings = {octets[12:32] for octets in seen}
    assert len(spellings) > 45


def test_nothing_else_of_a_query_is_random():
    tails = {query_octets(NAME, 1, Form(), entropy)[32:] for entropy in (zeros, ones, os.urandom)}
    assert len(tails) == 1
    heads = {query_octets(NAME, 1, Form(), entropy)[2:12] for entropy in (zeros, ones, os.urandom)}
    assert heads == {b"\0\0\0\1\0\0\0\0\0\1"}
