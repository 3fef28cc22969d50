"""HTTP/2 frames by their heads: what a connection may send for nothing."""

import pytest

from dnsd.net.doh_frames import MAX_FRAME_OCTETS, PREFACE, Allowance, FrameMeter

DATA, HEADERS, PRIORITY, RESET, SETTINGS, _, PING, _, WINDOW, CONTINUATION, UNKNOWN = range(11)


def frame(kind, length=0, flags=0):
    return length.to_bytes(3, "big") + bytes([kind, flags, 0, 0, 0, 1]) + bytes(length)


@pytest.fixture
def meter():
    made = FrameMeter(headers_octets=1000, resets_per_second=20, now=0.0)
    assert made.meter(PREFACE, 0.0) == ""
    return made


def fed(meter, octets, times, now=0.0):
    """How often these octets pass until a limit is hit, and which."""
    for count in range(times):
        limit = meter.meter(octets, now)
        if limit:
            return count, limit
    return times, ""


@pytest.mark.parametrize("kind", [DATA, PRIORITY, SETTINGS, PING, WINDOW, UNKNOWN])
def test_frames_without_requests_end_a_connection(meter, kind):
    assert fed(meter, frame(kind, 8), 1000) == (400, "doh_frames")


def test_ordinary_requests_pass_whatever_their_number(meter):
    request = frame(HEADERS, 80) + frame(DATA, 40) + frame(WINDOW, 4) * 2
    assert fed(meter, request, 5000) == (5000, "")


def test_time_gives_frames_back(meter):
    assert fed(meter, frame(PING, 8), 400) == (400, "")
    assert fed(meter, frame(PING, 8), 200, now=0.5) == (100, "doh_frames")


def test_resets_have_a_rate(meter):
    request = frame(HEADERS, 80) + frame(RESET, 4)
    assert fed(meter, request, 1000) == (20, "doh_resets")


def test_resets_at_their_rate_pass(meter):
    request = frame(HEADERS, 80) + frame(RESET, 4)
    for second in range(10):
        assert fed(meter, request, 20, now=float(second)) == (20, "")


def test_resets_of_our_own_count_too(meter):
    assert [meter.take_reset(0.0) for _ in range(21)] == [True] * 20 + [False]


def test_headers_in_pieces_are_as_bounded_as_in_one(meter):
    assert meter.meter(frame(HEADERS, 500), 0.0) == ""
    assert fed(meter, frame(CONTINUATION, 100), 100) == (5, "doh_headers")


def test_headers_that_are_too_long_are_not_waited_for(meter):
    assert meter.meter(frame(HEADERS, 1001)[:9], 0.0) == "doh_headers"


def test_every_request_has_room_for_its_headers(meter):
    assert fed(meter, frame(HEADERS, 900), 50) == (50, "")


def test_pieces_without_octets_count_as_frames(meter):
    assert fed(meter, frame(CONTINUATION), 1000) == (400, "doh_frames")


def test_a_frame_that_is_too_long_is_not_waited_for(meter):
    assert meter.meter(frame(DATA, MAX_FRAME_OCTETS), 0.0) == ""
    assert meter.meter(frame(DATA, MAX_FRAME_OCTETS + 1)[:9], 0.0) == "doh_frames"


@pytest.mark.parametrize("size", [1, 2, 8, 9, 10, 23, 100])
def test_pieces_make_no_difference(size):
    octets = PREFACE + (frame(HEADERS, 30) + frame(RESET, 4)) * 25
    meter = FrameMeter(1000, 20, 0.0)
    limits = [meter.meter(octets[i : i + size], 0.0) for i in range(0, len(octets), size)]
    # The frame that is one too many begins here.
    begins = len(PREFACE) + 52 * 20 + 39
    assert limits.index("doh_resets") == (begins + 8) // size


def test_an_allowance_never_holds_more_than_its_most():
    allowance = Allowance(2.0, 1.0, 0.0)
    allowance.earn(100.0)
    assert [allowance.take(50.0) for _ in range(3)] == [True, True, False]
