import pytest
from pydantic_core import PydanticCustomError

from dnsd.config.kinds import Choice, Duration, Share, Size, Switch, Text, WholeNumber, shown

COUNT = WholeNumber("1", "100", "auto")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        pytest.param(COUNT, "1", 1, id="the lowest number"),
        pytest.param(COUNT, "100", 100, id="the highest number"),
        pytest.param(COUNT, "auto", None, id="the word beside the numbers"),
        pytest.param(Duration("1ms", "1h"), "1h", 3600, id="an hour"),
        pytest.param(Duration("1ms", "1h"), "0.25", 0.25, id="plain seconds"),
        pytest.param(Duration("1ms", "1h"), "1ms", 0.001, id="the lowest duration"),
        pytest.param(Size("1", "1MiB"), "1MiB", 1 << 20, id="the highest size"),
        pytest.param(Size("1", "1MiB"), "4096", 4096, id="plain octets"),
        pytest.param(Share("0%", "100%"), "30%", 0.3, id="a share"),
        *[pytest.param(Switch(), word, True, id=word) for word in ("on", "Yes", "true", "TRUE")],
        *[pytest.param(Switch(), word, False, id=word) for word in ("off", "No", "false", "FALSE")],
        pytest.param(Choice(("udp", "tcp")), "tcp", "tcp", id="one of the words"),
        pytest.param(Text(3), "a b", b"a b", id="the longest text"),
        pytest.param(Text(3), "", b"", id="no text"),
    ],
)
def test_what_is_accepted(kind, text, value):
    assert kind.read(text) == value


@pytest.mark.parametrize(
    ("kind", "written", "problem"),
    [
        (COUNT, "0", "out-of-range"),
        (COUNT, "101", "out-of-range"),
        (COUNT, "9" * 80, "bad-value"),
        (COUNT, "", "missing-value"),
        (COUNT, None, "missing-value"),
        (COUNT, {"a": "1"}, "wrong-kind"),
        (COUNT, ["1"], "wrong-kind"),
        # What YAML 1.1 or Python would make a number of, and what only looks like one.
        *[(COUNT, text, "bad-value") for text in
          ("010", "0x10", "1_0", "+5", "-1", "1.0", "1e1", "1:2", "٣", "②", "no", " 1", "1 ", "true")],
        *[(Duration("1s", "1m"), text, "bad-value") for text in ("5y", "1m 5s", "-5s", "m", "٣s")],
        (Duration("1s", "1m"), "999ms", "out-of-range"),
        (Duration("1s", "1m"), "1m1s", "out-of-range"),
        *[(Size("1", "1KiB"), text, "bad-value") for text in ("1KB", "1kib", "0.5KiB", "-1")],
        (Size("1", "1KiB"), "1025", "out-of-range"),
        *[(Share("0%", "50%"), text, "bad-value") for text in ("0.3", "30", "101%", "-1%")],
        (Share("0%", "50%"), "51%", "out-of-range"),
        *[(Switch(), text, "bad-value") for text in ("1", "0", "y", "enabled")],
        (Switch(), "", "missing-value"),
        (Choice(("udp", "tcp")), "UDP", "bad-value"),
        *[(Text(3), text, "bad-value") for text in ("four", "é", "\n", "\x7f", "\x1b[")],
    ],
)  # fmt: skip
def test_what_is_refused_and_why(kind, written, problem):
    with pytest.raises(PydanticCustomError) as caught:
        kind.read(written)
    assert caught.value.type == problem


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("70000", "70000"),
        ("udp", "'udp'"),
        ("", "empty"),
        (None, "empty"),
        ({}, "a mapping"),
        ([], "a list"),
        ("\x1b[31m", r"'\x1b[31m'"),
        ("x" * 1000, f"'{'x' * 59}…'"),
    ],
)
def test_a_value_in_a_message_is_short_and_harmless(written, text):
    assert shown(written) == text


def test_what_is_expected_names_the_bounds_and_the_word():
    assert COUNT.expected == "a whole number from 1 to 100, or auto"
    assert Choice(("debug", "info", "error")).expected == "debug, info or error"
