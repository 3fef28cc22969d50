"""Notes to the service manager."""

from __future__ import annotations

import socket

import pytest

from dnsd.run import notify


def test_the_state_arrives_where_the_manager_listens(tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        notify.notify(notify.READY)
        assert manager.recv(100) == b"READY=1"


def test_an_abstract_address_is_understood(monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind("\0dnsd-test-notify")
        manager.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", "@dnsd-test-notify")
        notify.notify(notify.STOPPING)
        assert manager.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize("address", ["", "relative", "/nowhere/at/all"])
def test_without_a_manager_nothing_happens(monkeypatch, address):
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    notify.notify(notify.READY)
