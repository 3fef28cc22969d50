import pytest

from dnsd.lab.bogus import BOGUS, INSECURE
from dnsd.wire import names

NOW = 1_750_000_000
PARENT = names.from_text("bogus.test.")
ALL = [*BOGUS, *INSECURE]


def test_every_domain_has_a_name_and_words_of_its_own():
    assert len({each.label for each in BOGUS}) == len(BOGUS) >= 12
    assert len({each.says for each in ALL}) == len(ALL)


def test_what_to_ask_for_is_in_the_domain():
    asked = {each.label: each.question("bogus.test") for each in BOGUS}
    assert asked["expired"] == "expired.bogus.test"
    assert asked["no-denial"] == "missing.no-denial.bogus.test"
    assert asked["wrong-types"] == "wrong-types.bogus.test AAAA"


@pytest.mark.parametrize("odd", ALL, ids=lambda odd: odd.label)
def test_a_domain_is_a_zone_below_its_parent(odd):
    made = odd.make(PARENT, "@ NS ns.bogus.test.\n@ A 192.0.2.90", NOW)
    assert made.zone.origin == names.from_text(odd.label, PARENT)
    assert made.zone.get(made.zone.origin) is not None
    assert bool(made.ds) == (odd.says not in ("said to be unsigned, which nobody proves", "not signed, which the zone above proves"))  # fmt: skip
