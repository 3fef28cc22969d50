"""Every RFC that the code or a test cites is in rfcs.toml, and none is obsolete unless marked."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INDEX = tomllib.loads((Path(__file__).parent / "rfcs.toml").read_text())["rfc"]
SOURCES = [
    path
    for folder in ("dnsd", "tests")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if path != Path(__file__)
]
CITATION = re.compile(r"\bRFC[ -]?(\d{3,5})(?: \((obsolete)\))?")
MARK = re.compile(r"""mark\.rfc\(\s*["'](\d+)["']""")


def _citations():
    for path in SOURCES:
        text = path.read_text()
        for match in CITATION.finditer(text):
            yield path, match[1], bool(match[2])
        for match in MARK.finditer(text):
            yield path, match[1], False


def test_every_cited_rfc_is_indexed():
    missing = {(number, str(path.relative_to(ROOT))) for path, number, _ in _citations()
               if number not in INDEX}  # fmt: skip
    assert not missing


def test_an_obsolete_rfc_is_cited_only_with_its_mark():
    wrong = {(number, str(path.relative_to(ROOT))) for path, number, marked in _citations()
             if number in INDEX and "obsoleted_by" in INDEX[number] and not marked}  # fmt: skip
    assert not wrong


def test_the_index_lists_only_what_is_cited():
    assert set(INDEX) == {number for _, number, _ in _citations()}


def test_every_entry_says_how_far_we_follow_it():
    for number, entry in INDEX.items():
        assert entry["title"], number
        assert entry["support"] in {"yes", "partial", "no", "background"}, number
