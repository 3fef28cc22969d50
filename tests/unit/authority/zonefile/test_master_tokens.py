import pytest

from dnsd.authority.zonefile.master_tokens import Token, entries


def split(text):
    """Entries as lists of texts, indented ones behind ``""``; and what was reported."""
    reported = []

    def report(token, problem_id, _message):
        reported.append((problem_id, token.line, token.column))

    found = [
        [""] * entry.is_indented + [token.text for token in entry.tokens]
        for entry in entries(text, report)
    ]
    return found, reported


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("a b\nc", [["a", "b"], ["c"]], id="lines"),
        pytest.param("a\r\nb\r\n", [["a"], ["b"]], id="lines as of Windows"),
        pytest.param("\n\n  \n; a\n", [], id="nothing"),
        pytest.param(" a\n\tb", [["", "a"], ["", "b"]], id="without an owner"),
        pytest.param("a ; b (\nc", [["a"], ["c"]], id="a comment"),
        pytest.param("a;b\n", [["a"]], id="a comment right behind"),
        pytest.param("a ( b\n c ; d )\n ) e\nf", [["a", "b", "c", "e"], ["f"]], id="parentheses"),
        pytest.param("(\n a )\n", [["a"]], id="a line that begins inside"),
        pytest.param(" ( a\n b )", [["", "a", "b"]], id="an indented line with parentheses"),
        pytest.param("a(b)c", [["a", "b", "c"]], id="parentheses without spaces"),
        pytest.param('a "b ; c ( d" e', [["a", '"b ; c ( d"', "e"]], id="quotes"),
        pytest.param(
            r'a "b \" c" \" d\;e \( \ f',
            [["a", r'"b \" c"', r"\"", r"d\;e", r"\(", r"\ f"]],
            id="escapes",
        ),
        pytest.param('alpn="h2,h3" x', [['alpn="h2,h3"', "x"]], id="quotes inside a word"),
        pytest.param("a" * 100_000, [["a" * 100_000]], id="a long word"),
    ],
)
def test_a_file_is_split_into_entries(text, found):
    assert split(text) == (found, [])


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        pytest.param('a "b\nc', [("master-quote", 1, 3)], id="an open quote"),
        pytest.param("a )\n", [("master-parenthesis", 1, 3)], id="a closing parenthesis"),
        pytest.param("a (\n ( b )\n", [("master-parenthesis", 1, 3)], id="an open parenthesis"),
        pytest.param("a \\", [("master-character", 1, 3)], id="a final backslash"),
        pytest.param(
            "a \\\nb", [("master-character", 1, 3)], id="a backslash at the end of a line"
        ),
    ],
)
def test_what_cannot_be_split_has_its_place(text, reported):
    assert split(text)[1] == reported


def test_a_token_has_the_place_where_it_begins():
    (entry,) = entries("a (\n  bé c )", lambda *_: None)
    assert entry.tokens == [Token("a", 1, 1), Token("bé", 2, 3), Token("c", 2, 6)]
