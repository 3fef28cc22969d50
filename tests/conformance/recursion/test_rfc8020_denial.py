"""RFC 8020: nothing is below a name that does not exist."""

import dns.rcode
import pytest


# Unbound and named do this for signed zones only.
@pytest.mark.rfc("8020", "2")
@pytest.mark.reference(None)
def test_below_a_denied_name_nobody_is_asked(subject):
    assert subject.ask("missing.negative.test.").rcode() == dns.rcode.NXDOMAIN
    before = len(subject.internet.about("missing.negative.test."))
    for name in ("a.missing.negative.test.", "a.b.missing.negative.test."):
        assert subject.ask(name).rcode() == dns.rcode.NXDOMAIN
    assert len(subject.internet.about("missing.negative.test.")) == before


@pytest.mark.rfc("8020", "3")
def test_below_a_name_without_records_there_may_be_some(subject):
    assert subject.ask("c.empty.test.").rcode() == dns.rcode.NOERROR
    assert subject.ask("a.b.c.empty.test.").answer
