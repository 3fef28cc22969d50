"""The worst keys cost few verifications, and no signature says more than it may."""

from unittest import mock

import pytest
from experiments import validator_work
from experiments.validator_work import (
    NSEC3_PARAMETERS,
    RSA_NUMBERS,
    hashed_denial,
    key_trap,
    many_rrsets,
    mutations,
    refusal,
)

from dnsd.dnssec import signatures, validation
from dnsd.dnssec.algorithms import KeyFault
from dnsd.dnssec.claims import Insecure, NotProven
from dnsd.dnssec.signatures import Refusal
from dnsd.dnssec.validation import Bogus, Work


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", [8, 13])
def test_colliding_keys_cost_four_verifications(algorithm):
    verdict, steps, units, _, _, keys = key_trap(algorithm)
    assert isinstance(verdict, Bogus)
    assert keys >= 8
    assert (steps, units) == (4, 400)


def test_the_bounds_are_what_keeps_the_cost_down():
    """Without that of failures it is that of keys and signatures of one RRset."""
    with mock.patch.object(validator_work, "Work", return_value=Work(1000, 1000)):
        _, steps, *_ = key_trap(8, 100)
    assert steps == 8
    with (
        mock.patch.object(validator_work, "Work", return_value=Work(1000, 1000)),
        mock.patch.object(validation, "MAX_KEYS", 1000),
        mock.patch.object(validation, "MAX_SIGNATURES", 1000),
    ):
        _, steps, *_ = key_trap(8, 30)
    assert steps == 30 * 30


def test_one_question_has_32_rrsets_verified():
    secure, units, _ = many_rrsets(13)
    assert (secure, units) == (32, 3200)


@pytest.mark.parametrize("name", NSEC3_PARAMETERS)
def test_denials_cost_few_blocks_and_none_with_parameters_out_of_bounds(name):
    parameters = NSEC3_PARAMETERS[name]
    verdict, blocks, _, every = hashed_denial(parameters)
    if parameters.is_too_costly:
        assert (type(verdict), blocks) == (Insecure, 0)
    else:
        assert isinstance(verdict, NotProven)
        # The walk goes on until the blocks are spent or the labels are.
        assert min(every, 1500) - parameters.cost(b"\0" * 255) < blocks <= 1500


@pytest.mark.parametrize("name", RSA_NUMBERS)
def test_rsa_numbers_out_of_bounds_are_refused(name):
    assert refusal(*RSA_NUMBERS[name])[0] is KeyFault.UNSUPPORTED


def test_nothing_is_accepted_or_refused_against_the_rules():
    counts = mutations(20_000)
    assert counts[True, False] == counts[False, True] == 0
    assert counts[True, True] > 500
    assert counts[False, False] > 500


@pytest.mark.parametrize(
    "forgotten",
    [
        Refusal.OTHER_TYPE,
        Refusal.OTHER_SIGNER,
        Refusal.OWNER_OUTSIDE,
        Refusal.LABELS_BELOW_SIGNER,
        Refusal.EXPIRED_BEFORE_VALID,
        Refusal.NOT_YET_VALID,
        Refusal.EXPIRED,
    ],
    ids=lambda reason: reason.name,
)
def test_a_rule_that_was_forgotten_is_seen(forgotten):
    whole = signatures.refusal

    def lenient(*arguments):
        reason = whole(*arguments)
        return None if reason is forgotten else reason

    with mock.patch.object(signatures, "refusal", lenient):
        assert mutations(5_000)[True, False] > 0
