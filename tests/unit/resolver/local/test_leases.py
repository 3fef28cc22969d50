import pytest

from dnsd.resolver.local.leases import read_leases
from dnsd.wire import names

NOW = 1_800_000_000
PHONE = "1800000900 52:54:00:12:34:56 192.0.2.20 phone 01:52:54:00:12:34:56\n"


def _read(text, max_names=100):
    found = read_leases(text.encode(), NOW, max_names)
    return [(names.to_text(name), address.hex()) for name, address in found.entries]


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        pytest.param(PHONE, [("phone.", "c0000214")], id="a lease"),
        pytest.param("0 52:54:00:12:34:56 192.0.2.20 tv *\n", [("tv.", "c0000214")], id="for ever"),
        pytest.param("1799999999 52:54:00:12:34:56 192.0.2.20 old *\n", [], id="over"),
        pytest.param("1800000900 52:54:00:12:34:56 192.0.2.20 * *\n", [], id="without a name"),
        pytest.param(f"{PHONE}duid 00:01:00:01:2b:aa\n1800000900 11259375 2001:db8::20 pc 00:01\n",
                     [("phone.", "c0000214"), ("pc.", "20010db8000000000000000000000020")],
                     id="both families"),
        pytest.param(PHONE + "1800000900 52:54:00:12:34:57 192.0.2.21 hal", [("phone.", "c0000214")],
                     id="a line that is still being written"),
        pytest.param("1800000900 x 192.0.2.20 wpad *\n1800000900 x 192.0.2.20 LOCALHOST *\n", [],
                     id="names that catch what is meant for others"),
    ],
)  # fmt: skip
def test_what_is_read(text, entries):
    assert _read(text) == entries


@pytest.mark.parametrize(
    "line",
    ["1800000900 x 192.0.2.20", "soon x 192.0.2.20 pc *", "1800000900 x 192.0.2 pc *",
     "1800000900 x 192.0.2.20 a_b *", "1800000900 x 192.0.2.20 -pc *", "1" * 30 + " x 192.0.2.20 pc *",
     "1800000900  x 192.0.2.20 pc *", "x" * 5000],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_counted_and_passed_over(line):
    found = read_leases(f"{PHONE}{line}\n".encode(), NOW, 100)
    assert len(found.entries) == 1
    assert (found.unreadable, found.first_unreadable) == (1, 2)


def test_no_more_names_are_taken_than_said():
    found = read_leases((PHONE * 3).encode(), NOW, 2)
    assert len(found.entries) == 2
    assert found.full
