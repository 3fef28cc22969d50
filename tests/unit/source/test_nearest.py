import pytest

from dnsd.source.nearest import did_you_mean, nearest

KEYS = ("preference", "exchange", "soa", "rate_limit")


@pytest.mark.parametrize(
    ("word", "known"),
    [
        pytest.param("prefrence", "preference", id="a letter missing"),
        pytest.param("sao", "soa", id="letters exchanged"),
        pytest.param("Rate-Limit", "rate_limit", id="other case and hyphen"),
        pytest.param("target", None, id="nothing near"),
        pytest.param("preference" * 10, None, id="too long to be like anything"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_the_nearest_known_word_is_found(word, known):
    assert nearest(word, KEYS) == known


def test_it_is_put_as_a_question_or_not_at_all():
    assert did_you_mean("exchnge", KEYS) == "did you mean exchange?"
    assert did_you_mean("zzz", KEYS) == ""
