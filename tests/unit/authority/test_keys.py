import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnsd.authority import keys
from dnsd.wire import names

ORIGINS = [names.ROOT, names.from_text("test."), names.from_text("\\000.\\001.a.test.")]
LABELS = st.lists(
    st.binary(min_size=1, max_size=6) | st.sampled_from([b"\x00", b"\x01", b"\x01\x02", b"*"]),
    max_size=6,
)


@given(labels=LABELS, origin=st.sampled_from(ORIGINS))
def test_a_key_is_the_version_and_the_order_key(labels, origin):
    name = names.from_labels(labels + names.to_labels(origin))
    apex = keys.of_apex(7, origin)
    key = keys.of_name(apex, len(name) - len(origin), name)
    assert key == b"\x00\x00\x00\x07" + names.order_key(name)
    assert key.startswith(apex)
    assert keys.to_name(key) == name


@pytest.mark.parametrize("octet", [b"a", b"\x00", b"\x01"])
def test_the_longest_key_fits_into_a_key_of_lmdb(octet):
    name = names.from_labels([octet * 63] * 3 + [octet * 61])
    assert len(name) == names.MAX_NAME_OCTETS
    assert len(keys.of_name(keys.of_apex(2**32 - 1, names.ROOT), 254, name)) <= 511


@given(left=st.binary(max_size=20), right=st.binary(max_size=20), shared=st.binary(max_size=9))
def test_shared_octets_are_counted_from_the_beginning(left, right, shared):
    count = keys.shared_octets(shared + left, shared + right)
    both = zip(shared + left, shared + right, strict=False)
    expected = 0
    for one, other in both:
        if one != other:
            break
        expected += 1
    assert count == expected
