"""Calls that wait until a reader has done."""

from dnsd.net.gathering import Gathering


def test_calls_are_made_once_in_their_order_when_the_reader_has_done():
    gathering, made = Gathering(), []
    gathering.open()
    assert gathering.is_open
    gathering.at_close(lambda: made.append("first"))
    gathering.at_close(lambda: made.append("second"))
    assert not made
    gathering.close()
    assert made == ["first", "second"]
    assert not gathering.is_open
    gathering.open()
    gathering.close()
    assert made == ["first", "second"]
