import calendar

import hypothesis.strategies as st
import pytest
from fakes.zones import PLACE, records
from hypothesis import given

from dnsd.authority.build import soa
from dnsd.authority.build.sorted_zone import SortedZone
from dnsd.authority.zonefile.draft import SoaSettings, ZoneDraft
from dnsd.source.problems import Where
from dnsd.wire import names, rdata, serial

EXAMPLE = names.from_text("example.test.")


def _at(year, month, day, hour=0):
    return calendar.timegm((year, month, day, hour, 0, 0))


def _draft(text, origin="example.test.", **settings):
    where = Where("zones/example.test.yaml", 2, 6)
    return ZoneDraft(names.from_text(origin), SoaSettings(where, **settings), records(origin, text))


def _text(draft):
    record = soa.kept_soa(draft)
    return f"{record.ttl} {rdata.to_text(6, record.rdata)}"


@pytest.mark.parametrize(
    ("last", "serial_then"),
    [
        pytest.param(None, 2026030100, id="a zone never seen"),
        pytest.param(2026022800, 2026030100, id="another day"),
        pytest.param(2026030100, 2026030101, id="the same day"),
        pytest.param(2026030198, 2026030199, id="the hundredth change of the day"),
        pytest.param(2026030199, 2026030200, id="more than a hundred changes a day"),
        pytest.param(2026030250, 2026030251, id="a serial ahead of the calendar"),
        pytest.param(1, 2026030100, id="a serial that was counted"),
        pytest.param(0, 2026030100, id="serial 0"),
        pytest.param(4294967295, 2026030100, id="the last serial before 0 (RFC 1982)"),
        pytest.param(2026030100 + 2**31 - 1, 2026030100 + 2**31, id="as far ahead as can be"),
        pytest.param(2026030100 + 2**31, 2026030100 + 2**31 + 1, id="neither ahead nor behind"),
        pytest.param(2026030100 + 2**31 + 1, 2026030100, id="so far ahead that it is behind"),
    ],
)
def test_a_serial_is_of_the_day_and_never_goes_back(last, serial_then):
    assert soa.next_serial(last, _at(2026, 3, 1, 23)) == serial_then


def test_days_are_those_of_utc():
    assert soa.next_serial(None, _at(2026, 3, 1) - 1) == 2026022800
    assert soa.next_serial(None, _at(2026, 3, 1)) == 2026030100


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_the_next_serial_is_newer_and_not_zero(last, wall_now):
    found = soa.next_serial(last, wall_now)
    assert serial.is_newer(found, last)
    assert 0 < found < 2**32


def test_serial_zero_is_passed_over():
    far = 9_999_999_999  # the year 2286; its dates are behind 4294967295
    assert soa.next_serial(4294967295, far) == 1


def test_the_primary_is_the_first_name_server_of_the_file():
    draft = _draft("www A 192.0.2.1\n@ NS ns2.example.net.\n@ NS ns1\n")
    assert _text(draft) == (
        "3600 ns2.example.net. hostmaster.example.test. 0 86400 7200 3600000 3600"
    )


def test_settings_override_what_is_found():
    draft = _draft(
        "@ NS ns1\n",
        primary=names.from_text("hidden.example.test."),
        hostmaster=names.from_text("ann.example.net."),
        refresh=1, retry=2, expire=3, minimum=4, ttl=5,
    )  # fmt: skip
    assert _text(draft) == "5 hidden.example.test. ann.example.net. 0 1 2 3 4"
    assert soa.kept_soa(draft).where == Where("zones/example.test.yaml", 2, 6)


def test_a_zone_without_name_servers_still_gets_a_soa_for_the_checks_to_work_on():
    assert _text(_draft("")).startswith("3600 . hostmaster.example.test. 0 ")


def test_the_root_zone_and_the_longest_name_have_a_hostmaster():
    assert "hostmaster. 0" in _text(_draft("@ NS a.\n", "."))
    longest = names.to_text(names.from_labels([b"a" * 63] * 3 + [b"a" * 61]))
    assert _text(_draft("@ NS a.\n", longest)).startswith("3600 a. . 0 ")


