import dns.serial
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.wire import serial

serials = st.integers(0, 0xFFFFFFFF)


@pytest.mark.parametrize(
    ("a", "b", "order"),
    [
        pytest.param(1, 1, 0, id="equal"),
        pytest.param(2, 1, 1, id="later"),
        pytest.param(0, 0xFFFFFFFF, 1, id="past the end"),
        pytest.param(0x7FFFFFFF, 0, 1, id="as far as it goes"),
        pytest.param(0x80000000, 0, None, id="undefined"),
        pytest.param(0x80000001, 0, -1, id="earlier by wrapping"),
    ],
)
def test_serials_are_compared(a, b, order):
    assert serial.compare(a, b) == order
    assert serial.is_newer(a, b) is (order == 1)


@pytest.mark.parametrize(
    ("start", "step", "end"),
    [(1, 0, 1), (1, 1, 2), (0xFFFFFFFF, 1, 0), (2026111401, 0x7FFFFFFF, 4173595048)],
)
def test_a_serial_is_raised(start, step, end):
    assert serial.add(start, step) == end


@pytest.mark.parametrize("step", [-1, 0x80000000])
def test_a_step_that_would_not_be_later_is_refused(step):
    with pytest.raises(ValueError, match="0 to 2147483647"):
        serial.add(1, step)


@given(serials, serials)
def test_order_agrees_with_dnspython(a, b):
    assert serial.is_newer(a, b) is bool(dns.serial.Serial(a) > dns.serial.Serial(b))


@given(serials, st.integers(1, serial.MAX_STEP))
def test_a_raised_serial_is_newer(start, step):
    assert serial.is_newer(serial.add(start, step), start)
