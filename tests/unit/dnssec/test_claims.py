"""What verdicts say to clients."""

from dnsd.dnssec.claims import Doubt, NotProven
from dnsd.wire.iana import ExtendedError


def test_only_costly_parameters_have_an_extended_error():
    assert Doubt.ITERATIONS.extended_error == ExtendedError.UNSUPPORTED_NSEC3_ITERATIONS
    assert Doubt.OPT_OUT.extended_error is None


def test_what_is_not_proven_is_bogus():
    assert NotProven("because").extended_error == ExtendedError.DNSSEC_BOGUS
