import pytest
from fakes.cache_entries import cut, name

from dnsd.resolver.cache import cuts
from dnsd.resolver.cache.entries import HEAD
from dnsd.resolver.commands import Transport
from dnsd.resolver.delegation import Delegation

ZONE = name("example.test.")


@pytest.mark.parametrize(
    "delegation",
    [
        pytest.param(cut("example.test."), id="usual"),
        pytest.param(Delegation(ZONE, ()), id="nothing-and-for-ever"),
        pytest.param(
            Delegation(
                ZONE,
                (name("a.test."), name("b.test."), name("c.test.")),
                {name("a.test."): (bytes(4), bytes(16)), name("c.test."): (b"\xc0\x00\x02\x01",)},
                expiry=12.5,
                source=bytes(range(16)),
                ds=(b"\x00\x01\x08\x02" + bytes(32), b"x" * 300),
            ),
            id="all-that-a-referral-has",
        ),
        pytest.param(Delegation(ZONE, (name("a.test."),), forward=True, transport=Transport.TLS, port=853), id="forward"),
        pytest.param(Delegation(ZONE, (name("a.test."),), stub=True, port=65535), id="stub"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shift", [0.0, 8.0])
def test_what_goes_into_a_zone_cut_comes_out(delegation, shift):
    octets = cuts.encode((2, 9), delegation, shift)
    assert cuts.decode(octets, ZONE, shift) == delegation
    assert HEAD.unpack_from(octets) == (2, 9, delegation.expiry + shift)
