"""Dropping privileges, in a process of its own each time: there is no way back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from dnsd.run import privileges
from dnsd.source.problems import ConfigError, Where

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to have something to drop")


def in_a_process(code):
    """Run Python code in a process of its own and return what it printed."""
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_an_unknown_user_is_named_with_the_command_that_makes_it():
    with pytest.raises(ConfigError) as caught:
        privileges.find_account("no-such-user", Where("dnsd.yaml", 3, 7))
    assert str(caught.value).splitlines()[0] == (
        "dnsd.yaml:3:7: user-unknown: there is no user 'no-such-user' to become; make one "
        "(useradd --system --no-create-home --shell /usr/sbin/nologin no-such-user) "
        "or name another under 'user:'"
    )


@pytest.mark.slow
def test_whoever_has_nobody_to_become_is_closed_to_others_too():
    code = (
        "import ctypes; from dnsd.run import privileges; libc = ctypes.CDLL(None)\n"
        "before = libc.prctl(3, 0, 0, 0, 0); privileges.drop(None)\n"
        "print(before, libc.prctl(3, 0, 0, 0, 0), libc.prctl(39, 0, 0, 0, 0))"
    )
    assert in_a_process(code) == "1 0 1"


@needs_root
@pytest.mark.root
@pytest.mark.slow
class TestAsRoot:
    DROP = (
        "import os; from dnsd.run import privileges; from dnsd.source.problems import Where\n"
        "account = privileges.find_account('nobody', Where('test'))\n"
        "os.setgroups([0, 4])\n"
        "privileges.drop(account)\n"
    )

    def test_user_group_and_capabilities_are_gone(self):
        code = self.DROP + (
            "print(os.getresuid() == (account.uid,) * 3, os.getresgid() == (account.gid,) * 3,"
            " os.getgroups(), privileges.capabilities())"
        )
        assert in_a_process(code) == "True True [] 0"

    def test_no_program_can_get_more_privileges_and_nobody_may_look_inside(self):
        code = self.DROP + (
            "import ctypes, resource; libc = ctypes.CDLL(None)\n"
            "print(libc.prctl(39, 0, 0, 0, 0), libc.prctl(3, 0, 0, 0, 0),"
            " resource.getrlimit(resource.RLIMIT_CORE))"
        )
        assert in_a_process(code) == "1 0 (0, 0)"

    @pytest.mark.parametrize(
        "regain", ["os.setuid(0)", "os.setgid(0)", "os.setgroups([0])", "os.chroot('/')"]
    )
    def test_nothing_can_be_had_back(self, regain):
        code = self.DROP + (
            f"try: {regain}\nexcept PermissionError: print('refused')\nelse: print('regained')"
        )
        assert in_a_process(code) == "refused"

    def test_a_drop_that_left_something_is_an_error(self):
        code = (
            "import os; from dnsd.run import privileges\n"
            "account = privileges.Account('nobody', 65534, 65534)\n"
            "os.seteuid(65534)\n"
            "try: privileges.verify(account)\n"
            "except OSError as error: print(error)"
        )
        assert in_a_process(code).startswith("user and group are (0, 65534, 0)")

    def test_capabilities_that_a_unit_file_left_are_cleared(self):
        code = (
            "import ctypes, os; from dnsd.run import privileges\n"
            "libc = ctypes.CDLL(None); libc.prctl(8, 1, 0, 0, 0)\n"  # keep them over setuid
            "os.setresuid(65534, 65534, 65534)\n"
            "before = privileges.capabilities()\n"
            "privileges.drop(None)\n"
            "print(before != 0, privileges.capabilities())"
        )
        assert in_a_process(code) == "True 0"
