import pytest

from dnsd.wire.rrset import RRset


def test_an_rrset_is_of_class_in_and_unsigned_unless_said():
    rrset = RRset(b"\x00", 1, 60, (b"\xc0\x00\x02\x01",))
    assert (rrset.rdclass, rrset.signatures) == (1, ())


def test_an_rrset_has_no_room_for_anything_else():
    with pytest.raises(AttributeError):
        RRset(b"\x00", 1, 60, ()).rank = 1
