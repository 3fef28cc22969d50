"""Confinement, in a process of its own each time: it cannot be lifted."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from dnsd.run import landlock

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(landlock.abi() == 0, reason="this kernel has no Landlock"),
]

# Everything that must have been imported is, before the files it lies in are forbidden.
CONFINE = """
import ctypes, os, pathlib, subprocess, sys
from dnsd.run import landlock
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
top = pathlib.Path(sys.argv[1])
assert landlock.confine(landlock.Paths(
    read=(top / "read", top / "file", top / "missing"), write=(top / "write",)))
def attempt(call, *args):
    try:
        call(*args)
    except PermissionError:
        return "refused"
    return "allowed"
"""


@pytest.fixture
def confined(tmp_path):
    """Evaluate expressions in a process that may read and write some paths of tmp_path."""
    for name in ("read", "write", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "present").write_text("text")
    (tmp_path / "file").write_text("text")

    def evaluate(*expressions):
        code = CONFINE + "".join(f"print({expression})\n" for expression in expressions)
        run = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path)],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        return run.stdout.split()

    return evaluate


def test_reading_is_allowed_where_it_was_said(confined):
    assert confined(
        "attempt((top / 'read/present').read_text)",
        "attempt(os.listdir, top / 'read')",
        "attempt((top / 'file').read_text)",
        "attempt((top / 'other/present').read_text)",
        "attempt(os.listdir, top / 'other')",
        "attempt(os.listdir, '/')",
    ) == ["allowed", "allowed", "allowed", "refused", "refused", "refused"]


def test_writing_is_allowed_where_it_was_said(confined):
    assert (
        confined(
            "attempt((top / 'write/made').write_text, 'x')",
            "attempt(os.truncate, top / 'write/present', 0)",
            "attempt((top / 'write/dir').mkdir)",
            "attempt(os.rename, top / 'write/made', top / 'write/moved')",
            "attempt((top / 'write/moved').unlink)",
        )
        == ["allowed"] * 5
    )


def test_nothing_is_written_anywhere_else(confined):
    assert (
        confined(
            "attempt((top / 'read/made').write_text, 'x')",
            "attempt((top / 'read/present').write_text, 'x')",
            "attempt(os.truncate, top / 'read/present', 0)",
            "attempt((top / 'read/dir').mkdir)",
            "attempt((top / 'read/present').unlink)",
            "attempt((top / 'file').write_text, 'x')",
            "attempt((top / 'other/made').write_text, 'x')",
            "attempt(os.rename, top / 'write/present', top / 'other/moved')",
            "attempt(os.symlink, 'a', top / 'other/link')",
            "attempt(pathlib.Path('/tmp/dnsd-probe').write_text, 'x')",
        )
        == ["refused"] * 10
    )


def test_no_program_is_started_unless_said(confined):
    assert confined("attempt(subprocess.run, ['/bin/true'])") == ["refused"]


def test_what_was_written_is_not_run(tmp_path):
    program = tmp_path / "true"
    shutil.copy("/bin/true", program)
    code = (
        "import ctypes, pathlib, subprocess, sys; from dnsd.run import landlock\n"
        "ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)\n"
        "system = tuple(map(pathlib.Path, ('/usr', '/bin', '/lib', '/lib64', '/etc', '/dev')))\n"
        "written = pathlib.Path(sys.argv[1])\n"
        "landlock.confine(landlock.Paths(execute=system, write=(written.parent,)))\n"
        "assert subprocess.run(['/bin/true']).returncode == 0\n"
        "try: subprocess.run([written])\n"
        "except PermissionError: print('refused')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, program], capture_output=True, text=True, check=False,
        timeout=60,
    )  # fmt: skip
    assert (run.stdout, run.stderr) == ("refused\n", "")


@pytest.mark.skipif(landlock.abi() < 6, reason="this kernel's Landlock does not scope signals")
def test_no_signal_reaches_other_processes(confined):
    assert confined("attempt(os.kill, os.getppid(), 0)") == ["refused"]


def test_without_no_new_privs_the_kernel_refuses():
    code = (
        "import os; from dnsd.run import landlock\n"
        "os.setuid(65534) if os.geteuid() == 0 else None\n"
        "try: landlock.confine(landlock.Paths())\n"
        "except OSError as error: print(error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert "landlock_restrict_self" in run.stdout
