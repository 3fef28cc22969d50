import pytest

from dnsd.authority.build.row_notes import RowNotes

NOTES = RowNotes(
    file="zones/a.yaml",
    signature={"zones/a.yaml": "00"},
    serial=7,
    digest="0f",
    records=3,
    reverse=["192.0.2.0/24"],
    pointers="aa",
    reverse_state="bb",
)


@pytest.mark.parametrize("notes", [NOTES, RowNotes(), RowNotes(reverse=[])])
def test_notes_are_read_as_they_were_written(notes):
    assert RowNotes.from_octets(notes.to_octets()) == notes


@pytest.mark.parametrize("octets", [b"", b"{", b"[]", b"7", b"null", b'{"unknown": 1}', b"\xff"])
def test_notes_of_another_version_are_no_notes(octets):
    assert RowNotes.from_octets(octets) == RowNotes()
