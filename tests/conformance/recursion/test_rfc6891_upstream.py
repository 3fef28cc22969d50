"""RFC 6891: servers that do not know EDNS are asked without it."""

import pytest
from conformance.recursion.conftest import untimed


@pytest.mark.rfc("6891", "6.2.2")
@pytest.mark.parametrize("label", ["old", "older"], ids=["FORMERR", "no OPT in replies"])
def test_a_server_without_edns_is_understood(subject, label):
    name = f"www.{label}.test."
    assert untimed(subject.ask(name).answer) == [f"{name} IN A 192.0.2.80"]


@pytest.mark.rfc("6891", "7")
def test_who_answers_formerr_is_asked_again_without_opt(subject):
    subject.ask("www.old.test.")
    seen = [each for each in subject.internet.about("www.old.test.")
            if each.address == subject.places.at("old")]  # fmt: skip
    assert seen[0].query.edns is not None
    assert seen[-1].query.edns is None


@pytest.mark.rfc("6891", "6.2.5")
def test_the_size_that_is_said_passes_without_fragments(subject):
    subject.ask("www.other.test.")
    sizes = {each.query.edns.udp_size for each in subject.internet.about("other.test.")}
    assert sizes == {1232}
