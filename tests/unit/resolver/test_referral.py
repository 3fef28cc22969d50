from dataclasses import replace
from ipaddress import ip_address

import pytest

from dnsd.resolver.options import ResolverLimits, ResolverOptions
from dnsd.resolver.referral import delegation_of, may_ask
from dnsd.resolver.scrub import Meaning, Scrubbed

OPTIONS = ResolverOptions()
SOURCE = bytes([192, 0, 2, 53])
CHILD = b"\5child\4test\0"


def server(number):
    return b"\5ns%03d\4test\0" % number


def address(number):
    return bytes([192, 0, 2 + number // 256, number % 256])


def referral(servers, addresses=None, ttl=7200, ds=()):
    return Scrubbed(
        Meaning.REFERRAL, 0, authoritative=False,
        cut=CHILD, servers=tuple(servers), addresses=addresses or {}, ttl=ttl, ds=ds,
    )  # fmt: skip


def made(scrubbed, options=OPTIONS):
    """The delegation, and the limits that were reached."""
    hits = []
    return delegation_of(scrubbed, 100.0, SOURCE, options, hits.append), hits


def test_a_delegation_says_what_the_referral_said():
    addresses = {server(1): (address(1), bytes(15) + b"\x05")}
    delegation, hits = made(referral([server(1), server(2)], addresses, ds=(b"digest",)))
    assert delegation.zone == CHILD
    assert delegation.servers == (server(1), server(2))
    assert delegation.addresses == addresses
    assert delegation.expiry == 100.0 + 7200
    assert delegation.source == SOURCE
    assert delegation.ds == (b"digest",)
    assert not delegation.forward
    assert not delegation.stub
    assert hits == []


@pytest.mark.parametrize(
    ("ttl", "lives"), [(0, 30), (29, 30), (30, 30), (31, 31), (86_400, 86_400), (2**31 - 1, 86_400)]
)
def test_a_delegation_lives_between_half_a_minute_and_a_day(ttl, lives):
    assert made(referral([server(1)], ttl=ttl))[0].expiry == 100.0 + lives


def test_thirteen_servers_are_kept():
    delegation, hits = made(referral([server(i) for i in range(1500)]))
    assert delegation.servers == tuple(server(i) for i in range(13))
    assert hits == ["delegation_names"]
    assert made(referral([server(i) for i in range(13)]))[1] == []


def test_addresses_of_servers_that_are_left_out_are_too():
    addresses = {server(i): (address(i),) for i in range(1, 30)}
    delegation, _ = made(referral([server(i) for i in range(1, 30)], addresses))
    assert set(delegation.addresses) == set(delegation.servers)


def test_six_addresses_of_a_server_are_kept():
    mine = tuple(address(i) for i in range(40))
    delegation, hits = made(referral([server(1)], {server(1): mine}))
    assert delegation.addresses == {server(1): mine[:6]}
    assert hits == ["name_addresses"]
    assert made(referral([server(1)], {server(1): mine[:6]}))[1] == []


def test_twenty_six_addresses_are_kept_in_all():
    addresses = {server(i): tuple(address(10 * i + j) for j in range(5)) for i in range(1, 14)}
    delegation, hits = made(referral(list(addresses), addresses))
    kept = [each for mine in delegation.addresses.values() for each in mine]
    assert len(kept) == len(set(kept)) == 26
    assert kept[:5] == list(addresses[server(1)])
    assert hits == ["delegation_addresses"]
    ordinary = {server(i): (address(i), bytes(15) + bytes([i + 1])) for i in range(1, 14)}
    assert made(referral(list(ordinary), ordinary))[1] == []


def test_an_address_that_servers_share_counts_once():
    addresses = {server(i): (address(1),) * 3 for i in range(10)}
    limits = ResolverLimits(delegation_addresses=1, name_addresses=1)
    delegation, hits = made(referral(list(addresses), addresses), ResolverOptions(limits=limits))
    assert delegation.addresses == {server(i): (address(1),) for i in range(10)}
    assert hits == []


def test_a_shared_address_stays_where_a_new_one_has_no_room():
    addresses = {server(1): (address(1),), server(2): (address(2), address(1))}
    limits = ResolverLimits(delegation_addresses=1)
    delegation, hits = made(referral(list(addresses), addresses), ResolverOptions(limits=limits))
    assert delegation.addresses == {server(1): (address(1),), server(2): (address(1),)}
    assert hits == ["delegation_addresses"]


@pytest.mark.parametrize(
    ("text", "may", "may_locally"),
    [
        ("192.0.2.1", True, True),
        ("9.255.255.255", True, True),
        ("11.0.0.0", True, True),
        ("100.63.255.255", True, True),
        ("100.128.0.0", True, True),
        ("126.255.255.255", True, True),
        ("128.0.0.0", True, True),
        ("169.253.1.1", True, True),
        ("172.15.255.255", True, True),
        ("172.32.0.0", True, True),
        ("192.167.1.1", True, True),
        ("223.255.255.255", True, True),
        ("10.0.0.1", False, True),
        ("100.64.0.1", False, True),
        ("100.127.255.255", False, True),
        ("127.0.0.1", False, True),
        ("127.53.0.1", False, True),
        ("169.254.1.1", False, True),
        ("172.16.0.1", False, True),
        ("172.31.255.255", False, True),
        ("192.168.0.1", False, True),
        ("0.0.0.0", False, False),
        ("0.1.2.3", False, False),
        ("224.0.0.1", False, False),
        ("240.0.0.1", False, False),
        ("255.255.255.255", False, False),
        ("2001:db8::1", True, True),
        ("fbff::1", True, True),
        ("::1", False, True),
        ("fc00::1", False, True),
        ("fd00::1", False, True),
        ("fe80::1", False, True),
        ("fec0::1", False, True),
        ("::", False, False),
        ("::ffff:192.0.2.1", False, False),
        ("::ffff:127.0.0.1", False, False),
        ("ff02::1", False, False),
    ],
)
def test_addresses_of_no_name_server_are_not_asked(text, may, may_locally):
    packed = ip_address(text).packed
    local = replace(OPTIONS, query_local_addresses=True)
    assert may_ask(packed, OPTIONS) is may
    assert may_ask(packed, local) is may_locally
    delegation, _ = made(referral([server(1)], {server(1): (packed,)}))
    assert delegation.addresses == ({server(1): (packed,)} if may else {})
    assert delegation.servers == (server(1),)


@pytest.mark.parametrize("octets", [b"", b"\x01", bytes(5), bytes(15), b"\x20" * 17])
def test_octets_that_are_no_address_are_not_asked(octets):
    assert not may_ask(octets, replace(OPTIONS, query_local_addresses=True))
