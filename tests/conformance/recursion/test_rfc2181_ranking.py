"""RFC 2181 §5.4.1: addresses that came with a referral are no answers."""

import pytest
from conformance.recursion.conftest import untimed


@pytest.mark.rfc("2181", "5.4.1")
def test_glue_is_not_answered_where_the_zone_says_otherwise(subject):
    subject.ask("www.glued.test.")
    assert untimed(subject.ask("ns.glued.test.").answer) == ["ns.glued.test. IN A 192.0.2.53"]


@pytest.mark.rfc("2181", "5.4.1")
def test_what_a_server_says_of_another_zone_is_not_answered(subject):
    subject.ask("www.lying.test.")
    subject.ask("other.lying.test.")
    assert [line.split()[-1] for line in untimed(subject.ask("www.victim.test.").answer)] == [
        "192.0.2.80"
    ]
    assert subject.internet.about("victim.test.", at=subject.places.at("lying")) == []
