"""The names of class CHAOS: off until set, and TXT only."""

import pytest

from dnsd.query.identity import Identity
from dnsd.wire import names
from dnsd.wire.iana import RRType

SET = Identity(nsid=b"a1", version=b"dnsd")


@pytest.mark.parametrize(
    ("qname", "qtype", "text"),
    [
        ("version.bind.", RRType.TXT, b"\4dnsd"),
        ("version.server.", RRType.TXT, b"\4dnsd"),
        ("version.bind.", RRType.ANY, b"\4dnsd"),
        ("hostname.bind.", RRType.TXT, b"\2a1"),
        ("id.server.", RRType.TXT, b"\2a1"),
        ("version.bind.", RRType.A, None),
        ("authors.bind.", RRType.TXT, None),
        ("x.version.bind.", RRType.TXT, None),
        (".", RRType.TXT, None),
    ],
)
def test_only_the_names_that_are_set_are_answered(qname, qtype, text):
    assert SET.chaos_text(names.from_text(qname), qtype) == text


@pytest.mark.parametrize("qname", ["version.bind.", "id.server."])
def test_nothing_is_told_by_default(qname):
    assert Identity().chaos_text(names.from_text(qname), RRType.TXT) is None
