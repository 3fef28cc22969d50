import pytest
from fakes.cache_entries import nodata, nxdomain, positive

from dnsd.resolver.cache.contract import Rank
from dnsd.resolver.cache.entries import pack
from dnsd.resolver.cache.merging import merge
from dnsd.wire.iana import RRType

A = positive("a.test.")
MX = positive("a.test.", RRType.MX)
FORWARDED = positive("a.test.", rank=Rank.ANSWER)
GONE = nxdomain("a.test.")


@pytest.mark.parametrize(
    ("kept", "added", "now", "becomes"),
    [
        pytest.param([], A, 0.0, [A], id="the-first"),
        pytest.param([MX], A, 0.0, [MX, A], id="another-type"),
        pytest.param([FORWARDED], A, 0.0, [A], id="a-higher-rank"),
        pytest.param([A], FORWARDED, 0.0, None, id="a-lower-rank"),
        pytest.param([A], FORWARDED, 300.0, [FORWARDED], id="a-lower-rank-in-place-of-the-expired"),
        pytest.param([A, MX], GONE, 0.0, [GONE], id="a-denial-of-the-name"),
        pytest.param([GONE], nodata("a.test."), 0.0, [nodata("a.test.")], id="something-after-all"),
        pytest.param(
            [MX, A], nxdomain("a.test.", rank=Rank.ANSWER), 0.0, None, id="a-lower-denial"
        ),
    ],
)
def test_an_entry_joins_those_of_its_name(kept, added, now, becomes):
    merged = merge([pack(entry, 0.0) for entry in kept], pack(added, 0.0), now, 100)
    assert merged.packed == (becomes and [pack(entry, 0.0) for entry in becomes])
    assert merged.limit == ""


def test_the_oldest_type_that_few_ask_for_makes_room():
    kept = [pack(positive("a.test.", t, now=float(-t)), 0.0) for t in (RRType.A, 65280, 65281)]
    merged = merge(kept, pack(MX, 0.0), 0.0, 3)
    assert [entry.type for entry in merged.packed] == [RRType.A, 65280, RRType.MX]
    assert merged.limit == "name_types"
