"""Who a client is to us, and that a flood of clients changes nothing."""

import ipaddress

import pytest

from dnsd.query.acl import Networks
from dnsd.query.views import (
    AUTHORITY,
    EXEMPT,
    POLICY_SHIFT,
    RECURSION,
    UNLIMITED,
    ViewOptions,
    Views,
)


def views(clients=4):
    options = ViewOptions(
        allow=Networks.from_text(["192.0.2.0/24", "loopback"]),
        unlimited=Networks.from_text(["loopback", "198.51.100.1"]),
        clients=clients,
    )
    return Views(options)


def packed(address):
    return ipaddress.ip_address(address).packed


VERDICTS = [
    pytest.param("203.0.113.1", 0, id="nobody"),
    pytest.param("192.0.2.9", AUTHORITY, id="may ask"),
    pytest.param("198.51.100.1", UNLIMITED | EXEMPT, id="may not ask but is not counted"),
    pytest.param("127.0.0.1", AUTHORITY | UNLIMITED | EXEMPT, id="both"),
    pytest.param("::1", AUTHORITY | UNLIMITED | EXEMPT, id="both over IPv6"),
    pytest.param("2001:db8::1", 0, id="the other family"),
]


@pytest.mark.parametrize(("client", "view"), VERDICTS)
def test_a_view_says_what_a_client_may(client, view):
    table = views()
    assert table.view(packed(client)) == view
    assert table.view(packed(client)) == view, "remembered"


def test_a_flood_of_clients_changes_no_verdict_and_stays_bounded():
    table = views(clients=8)
    for i in range(100):
        table.view(bytes([203, 0, 113, i]))
        assert table.view(packed("127.0.0.1")) == AUTHORITY | UNLIMITED | EXEMPT
        assert table.view(packed("203.0.113.0")) == 0
    assert len(table._newer) <= 8
    assert len(table._older) <= 8
    assert table.turnovers > 0


def test_clients_that_fit_are_never_set_aside():
    table = views(clients=8)
    for _ in range(10):
        for i in range(8):
            table.view(bytes([203, 0, 113, i]))
    assert table.turnovers == 0


def test_answers_to_who_may_recurse_are_not_counted_and_it_has_its_policy():
    options = ViewOptions(
        allow=Networks.from_text(["any"]),
        unlimited=Networks.from_text([]),
        recursion=Networks.from_text(["private"]),
        policy=lambda client: 5 if client[0] == 10 else 0,
    )
    table = Views(options)
    assert table.view(packed("10.0.0.1")) == AUTHORITY | UNLIMITED | RECURSION | 5 << POLICY_SHIFT
    assert table.view(packed("192.168.0.1")) == AUTHORITY | UNLIMITED | RECURSION
    assert table.view(packed("203.0.113.1")) == AUTHORITY
