"""The forgery experiment, in short."""

import os
import socket

import pytest
from experiments.forger import (
    FORGED,
    HONEST,
    LONG_S,
    SHORT_S,
    Forgeries,
    Waiting,
    number_of,
    question,
    reply_to,
)
from experiments.forgery import attack, chance_of
from experiments.signed_forgery import NAMES, SIGNED, UNSIGNED, races

from dnsd.resolver.acceptance import Verdict, judge


@pytest.mark.slow
def test_no_forged_reply_is_believed_and_every_name_resolves(tmp_path):
    parts, (kept, forged), clients, failures = attack(tmp_path, 60_000, 20_000, rate=50_000)
    assert failures == []
    assert clients.forged == forged == 0
    assert clients.honest == clients.asked > 1000
    assert kept > 1000
    assert all(part.near_misses > 0 < part.over_tcp for part in parts)
    # Each reply that is lost was lost by us: the kernel took nearly all.
    assert sum(part.forged for part in parts) > 70_000
    any_port, ruled, unruled = chance_of(*parts)
    assert any_port < ruled < unruled


def test_who_guessed_everything_is_not_believed_about_signed_names():
    found = races(10)
    assert found.failures == []
    assert found.counts[SIGNED, "forged"] == 0
    assert found.counts[SIGNED, "failed"] + found.counts[SIGNED, "honest"] == 10 * NAMES
    # Of unsigned names most are believed: nothing but guessing stood in his way.
    assert found.counts[UNSIGNED, "forged"] > 5 * NAMES
    assert found.forged > 15 * NAMES


def test_a_forged_reply_is_right_but_for_what_must_be_guessed():
    """The experiment itself can fail: with the port, the ID and the letters it is believed."""
    with (
        socket.socket(type=socket.SOCK_DGRAM) as server,
        socket.socket(type=socket.SOCK_DGRAM) as resolver,
    ):
        server.bind(("127.0.0.1", 0))
        resolver.bind(("127.0.0.1", 0))
        resolver.settimeout(10)
        port = resolver.getsockname()[1].to_bytes(2, "big")
        forgeries = Forgeries(server, 3)
        forgeries.fill(port * 3, b"\x12\x34\x56\x78\x12\x34", [1234567, 1234567, 7])
        assert forgeries.send() == 3
        replies = [resolver.recv(4096) for _ in range(3)]
    query = b"\x12\x34\0\0\0\1" + bytes(6) + question(1234567)
    assert [judge(query, reply) for reply in replies] == [
        Verdict.ACCEPTED, Verdict.WRONG_ID, Verdict.DISCARDED,
    ]  # fmt: skip
    assert [number_of(reply) for reply in replies] == [1234567, 1234567, 7]
    assert replies[0] == reply_to(query, FORGED) != reply_to(query, HONEST)


def test_old_and_young_queries_are_answered_in_turn():
    waiting, answered = Waiting(), []
    for number in range(100):
        waiting.add(number, number * 0.1, lambda number=number: answered.append(number))
    waiting.drop(1)
    now = 0.2 + LONG_S
    for answer in waiting.due(now, at_once=False):
        answer()
    young = int((now - SHORT_S) / 0.1)
    assert answered == [0, young, 2, young - 1]
    for answer in waiting.due(now, at_once=True):
        answer()
    assert sorted(answered) == [number for number in range(100) if number != 1]


def test_ports_and_ids_are_set_in_every_slot():
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        forgeries = Forgeries(server, 8)
        ports, ids = os.urandom(16), os.urandom(16)
        forgeries.fill(ports, ids, None)
        vectors = forgeries._vectors
        for slot in range(8):
            assert vectors.names[slot * 32 + 2 : slot * 32 + 4] == ports[2 * slot : 2 * slot + 2]
            start = slot * forgeries.size
            assert vectors.outbox[start : start + 2] == ids[2 * slot : 2 * slot + 2]
