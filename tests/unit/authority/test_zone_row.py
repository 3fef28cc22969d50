"""Rows of the catalog as octets."""

import pytest

from dnsd.authority.zone_row import ZoneRow


@pytest.mark.parametrize(
    "row", [ZoneRow(1, 1), ZoneRow(0xFFFFFFFF, 4095, b'{"file": "x"}', generated=True)]
)
def test_a_row_is_read_as_it_was_written(row):
    assert ZoneRow.from_octets(row.to_octets()) == row
    assert row.to_octets()[:4] == row.version.to_bytes(4, "big")
