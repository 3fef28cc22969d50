"""The channel between supervisor and process."""

from __future__ import annotations

import pytest

from dnsd.run.messages import Message, channel_pair


@pytest.fixture
def ends():
    pair = channel_pair()
    yield pair
    for end in pair:
        end.close()


def test_messages_arrive_in_order(ends):
    ours, theirs = ends
    ours.tell(Message.SOCKETS)
    ours.tell(Message.DRAIN)
    assert theirs.heard() == [Message.SOCKETS, Message.DRAIN]
    assert theirs.heard() == []


def test_the_end_of_the_other_side_is_heard_after_its_last_word(ends):
    ours, theirs = ends
    ours.tell(Message.DRAIN)
    ours.close()
    assert theirs.heard() == [Message.DRAIN]
    assert theirs.heard() is None


def test_telling_one_who_is_gone_does_nothing(ends):
    ours, theirs = ends
    theirs.close()
    ours.tell(Message.DRAIN)
    assert ours.heard() is None


def test_telling_one_who_does_not_read_does_not_block(ends):
    ours, theirs = ends
    for _ in range(100_000):
        ours.tell(Message.SOCKETS)
    assert theirs.heard()
