"""Who is asked about a name: what is configured, what was learned, the root."""

import pytest
from fakes.internet import Asker
from fakes.rehearsal import Rehearsal

from dnsd.resolver.delegation import Delegation
from dnsd.wire import names
from dnsd.wire.names import ROOT

HINTS = Delegation(ROOT, ())


def name(text):
    return names.from_text(text)


@pytest.mark.parametrize(
    ("configured", "learned", "asked", "expected"),
    [
        pytest.param({}, (), "www.bank.test.", "hints", id="nothing is known"),
        pytest.param({}, ("test.", "bank.test."), "www.bank.test.", "learned bank.test.", id="the deepest cut learned"),
        pytest.param({}, ("test.", "bank.test."), "www.test.", "learned test.", id="no cut beside the name"),
        pytest.param({"bank.test.": "forward"}, (), "www.bank.test.", "forward bank.test.", id="a forward zone"),
        pytest.param({"bank.test.": "forward"}, (), "bank.test.", "forward bank.test.", id="its apex"),
        pytest.param({"bank.test.": "forward"}, ("test.",), "bank2.test.", "learned test.", id="not what only looks like it"),
        pytest.param({"test.": "forward"}, ("bank.test.",), "www.bank.test.", "forward test.", id="a forward zone before what was learned below it"),
        pytest.param({".": "forward"}, ("test.",), "www.test.", "forward .", id="everything is forwarded"),
        pytest.param({".": "forward", "test.": "stub"}, (), "www.test.", "stub test.", id="a stub zone below a forward zone"),
        pytest.param({"test.": "stub", "bank.test.": "forward"}, (), "www.bank.test.", "forward bank.test.", id="a forward zone below a stub zone"),
        pytest.param({"bank.test.": "stub"}, ("test.", "bank.test."), "www.bank.test.", "stub bank.test.", id="a stub zone before the same cut learned"),
        pytest.param({"bank.test.": "stub"}, ("test.",), "www.bank.test.", "stub bank.test.", id="a stub zone before what was learned above it"),
        pytest.param({"test.": "stub"}, ("bank.test.",), "www.bank.test.", "learned bank.test.", id="what was learned below a stub zone"),
    ],
)  # fmt: skip
def test_whom_to_ask(configured, learned, asked, expected):
    made = {
        name(zone): Delegation(name(zone), (), forward=kind == "forward", stub=kind == "stub")
        for zone, kind in configured.items()
    }
    asker = Asker(Rehearsal(), HINTS, configured=made)
    for zone in learned:
        asker.delegations.put(Delegation(name(zone), (), expiry=2000.0), 1000.0)
    found = asker.world.whom_to_ask(name(asked), 1000.0)
    if found is HINTS:
        words = "hints"
    else:
        kind = "forward" if found.forward else "stub" if found.stub else "learned"
        words = f"{kind} {names.to_text(found.zone)}"
    assert words == expected


def test_what_was_learned_ends():
    asker = Asker(Rehearsal(), HINTS)
    asker.delegations.put(Delegation(name("test."), (), expiry=2000.0), 1000.0)
    assert asker.world.whom_to_ask(name("www.test."), 2000.0) is HINTS
