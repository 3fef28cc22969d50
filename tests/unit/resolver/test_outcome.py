from dataclasses import replace

import pytest
from fakes.cache_entries import positive

from dnsd.resolver.cache.contract import Security
from dnsd.resolver.outcome import (
    BOGUS_REASONS,
    STATUSES,
    Explanation,
    Outcome,
    why_bogus,
)


@pytest.mark.parametrize(
    ("security", "code", "validation"),
    [
        (Security.SECURE, None, "secure"),
        (Security.INSECURE, 27, "insecure"),
        (Security.INDETERMINATE, 22, "indeterminate"),
        (Security.BOGUS, 6, "dnssec_bogus"),
        (Security.BOGUS, 7, "signature_expired"),
        (Security.BOGUS, 9, "dnskey_missing"),
        (Security.BOGUS, 10, "rrsigs_missing"),
        (Security.BOGUS, 22, "other"),
        (Security.BOGUS, None, "other"),
    ],
)
def test_what_validation_found(security, code, validation):
    explanation = None if code is None else Explanation(code)
    outcome = Outcome(2, [], [], security, explanation)
    assert outcome.validation == validation
    assert validation in (BOGUS_REASONS if security is Security.BOGUS else STATUSES)


def test_what_is_bogus_says_so_without_a_reason_too():
    entry = positive("www.bank.test.", security=Security.BOGUS)
    assert why_bogus(entry) == (6, "")
    assert why_bogus(replace(entry, explanation=Explanation(7, "expired"))) == (7, "expired")
