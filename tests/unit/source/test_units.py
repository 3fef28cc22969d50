import pytest

from dnsd.source import units


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("45", 45),
        ("1.5", 1.5),
        ("500ms", 0.5),
        ("5m", 300),
        ("1h30m", 5400),
        ("90d", 7776000),
        ("1w2d3h4m5s", 788645),
        ("0.5s", 0.5),
    ],
)
def test_a_duration_is_read(text, seconds):
    assert units.duration_s(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "m", "5 m", "-5", "5y", "5M", "1h 30m", "1e3", "٣", "5m30", "9" * 13, "1h" * 60]
)
def test_what_is_no_duration_is_refused_with_what_is(text):
    with pytest.raises(ValueError, match="numbers with ms, s, m, h, d or w"):
        units.duration_s(text)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("4096", 4096),
        ("1KiB", 1024),
        ("128MiB", 134217728),
        ("1 GiB", 1 << 30),
        ("2TiB", 2 << 40),
        ("7B", 7),
    ],
)
def test_a_size_is_read(text, octets):
    assert units.size_octets(text) == octets


@pytest.mark.parametrize("text", ["", "1MB", "1mib", "1.5MiB", "-1", "MiB", "1  KiB", "٣"])
def test_what_is_no_size_is_refused_with_what_is(text):
    with pytest.raises(ValueError, match="KiB, MiB, GiB or TiB"):
        units.size_octets(text)


@pytest.mark.parametrize(
    ("text", "fraction"), [("0%", 0), ("30%", 0.3), ("12.5%", 0.125), ("100%", 1)]
)
def test_a_share_is_read(text, fraction):
    assert units.share(text) == fraction


@pytest.mark.parametrize("text", ["", "30", "101%", "-1%", "30 %", "a%", "100.1%"])
def test_what_is_no_share_is_refused_with_what_is(text):
    with pytest.raises(ValueError, match="from 0% to 100%"):
        units.share(text)
