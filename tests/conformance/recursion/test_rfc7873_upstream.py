"""RFC 7873: cookies that a resolver exchanges with name servers."""

import pytest
from conformance.recursion.conftest import untimed

from dnsd.wire.iana import OptionCode


def cookies(subject, label):
    """The cookies that came to a zone's server."""
    seen = subject.internet.about(f"{label}.test.", at=subject.places.at(label))
    return [each.query.edns.option(int(OptionCode.COOKIE)) for each in seen if each.query.edns]


@pytest.mark.rfc("7873", "5.1")
@pytest.mark.reference("named")
def test_the_first_query_has_a_client_cookie_and_later_ones_the_servers_too(subject):
    for label in ("a", "b", "c"):
        assert subject.ask(f"{label}.cookies.test.").answer
    first, *later = cookies(subject, "cookies")
    assert len(first) == 8
    assert later
    assert {each[8:] for each in later} == {b"labserve"}


@pytest.mark.rfc("7873", "5.3")
@pytest.mark.reference("named")
def test_with_a_bad_cookie_a_query_is_sent_again(subject):
    for label in ("a", "b"):
        assert untimed(subject.ask(f"{label}.picky.test.").answer)
    assert [len(each) for each in cookies(subject, "picky")][:2] == [8, 16]
