"""RFC 8914: why there is no answer, told to those who can be no one else."""

import dns.edns
import dns.rcode
import pytest
from conformance.conftest import Arrangement
from peers.servers import Setup


def codes(reply):
    return [int(option.code) for option in reply.options if option.otype == dns.edns.EDE]


@pytest.mark.rfc("8914", "4.21")
def test_a_name_of_no_zone_is_not_authoritative(subject):
    reply = subject.ask("www.elsewhere.example.", payload=1232, tcp=True)
    assert reply.rcode() == dns.rcode.REFUSED
    assert codes(reply) == [20]


@pytest.mark.rfc("8914", "2")
def test_without_edns_there_is_no_explanation(subject):
    assert subject.ask("www.elsewhere.example.").edns == -1


@pytest.mark.rfc("8914", "3")
@pytest.mark.parametrize(
    "name", ["www.example.test.", "none.example.test.", "a.child.example.test."]
)
def test_an_answer_needs_no_explanation(subject, name):
    assert codes(subject.ask(name, payload=1232, tcp=True)) == []


class TestClientsThatMayNotAsk:
    @pytest.fixture
    def arrangement(self):
        return Arrangement(setup=Setup(refuse_all=True))

    @pytest.mark.rfc("8914", "4.19")
    @pytest.mark.reference("named")
    @pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
    def test_a_client_that_may_not_ask_is_told_so(self, subject, tcp):
        reply = subject.ask("www.example.test.", payload=1232, tcp=tcp)
        assert reply.rcode() == dns.rcode.REFUSED
        assert not reply.answer
        assert codes(reply) == [18]
