"""Ids, and who may be told of a failure."""

import itertools
import os

import pytest

from dnsd.mail.envelope import (
    QUEUE_ID_LENGTH,
    Body,
    Envelope,
    Origin,
    OriginKind,
    make_queue_id,
)


def test_an_id_is_upper_case_letters_and_digits():
    found = make_queue_id(1_700_000_000.5, os.urandom)
    assert len(found) == QUEUE_ID_LENGTH == 24
    assert found.isascii()
    assert found.isalnum()
    assert found == found.upper()


def test_all_bits_of_the_entropy_are_in_the_id():
    ids = {make_queue_id(0, lambda n, bit=bit: (1 << bit).to_bytes(n, "big")) for bit in range(80)}
    assert len(ids) == 80


def test_ids_of_later_messages_sort_behind():
    fixed = [
        make_queue_id(1_700_000_000 + i / 1000, lambda n: b"\xff" * n) for i in range(0, 99, 3)
    ]
    later = [make_queue_id(1_700_000_000 + i / 1000, bytes) for i in range(1, 99, 3)]
    for before, after in itertools.pairwise(sorted(fixed + later)):
        assert before < after
    assert sorted(fixed) == fixed


@pytest.mark.parametrize(
    ("kind", "may"),
    [
        (OriginKind.PUBLIC, False),
        (OriginKind.LISTED, True),
        (OriginKind.AUTHENTICATED, True),
        (OriginKind.OWN, False),
    ],
)
def test_only_known_senders_are_told_of_failures(kind, may):
    sender = object()
    told = Envelope("X", sender, (), Body.SEVEN_BIT, False, Origin(kind), 0)
    assert told.may_bounce is may
    assert not told._replace(sender=None).may_bounce  # RFC 5321 §4.5.5
