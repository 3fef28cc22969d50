"""How a child hears its supervisor."""

from __future__ import annotations

import pytest

from dnsd.run.messages import Message, channel_pair
from dnsd.run.worker import Ear, _once


@pytest.fixture
def ends():
    pair = channel_pair()
    yield pair
    for end in pair:
        end.close()


@pytest.fixture
def heard():
    return []


@pytest.fixture
def ear(ends, around, heard):
    reactions = {
        message: lambda message=message: heard.append(message)
        for message in (Message.SOCKETS, Message.DRAIN)
    }
    return Ear(ends[1], around, reactions)


def test_it_does_what_it_is_told(ends, ear, heard, reactor):
    assert ear in reactor.readers
    assert ear.fileno() == ends[1].fileno()
    ends[0].tell(Message.SOCKETS)
    ends[0].tell(Message.SOCKETS)
    ear.doRead()
    assert heard == [Message.SOCKETS, Message.SOCKETS]


def test_a_message_for_somebody_else_is_passed_over(ends, ear, heard):
    ends[0].tell(Message.RELOAD_ZONES)
    ear.doRead()
    assert heard == []


def test_it_ends_when_the_supervisor_is_gone(ends, ear, heard, reactor):
    ends[0].close()
    ear.doRead()
    assert heard == [Message.DRAIN]
    assert ear not in reactor.readers


def test_an_end_begins_once():
    begun = []
    end = _once(lambda: begun.append(True))
    end()
    end()
    assert begun == [True]
