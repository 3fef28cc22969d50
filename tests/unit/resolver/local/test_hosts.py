import pytest

from dnsd.resolver.local.hosts import read_hosts
from dnsd.wire import names


def _read(text, max_names=100):
    found = read_hosts(text.encode(), max_names)
    return [(names.to_text(name), address.hex()) for name, address in found.entries]


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        pytest.param("192.0.2.10 nas", [("nas.", "c000020a")], id="an address and a name"),
        pytest.param("192.0.2.10\tNAS.Lan.\tnas # a comment\r\n",
                     [("nas.lan.", "c000020a"), ("nas.", "c000020a")], id="two names, tabs, CR LF"),
        pytest.param("# nothing\n\n   \n", [], id="comments and blank lines"),
        pytest.param("fe80::1%eth0 pc", [("pc.", "fe800000000000000000000000000001")],
                     id="a zone index is dropped"),
        pytest.param("192.0.2.10 a#b", [("a.", "c000020a")], id="a comment without space before it"),
    ],
)  # fmt: skip
def test_what_is_read(text, entries):
    assert _read(text) == entries


@pytest.mark.parametrize(
    "line",
    ["192.0.2 nas", "192.0.2.10", "nas 192.0.2.10", "192.0.2.10 a..b", "192.0.2.10 .",
     r"192.0.2.10 a\.b", "192.0.2.10 bücher", "192.0.2.10 ok a..b", "192.0.2.10 " + "a " * 5000],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_counted_and_passed_over(line):
    found = read_hosts(f"192.0.2.1 first\n{line}\n192.0.2.2 last\n".encode(), 100)
    assert [names.to_text(name) for name, _ in found.entries] == ["first.", "last."]
    assert (found.unreadable, found.first_unreadable) == (1, 2)


def test_no_more_names_are_taken_than_said():
    found = read_hosts(b"192.0.2.1 a b c\n192.0.2.2 d\n", 2)
    assert len(found.entries) == 2
    assert found.full
    assert not read_hosts(b"192.0.2.1 a b\n", 2).full
