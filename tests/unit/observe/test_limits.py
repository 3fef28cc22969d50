import re

from dnsd.observe.limits import LIMITS, UNREGISTERED
from dnsd.observe.table import MAX_SERIES_PER_METRIC


def test_the_list_fits_one_metric():
    assert len(LIMITS) <= MAX_SERIES_PER_METRIC


def test_there_is_a_name_for_what_was_forgotten():
    assert UNREGISTERED in LIMITS


def test_names_are_words_and_meanings_are_clauses():
    for name, meaning in LIMITS.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
        assert meaning[:1].islower()
        assert not meaning.endswith(".")
