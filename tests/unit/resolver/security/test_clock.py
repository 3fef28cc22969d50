"""Signatures near the root show whether the clock may be wrong."""

import pytest

from dnsd.resolver.security.clock import LAST, ClockWatch
from dnsd.wire import names
from dnsd.wire.iana import ExtendedError

ROOT, TEST, BANK = map(names.from_text, (".", "test.", "bank.test."))
EXPIRED = ExtendedError.SIGNATURE_EXPIRED
EARLY = ExtendedError.SIGNATURE_NOT_YET_VALID


def watch(*ends):
    made = ClockWatch()
    for zone, error in ends:
        made.note(zone, error, "expired 3 h ago")
    return made


@pytest.mark.parametrize(
    ("ends", "is_suspect"),
    [
        ([], False),
        ([(ROOT, EXPIRED)], True),
        ([(ROOT, EARLY), (TEST, EARLY)], True),
        ([(BANK, EXPIRED)] * 20, False),
        ([(ROOT, ExtendedError.DNSKEY_MISSING)] * 20, False),
        ([(ROOT, None), *[(TEST, EXPIRED)] * (LAST - 1)], False),
        ([(ROOT, None), *[(TEST, EXPIRED)] * LAST], True),
        ([*[(ROOT, EXPIRED)] * LAST, (ROOT, None)], False),
    ],
)
def test_nearly_all_must_fail_for_the_time(ends, is_suspect):
    assert watch(*ends).is_suspect is is_suspect


def test_the_last_failure_is_kept_in_words():
    assert watch((ROOT, EXPIRED)).last == "expired 3 h ago"
    assert watch((ROOT, None)).last == ""
