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


def test_the_name_of_the_machine_is_completed_from_its_own_file(tmp_path, monkeypatch):
    hosts = tmp_path / "hosts"
    hosts.write_text("127.0.0.1 localhost\n192.0.2.25 box.example.test box # here\n")
    monkeypatch.setattr("dnsd.config.machine._HOSTS", hosts)
    for own, found in (("BOX", "box.example.test"), ("other", "other"), ("a.b.test", "a.b.test")):
        names = ("Linux", own, "6", "1", "x86_64")
        monkeypatch.setattr("os.uname", lambda names=names: os.uname_result(names))
        assert inspect().hostname == found
