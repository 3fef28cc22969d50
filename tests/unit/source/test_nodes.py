import pytest

from dnsd.source.entry_stream import EntryStream
from dnsd.source.nodes import CONFIG_POLICY, Mapping, Sequence, is_null, where, zone_policy
from dnsd.source.problems import Where


def read(text):
    with EntryStream(text.encode(), "a.yaml", CONFIG_POLICY, []) as stream:
        return stream.node()


def test_every_node_knows_where_it_begins():
    root = read("a:\n  - b\n")
    assert isinstance(root, Mapping)
    items = root.get("a")
    assert isinstance(items, Sequence)
    assert [where(node) for node in (root, root.fields["a"][0], items, items.items[0])] == [
        Where("a.yaml", 1, 1),
        Where("a.yaml", 1, 1),
        Where("a.yaml", 2, 3),
        Where("a.yaml", 2, 5),
    ]


def test_a_key_that_is_not_there_has_no_value():
    assert read("a: b").get("b") is None


@pytest.mark.parametrize("text", ["~", "null", "Null", "NULL", "- "])
def test_null_is_what_yaml_takes_for_it(text):
    node = read(text)
    assert is_null(node.items[0] if isinstance(node, Sequence) else node)


@pytest.mark.parametrize("text", ["''", '"null"', "'~'", "nil", "none", "nULL", "[]", "{}"])
def test_text_and_collections_are_not_null(text):
    assert not is_null(read(text))


def test_zone_files_may_include_and_refer_and_the_configuration_may_not(tmp_path):
    policy = zone_policy(tmp_path)
    assert policy.references
    assert policy.includes is not None
    assert not CONFIG_POLICY.references
    assert CONFIG_POLICY.includes is None
