from fakes.cache_entries import name

from dnsd.resolver.cache.keys import of_name, to_name


def test_a_key_leads_back_to_its_name():
    for text in (".", "test.", "www.example.test.", r"a\000b.test."):
        assert to_name(of_name(name(text))) == name(text)


def test_the_names_of_a_tree_stand_together():
    tree = ["example.test.", "a.example.test.", "b.a.example.test.", "z.example.test."]
    others = ["test.", "exampl.test.", "examplf.test.", "example.tesu.", "."]
    prefix = of_name(name("example.test."))
    in_order = sorted(of_name(name(text)) for text in tree + others)
    first = in_order.index(prefix)
    assert {to_name(key) for key in in_order[first : first + 4]} == {name(t) for t in tree}
    assert not any(of_name(name(text)).startswith(prefix) for text in others)


def test_labels_that_end_alike_may_stand_between():
    # The length octet of "test" is a character of the label before it.
    assert of_name(name(r"a\004test.")).startswith(of_name(name("test.")))
