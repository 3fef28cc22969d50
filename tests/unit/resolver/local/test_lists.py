import pytest

from dnsd.resolver.local.lists import ListReader
from dnsd.wire import names


def _read(text, form="auto", max_names=1000):
    reader = ListReader(text.encode(), form, max_names)
    return reader, [names.to_text(name) for name in reader]


@pytest.mark.parametrize(
    ("text", "form", "found"),
    [
        pytest.param("0.0.0.0 ads.example\n", "hosts", ["ads.example."], id="hosts"),
        pytest.param("127.0.0.1 a.example b.example # two\r\n", "hosts",
                     ["a.example.", "b.example."], id="two names and a comment"),
        pytest.param("# title\n\n:: A.Example", "hosts", ["a.example."], id="hosts behind a comment"),
        pytest.param("127.0.0.1 localhost\n0.0.0.0 0.0.0.0\n0.0.0.0 ads.example", "hosts",
                     ["ads.example."], id="names of the machine it was made on"),
        pytest.param("ads.example\n", "domains", ["ads.example."], id="domains"),
        pytest.param("! title\n*.a.example\n.b.example\nc.example.\n; end\n", "domains",
                     ["a.example.", "b.example.", "c.example."], id="spellings of all below"),
        pytest.param("zip\n", "domains", ["zip."], id="a top-level domain"),
        pytest.param("", "domains", [], id="nothing"),
    ],
)  # fmt: skip
def test_what_is_read(text, form, found):
    reader, read = _read(text)
    assert (reader.form, read, reader.unreadable) == (form, found, 0)
    assert not reader.is_broken


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("hosts", "ads.example"), ("hosts", "0.0.0.0"), ("hosts", "0.0.0.0 a..b"),
        ("domains", "0.0.0.0 ads.example"), ("domains", "||ads.example^"), ("domains", "a..b"), ("domains", "<html>"),
        ("domains", "."), ("domains", "*"), ("domains", r"a\046b"), ("domains", "bücher.example"),
        ("domains", "x" * 9000),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_is_counted_and_passed_over(form, line):
    good = "0.0.0.0 good.example" if form == "hosts" else "good.example"
    reader, read = _read(f"{good}\n{line}\n{good}", form)
    assert read == ["good.example.", "good.example."]
    assert (reader.unreadable, reader.first_unreadable) == (1, 2)


@pytest.mark.parametrize(
    "text",
    ["<!doctype html>\n<html><head>\n<title>Not found</title>\n<p>no such list", "\x00\x01\n\x02 \x03",
     "[Adblock Plus]\nexample.com##.ad banner\n@@ x y"],
)  # fmt: skip
def test_what_is_hardly_a_list_is_broken(text):
    reader, _ = _read(text)
    assert reader.is_broken


def test_no_more_names_are_taken_than_said():
    reader, read = _read("a.example\nb.example\nc.example\n", max_names=2)
    assert len(read) == 2
    assert reader.full
    assert not _read("a.example\nb.example\n", max_names=2)[0].full
