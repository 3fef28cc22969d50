"""What every test shares: markers, time limits of generated tests, required programs."""

import os
import sys

import hypothesis
import pytest
from peers.servers import PACKAGES, program

# No deadline: a shared machine is slow at times, and no test asserts on time.
hypothesis.settings.register_profile("dnsd", deadline=None)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=2000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dnsd"))

# Where every program must be there, a missing one is a failure and no skip.
PEERS_REQUIRED = bool(os.environ.get("DNSD_REQUIRE_PEERS"))


def missing_programs(names):
    """Return the packages of those programs that are not installed."""
    return sorted({PACKAGES[name] for name in names if program(name) is None})


def pytest_collection_modifyitems(items):
    for item in items:
        needed = [name for mark in item.iter_markers("peers") for name in mark.args]
        packages = missing_programs(needed)
        if packages and not PEERS_REQUIRED:
            reason = f"install the Debian packages: {' '.join(packages)}"
            item.add_marker(pytest.mark.skip(reason=reason))
        if any(item.iter_markers("root")) and os.geteuid() != 0 and not PEERS_REQUIRED:
            item.add_marker(pytest.mark.skip(reason="needs root"))


@pytest.fixture(autouse=True, scope="session")
def _programs_are_there():
    if PEERS_REQUIRED:
        packages = missing_programs(PACKAGES)
        assert not packages, f"missing Debian packages: {' '.join(packages)}"


@pytest.fixture(scope="session")
def dnsd_command():
    """The command line of this program under the interpreter that runs the tests."""
    return [sys.executable, "-m", "dnsd"]
