"""Root hints are read from a master file, whatever else it holds."""

import pytest

from dnsd.run.root_hints import read_root_hints
from dnsd.wire import names

N = names.from_text
HINTS = """\
; as registries write it
.                 3600000  NS    A.ROOT.TEST.
A.ROOT.TEST.      3600000  A     192.0.2.1
A.ROOT.TEST.      3600000  AAAA  2001:db8::1
.                 3600000  NS    b.root.test.
b.root.test.      3600000  A     192.0.2.2
"""


@pytest.fixture
def file(tmp_path):
    return tmp_path / "root.hints"


def test_servers_and_addresses_are_read(file):
    file.write_text(HINTS)
    hints = read_root_hints(file)
    a, b = N("a.root.test."), N("b.root.test.")
    assert hints.servers == (a, b)
    assert hints.addresses[a] == (b"\xc0\0\2\1", bytes.fromhex("20010db8") + bytes(11) + b"\1")
    assert hints.addresses[b] == (b"\xc0\0\2\2",)


def test_names_without_a_dot_at_their_end_are_below_the_root(file):
    file.write_text("@ 60 IN NS a.root.test\na.root.test 60 IN A 192.0.2.1\n")
    assert read_root_hints(file).addresses == {N("a.root.test."): (b"\xc0\0\2\1",)}


@pytest.mark.parametrize(
    "text",
    ["", "; nothing\n", ". 60 NS a.root.test.\n", "a.root.test. 60 A 192.0.2.1\n"],
    ids=["empty", "a comment", "no address", "no server"],
)
def test_a_file_without_servers_is_told(file, text):
    file.write_text(text)
    with pytest.raises(ValueError, match="no name server of the root with an address"):
        read_root_hints(file)


def test_a_file_that_is_not_there_is_told(file):
    with pytest.raises(OSError, match=r"root\.hints"):
        read_root_hints(file)
