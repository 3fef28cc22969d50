import pytest

from dnsd.config.loader import load
from dnsd.source.problems import ConfigError


def _load(tmp_path, machine, text):
    (tmp_path / "ads.txt").touch()
    path = tmp_path / "dnsd.yaml"
    path.write_text(f"resolver: {{block: {text}}}")
    return load(path, machine=machine).resolver.block


@pytest.mark.parametrize(
    ("text", "name", "url"),
    [
        ("ads.txt", "ads", None),
        ("[{file: ads.txt, name: other}]", "other", None),
        ("https://lists.example/all/hosts.txt?x=1", "hosts", "https://lists.example/all/hosts.txt?x=1"),
        ("{url: 'https://lists.example/'}", "lists.example", "https://lists.example/"),
    ],
)  # fmt: skip
def test_a_list_is_a_path_or_a_url_and_has_a_name(text, name, url, tmp_path, machine):
    (found,) = _load(tmp_path, machine, text)
    assert (found.name, found.url) == (name, url)
    assert found.file == (None if url else tmp_path / "ads.txt")
    assert (found.format, found.action, found.refresh_s) == ("auto", "nxdomain", 86400)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{name: ads}", "one-place"),
        ("{file: ads.txt, url: 'https://lists.example/x'}", "one-place"),
        ("{file: absent.txt}", "unreadable-path"),
        ("http://lists.example/x", "bad-value"),
        ("[ads.txt, ads.txt]", "duplicate-block"),
        ("{file: ads.txt, name: 'a/b'}", "bad-value"),
        ("{url: 'https://lists.example/%20'}", "missing-key"),
        ("{file: ads.txt, action: drop}", "bad-value"),
    ],
)
def test_what_is_refused_and_why(text, problem, tmp_path, machine):
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, machine, text)
    assert [found.id for found in caught.value.problems] == [problem]
