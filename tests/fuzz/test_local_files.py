"""Hosts files, lease files and block lists keep what is promised, whatever they are made of."""

import pytest
from fuzz.targets.local_files import one_file, one_input, one_list
from hypothesis import given
from hypothesis import strategies as st

WORDS = [
    b"192.0.2.1", b"0.0.0.0", b"127.0.0.1", b"2001:db8::1", b"fe80::1%eth0", b"::", b"[2001:db8::2]",
    b"1800000900", b"0", b"1", b"duid", b"*", b"52:54:00:12:34:56", b"nas", b"NAS.Example.",
    b"www.bank.example", b"localhost", b"a..b", b".", b"..", b"*.ads.example", b".ads.example", b"zip",
    b"x" * 63, b"x" * 64, b".".join([b"y" * 63] * 4), b"\\046", b"\xff", b"\x00", b"b\xc3\xbc", b"_a",
    b"||ads.example^", b"#", b"!", b";", b"<html>", b"",
]  # fmt: skip
words = st.sampled_from(WORDS) | st.binary(max_size=6)
lines = st.lists(words, max_size=6).map(b" ".join)
files = st.lists(lines, max_size=12).map(b"\n".join)
good_hosts = st.lists(
    st.builds(lambda host: b"192.0.2.1 h%d.example h%d" % (host, host), st.integers(0, 99)), max_size=9
)  # fmt: skip
good_leases = st.lists(
    st.builds(lambda i: b"0 52:54:00:12:34:56 192.0.2.%d h%d *" % (i, i), st.integers(0, 99)), max_size=9
)  # fmt: skip


@given(octets=files)
def test_words_in_any_order(octets):
    one_input(octets)


@given(octets=st.binary(max_size=200))
def test_any_octets(octets):
    one_input(octets)


@given(good=good_hosts)
def test_every_line_of_a_good_hosts_file_is_taken(good):
    read, _ = one_file(b"\n".join(good))
    assert len(read.entries) == 2 * len(good)
    assert len(one_list(b"\n".join(good), "hosts")) == len(good)


@given(good=good_leases)
def test_every_line_of_a_good_lease_file_is_taken(good):
    _, read = one_file(b"".join(line + b"\n" for line in good))
    assert len(read.entries) == len(good)


@pytest.mark.parametrize("form", ["auto", "hosts", "domains"])
def test_a_file_of_one_endless_line_gives_nothing(form):
    octets = b"192.0.2.1 " + b"a" * (1 << 20)
    assert one_list(octets, form) == []
    assert one_file(octets)[0].entries == []
