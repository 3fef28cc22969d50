"""Lists of tags."""

import pytest

from dnsd.mail.dkim import tags


def test_a_list_is_read():
    assert tags.parse(b" v = 1 ;a=b=c;\r\n\td=e f; ") == {"v": b"1", "a": b"b=c", "d": b"e f"}
    assert tags.parse(b"") == {}


@pytest.mark.parametrize("octets", [b"a", b"=b", b"1=b", b"a=1;a=2", b";" * 70, b"a=1;;b=2"])
def test_what_is_none_is_refused(octets):
    with pytest.raises(tags.TagError):
        tags.parse(octets)


def test_all_space_is_left_out():
    assert tags.without_space(b" QU\r\n\tJD ") == b"QUJD"
