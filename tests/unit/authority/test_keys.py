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


def test_hashes_stand_behind_no_name_and_before_none_but_below_the_root():
    chain = b"\0\1\2ab"
    key = keys.of_hash(keys.of_apex(7, names.from_text("example.test.")), chain, bytes(20))
    assert key == b"\0\0\0\7\0" + chain + bytes(20)
    assert keys.is_of_hash(key)
    for text in (".", "\\000.", "test.", "*."):
        apex = keys.of_apex(7, names.from_text(text))
        assert not keys.is_of_hash(apex)
        assert apex == keys.of_apex(7, names.ROOT) or apex > key


def test_a_chain_is_told_by_iterations_and_salt():
    param = b"\1\0\0\5\2ab"
    assert keys.chain_key(param) == b"\0\5\2ab"
    assert keys.chain_key(b"\1\1\0\5\2ab\x14" + bytes(20)) == keys.chain_key(param)
    assert keys.chain_key(b"\1\0\0\0\0") == b"\0\0\0"
