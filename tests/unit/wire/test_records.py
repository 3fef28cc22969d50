import pytest

from dnsd.wire.edns import Edns
from dnsd.wire.errors import FormError
from dnsd.wire.reader import Reader
from dnsd.wire.records import (
    Record,
    check_tsig_place,
    read_opt,
    read_rdata,
    read_record,
    walk_records,
)

MX = b"\x04Mail\x00\x00\x0f\x00\x01\x00\x00\x00\x3c\x00\x09\x00\x0a\x04mail\x00\x00"
OPT = Record(b"\x00", 41, 1232, 0x8000, 0)
TSIG = Record(b"\x03key\x00", 250, 255, 0, 0)


def test_a_record_is_read_up_to_its_rdata():
    reader = Reader(MX)
    assert read_record(reader) == (b"\x04mail\x00", 15, 1, 60, 9)
    assert reader.remaining == 9


def test_half_a_record_is_refused():
    with pytest.raises(FormError):
        read_record(Reader(MX[:12]))


def test_rdata_must_have_the_form_of_its_type():
    reader = Reader(MX)
    record = read_record(reader)
    with pytest.raises(FormError, match="longer than its fields"):
        read_rdata(reader, record)


@pytest.mark.parametrize(
    ("record", "section", "earlier", "reason"),
    [
        pytest.param(OPT, 2, Edns(512), "second", id="the second one"),
        pytest.param(OPT, 0, None, "outside", id="as an answer"),
        pytest.param(OPT._replace(owner=b"\x01a\x00"), 2, None, "below", id="below the root"),
        pytest.param(OPT._replace(rdlength=1), 2, None, "announced", id="cut off"),
    ],
)
def test_an_opt_in_the_wrong_place_is_refused(record, section, earlier, reason):
    with pytest.raises(FormError, match=reason):
        read_opt(Reader(b""), record, section, earlier)


def test_an_opt_says_what_its_sender_can_do():
    assert read_opt(Reader(b""), OPT, 2, None) == Edns(1232, 0, True, 0, ())


def test_tsig_is_the_last_record():
    """RFC 8945 §5.1."""
    check_tsig_place(TSIG, 2, 1, 0)
    for section, left in ((2, 2), (0, 1)):
        with pytest.raises(FormError, match="not the last"):
            check_tsig_place(TSIG, section, left, 0)
    with pytest.raises(FormError, match="wrong class or TTL"):
        check_tsig_place(TSIG._replace(ttl=1), 2, 1, 0)


def test_all_sections_are_walked():
    a = b"\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x04aaaa"
    opt = b"\x00\x00\x29\x02\x00\x00\x00\x00\x00\x00\x00"
    tsig = b"\x00\x00\xfa\x00\xff\x00\x00\x00\x00\x00\x01\x00"
    assert walk_records(a + a + opt + tsig, 0, (1, 1, 2)) == (Edns(512), True)
    assert walk_records(a, 0, (0, 0, 1)) == (None, False)
