"""Fitting the number of clients into the descriptors there are."""

from __future__ import annotations

import resource

import pytest

from dnsd.run.descriptors import Need, fit, raise_limit

NEED = Need(sockets=8, tcp_clients=500, http_clients=64)


def test_enough_descriptors_are_no_news():
    assert fit(NEED, 20_000) == ((20_000 - 304) * 4 // 5, None)


def test_too_few_descriptors_scale_the_clients_down_and_say_how_to_get_more():
    clients, notice = fit(NEED, 512)
    assert clients == (512 - 32 - 200 - 8 - 64) * 4 // 5
    assert notice == (
        "512 file descriptors allow 166 TCP clients a process instead of 500; "
        "to allow all: LimitNOFILE=929 in the unit file, or ulimit -n 929"
    )


def test_the_figure_of_the_advice_is_enough():
    assert fit(NEED, 929) == (500, None)
    assert fit(NEED, 928)[0] == 499


@pytest.mark.parametrize("limit", [0, 64, 304])
def test_one_client_is_always_served(limit):
    assert fit(NEED, limit)[0] == 1


def test_the_soft_limit_becomes_the_hard_one():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before[1] - 1, before[1]))
        assert raise_limit() == before[1]
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (before[1], before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
