"""RFC 9460 §4.1: what comes with SVCB and HTTPS records."""

import pytest
from conformance.conftest import records

WWW = [
    "www.example.test. 300 IN A 192.0.2.80",
    "www.example.test. 300 IN A 192.0.2.81",
    "www.example.test. 300 IN AAAA 2001:db8::80",
]


@pytest.mark.rfc("9460", "4.1")
def test_a_service_brings_the_addresses_of_its_target(subject):
    reply = subject.ask("svc2.example.test.", "SVCB")
    assert records(reply.answer) == [
        'svc2.example.test. 300 IN SVCB 1 www.example.test. port="8443"'
    ]
    assert records(reply.additional) == WWW


@pytest.mark.rfc("9460", "4.1")
def test_an_alias_brings_records_of_its_type_and_addresses(subject):
    reply = subject.ask("alias.svc.example.test.", "HTTPS")
    assert records(reply.answer) == ["alias.svc.example.test. 300 IN HTTPS 0 svc.example.test."]
    assert records(reply.additional) == [
        "svc.example.test. 300 IN A 192.0.2.120",
        'svc.example.test. 300 IN HTTPS 1 . alpn="h2"',
    ]


# knotd brings nothing for the owner itself.
@pytest.mark.rfc("9460", "2.5.2")
@pytest.mark.reference("named")
def test_the_root_as_target_of_a_service_means_the_owner(subject):
    reply = subject.ask("svc.example.test.", "HTTPS")
    assert records(reply.additional) == ["svc.example.test. 300 IN A 192.0.2.120"]
