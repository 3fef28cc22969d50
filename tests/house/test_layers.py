"""Who may import whom, and what the core may not touch: the contracts of pyproject.toml."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _run(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_every_import_keeps_the_layers():
    lint = "from importlinter.cli import lint_imports_command as c; c(['--no-cache'])"
    done = subprocess.run(
        [sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.mark.slow
def test_ruff_finds_nothing():
    status, output = _run("ruff", "check", "--no-cache", "dnsd", "tests")
    assert status == 0, output


@pytest.mark.slow
def test_ruff_would_format_nothing():
    status, output = _run("ruff", "format", "--no-cache", "--check", "dnsd", "tests")
    assert status == 0, output


@pytest.mark.slow
def test_mypy_strict_finds_nothing():
    status, output = _run("mypy")
    assert status == 0, output
