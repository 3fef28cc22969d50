import json
import math
import os

import pytest

from dnsd.observe import metrics
from dnsd.observe.log import (
    LINES_PER_SECOND,
    MAX_FIELD_OCTETS,
    MAX_KINDS,
    MAX_LINE_OCTETS,
    Clocks,
    EventLog,
    Level,
    json_text,
)


class Time:
    """Both clocks of a log, moved by hand."""

    now = 1000.0
    wall = 1_800_000_000.25


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def row():
    return metrics.new_page(rows=1).row(0)


@pytest.fixture
def written(tmp_path):
    """A file to log to, and what has been written to it."""
    path = tmp_path / "log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    yield descriptor, path.read_bytes
    os.close(descriptor)


@pytest.fixture
def log(written, time, row):
    clocks = Clocks(wall=lambda: time.wall, monotonic=lambda: time.now)
    log = EventLog(written[0], clocks=clocks)
    log.enter_row(row, "worker")
    return log


@pytest.fixture
def events(written):
    return lambda: [json.loads(line) for line in written[1]().splitlines()]


def test_an_event_is_one_line_of_json(log, written):
    log.warning("zone_kept", "the old version stays", zone="example.test.", records=3, ok=None)
    assert written[1]() == (
        b'{"time":"2027-01-15T08:00:00.250Z","level":"warning","event":"zone_kept",'
        b'"text":"the old version stays","process":"worker","zone":"example.test.",'
        b'"records":3,"ok":null}\n'
    )


def test_a_person_gets_a_short_line(written, time):
    clocks = Clocks(wall=lambda: time.wall, monotonic=lambda: time.now)
    log = EventLog(written[0], terminal=True, clocks=clocks)
    log.error("zone_kept", "the old version stays", zone="example.test.", why="two words", n=1)
    line = written[1]().decode()
    assert line[8:] == (' error    the old version stays zone=example.test. why="two words" n=1\n')


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize(
    "value",
    [
        "a\nb",
        "a\r\nb\x00",
        "\x1b[31mred",
        "\x7f\x80\x9b",
        "\u2028\u2029\u202e",
        "\ud800",
        "\U0001f4a9",
        'quote" and \\ backslash',
        b"\xff\n",
        "\n" * 255,
    ],
)
def test_what_peers_send_makes_no_second_line_and_no_odd_octet(written, time, terminal, value):
    log = EventLog(written[0], terminal=terminal)
    log.info("query", value if isinstance(value, str) else "", name=value)
    out = written[1]()
    assert out.count(b"\n") == 1
    assert out.endswith(b"\n")
    assert all(0x20 <= octet < 0x7F for octet in out[:-1])


@pytest.mark.parametrize("value", ["x" * 10_000, "\x1b" * 300, "\U0001f4a9" * 100, "é" * 43])
def test_a_field_has_at_most_256_octets(value):
    rendered = json_text(value)
    assert len(rendered) - 2 <= MAX_FIELD_OCTETS
    assert value.startswith(json.loads(rendered).removesuffix("..."))
    assert rendered.endswith('..."')


def test_a_field_that_fits_is_not_cut():
    assert json_text("x" * MAX_FIELD_OCTETS) == '"' + "x" * MAX_FIELD_OCTETS + '"'


@pytest.mark.parametrize("terminal", [False, True])
def test_a_line_has_at_most_4096_octets(written, terminal):
    log = EventLog(written[0], terminal=terminal)
    log.info("many", **{f"field{i}": "x" * 300 for i in range(50)})
    assert 3600 < len(written[1]()) <= MAX_LINE_OCTETS


def test_levels_below_the_asked_one_are_not_written(log, events):
    log.debug("quiet")
    log.level = Level.ERROR
    log.warning("quiet")
    log.error("loud")
    assert [event["event"] for event in events()] == ["loud"]


def test_each_kind_has_a_rate_of_its_own(log, events, row, time):
    for _ in range(100_000):
        log.error("flood")
    log.error("other")
    kinds = [event["event"] for event in events()]
    assert kinds.count("flood") == LINES_PER_SECOND
    assert kinds.count("other") == 1
    assert row[metrics.LOG_SUPPRESSED.slot()] == 100_000 - LINES_PER_SECOND
    assert row[metrics.limit_slot("log_rate")] == 1


def test_what_was_held_back_is_told_when_the_second_is_over(log, events, time):
    for _ in range(LINES_PER_SECOND + 7):
        log.error("flood")
    log.tell_held_back()
    assert len(events()) == LINES_PER_SECOND
    time.now += 1
    log.tell_held_back()
    log.tell_held_back()
    assert [(e["event"], e["kind"], e["count"]) for e in events()[LINES_PER_SECOND:]] == [
        ("log_held_back", "flood", 7)
    ]


def test_the_next_event_of_a_kind_comes_after_what_was_held_back(log, events, time):
    for _ in range(LINES_PER_SECOND + 1):
        log.error("flood")
    time.now += 1
    log.error("flood")
    assert [event["event"] for event in events()[LINES_PER_SECOND:]] == [
        "log_held_back",
        "flood",
    ]


def test_the_table_of_kinds_is_bounded(log, events):
    for i in range(MAX_KINDS + LINES_PER_SECOND + 5):
        log.info(f"kind{i}")
    assert len(events()) == MAX_KINDS + LINES_PER_SECOND


def test_a_fault_tells_its_type_and_places_but_no_values(log, events):
    def inner(secret):
        raise ValueError("no good")

    try:
        inner("s3cret")
    except ValueError as error:
        log.fault("reply_failed", error, qname="a.test.")
    (event,) = events()
    assert event["level"] == "critical"
    assert event["error"] == "ValueError: no good"
    assert event["at"].startswith("test_log.py:")
    assert event["at"].split(" < ")[0].endswith(":inner")
    assert event["qname"] == "a.test."
    assert "s3cret" not in json.dumps(event)


def test_a_value_that_cannot_be_shown_does_not_lose_the_line(log, events):
    class Odd:
        def __repr__(self):
            raise RuntimeError

    log.info("odd", a=Odd(), b=10**5000, c=math.inf, d=math.nan, e=1)
    (event,) = events()
    assert (event["a"], event["b"], event["e"]) == ("unprintable", "unprintable", 1)
    assert (event["c"], event["d"]) == ("inf", "nan")


def test_a_closed_reader_costs_the_line_and_nothing_else(row):
    read, write = os.pipe()
    log = EventLog(write)
    log.enter_row(row, "")
    os.close(read)
    log.info("lost")
    os.close(write)
    assert row[metrics.LOG_LOST.slot()] == 1


def test_a_reader_that_does_not_read_never_makes_the_log_wait(row, time):
    read, write = os.pipe()
    clocks = Clocks(wall=lambda: time.wall, monotonic=lambda: time.now)
    log = EventLog(write, clocks=clocks)
    log.enter_row(row, "")
    for second in range(20):
        time.now = 1000.0 + second
        for _ in range(LINES_PER_SECOND):
            log.info("flood", a="x" * 200)
    assert row[metrics.LOG_LOST.slot()] > 1000
    written = os.read(read, 1 << 20)
    assert all(json.loads(line) for line in written.splitlines())
    os.close(read)
    os.close(write)
