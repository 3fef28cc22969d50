import pytest

from dnsd.mail.smtp.lines import TOO_LONG, Lines


def take_all(chunks, limit):
    lines, found = Lines(), []
    for chunk in chunks:
        lines.feed(chunk)
        while (line := lines.take_line(limit)) is not None:
            found.append(line)
    return found, lines.take_all()


@pytest.mark.parametrize(
    ("octets", "found", "rest"),
    [
        pytest.param(b"a\r\nb\r\n", [b"a\r\n", b"b\r\n"], b"", id="two lines"),
        pytest.param(b"a\nb", [b"a\n"], b"b", id="LF alone and half a line"),
        pytest.param(b"12345678\r\n1\r\n", [b"12345678\r\n", b"1\r\n"], b"", id="the limit"),
        pytest.param(b"123456789\r\n1\r\n", [TOO_LONG, b"1\r\n"], b"", id="one more"),
        pytest.param(b"1" * 99 + b"\n1\r\n", [TOO_LONG, b"1\r\n"], b"", id="many more"),
        pytest.param(b"\n\n", [b"\n", b"\n"], b"", id="empty"),
    ],
)
def test_lines_come_out_however_they_were_cut(octets, found, rest):
    for size in (1, 2, 3, 7, 1000):
        chunks = [octets[i : i + size] for i in range(0, len(octets), size)]
        assert take_all(chunks, 10) == (found, rest)


def test_a_line_without_end_takes_no_memory():
    lines = Lines()
    for _ in range(1000):
        lines.feed(b"x" * 100)
        assert lines.take_line(10) is None
        assert len(lines) == 0
