"""Policies cross a pipe as JSON, and say when signatures are renewed."""

import json

from dnsd.dnssec.algorithms import Algorithm
from dnsd.dnssec.policy import SigningPolicy


def test_a_policy_crosses_a_pipe():
    for policy in (SigningPolicy(), SigningPolicy(Algorithm.ED25519, True, True, True, 60)):
        assert SigningPolicy(**json.loads(json.dumps(policy.to_json()))) == policy


def test_the_default_is_one_p256_key_and_nsec_for_two_weeks():
    policy = SigningPolicy()
    assert (policy.algorithm, policy.split_keys, policy.nsec3) == (13, False, False)
    assert policy.validity_s == 1_209_600
    assert policy.renewal_s == 403_200
