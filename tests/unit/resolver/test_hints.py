"""Root hints: those that come with the program, and those made of records."""

import ipaddress

import pytest

from dnsd.resolver.hints import ROOT_SERVERS, builtin_hints, hints_from
from dnsd.wire import names
from dnsd.wire.names import ROOT

N = names.from_text
NS, A, AAAA, TXT = 2, 1, 28, 16
ONE, TWO = b"\xc0\0\2\1", b"\xc0\0\2\2"
SIX = ipaddress.ip_address("2001:db8::1").packed


def test_those_of_the_program_are_thirteen_each_with_an_address_of_both_families():
    hints = builtin_hints()
    assert (hints.zone, len(hints.servers), hints.servers) == (ROOT, 13, tuple(hints.addresses))
    for addresses in hints.addresses.values():
        assert [len(address) for address in addresses] == [4, 16]
    every = [address for addresses in hints.addresses.values() for address in addresses]
    assert len(set(every)) == 26


def test_those_of_the_program_are_public_addresses():
    for texts in ROOT_SERVERS.values():
        assert all(ipaddress.ip_address(text).is_global for text in texts)


def test_they_steer_nobody_but_the_first_question():
    hints = builtin_hints()
    assert (hints.source, hints.forward, hints.stub) == (b"", False, False)


@pytest.mark.parametrize(
    ("records", "servers", "addresses"),
    [
        pytest.param(
            [(ROOT, NS, N("a.test.")), (N("a.test."), A, ONE)], ["a.test."], {"a.test.": (ONE,)},
            id="one server",
        ),
        pytest.param(
            [(N("a.test."), A, ONE), (ROOT, NS, N("a.test."))], ["a.test."], {"a.test.": (ONE,)},
            id="its address before it",
        ),
        pytest.param(
            [(ROOT, NS, b"\1A\4TEST\0"), (N("a.test."), A, ONE)], ["a.test."], {"a.test.": (ONE,)},
            id="in capitals",
        ),
        pytest.param(
            [(ROOT, NS, N("a.test.")), (N("a.test."), A, ONE), (N("a.test."), AAAA, SIX),
             (N("a.test."), A, TWO)],
            ["a.test."], {"a.test.": (ONE, SIX, TWO)},
            id="several addresses",
        ),
        pytest.param(
            [(ROOT, NS, N("a.test.")), (ROOT, NS, N("b.test.")), (ROOT, NS, N("a.test.")),
             (N("b.test."), A, TWO)],
            ["a.test.", "b.test."], {"b.test.": (TWO,)},
            id="one without address, one twice",
        ),
        pytest.param(
            [(ROOT, NS, N("a.test.")), (N("a.test."), A, ONE), (N("c.test."), A, TWO),
             (N("test."), NS, N("c.test.")), (N("a.test."), TXT, b"\1x")],
            ["a.test."], {"a.test.": (ONE,)},
            id="others are left out",
        ),
    ],
)  # fmt: skip
def test_records_become_hints(records, servers, addresses):
    hints = hints_from(iter(records))
    assert (hints.zone, hints.servers) == (ROOT, tuple(map(N, servers)))
    assert hints.addresses == {N(name): each for name, each in addresses.items()}


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([], id="nothing"),
        pytest.param([(ROOT, NS, N("a.test."))], id="no address"),
        pytest.param([(N("a.test."), A, ONE)], id="no server"),
        pytest.param([(N("test."), NS, N("a.test.")), (N("a.test."), A, ONE)], id="of another zone"),
        pytest.param([(ROOT, NS, N("a.test.")), (N("b.test."), A, ONE)], id="the address of another"),
    ],
)  # fmt: skip
def test_without_a_server_that_can_be_asked_there_are_no_hints(records):
    with pytest.raises(ValueError, match="no name server of the root with an address"):
        hints_from(records)