def test_a_soa_in_the_file_is_not_replaced():
    assert soa.kept_soa(_draft("@ NS ns1\n@ SOA ns1 h 7 2 3 4 5\n")) is None


def test_a_soa_below_the_apex_is_none_of_the_zone():
    assert soa.kept_soa(_draft("@ NS ns1\nsub SOA ns1 h 7 2 3 4 5\n")) is not None


def test_serials_are_read_and_written_in_place():
    record = soa.kept_soa(_draft("@ NS ns1\n"))
    assert soa.serial_of(record.rdata) == 0
    changed = soa.with_serial(record.rdata, 2026030100)
    assert soa.serial_of(changed) == 2026030100
    assert soa.with_serial(changed, 0) == record.rdata


CONTENT = "@ SOA ns1 h 0 2 3 4 5\n@ NS ns1\nns1 A 192.0.2.1\nns1 A 192.0.2.2\n"


def _digest(text, origin="example.test."):
    return soa.content_digest(SortedZone(names.from_text(origin), records(origin, text)))


def test_the_order_of_the_file_is_no_content():
    assert _digest(CONTENT) == _digest("\n".join(reversed(CONTENT.splitlines())))
    assert _digest(CONTENT) == _digest(CONTENT + "ns1 A 192.0.2.1\n")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(CONTENT.replace("A 192.0.2.2", "A 192.0.2.3"), id="rdata"),
        pytest.param(CONTENT.replace("ns1 A 192.0.2.2", "ns1 60 A 192.0.2.2"), id="TTL"),
        pytest.param(CONTENT.replace("ns1 A 192.0.2.2", "ns2 A 192.0.2.2"), id="owner"),
        pytest.param(CONTENT.replace("ns1 A 192.0.2.2", "ns1 TYPE65280 \\# 4 c0000202"), id="type"),
        pytest.param(CONTENT.replace("0 2 3 4 5", "0 2 3 4 6"), id="minimum"),
        pytest.param(CONTENT.replace("0 2 3 4 5", "1 2 3 4 5"), id="a serial the file gives"),
        pytest.param(CONTENT + "x TXT y\n", id="one record more"),
    ],
)
def test_everything_else_is_content(text):
    assert _digest(text) != _digest(CONTENT)


def test_the_digest_of_a_large_zone_takes_every_record():
    many = "".join(f"h{i} A 192.0.2.1\n" for i in range(1100))
    assert _digest(many) != _digest(many.replace("h7 A 192.0.2.1", "h7 A 192.0.2.2"))


def _written(number, last):
    text = f"@ SOA ns1 h {number} 2 3 4 5\n"
    return soa.check_written_serial(records("example.test.", text)[0], last, b"now")


@pytest.mark.parametrize(
    ("number", "last"),
    [
        pytest.param(5, None, id="never served"),
        pytest.param(5, (5, b"now"), id="the same content"),
        pytest.param(6, (5, b"then"), id="a newer serial"),
        pytest.param(0, (4294967295, b"then"), id="newer around the corner"),
    ],
)
def test_a_serial_in_the_file_that_secondaries_follow_is_no_problem(number, last):
    assert _written(number, last) is None


def test_a_serial_in_the_file_that_secondaries_overlook_is_warned_about():
    assert str(_written(5, (5, b"then"))) == (
        f"{PLACE}: warning: soa-serial-same: serial 5 stands for other content already\n"
        "    expected: another serial for other content (RFC 1912 §2.2)\n"
        "    hint: serial 6, or no SOA record: the server keeps one"
    )
    assert str(_written(4, (5, b"then"))) == (
        f"{PLACE}: warning: soa-serial-back: serial 4 is behind 5, which was served\n"
        "    expected: a serial above the last one (RFC 1982 §3.2)\n"
        "    hint: serial 6, or no SOA record: the server keeps one"
    )
