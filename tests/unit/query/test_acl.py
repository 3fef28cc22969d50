"""Who belongs to a set of networks."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.query.acl import Networks


def packed(address):
    return ipaddress.ip_address(address).packed


@pytest.mark.parametrize(
    ("texts", "inside", "outside"),
    [
        pytest.param(["any"], ["192.0.2.1", "::1", "2001:db8::1"], [], id="any"),
        pytest.param([], [], ["127.0.0.1", "::1"], id="nothing"),
        pytest.param(
            ["loopback"],
            ["127.0.0.1", "127.255.255.255", "::1"],
            ["126.255.255.255", "128.0.0.0", "::2", "10.0.0.1"],
            id="loopback",
        ),
        pytest.param(
            ["private"],
            ["10.0.0.0", "172.31.255.255", "192.168.1.1", "169.254.0.1", "fd00::1", "fe80::1"],
            ["172.32.0.0", "100.64.0.1", "192.0.2.1", "127.0.0.1", "2001:db8::1"],
            id="private is not loopback and not carrier-grade NAT",
        ),
        pytest.param(["192.0.2.7"], ["192.0.2.7"], ["192.0.2.6", "192.0.2.8"], id="one address"),
        pytest.param(
            ["2001:db8::/32", "192.0.2.0/25", "192.0.2.128/25"],
            ["2001:db8:ffff::", "192.0.2.0", "192.0.2.127", "192.0.2.128", "192.0.2.255"],
            ["2001:db9::", "192.0.3.0"],
            id="networks that touch",
        ),
        pytest.param(
            ["0.0.0.0/0"], ["192.0.2.1"], ["::1", "::192.0.2.1"], id="IPv4 never matches IPv6"
        ),
    ],
)
def test_networks_hold_what_they_are_written_for(texts, inside, outside):
    networks = Networks.from_text(texts)
    assert [a for a in inside if not networks.contains(packed(a))] == []
    assert [a for a in outside if networks.contains(packed(a))] == []


@pytest.mark.parametrize("text", ["192.0.2.1/24", "everyone", "", "192.0.2.0/33", "ANY"])
def test_what_is_no_network_is_refused(text):
    with pytest.raises(ValueError):
        Networks.from_text([text])


_NETWORKS = st.lists(
    st.one_of(
        st.builds(
            lambda n, p: ipaddress.ip_network((n, p), strict=False),
            st.integers(0, 2**32 - 1),
            st.integers(0, 32),
        ),
        st.builds(
            lambda n, p: ipaddress.IPv6Network((n, p), strict=False),
            st.integers(0, 2**128 - 1),
            st.integers(0, 128),
        ),
    ),
    max_size=8,
)


@given(networks=_NETWORKS, near=st.integers(0, 7), step=st.sampled_from([-1, 0, 1]))
def test_the_bisection_agrees_with_asking_every_network(networks, near, step):
    if not networks:
        return
    network = networks[near % len(networks)]
    for edge in (network.network_address, network.broadcast_address):
        number = (int(edge) + step) % (1 << edge.max_prefixlen)
        address = type(edge)(number)
        expected = any(address in n for n in networks if n.version == address.version)
        assert Networks(networks).contains(address.packed) is expected
