"""Rules of the house about the code itself, read from its syntax trees."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "dnsd").rglob("*.py"))
SHELL = ("net", "control", "run", "cli", "lab")  # the only packages that know Twisted

MAX_MODULE_LINES = 400
MAX_EXPLAINED_LINES = 600  # with a sentence in the module's docstring that says why
MAX_FUNCTION_LINES = 50
MAX_PUBLIC_METHODS = 12
MAX_PARAMETERS = 5

BANNED_WORDS = {
    "base", "common", "component", "data", "engine", "handler", "helper", "helpers", "info",
    "manager", "misc", "obj", "processor", "service", "tmp", "util", "utils",
}  # fmt: skip
# Words that are a standard's own where they stand.
STANDARD_WORDS = {
    "dnsd/observe/log.py": {"info"},  # a level of syslog
    "dnsd/authority/additional.py": {"service"},  # service binding, RFC 9460
    "dnsd/authority/zonefile/octodns_export.py": {"service"},
    "dnsd/run/notify.py": {"service"},  # the service manager, systemd's name for itself
}


def _place(path):
    return str(path.relative_to(ROOT))


def _tree(path):
    return ast.parse(path.read_text())


def _functions(tree):
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


@pytest.mark.parametrize("path", MODULES, ids=_place)
def test_a_module_has_one_subject_and_few_lines(path):
    lines = len(path.read_text().splitlines())
    docstring = ast.get_docstring(_tree(path)) or ""
    assert docstring, "a module says what it is for"
    limit = MAX_EXPLAINED_LINES if "This module is long" in docstring else MAX_MODULE_LINES
    assert lines <= limit


@pytest.mark.parametrize("path", MODULES, ids=_place)
def test_functions_are_short_and_take_few_parameters(path):
    for function in _functions(_tree(path)):
        # Decorated command-line commands take one parameter an option.
        is_command = any("click" in ast.unparse(d) for d in function.decorator_list)
        arguments = function.args.posonlyargs + function.args.args
        names = [a.arg for a in arguments if a.arg not in ("self", "cls")]
        body = function.body[1:] if ast.get_docstring(function) else function.body
        lines = (body[-1].end_lineno - body[0].lineno + 1) if body else 0
        assert lines <= MAX_FUNCTION_LINES, f"{function.name} has {lines} lines"
        assert is_command or len(names) <= MAX_PARAMETERS, f"{function.name}: {names}"


@pytest.mark.parametrize("path", MODULES, ids=_place)
def test_classes_have_few_public_methods(path):
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ClassDef):
            public = [f.name for f in node.body
                      if isinstance(f, ast.FunctionDef) and not f.name.startswith("_")
                      and not any("property" in ast.unparse(d) for d in f.decorator_list)
                      # Twisted's protocol methods are camelCase and not ours to count.
                      and f.name == f.name.lower()]  # fmt: skip
            assert len(public) <= MAX_PUBLIC_METHODS, f"{node.name}: {public}"


@pytest.mark.parametrize("path", MODULES, ids=_place)
def test_names_say_what_a_thing_is(path):
    words = {word for part in path.relative_to(ROOT / "dnsd").with_suffix("").parts
             for word in part.split("_")}  # fmt: skip
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ClassDef):
            words |= {w.lower() for w in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", node.name)}
        elif isinstance(node, ast.FunctionDef):
            words |= set(node.name.strip("_").split("_"))
    allowed = STANDARD_WORDS.get(_place(path), set())
    assert sorted(words & BANNED_WORDS - allowed) == []


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.name == "__init__.py" and p.parent.name != "dnsd"], ids=_place
)
def test_a_package_file_holds_its_docstring_and_no_code(path):
    tree = _tree(path)
    assert ast.get_docstring(tree)
    assert len(tree.body) == 1


@pytest.mark.parametrize("path", MODULES, ids=_place)
def test_imports_are_absolute_and_named(path):
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            assert all(alias.name != "*" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=_place)
def test_nothing_an_attacker_must_guess_comes_from_the_random_module(path):
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {(node.module or "").split(".")[0] for node in ast.walk(_tree(path))
                 if isinstance(node, ast.ImportFrom)}  # fmt: skip
    assert "random" not in imported
    assert "pickle" not in imported
    assert "twisted" not in imported or path.relative_to(ROOT / "dnsd").parts[0] in SHELL


@pytest.mark.parametrize(
    "path", [p for p in MODULES if p.relative_to(ROOT / "dnsd").parts[0] != "cli"], ids=_place
)
def test_only_the_command_line_prints(path):
    calls = [n for n in ast.walk(_tree(path)) if isinstance(n, ast.Call)]
    assert not [c for c in calls if isinstance(c.func, ast.Name) and c.func.id == "print"]


@pytest.mark.parametrize("path", MODULES, ids=_place)
def test_open_ends_name_an_issue(path):
    for line in path.read_text().splitlines():
        if "TODO" in line or "FIXME" in line or "XXX" in line:
            assert re.search(r"TODO\(#\d+\)", line), line
