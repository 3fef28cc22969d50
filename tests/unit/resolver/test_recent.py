"""The table of what was used lately."""

from hypothesis import given
from hypothesis import strategies as st

from dnsd.resolver.recent import Recent


def key(i):
    return i.to_bytes(4, "big")


def test_a_value_is_found_until_it_is_removed():
    table = Recent(10)
    table.put(b"a", 1)
    assert table.get(b"a") == 1
    table.put(b"a", 2)
    assert table.get(b"a") == 2
    assert len(table) == 1
    table.remove(b"a")
    table.remove(b"a")
    assert table.get(b"a") is None
    assert len(table) == 0


def test_the_bound_holds_whatever_comes():
    table = Recent(100)
    for i in range(10_000):
        table.put(key(i), i)
        assert len(table) <= 100
    assert table.turnovers == 198  # one for each half, but for the two that fill it


def test_what_is_used_stays_and_the_rest_goes():
    table = Recent(100)
    table.put(b"used", "kept")
    table.put(b"unused", "lost")
    for i in range(1000):
        table.put(key(i), i)
        if i % 40 == 0:
            assert table.get(b"used") == "kept"
    assert table.get(b"unused") is None


def test_half_the_bound_of_others_forgets_nothing():
    table = Recent(100)
    table.put(b"first", 1)
    for i in range(50):
        table.put(key(i), i)
    assert table.get(b"first") == 1
    assert table.turnovers == 0


def test_a_replaced_value_of_the_older_half_is_not_counted_twice():
    table = Recent(4)
    for each in (b"a", b"b", b"c"):
        table.put(each, 1)
    table.put(b"a", 2)
    assert len(table) == 3
    assert table.get(b"a") == 2


def test_everything_can_be_forgotten():
    table = Recent(4)
    for each in (b"a", b"b", b"c"):
        table.put(each, 1)
    table.clear()
    assert len(table) == 0
    assert table.get(b"a") is None


KEYS = st.integers(0, 12).map(key)


@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "get", "remove"]), KEYS, st.integers()), max_size=200
    ),
    st.integers(2, 10),
)
def test_it_tells_the_last_value_or_nothing(steps, entries):
    table, last, used = Recent(entries), {}, []
    for what, each, value in steps:
        if what == "put":
            table.put(each, value)
            last[each] = value
        elif what == "remove":
            table.remove(each)
            last.pop(each, None)
        found = table.get(each)
        assert found in {None, last.get(each)}
        if found is not None:
            used = [*(x for x in used if x != each), each]
        assert len(table) <= max(2, entries)
    # Those used last are there, as many as half the bound.
    for each in used[-(entries // 2) :]:
        assert table.get(each) == last.get(each)
