"""What dnsd judges differently from Unbound and named on purpose, and the section that lets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from peers.signed_zones import NSEC3, SOA

if TYPE_CHECKING:
    from collections.abc import Callable

    from peers.signed_zones import Case


@dataclass(frozen=True)
class Exemption:
    """A difference we keep.

    Attributes:
        source: section that allows it.
        reason: what we do instead, and why.
        applies: takes the case, what the two say and what we say.
    """

    source: str
    reason: str
    applies: Callable[[Case, str, str], bool]


def _is_too_costly(case, theirs, ours):
    policies = [zone.policy for zone in (case.parent, case.child)]
    is_costly = any(policy is not None and policy.parameters.is_too_costly for policy in policies)
    return is_costly and (theirs, ours) == ("secure", "insecure")


def _fault(case):
    return case.fault.partition(": ")[2]


def _is_by_a_revoked_key(case, _theirs, ours):
    return _fault(case) == "revoked key beside" and ours == "bogus"


def _is_without_soa(case, _theirs, ours):
    return _fault(case) == "soa stripped" and ours == "bogus"


def _is_beside_a_wrong_soa(case, theirs, ours):
    return case.spoilt.spoilt == [SOA] and (theirs, ours) == ("insecure", "bogus")


def _hides_a_cut(case, theirs, ours):
    is_denial = _fault(case).startswith("bitmap says")
    return is_denial and (theirs, ours) == ("insecure", "bogus")


def _denies_in_an_opt_out_span(case, theirs, ours):
    policy = case.spoilt.policy
    is_opt_out = policy is not None and (policy.opt_out or "opt out" in _fault(case))
    return is_opt_out and NSEC3 in case.spoilt.spoilt and (theirs, ours) == ("insecure", "bogus")


def _has_three_keys_of_one_tag(case, _theirs, ours):
    zone = case.spoilt
    return _fault(case) == "keys with the same tag" and zone.same_tag > 2 and ours == "bogus"


EXEMPTIONS = (
    Exemption(
        "RFC 9276 §3.2",
        "past 50 iterations, or what costs as much with a long salt, a zone is insecure; "
        "Unbound and named go on to 150",
        _is_too_costly,
    ),
    Exemption(
        "RFC 5011 §2.1",
        "a revoked key counts for nothing but its own revocation",
        _is_by_a_revoked_key,
    ),
    Exemption(
        "RFC 2308 §3",
        "a denial has the SOA of the zone that denies, or nobody knows who does",
        _is_without_soa,
    ),
    Exemption(
        "RFC 4035 §5.5",
        "the DS of a zone cut is asked for, and its denial comes with a signed SOA; the two "
        "take what came with the referral, where none is",
        _is_beside_a_wrong_soa,
    ),
    Exemption(
        "RFC 6840 §4.1",
        "a denial with NS and without SOA is the zone's above, and proves nothing but that no "
        "DS is there; the two take its owner for an unsigned zone",
        _hides_a_cut,
    ),
    Exemption(
        "RFC 5155 §8.4",
        "beside an opt-out span that covers a name, its wildcard is to be denied all the same",
        _denies_in_an_opt_out_span,
    ),
    Exemption(
        "RFC 4035 §5.3.3",
        "two keys of one tag are tried and no third one, against CVE-2023-50387",
        _has_three_keys_of_one_tag,
    ),
)
