"""A machine whose facts no test has to look up."""

import pytest

from dnsd.config.machine import Machine


@pytest.fixture
def machine():
    return Machine(
        cores=4,
        low_ports=True,
        ipv6_loopback=True,
        superuser=True,
        users=frozenset({"root", "dnsd"}),
    )
