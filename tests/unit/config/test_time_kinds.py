"""Points of time are read as people and programs write them, and nothing is guessed."""

import pytest
from pydantic_core import PydanticCustomError

from dnsd.config.time_kinds import FixedTime, PointOfTime

FIXED = FixedTime("0", "4294967295", "none")


@pytest.mark.rfc("3339", section="5.6")
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01", 0),
        ("2027-01-31", 1_801_353_600),
        ("2027-01-31T00:00:00Z", 1_801_353_600),
        ("2027-01-31t01:30:00.999z", 1_801_359_000),
        ("2027-01-31 01:30:00+01:30", 1_801_353_600),
        ("2027-01-30T19:00:00-05:00", 1_801_353_600),
        ("2028-02-29", 1_835_395_200),
    ],
)
def test_dates_and_times_are_seconds(text, seconds):
    assert PointOfTime().read(text) == seconds


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("2027-01-31T18:00:00", "2027-01-31T18:00:00Z"),
        ("2027-02-29", ""),
        ("2027-1-31", ""),
        ("2027-01-31T18:00Z", ""),
        ("2027-01-31T25:00:00Z", ""),
        ("1969-12-31", ""),
        ("20270131", ""),
        ("1801353600", ""),
        ("in 2 h", ""),
    ],
)
def test_anything_else_is_refused(text, hint):
    with pytest.raises(PydanticCustomError) as caught:
        PointOfTime().read(text)
    assert (caught.value.type, caught.value.context["hint"]) == ("bad-value", hint)


@pytest.mark.parametrize(
    ("written", "value"), [(None, None), ("none", None), ("0", 0), ("1750000000", 1_750_000_000)]
)
def test_a_fixed_time_is_seconds_or_none(written, value):
    assert FIXED.read(written) == value


@pytest.mark.parametrize("written", ["now", "", "4294967296", "-1", []], ids=str)
def test_a_fixed_time_is_nothing_else(written):
    with pytest.raises(PydanticCustomError):
        FIXED.read(written)
