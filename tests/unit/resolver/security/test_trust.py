"""Anchors, and negative anchors."""

import pytest

from dnsd.resolver.security.trust import Trust
from dnsd.wire import names

N = names.from_text


def trust(anchors=(".",), negative=None, now=100):
    ends = {N(name): end for name, end in (negative or {}).items()}
    return Trust({N(name): () for name in anchors}, lambda: now, ends)


@pytest.mark.parametrize(
    ("anchors", "name", "above"),
    [
        ((".",), "www.bank.test.", "."),
        ((".", "bank.test."), "www.bank.test.", "bank.test."),
        ((".", "bank.test."), "bank.test.", "bank.test."),
        (("bank.test.",), "www.shop.test.", None),
        (("bank.test.",), "notbank.test.", None),
    ],
)
def test_the_closest_anchor_counts(anchors, name, above):
    assert trust(anchors).anchor_above(N(name)) == (above and N(above))


@pytest.mark.parametrize(
    ("anchors", "negative", "name", "taken_back"),
    [
        ((".",), {"bank.test.": 101}, "www.bank.test.", True),
        ((".",), {"bank.test.": 101}, "bank.test.", True),
        ((".",), {"bank.test.": 101}, "test.", False),
        ((".",), {"bank.test.": 100}, "www.bank.test.", False),
        ((".", "www.bank.test."), {"bank.test.": 101}, "www.bank.test.", False),
        ((".",), {}, "www.bank.test.", False),
    ],
)
def test_trust_is_taken_back_for_a_while_below_a_name(anchors, negative, name, taken_back):
    assert trust(anchors, negative).is_taken_back(N(name)) is taken_back
