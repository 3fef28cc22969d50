import pytest

from dnsd.authority.zonefile.idn import to_ascii
from dnsd.wire.errors import FormError


@pytest.mark.parametrize(
    ("text", "ascii_text"),
    [
        pytest.param("www.Example.test.", "www.Example.test.", id="ASCII stays as it is"),
        pytest.param("*._tcp.café", "*._tcp.xn--caf-dma", id="label by label"),
        pytest.param("Bücher.example.", "xn--bcher-kva.example.", id="capital letters"),
        pytest.param("日本語.テスト.", "xn--wgv71a119e.xn--zckzah.", id="other scripts"),
        pytest.param(r"a\.b", r"a\.b", id="escapes"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_international_labels_are_written_in_ascii(text, ascii_text):
    assert to_ascii(text) == ascii_text


@pytest.mark.parametrize("text", ["💩.test", "-é", "é" * 64, "a\u200b.test", "\u0640"])
def test_labels_that_idna_forbids_are_refused(text):
    with pytest.raises(FormError, match="is not an international label"):
        to_ascii(text)


def test_a_text_far_too_long_is_not_looked_at():
    with pytest.raises(FormError, match="more than a name can have"):
        to_ascii("é." * 100_000)
