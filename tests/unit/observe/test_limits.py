import re
from pathlib import Path

import pytest

from dnsd.observe.limits import LIMITS, MAX_LIMITS, UNREGISTERED


def test_the_list_fits_one_metric():
    assert len(LIMITS) <= MAX_LIMITS


def test_there_is_a_name_for_what_was_forgotten():
    assert UNREGISTERED in LIMITS


def test_names_are_words_and_meanings_are_clauses():
    for name, meaning in LIMITS.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)
        assert meaning[:1].islower()
        assert not meaning.endswith(".")


TREE = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def texts():
    def read(directory, own):
        files = (TREE / directory).rglob("*.py")
        return "\n".join(file.read_text() for file in files if file.name != own)

    return read("dnsd", "limits.py"), read("tests", "test_limits.py")


@pytest.mark.parametrize("name", sorted(LIMITS.keys() - {UNREGISTERED}))
def test_every_limit_is_counted_somewhere_and_reached_by_a_test(texts, name):
    program, tests = texts
    assert f'"{name}"' in program
    assert f'"{name}"' in tests
