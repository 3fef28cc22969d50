import pytest
from fakes.cache_entries import cut, name, nodata, nxdomain, positive

from dnsd.resolver.cache.contract import Security, Selector
from dnsd.resolver.cache.selectors import selects_delegation, selects_entry
from dnsd.wire.iana import RRType

SERVER = b"\xc0\x00\x02\x35"
WWW = positive("www.example.test.", server=SERVER)
BOGUS = positive("bad.example.test.", security=Security.BOGUS)
NO_AAAA = nodata("www.example.test.")
NO_NAME = nxdomain("gone.example.test.")


@pytest.mark.parametrize(
    ("selector", "entry", "covered"),
    [
        pytest.param(Selector(), WWW, True, id="nothing-said-is-everything"),
        pytest.param(Selector(name=name("www.example.test.")), WWW, True, id="the-name"),
        pytest.param(Selector(name=name("example.test.")), WWW, False, id="not-its-parent"),
        pytest.param(Selector(tree=name("example.test.")), WWW, True, id="below-the-tree"),
        pytest.param(Selector(tree=name("www.example.test.")), WWW, True, id="top-of-the-tree"),
        pytest.param(Selector(tree=name("ample.test.")), WWW, False, id="half-a-label"),
        pytest.param(Selector(type=RRType.A), WWW, True, id="the-type"),
        pytest.param(Selector(type=RRType.MX), WWW, False, id="another-type"),
        pytest.param(Selector(type=RRType.AAAA), NO_AAAA, True, id="denial-of-the-type"),
        pytest.param(Selector(type=RRType.MX), NO_NAME, True, id="denial-of-every-type"),
        pytest.param(Selector(negative=True), WWW, False, id="data-is-no-denial"),
        pytest.param(Selector(negative=True), NO_AAAA, True, id="denial-of-a-type"),
        pytest.param(Selector(negative=True), NO_NAME, True, id="denial-of-a-name"),
        pytest.param(Selector(bogus=True), BOGUS, True, id="bogus"),
        pytest.param(Selector(bogus=True), WWW, False, id="not-bogus"),
        pytest.param(Selector(server=SERVER), WWW, True, id="the-server"),
        pytest.param(Selector(server=SERVER), BOGUS, False, id="another-server"),
        pytest.param(Selector(server=b""), BOGUS, True, id="configured"),
        pytest.param(
            Selector(tree=name("example.test."), negative=True), WWW, False, id="all-must-hold"
        ),
    ],
)
def test_a_selector_covers_entries_that_meet_all_its_conditions(selector, entry, covered):
    assert selects_entry(selector, entry) is covered


@pytest.mark.parametrize(
    ("selector", "covered"),
    [
        pytest.param(Selector(), True, id="nothing-said-is-everything"),
        pytest.param(Selector(name=name("example.test.")), True, id="the-cut"),
        pytest.param(Selector(tree=name("test.")), True, id="below-the-tree"),
        pytest.param(Selector(tree=name("www.example.test.")), False, id="above-the-tree"),
        pytest.param(Selector(type=RRType.NS), True, id="name-servers"),
        pytest.param(Selector(type=RRType.A), False, id="no-records"),
        pytest.param(Selector(negative=True), False, id="no-denial"),
        pytest.param(Selector(bogus=True), False, id="not-validated"),
        pytest.param(Selector(server=SERVER), True, id="who-said-so"),
        pytest.param(Selector(server=b""), False, id="another-said-so"),
    ],
)
def test_a_selector_covers_zone_cuts_that_meet_all_its_conditions(selector, covered):
    assert selects_delegation(selector, cut("example.test.", source=SERVER)) is covered
