import os
from pathlib import Path

from dnsd.config.machine import inspect


def test_this_machine_has_cores_and_a_root():
    machine = inspect()
    assert machine.cores == len(os.sched_getaffinity(0))
    assert "root" in machine.users
    assert machine.superuser == (os.geteuid() == 0)


def test_root_may_bind_low_ports_and_others_as_the_kernel_says():
    first = int(Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").read_text())
    status = Path("/proc/self/status").read_text().splitlines()
    effective = next(line for line in status if line.startswith("CapEff:"))
    capable = int(effective.split()[1], 16) >> 10 & 1
    assert inspect().low_ports == (first <= 53 or bool(capable))
