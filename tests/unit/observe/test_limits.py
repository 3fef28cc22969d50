import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from dnsd.observe.limits import LIMITS, MAX_LIMITS, UNREGISTERED
from dnsd.resolver.options import ResolverLimits


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


# Calls whose strings are names of limits.
NAMES_A_LIMIT = {"hit", "ended", "_ended", "Quota", "limit_slot", "Failed"}
FIELDS = {field.name.removesuffix("_s") for field in fields(ResolverLimits)}


def limits_named_by(tree):
    """Yield the names of limits that a program uses."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and node.value in FIELDS:
            yield node.value
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = node.args[:1] if called == "Quota" else node.args[-1:]
            if called in NAMES_A_LIMIT:
                yield from (each.value for each in given if _is_text(each))
        if isinstance(node, ast.keyword) and node.arg == "limits":
            yield from (each.value for each in ast.walk(node.value) if _is_text(each))
        if isinstance(node, ast.AugAssign) and ast.unparse(node.target).endswith("limits"):
            yield from (each.value for each in ast.walk(node.value) if _is_text(each))


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def programs():
    found = {}
    for package in ("resolver", "query", "authority", "net"):
        for path in (TREE / "dnsd" / package).rglob("*.py"):
            for limit in limits_named_by(ast.parse(path.read_text())):
                found.setdefault(limit, set()).add(str(path.relative_to(TREE)))
    return found


def test_every_limit_that_a_program_names_is_registered():
    found = programs()
    assert {limit: paths for limit, paths in found.items() if limit not in LIMITS} == {}
    assert {"zone_packets", "alias_links", "query_time", "depth", "late_answer"} <= found.keys()


@pytest.mark.parametrize(
    "program",
    [
        "budget.hit('nonsense')",
        "return ended(reason, 'nonsense')",
        "return self._ended('nonsense')",
        "Failed(Explanation(1, 'words'), 'nonsense')",
        "reply.limits += ('nonsense',)",
        "Reply(b'', limits=('nonsense',))",
    ],
)
def test_a_limit_that_a_program_names_is_seen(program):
    assert list(limits_named_by(ast.parse(program.replace("return ", "")))) == ["nonsense"]
